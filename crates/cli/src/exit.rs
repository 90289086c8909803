//! Exit codes. They are a public interface.

use std::process::ExitCode;

/// The exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Success.
    Ok,
    /// An error, or an incomplete result.
    Error,
    /// Changes (`plan --detailed-exitcode`) or drift.
    Different,
    /// Refused: the plan is stale, the lock is held, or the user did not confirm.
    Refused,
    /// Interrupted by the user.
    Interrupted,
}

impl Exit {
    /// The number of the exit code.
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
