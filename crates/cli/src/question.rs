//! Questions on the terminal.

use std::io::IsTerminal;

use reconcile_apply::Interrupt;
use tokio::sync::oneshot;

use crate::error::CliError;
use crate::output;
use crate::signals::unless_stopped;

/// Whether the user can be asked: stdin is a terminal.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// Prints a question, and waits for the answer. Only `yes` confirms.
///
/// # Errors
/// [`CliError::Interrupted`] if a stop was requested before there was an answer.
pub(crate) async fn is_answered_yes(question: &str, interrupt: &Interrupt) -> Result<bool, CliError> {
    output::ask(question)?;
    let (sender, receiver) = oneshot::channel();
    // A blocking read of stdin cannot be cancelled. The runtime would wait for its own thread; this
    // thread ends with the program.
    std::thread::spawn(move || {
        let mut answer = String::new();
        // After an interrupt, no task waits for the answer.
        let _ = sender.send(std::io::stdin().read_line(&mut answer).map(|_| answer));
    });
    let answer = match unless_stopped(interrupt, receiver).await? {
        Ok(answer) => answer.map_err(|source| CliError::Read { path: "the terminal".into(), source })?,
        // The thread ended without an answer.
        Err(_) => String::new(),
    };
    Ok(answer.trim() == "yes")
}
