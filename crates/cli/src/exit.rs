//! The exit codes: a public interface.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Ok,
    /// Something could not be done, or not whole.
    Error,
    /// There are changes (`plan --detailed-exitcode`), or drift.
    Different,
    /// Nothing was done, on purpose: the plan is stale, the lock is held, or the question was answered no.
    Refused,
    /// Stopped by the user.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Different => 2,
            Self::Refused => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
