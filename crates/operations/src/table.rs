//! The table of error codes, with the class and the hint of each.
//!
//! The code decides, together with the operation. An HTTP status decides nothing: proxies, load
//! balancers and emulators answer with 404 and 403 as well, and the quota of IAM has the status of
//! a conflict. `models/errors.json` has the codes that AWS publishes; a test holds the table to
//! them.

mod rows;

use reconcile_policy::Region;

use crate::{Class, Operation};
use rows::TABLE;

/// The class of some codes.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) class: Class,
    /// The operations for which the row holds; all of them if this is empty.
    operations: &'static [Operation],
    codes: &'static [&'static str],
    when: When,
    /// What the user can do, where that differs from what helps with other errors of the class.
    pub(crate) hint: Option<&'static str>,
}

/// When a row holds, where the same code has several meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// The message contains one of these words, in lower or upper case.
    Says(&'static [&'static str]),
    /// The Region is one that an account has to enable.
    OptIn,
}

impl Row {
    /// A row for some operations, or for all if there are none.
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

/// The row of an error: the first that holds. A code that no row has is a refusal, whose message
/// says more.
pub(crate) fn row(
    operation: Operation,
    code: &str,
    message: &str,
    region: Option<&Region>,
) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.has(operation, code) && row.holds(message, region))
}

/// The class of an answer that is an error. An answer without a code is not from AWS, or not whole:
/// whether the call took effect is not known.
pub fn classify(operation: Operation, code: Option<&str>, message: &str, region: Option<&Region>) -> Class {
    match code {
        Some(code) => row(operation, code, message, region).map_or(Class::Refused, |row| row.class),
        None => Class::Unavailable,
    }
}

#[cfg(test)]
mod tests;
