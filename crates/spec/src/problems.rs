//! Collects problems during parsing, so that all of them are reported at once.

use crate::diagnostic::{Diagnostic, SourceSpan};
use crate::raw::Located;

/// The maximum number of collected problems.
const MAX: usize = 1000;

#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Diagnostic>,
}

impl Problems {
    pub(crate) fn add(&mut self, place: SourceSpan, message: impl Into<String>, hint: impl Into<String>) {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        let problem = Diagnostic { message: message.into(), place: Some(place), hint };
        // A value that applies to many accounts reports its problem once.
        if !self.is_full() && !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }

    /// Parses the value as a name. Reports a problem at its place if the value is not valid.
    pub(crate) fn name<T>(&mut self, located: &Located<String>, hint: &str) -> Option<T>
    where
        T: std::str::FromStr<Err = reconcile_policy::NameError>,
    {
        match located.value.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.add(located.place, error.to_string(), hint);
                None
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Returns whether the limit is reached. A hostile file can have a problem in every line.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Returns `did you mean …?` if a known name is similar, else a list of the known names.
pub(crate) fn suggest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("use one of {}", list.join(", "))
        }
    }
}

/// Returns the known name that differs only in letter case, or else the closest one if at most a
/// third of its letters differ.
pub(crate) fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |name: &str| if name.eq_ignore_ascii_case(given) { 0 } else { distance(given, name) };
    known
        .into_iter()
        .map(|name| (distance(name), name))
        .min()
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .map(|(_, name)| name)
}

/// Returns the number of letters in which a given name differs from a known one.
pub(crate) fn distance(given: &str, known: &str) -> usize {
    /// The maximum compared length. Comparing a hostile text of megabytes would take seconds, and
    /// no name is as long.
    const MAX: usize = 200;

    if given.len() > MAX { MAX } else { strsim::damerau_levenshtein(given, known) }
}
