//! Checks what a spec says of readers.

use reconcile_policy::Arn;

use super::Scope;
use crate::problems::Problems;
use crate::raw::{Located, RawLogs, RawReader, WordOr};

pub(super) fn check(raw: Option<&Located<Vec<RawReader>>>, scope: &Scope<'_>, problems: &mut Problems) {
    for reader in raw.into_iter().flat_map(|readers| &readers.value) {
        match (&reader.principal, &reader.account) {
            (Some(principal), None) => {
                problems.name::<Arn>(principal, "a role, a user or an account root");
            }
            (None, Some(account)) => {
                scope.account(account, problems);
            }
            _ => problems.add(
                reader.logs.place,
                "a reader is a `principal` or an `account`",
                "give one of the two",
            ),
        }
        match &reader.logs.value {
            WordOr::Word(RawLogs::All | RawLogs::Own) => {}
            WordOr::Value(accounts) => {
                for account in accounts {
                    scope.account(account, problems);
                }
            }
        }
    }
}
