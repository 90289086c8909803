//! The weather of AWS: problems between a client and AWS that the client does not cause.
//!
//! A [`Weather`] is a value: a seed, and the share of each [`WeatherKind`] of event. Only the seed
//! and the call determine whether an event happens to the call: the account, the Region, the
//! operation, the subject of the operation, and the number of earlier calls like this. The order in
//! which a client makes the calls of different accounts has no effect.

mod chance;
mod codes;
mod event;
mod foreign;
mod kind;
mod parse;
mod rates;
mod run;
mod share;

use std::collections::BTreeMap;

pub use event::Event;
pub use foreign::{ForeignTarget, ForeignWrite};
pub use kind::WeatherKind;
pub use parse::WeatherError;
pub(crate) use run::{Broken, CallOutcome, Forecast, Run};
pub use share::Share;

use chance::chance;

/// The kinds of events that happen to calls, with their shares. [`Display`](std::fmt::Display) and
/// [`FromStr`](std::str::FromStr) write and read the form for people: `calm`, `42`,
/// `42:throttles=30%,lost-answers=5%`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weather {
    seed: u64,
    /// The shares of the kinds that happen.
    shares: BTreeMap<WeatherKind, Share>,
}

/// The passage of time for the weather.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// Each call takes a tenth of a second of the time of its account. No call really waits: a
    /// hanging call fails at once with a timeout, and a slow call is answered at once. For tests.
    #[default]
    Calls,
    /// The time of the machine. Slow calls take their time, and hanging calls are never answered.
    Machine,
}

impl Weather {
    /// The weather without any event.
    pub fn calm() -> Self {
        Self::default()
    }

    /// The weather of a seed: a few kinds of events, with shares around the usual ones.
    pub fn from_seed(seed: u64) -> Self {
        let mut weather = Self::calm().seeded(seed);
        for kind in WeatherKind::ALL {
            let draw = chance(seed, kind.name(), &["happens"], 0);
            if draw % 12 < kind.frequency() {
                let factor = chance(seed, kind.name(), &["how often"], 0) % 4;
                let usual = kind.usual_share();
                weather.shares.insert(
                    kind,
                    match factor {
                        0 => usual.halved(),
                        1 => usual.doubled(),
                        _ => usual,
                    },
                );
            }
        }
        weather
    }

    /// Returns the weather with another seed. The kinds and shares stay, but the events happen to
    /// other calls.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Returns the weather with another share of a kind.
    #[must_use]
    pub fn with(mut self, kind: WeatherKind, share: Share) -> Self {
        if share.is_none() {
            self.shares.remove(&kind);
        } else {
            self.shares.insert(kind, share);
        }
        self
    }

    /// Returns the weather without a kind.
    #[must_use]
    pub fn without(self, kind: WeatherKind) -> Self {
        self.with(kind, Share::NONE)
    }

    /// Returns a weather with only one kind, with its share in this weather, or with its usual
    /// share if the weather does not have the kind.
    #[must_use]
    pub fn only(self, kind: WeatherKind) -> Self {
        let share = self.shares.get(&kind).copied().unwrap_or(kind.usual_share());
        Self::calm().seeded(self.seed).with(kind, share)
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The share of a kind.
    pub fn share(&self, kind: WeatherKind) -> Share {
        self.shares.get(&kind).copied().unwrap_or(Share::NONE)
    }

    /// The kinds that happen, with their shares.
    pub fn kinds(&self) -> impl Iterator<Item = (WeatherKind, Share)> {
        self.shares.iter().map(|(kind, share)| (*kind, *share))
    }

    /// Whether no event happens.
    pub fn is_calm(&self) -> bool {
        self.shares.is_empty()
    }

    /// Whether reads or writes can miss earlier changes.
    pub(crate) fn is_late(&self) -> bool {
        self.shares.contains_key(&WeatherKind::StaleReads)
            || self.shares.contains_key(&WeatherKind::LateChanges)
    }

    /// Whether a kind happens to the `n`th subject that `words` name.
    fn has(&self, kind: WeatherKind, words: &[&str], n: u64) -> bool {
        self.share(kind).contains(chance(self.seed, kind.name(), words, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_weather_and_seeds_differ() {
        let all: Vec<Weather> = (0..200).map(Weather::from_seed).collect();
        for (seed, weather) in (0..).zip(&all) {
            assert_eq!(*weather, Weather::from_seed(seed));
        }
        for kind in WeatherKind::ALL {
            let seeds = all.iter().filter(|weather| !weather.share(kind).is_none()).count();
            assert!((5..190).contains(&seeds), "{kind:?} happens in {seeds} of 200 seeds");
        }
    }

    #[test]
    fn a_kind_can_be_alone_or_left_out() {
        let weather = Weather::calm().seeded(7).with(WeatherKind::Throttles, Share::percent(30));
        let both = weather.clone().with(WeatherKind::LostAnswers, Share::percent(5));
        assert_eq!(both.clone().only(WeatherKind::Throttles), weather);
        assert_eq!(both.without(WeatherKind::LostAnswers), weather);
        assert_eq!(
            Weather::calm().only(WeatherKind::Resets).share(WeatherKind::Resets),
            WeatherKind::Resets.usual_share()
        );
        assert!(weather.without(WeatherKind::Throttles).is_calm());
    }
}
