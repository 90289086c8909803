//! Parses the bytes of a spec into a [`Spec`], or into problems.

use std::fmt;
use std::sync::Arc;

use reconcile_policy::AccountId;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options};

use crate::desired::{Desired, Roster};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceSpan};
use crate::digest::sha256_hex;
use crate::names::AccountName;
use crate::raw::{Content, Node, RawSpec, place};
use crate::schema::schema;
use crate::{resolve, shape};

/// A valid spec: everything that can be checked without AWS has been checked.
#[derive(Debug, Clone)]
pub struct Spec {
    path: String,
    text: String,
    sha256: String,
    /// The parsed values, which are resolved again when the members of the organization are known.
    raw: Arc<RawSpec>,
    desired: Desired,
}

/// Compares the text instead of `raw` and `sha256`, which follow from the text.
impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text, &self.desired) == (&other.path, &other.text, &other.desired)
    }
}

/// The format version that this version of the program accepts.
pub(crate) const VERSION: u64 = 1;

/// The maximum size of a file. A spec of thousands of accounts is smaller.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The maximum nesting of lists and maps, so that a hostile file cannot exhaust the stack. A spec
/// has about ten levels.
const MAX_DEPTH: usize = 24;

/// Parses a spec. Diagnostics print `path` as the path of the file.
///
/// # Errors
/// All problems of shape or, if the shape is correct, all problems of meaning. A file that is not
/// YAML has one problem.
pub fn parse(path: &str, bytes: &[u8]) -> Result<Spec, Diagnostics> {
    let whole = |message: String, hint: &str| {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Diagnostics::new(path, "", vec![Diagnostic { message, place: None, hint }])
    };
    if bytes.len() > MAX_BYTES {
        return Err(whole(
            format!("the file is larger than {MAX_BYTES} bytes"),
            "check that the file is a spec",
        ));
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

    let raw = read(text).map_err(|problems| Diagnostics::new(path, text, problems))?;
    Spec::from_raw(path, text, raw)
}

/// Resolves values. If the values do not come from a file, `text` is empty and problems have no
/// places.
fn resolved(path: &str, text: &str, raw: &RawSpec, roster: Option<&Roster>) -> Result<Desired, Diagnostics> {
    resolve::resolve(raw, roster).map_err(|mut problems| {
        if text.is_empty() {
            for problem in &mut problems {
                problem.place = None;
            }
        }
        Diagnostics::new(path, text, problems)
    })
}

impl Spec {
    /// Resolves the parsed values of `text`, which is empty if the values do not come from a file.
    pub(crate) fn from_raw(path: &str, text: &str, raw: RawSpec) -> Result<Self, Diagnostics> {
        let desired = resolved(path, text, &raw, None)?;
        let sha256 = sha256_hex(text.as_bytes());
        Ok(Self { path: path.to_owned(), text: text.to_owned(), sha256, raw: Arc::new(raw), desired })
    }

    /// Resolves the spec again with a known organization: included members are added to the
    /// accounts, and organization trails belong to the management account.
    ///
    /// # Errors
    /// Problems that the organization reveals: more trails than an account can have, or an unknown
    /// unit.
    pub fn in_organization(&self, roster: &Roster) -> Result<Self, Diagnostics> {
        if self.desired.organization.is_none() {
            return Ok(self.clone());
        }
        let desired = resolved(&self.path, &self.text, &self.raw, Some(roster))?;
        Ok(Self { desired, ..self.clone() })
    }

    /// Adds accounts of the organization that joined earlier, with their earlier names. The members
    /// of the organization are not listed again.
    pub fn with_joined(&self, joined: impl IntoIterator<Item = (AccountName, AccountId)>) -> Self {
        let mut spec = self.clone();
        spec.desired.join(joined);
        spec
    }

    /// Adds a sample member of the organization with this ID, which joins automatically. The sample
    /// shows properties of such members before AWS is called. Returns `None` if no member joins
    /// automatically, or if the spec with the sample has problems.
    pub fn with_sample_member(&self, id: &AccountId) -> Option<Self> {
        let organization = self.desired.organization.as_ref()?;
        organization.joining.include.as_ref().and(organization.role.as_ref())?;
        let management = self.desired.account(&organization.account)?;
        let roster = Roster::with_sample(&organization.joining, management.id.clone(), id.clone());
        self.in_organization(&roster).ok()
    }

    /// The path of the file, as the user named it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The SHA-256 digest of the bytes of the file, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The desired state.
    pub fn desired(&self) -> &Desired {
        &self.desired
    }

    /// The account to which the current credentials must belong, if there is one.
    pub fn ambient_account(&self) -> Option<&AccountId> {
        let is_ambient = |access: &crate::Access| access.role.is_none() && access.profile.is_none();
        self.desired.accounts.iter().find(|account| is_ambient(&account.access)).map(|account| &account.id)
    }
}

/// Parses the spec as it is written. All problems of shape are reported at once.
fn read(text: &str) -> Result<RawSpec, Vec<Diagnostic>> {
    match serde_saphyr::from_str_with_options::<RawSpec>(text, options(DuplicateKeyPolicy::Error)) {
        Ok(raw) if raw.version.value == VERSION => Ok(raw),
        Ok(raw) => Err(vec![unknown_version(raw.version.value, raw.version.place)]),
        Err(error) => Err(explain_shape(text, &error)),
    }
}

/// Parses the file once more, as a tree of any shape, to find every problem. `error` is the first
/// problem.
fn explain_shape(text: &str, error: &Error) -> Vec<Diagnostic> {
    let tree: Node = match serde_saphyr::from_str_with_options(text, options(DuplicateKeyPolicy::PassThrough))
    {
        Ok(tree) => tree,
        Err(syntax) => return vec![explain(text, &syntax)],
    };
    // A spec of another version can have any shape, so only its version is reported.
    if let Some(Node { content: Content::Number(version), place }) = tree.get("version")
        && version.as_u64() != Some(VERSION)
    {
        return vec![unknown_version(version, *place)];
    }
    let problems = shape::problems(&tree, &schema());
    if problems.is_empty() {
        return vec![explain(text, error)];
    }
    problems
        .into_iter()
        .map(|it| Diagnostic { place: it.place.map(|place| widen(text, place)), ..it })
        .collect()
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    let mut options = Options::default();
    options.with_snippet = false;
    options.duplicate_keys = duplicate_keys;
    if let Some(budget) = &mut options.budget {
        budget.max_depth = MAX_DEPTH;
    }
    options
}

fn unknown_version(version: impl fmt::Display, place: SourceSpan) -> Diagnostic {
    Diagnostic {
        message: format!("spec format version {version} is not known"),
        place: Some(place),
        hint: Some(format!("this version of reconcile reads `version: {VERSION}`")),
    }
}

/// YAML forbids tabs for indentation, but its parsers report this with many different messages.
fn indenting_tab(text: &str) -> Option<Diagnostic> {
    text.lines().enumerate().find_map(|(index, line)| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let column = line.get(..indent)?.find('\t')? + 1;
        // A line that contains only whitespace has no indentation.
        (!line.trim().is_empty()).then(|| Diagnostic {
            message: "a tab in the indentation".to_owned(),
            place: Some(SourceSpan { line: index + 1, column, length: 1 }),
            hint: Some("YAML allows only spaces there".to_owned()),
        })
    })
}

