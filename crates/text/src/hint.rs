//! Errors in readable form: the messages of a chain of errors, and the next step of the user.

use std::error::Error;
use std::iter::successors;

/// An error with the next step of the user.
///
/// An error either returns its cause as [`Error::source`], and its own message does not contain the
/// message of the cause; or it has no source, and its message describes the cause. [`messages`]
/// therefore contains each cause exactly once.
pub trait Hint: Error {
    /// The next step that this error itself knows, as an imperative sentence; `None` if only the
    /// cause can know the next step.
    fn own_hint(&self) -> Option<String>;

    /// The error that caused this error, if the cause can have a hint. A transparent error also
    /// returns its cause here.
    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        None
    }

    /// The next step of the user, from the outermost error that knows one; `None` if no error knows
    /// one.
    fn hint(&self) -> Option<String> {
        self.own_hint().or_else(|| self.caused_by().and_then(Hint::hint))
    }
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

    /// An error with its own hint, and its cause.
    #[derive(Debug)]
    struct Step(Option<&'static str>, Option<Box<Step>>);

    impl fmt::Display for Step {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot do it")
        }
    }

    impl Error for Step {}

    impl Hint for Step {
        fn own_hint(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }

        fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn the_hint_is_that_of_the_outermost_error_that_has_one() {
        let step = |hint, cause: Option<Step>| Step(hint, cause.map(Box::new));
        for (error, expected) in [
            (step(None, None), None),
            (step(Some("outer"), Some(step(Some("inner"), None))), Some("outer")),
            (step(None, Some(step(None, Some(step(Some("inner"), None))))), Some("inner")),
        ] {
            assert_eq!(error.hint().as_deref(), expected);
        }
    }

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
