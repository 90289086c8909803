//! Views of errors. Only this module turns the error of a command, or a message with its hint, into
//! text and JSON.

mod code;

use anstyle::{AnsiColor, Style};
use reconcile_operations::Error;
use reconcile_spec::Diagnostics;
use reconcile_text::{Hint, Line, Text, messages};
use serde_json::{Value, json};

pub use self::code::ErrorCode;
use crate::FORMAT_VERSION;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The error of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandError {
    code: ErrorCode,
    /// The messages of the error and of its causes.
    messages: Vec<String>,
    hint: Option<String>,
    details: Details,
    also: Option<Box<Self>>,
}

/// Further information about an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Details {
    /// No further information.
    None,
    /// The AWS call that failed.
    Aws(Box<Error>),
    /// The problems of the spec.
    Spec(Diagnostics),
    /// The known addresses, if no address matches.
    Known(Vec<String>),
}

impl CommandError {
    /// Creates an error with its stable code.
    pub fn new(code: ErrorCode, error: &dyn Hint, details: Details) -> Self {
        Self { code, messages: messages(error), hint: error.hint(), details, also: None }
    }

    /// The message of the error and of its causes.
    pub fn message(&self) -> String {
        self.messages.join(": ")
    }

    /// Returns the error with a second error that followed.
    pub fn and(self, other: Self) -> Self {
        Self { also: Some(Box::new(other)), ..self }
    }
}

/// The text view of an error.
pub fn text(failure: &CommandError) -> Text {
    let mut text = match &failure.details {
        // Each problem begins with `error:`, and has its own hint.
        Details::Spec(problems) => problems.text(),
        Details::None | Details::Aws(_) | Details::Known(_) => {
            let message = failure.message();
            let line = Line::styled(ERROR, "error").and(format_args!(": {message}"));
            notice(line, failure.hint.as_deref())
        }
    };
    if let Some(other) = &failure.also {
        text.append(&self::text(other));
    }
    text
}

/// The JSON document of a failed command.
pub fn json(failure: &CommandError, exit_code: u8) -> String {
    let document =
        json!({ "format_version": FORMAT_VERSION, "error": object(failure), "exit_code": exit_code });
    format!("{document:#}\n")
}

/// The error as an object, which other documents embed.
pub(crate) fn object(failure: &CommandError) -> Value {
    let CommandError { code, messages, hint, details, also } = failure;
    let mut object = json!({
        "code": code.as_str(),
        "message": messages.join(": "),
        "causes": messages.iter().skip(1).collect::<Vec<_>>(),
        "hint": hint,
    });
    match details {
        Details::None => {}
        Details::Aws(error) => {
            object["aws"] = json!({
                "account": error.account,
                "action": error.operation.action(),
                "code": error.code,
                "message": error.message,
                "class": error.class.name(),
            });
        }
        Details::Spec(problems) => object["diagnostics"] = json!(diagnostics(problems)),
        Details::Known(addresses) => object["known"] = json!(addresses),
    }
    if let Some(other) = also {
        object["also"] = self::object(other);
    }
    object
}

fn diagnostics(problems: &Diagnostics) -> Vec<Value> {
    let one = |problem: &reconcile_spec::Diagnostic| {
        json!({
            "file": problems.path(),
            "line": problem.place.map(|place| place.line),
            "column": problem.place.map(|place| place.column),
            "length": problem.place.map(|place| place.length),
            "message": problem.message,
            "help": problem.hint,
        })
    };
    problems.iter().map(one).collect()
}

/// The error as one text without colors, for documents about several specs.
pub(crate) fn plain(failure: &CommandError) -> Text {
    if let Details::Spec(problems) = &failure.details {
        return problems.text();
    }
    let mut text = Text::of(failure.messages.join(": "));
    if let Some(hint) = &failure.hint {
        text.line(format_args!(" hint: {hint}"));
    }
    text
}

/// Returns a message with its hint below.
pub(crate) fn notice(message: impl Into<Line>, hint: Option<&str>) -> Text {
    let mut text = Text::of(message);
    if let Some(hint) = hint {
        text.line(hint_line(2, hint));
    }
    text
}

/// The line of a hint.
pub(crate) fn hint_line(indent: usize, hint: &str) -> Line {
    Line::from(" ".repeat(indent)).and_styled(HINT, "hint").and(format_args!(": {hint}"))
}

#[cfg(test)]
mod tests {
    use reconcile_operations::Operation;
    use reconcile_plan::{ObserveError, ReadError};
    use reconcile_spec::parse;

    use super::*;

    fn read() -> CommandError {
        let account = "111111111111".parse().unwrap();
        let denied = Error::answered(account, Operation::GetBucketPolicy, "AccessDenied", "Access Denied");
        let error =
            ObserveError::Hub { account: "security".parse().unwrap(), error: ReadError::Aws(denied.clone()) };
        CommandError::new(ErrorCode::Read, &error, Details::Aws(Box::new(denied)))
    }

    fn plain(text: &Text) -> String {
        anstream::adapter::strip_str(text.as_str()).to_string()
    }

    #[test]
    fn an_error_is_shown_once_with_its_cause_and_its_hint() {
        let cause = "s3:GetBucketPolicy in account 111111111111: AccessDenied: Access Denied";
        let message = format!("cannot read the central bucket or key in account `security`: {cause}");
        let hint = "allow s3:GetBucketPolicy for the credentials used in account 111111111111";
        assert_eq!(plain(&text(&read())), format!("error: {message}\n  hint: {hint}\n"));

        let document: Value = serde_json::from_str(&json(&read(), 1)).unwrap();
        let expected = json!({
            "format_version": "1.0",
            "error": {
                "code": "read",
                "message": message,
                "causes": [cause],
                "hint": hint,
                "aws": {
                    "account": "111111111111",
                    "action": "s3:GetBucketPolicy",
                    "code": "AccessDenied",
                    "message": "Access Denied",
                    "class": "denied",
                },
            },
            "exit_code": 1,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn an_error_that_followed_is_not_lost() {
        let also = CommandError::new(ErrorCode::Read, &ObserveError::Interrupted, Details::None);
        let both = read().and(also);
        assert!(plain(&text(&both)).ends_with("\nerror: reading live state was interrupted\n"));
        assert_eq!(object(&both)["also"]["message"], "reading live state was interrupted");
    }

    #[test]
    fn every_problem_of_a_spec_has_its_place() {
        let text = "version: 1\nname: Audit\naccounts: { a: { id: \"111111111111\" } }\n\
            bucket: { name: audit-logs, account: a, region: us-east-1 }\nkey: { alias: audit }\ntrails: []\n";
        let problems = parse("a.yaml", text.as_bytes()).unwrap_err();
        let failure = CommandError::new(ErrorCode::Spec, &ObserveError::Interrupted, Details::Spec(problems));
        let first = &object(&failure)["diagnostics"][0];
        let place = (&first["file"], &first["line"], &first["column"]);
        assert_eq!(place, (&json!("a.yaml"), &json!(2), &json!(7)));
        assert!(!first["message"].as_str().unwrap().contains("-->"), "{first}");
        assert!(self::text(&failure).as_str().contains(" --> a.yaml:2:7\n"));
    }
}