/// Returns the diagnostic for an error of the YAML parser.
fn explain(text: &str, error: &Error) -> Diagnostic {
    let error = error.without_snippet();
    let place = error.location().map(|location| widen(text, place(&location)));
    let (message, hint) = match error {
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => {
            (format!("expected {}, found {unexpected}", plain(expected)), None)
        }
        Error::Unexpected { expected, .. } => (format!("expected {}", plain(expected)), None),
        Error::MultipleDocuments { .. } => (
            "the file holds more than one YAML document".to_owned(),
            Some("keep one spec in a file".to_owned()),
        ),
        other => (strip_location(other.to_string().lines().next().unwrap_or_default()), None),
    };
    Diagnostic { message, place, hint }
}

/// Returns the noun for a value that the YAML parser expected.
fn plain(expected: &str) -> &str {
    match expected {
        "string scalar" | "a string" => "a string",
        "mapping start" | "mapping" => "a map",
        "sequence start" | "sequence" | "a sequence" => "a list",
        "u32" | "u64" => "a whole number",
        "a boolean" | "boolean" => "`true` or `false`",
        other => other,
    }
}

/// Removes the place from the end of a message of the YAML parser, because a diagnostic prints the
/// place itself.
fn strip_location(message: &str) -> String {
    let end = message.find(" at line ").unwrap_or(message.len());
    let message = message.get(..end).unwrap_or(message).trim();
    match message.strip_prefix("error: ") {
        Some(message) => message.to_owned(),
        None => message.to_owned(),
    }
}

/// Extends a place of one character to the word that begins there.
fn widen(text: &str, place: SourceSpan) -> SourceSpan {
    if place.length > 1 {
        return place;
    }
    let line = text.lines().nth(place.line - 1).unwrap_or_default();
    let word = line.chars().skip(place.column - 1).take_while(|letter| !" :,}]".contains(*letter)).count();
    SourceSpan { length: word.max(1), ..place }
}
