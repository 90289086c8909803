//! Parses weather in the form for people.

use std::fmt;
use std::str::FromStr;

use super::{Share, Weather, WeatherKind};

/// The word for the weather without any event.
const CALM: &str = "calm";

/// The reason why a text is not a weather.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeatherError {
    /// The text does not begin with a seed.
    #[error("`{0}` is not a seed: write `calm`, a whole number such as `42`, or `42:throttles=30%,resets`")]
    Seed(String),
    /// The text names a kind that does not exist.
    #[error("`{0}` is not a kind of failure; the kinds are {all}", all = all())]
    Kind(String),
    /// The text contains an invalid share.
    #[error("`{0}` is not a share: write a percentage from `0%` to `100%`, such as `30%` or `0.25%`")]
    Share(String),
}

fn all() -> String {
    WeatherKind::ALL.map(WeatherKind::name).join(", ")
}

impl fmt::Display for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_seed = *self == Self::from_seed(self.seed);
        if self.is_calm() && !is_of_seed {
            return f.write_str(CALM);
        }
        write!(f, "{}", self.seed)?;
        if is_of_seed {
            return Ok(());
        }
        let kinds: Vec<String> =
            self.kinds().map(|(kind, share)| format!("{}={share}", kind.name())).collect();
        write!(f, ":{}", kinds.join(","))
    }
}

impl FromStr for Weather {
    type Err = WeatherError;

    fn from_str(text: &str) -> Result<Self, WeatherError> {
        if text == CALM {
            return Ok(Self::calm());
        }
        let (seed, kinds) = text.split_once(':').map_or((text, None), |(seed, kinds)| (seed, Some(kinds)));
        let seed = seed.parse().map_err(|_| WeatherError::Seed(text.to_owned()))?;
        let Some(kinds) = kinds else { return Ok(Self::from_seed(seed)) };
        kinds.split(',').try_fold(Self::calm().seeded(seed), |weather, item| {
            let (name, share) =
                item.split_once('=').map_or((item, None), |(name, share)| (name, Some(share)));
            let kind = WeatherKind::ALL.into_iter().find(|kind| kind.name() == name);
            let kind = kind.ok_or_else(|| WeatherError::Kind(name.to_owned()))?;
            let share = match share {
                Some(share) => share.parse::<Share>().map_err(|()| WeatherError::Share(share.to_owned()))?,
                None => kind.usual_share(),
            };
            Ok(weather.with(kind, share))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in ["calm", "42", "7:throttles=30%,lost-answers=5%", "0:resets=0.25%"] {
            assert_eq!(text.parse::<Weather>().unwrap().to_string(), text);
        }
        for seed in 0..100 {
            let weather = Weather::from_seed(seed);
            assert_eq!(weather.to_string().parse::<Weather>().unwrap(), weather);
        }
        assert_eq!(
            "7:resets".parse::<Weather>().unwrap(),
            Weather::calm().seeded(7).only(WeatherKind::Resets)
        );
    }

    #[test]
    fn says_what_is_wrong_with_a_text() {
        for (text, error) in [
            ("", "`` is not a seed"),
            ("stormy", "`stormy` is not a seed"),
            ("-1", "`-1` is not a seed"),
            ("99999999999999999999", "is not a seed"),
            ("7:", "`` is not a kind"),
            ("7:hail", "`hail` is not a kind"),
            ("7:throttles=30", "`30` is not a share"),
            ("7:throttles=300%", "`300%` is not a share"),
        ] {
            let found = text.parse::<Weather>().unwrap_err().to_string();
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
