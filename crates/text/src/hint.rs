//! Errors as people read them: the messages of a chain of errors, and the next step of the user.

use std::error::Error;
use std::iter::successors;

/// An error with the next step of the user.
///
/// An error either returns its cause as [`Error::source`], and then its own message does not contain the message of the
/// cause; or it has no source, and its message describes the cause. So [`messages`] contains each cause exactly once.
pub trait Hint: Error {
    /// The next step of the user, as an imperative sentence; `None` if no step is known.
    fn hint(&self) -> Option<String>;
}

/// The messages of an error and of its causes, from the outermost to the innermost.
pub fn messages(error: &dyn Error) -> Vec<String> {
    successors(Some(error), |error: &&dyn Error| (*error).source()).map(ToString::to_string).collect()
}

/// The message of an error, followed by the messages of its causes.
pub fn message(error: &dyn Error) -> String {
    messages(error).join(": ")
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Unread(fmt::Error);

    impl fmt::Display for Unread {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the spec")
        }
    }

    impl Error for Unread {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_message_ends_with_its_causes() {
        let cause = fmt::Error.to_string();
        assert_eq!(message(&fmt::Error), cause);
        assert_eq!(message(&Unread(fmt::Error)), format!("cannot read the spec: {cause}"));
    }
}
