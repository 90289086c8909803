//! Turns the bytes of a spec into a [`Spec`], or into what is wrong with them.

use reconcile_policy::AccountId;
use serde_yaml::{Error, Options};

use crate::desired::{Desired, Roster};
use crate::diagnostic::{Diagnostic, Diagnostics, Place};
use crate::digest::sha256_hex;
use crate::names::AccountName;
use crate::problems::suggest;
use crate::raw::{Located, RawSpec, UNQUOTED_ID, place};
use crate::resolve;

/// A spec that is right in itself: everything that can be known without AWS has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    path: String,
    text: String,
    sha256: String,
    desired: Desired,
}

/// A spec of thousands of accounts has less; what has more is not a spec.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads a spec. `path` is what its diagnostics call it.
///
/// # Errors
/// All problems of meaning at once; of problems of form only the first.
pub fn parse(path: &str, bytes: &[u8]) -> Result<Spec, Diagnostics> {
    let whole = |message: String, help: &str| {
        let help = Some(help.to_owned()).filter(|help| !help.is_empty());
        Diagnostics::new(path, "", vec![Diagnostic { message, place: None, help }])
    };
    if bytes.len() > MAX_BYTES {
        return Err(whole(format!("the file is larger than {MAX_BYTES} bytes"), "is this a spec?"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        whole(format!("the file is not UTF-8 (byte {})", error.valid_up_to() + 1), "save it as UTF-8")
    })?;
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Err(whole("the file is empty".to_owned(), ""));
    }
    if let Some(tab) = indenting_tab(text) {
        return Err(Diagnostics::new(path, text, vec![tab]));
    }

    resolve_text(path, text, None)
}

fn resolve_text(path: &str, text: &str, roster: Option<&Roster>) -> Result<Spec, Diagnostics> {
    let raw = read(text).map_err(|problem| Diagnostics::new(path, text, vec![problem]))?;
    let desired =
        resolve::resolve(&raw, roster).map_err(|problems| Diagnostics::new(path, text, problems))?;
    Ok(Spec { path: path.to_owned(), text: text.to_owned(), sha256: sha256_hex(text.as_bytes()), desired })
}

impl Spec {
    /// The same spec, where it is known who is in the organization: members that it includes are among its accounts,
    /// and organization trails are those of the management account.
    ///
    /// # Errors
    /// What the organization makes wrong: more trails than an account may have, a unit that it does not have.
    pub fn in_organization(&self, roster: &Roster) -> Result<Self, Diagnostics> {
        if self.desired.organization.is_none() {
            return Ok(self.clone());
        }
        resolve_text(&self.path, &self.text, Some(roster))
    }

    /// The same spec, with accounts that are known to have joined from the organization among its own: as they were
    /// called then, and without asking again who is in it.
    pub fn with_joined(&self, joined: impl IntoIterator<Item = (AccountName, AccountId)>) -> Self {
        let mut spec = self.clone();
        spec.desired.join(joined);
        spec
    }

    /// Where it was read, as the user named it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// SHA-256 of its bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The state that it asks for.
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// The account whose credentials have to be at hand, if there is one.
    pub fn ambient_account(&self) -> Option<&AccountId> {
        let is_ambient = |access: &crate::Access| access.role.is_none() && access.profile.is_none();
        self.desired.accounts.iter().find(|account| is_ambient(&account.access)).map(|account| &account.id)
    }
}

fn read(text: &str) -> Result<RawSpec, Diagnostic> {
    let mut options = Options::default();
    options.with_snippet = false;
    version_first(text, &options)?;
    serde_yaml::from_str_with_options(text, options).map_err(|error| explain(text, &error))
}

/// A spec of another version may have any shape: its version has to be told before its shape is looked at.
fn version_first(text: &str, options: &Options) -> Result<(), Diagnostic> {
    #[derive(serde::Deserialize)]
    struct Head {
        version: Located<u64>,
    }
    match serde_yaml::from_str_with_options::<Head>(text, options.clone()) {
        Ok(head) if head.version.value != 1 => Err(Diagnostic {
            message: format!("spec format version {} is not known", head.version.value),
            place: Some(head.version.place),
            help: Some("this build understands `version: 1`".to_owned()),
        }),
        _ => Ok(()),
    }
}

/// YAML forbids tabs in indentation, and its parsers say so in many other words.
fn indenting_tab(text: &str) -> Option<Diagnostic> {
    text.lines().enumerate().find_map(|(index, line)| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let column = line.get(..indent)?.find('\t')? + 1;
        // A line that has nothing but white space indents nothing.
        (!line.trim().is_empty()).then(|| Diagnostic {
            message: "a tab in the indentation".to_owned(),
            place: Some(Place { line: index + 1, column, length: 1 }),
            help: Some("YAML allows only spaces there".to_owned()),
        })
    })
}

/// What the YAML reader found, in our words.
fn explain(text: &str, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let place = error.location().map(|location| widen(text, place(&location)));
    let (message, help) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            (format!("unknown key `{field}`"), Some(suggest(field, expected.iter().copied())))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("unknown value `{variant}`"), Some(suggest(variant, expected.iter().copied())))
        }
        Error::SerdeMissingField { field, .. } => {
            (format!("the key `{field}` is missing"), Some("it is required here".to_owned()))
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            (format!("expected {}, found {unexpected}", plain(expected)), None)
        }
        Error::Unexpected { expected, .. } => (format!("expected {}", plain(expected)), None),
        Error::MultipleDocuments { .. } => (
            "the file holds more than one YAML document".to_owned(),
            Some("keep one spec in a file".to_owned()),
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("?");
            (format!("the key `{key}` stands twice"), Some("keep one of them".to_owned()))
        }
        other => {
            let full = other.to_string();
            let first = strip_location(full.lines().next().unwrap_or_default());
            match first.strip_prefix(UNQUOTED_ID) {
                Some(_) => (UNQUOTED_ID.to_owned(), Some(QUOTE_IT.to_owned())),
                None => (first, None),
            }
        }
    };
    Diagnostic { message, place, help }
}

/// What the YAML reader expected, in everyday words.
fn plain(expected: &str) -> &str {
    match expected {
        "string scalar" | "a string" => "a text",
        "mapping start" | "mapping" => "a map",
        "sequence start" | "sequence" | "a sequence" => "a list",
        "u32" | "u64" => "a whole number",
        "a boolean" | "boolean" => "`true` or `false`",
        other => other,
    }
}

const QUOTE_IT: &str =
    "write it as \"111111111111\": without quotes YAML reads a number, and leading zeros are lost";

/// Cuts off the place that the reader puts behind its message: a diagnostic has it separately.
fn strip_location(message: &str) -> String {
    let end = message.find(" at line ").unwrap_or(message.len());
    let message = message.get(..end).unwrap_or(message).trim();
    match message.strip_prefix("error: ") {
        Some(message) => message.to_owned(),
        None => message.to_owned(),
    }
}

/// The reader gives a point; a caret under the whole word tells more.
fn widen(text: &str, place: Place) -> Place {
    if place.length > 1 {
        return place;
    }
    let line = text.lines().nth(place.line - 1).unwrap_or_default();
    let word = line.chars().skip(place.column - 1).take_while(|letter| !" :,}]".contains(*letter)).count();
    Place { length: word.max(1), ..place }
}
