//! The table of error codes, with the class and the hint of each.
//!
//! The code and the operation determine the row. The HTTP status is ignored: proxies, load
//! balancers and emulators also answer with 404 and 403, and the quota of IAM has the status of a
//! conflict. `models/errors.json` contains the codes that AWS publishes; a test compares the table
//! with them.

mod rows;

use reconcile_policy::Region;

use crate::{Class, Operation};
use rows::TABLE;

/// The class of some codes.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) class: Class,
    /// The operations of the row; all operations if this is empty.
    operations: &'static [Operation],
    codes: &'static [&'static str],
    when: When,
    /// The next step of the user, if it differs from the hint of other errors of the class.
    pub(crate) hint: Option<&'static str>,
}

/// The condition of a row, if the same code has several meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// The message contains one of these words, in any case.
    Says(&'static [&'static str]),
    /// The Region is an opt-in Region.
    OptIn,
}

impl Row {
    /// A row for some operations, or for all operations if the list is empty.
    const fn new(class: Class, operations: &'static [Operation], codes: &'static [&'static str]) -> Self {
        Self { class, operations, codes, when: When::Always, hint: None }
    }

    const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    const fn hint(self, hint: &'static str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    fn has(&self, operation: Operation, code: &str) -> bool {
        (self.operations.is_empty() || self.operations.contains(&operation)) && self.codes.contains(&code)
    }

    fn holds(&self, message: &str, region: Option<&Region>) -> bool {
        match self.when {
            When::Always => true,
            When::Says(words) => {
                let message = message.to_ascii_lowercase();
                words.iter().any(|word| message.contains(word))
            }
            When::OptIn => region.is_some_and(Region::is_opt_in),
        }
    }
}

/// Returns the first row that matches an error. A code without a row is a refusal, whose message
/// explains more.
pub(crate) fn row(
    operation: Operation,
    code: &str,
    message: &str,
    region: Option<&Region>,
) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.has(operation, code) && row.holds(message, region))
}

/// Returns the class of an answer with an error. An answer without a code is incomplete or does not
/// come from AWS, so it is unknown whether the call took effect.
pub fn classify(operation: Operation, code: Option<&str>, message: &str, region: Option<&Region>) -> Class {
    match code {
        Some(code) => row(operation, code, message, region).map_or(Class::Refused, |row| row.class),
        None => Class::Unavailable,
    }
}

#[cfg(test)]
mod tests;
