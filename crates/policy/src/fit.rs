//! Chooses the most readable form of the managed statements that fits the size limit of AWS.
//!
//! In the plain form, a bucket policy has room for about 87 accounts. No form may isolate the
//! accounts less than another: in every form, a trail can write only below its own account, or its
//! organization.

mod first_use;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::equivalent::{CURRENT_VERSION, reads_variables};
use crate::intent::AccountFilter;
use crate::merge::contracted;
use crate::ownership::{StatementRole, under_present_name};
use crate::trail_statement::{SOURCE_ACCOUNT, SOURCE_ACCOUNT_VARIABLE, SOURCE_ORGANIZATION};
use crate::{Document, Merged, Ownership, Statement, merge};
pub use first_use::FirstUse;

/// The way in which managed statements name the accounts that are allowed to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementForm {
    /// One resource and one trail ARN for each account, as AWS documents.
    Plain,
    /// One resource that has a variable in place of the account id, and a list of accounts.
    ByAccount,
    /// One resource with a variable for the account, and the organization.
    ByOrganization,
}

impl StatementForm {
    /// All forms, the longest and most readable first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ByAccount, Self::ByOrganization];

    /// Returns the form of the managed statements in a document, or `None` if the document has no
    /// managed statement.
    pub fn of(document: &Document, ownership: &Ownership) -> Option<Self> {
        let roles = [StatementRole::TrailWrite, StatementRole::TrailEncrypt, StatementRole::TrailNotify];
        let is_of_trails = |sid: &str| roles.iter().any(|role| ownership.is_in_role(sid, *role));
        let statement = document.statements().iter().find(|it| it.sid().is_some_and(is_of_trails))?;
        Some(Self::of_statement(statement))
    }

    /// Returns the form of a statement that allows trails to write, encrypt or notify.
    fn of_statement(statement: &Statement) -> Self {
        let text = statement.to_string();
        if text.contains(SOURCE_ORGANIZATION) {
            Self::ByOrganization
        } else if text.contains(SOURCE_ACCOUNT) {
            Self::ByAccount
        } else {
            Self::Plain
        }
    }

    /// The name of the form in a spec, a tag and machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ByAccount => "by_account",
            Self::ByOrganization => "by_organization",
        }
    }
}

impl fmt::Display for StatementForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::ByAccount => "by account",
            Self::ByOrganization => "by organization",
        })
    }
}

/// The inputs for the choice of a form, other than the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The only form to use; `None` to use the first that fits.
    pub form: Option<StatementForm>,
    /// The forms for which CloudTrail refused a trail earlier.
    pub refused: BTreeSet<StatementForm>,
}

impl Choice {
    /// Returns the form whose refusal also rules out this form. Every short form depends on
    /// `aws:SourceAccount`, and on everything that the longer short forms depend on.
    fn refusal_of(&self, form: StatementForm) -> Option<StatementForm> {
        let refused = self.refused.iter().find(|refused| **refused <= form);
        refused.copied().filter(|_| self.form.is_none() && form != StatementForm::Plain)
    }
}

/// The policy and the limits for which a form is chosen.
#[derive(Debug, Clone, Copy)]
pub struct FitInput<'a> {
    /// The live policy; `None` if there is none.
    pub live: Option<&'a Document>,
    /// The ownership of the managed statements.
    pub ownership: &'a Ownership,
    /// The number of bytes that AWS accepts.
    pub limit: usize,
    /// The accounts of all trails that must be able to deliver.
    pub accounts: &'a BTreeSet<String>,
    /// The inputs for the choice of a form.
    pub choice: &'a Choice,
}

/// A merge that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The final form of the managed statements.
    pub form: StatementForm,
    /// The longer forms that do not fit, each with the size of the document in bytes.
    pub passed_over: Vec<(StatementForm, usize)>,
    /// The documents to write.
    pub merged: Merged,
    /// The short form of the expanded document, if some trails of the live document do not rely on
    /// this form yet.
    pub first_use: Option<FirstUse>,
}

/// The error that no form fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "in its smallest form ({form}), the policy would have {} bytes, but AWS accepts at most {limit}: {sizes}",
    sizes.total()
)]
pub struct TooLarge {
    /// The number of bytes that AWS accepts.
    pub limit: usize,
    /// The smallest form that was possible.
    pub form: StatementForm,
    /// The bytes of the document, by owner.
    pub sizes: Sizes,
    /// The reason why no smaller form was possible, if there is one.
    pub obstacle: Option<Obstacle>,
}

/// The reason why a smaller form cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Text in a foreign statement would become a variable.
    #[error(
        "a smaller form needs `Version: 2012-10-17`, but with this version AWS would treat `${{…}}` in a foreign \
         statement as a policy variable"
    )]
    OldVersion,
    /// The form needs an organization, and the spec has none.
    #[error("the smallest form needs `organization` in the spec")]
    NoOrganization,
    /// CloudTrail refused a trail when the form was used for the first time.
    #[error("CloudTrail refused a trail under the form `{0}`, which is smaller")]
    Refused(StatementForm),
}

/// The bytes of a document as AWS counts them, by owner. They add up to [`Document::size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The bytes of managed statements.
    pub managed: usize,
    /// The bytes of foreign statements, and of elements such as `Id` that `reconcile` never writes.
    pub foreign: usize,
    /// The bytes that belong to no owner: the braces, `Version`, and the commas between statements.
    pub frame: usize,
}

impl Sizes {
    /// Counts the bytes of a document.
    pub fn of(document: &Document, ownership: &Ownership) -> Self {
        let managed = document.statements().iter().filter(|statement| ownership.has(statement));
        let managed = managed.map(Statement::size).sum();
        let frame = document.frame_size();
        Self { managed, foreign: document.size().saturating_sub(managed + frame), frame }
    }

    /// The size of the whole document.
    pub fn total(self) -> usize {
        self.managed + self.foreign + self.frame
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { managed, foreign, frame } = self;
        write!(f, "{managed} managed, {foreign} foreign, {frame} for JSON syntax and `Version`")
    }
}

/// Merges with the first form that fits.
///
/// `compile` returns the managed statements in a form, for all accounts or only for some, or `None`
/// if the form cannot be written. `finish` completes each merge, for example by adopting foreign
/// statements. `triers` returns the accounts whose trails deliver now and can be checked, in the
/// order in which they test a form; `fit` calls `triers` only if a short form is used for the first
/// time.
///
/// A document in a short form returns to a longer form only if a tenth of the limit remains free.
/// Otherwise, a document near the limit would alternate between forms.
///
/// If a short form is used for the first time, the expanded document moves only some accounts to
/// the form: see [`FirstUse`].
///
/// # Errors
/// Returns [`TooLarge`] if no form fits.
pub fn fit(
    input: FitInput<'_>,
    compile: impl Fn(StatementForm, AccountFilter<'_>) -> Option<Vec<Statement>>,
    finish: impl Fn(Merged) -> Merged,
    triers: impl Fn() -> Vec<String>,
) -> Result<Fitted, TooLarge> {
    let FitInput { live, ownership, limit, choice, .. } = input;
    let current = live.and_then(|live| StatementForm::of(live, ownership));
    let current = current.filter(|current| choice.refusal_of(*current).is_none());
    let is_to_save = |form| choice.form.is_none() && current.is_some_and(|current| form < current);
    let cap = |form| if is_to_save(form) { limit / 10 * 9 } else { limit };
    let mut passed_over = Vec::new();
    let mut obstacle = None;
    let mut smallest: Option<(StatementForm, Document)> = None;
    let mut chosen: Option<(StatementForm, Merged)> = None;
    for form in StatementForm::ALL.into_iter().filter(|form| choice.form.is_none_or(|only| only == *form)) {
        if let Some(refused) = choice.refusal_of(form) {
            obstacle = Some(Obstacle::Refused(refused));
            break;
        }
        let Some(desired) = compile(form, None) else {
            obstacle = Some(Obstacle::NoOrganization);
            continue;
        };
        let Some(base) = base(live, form, &desired) else {
            obstacle = Some(Obstacle::OldVersion);
            break;
        };
        // Managed statements that alone exceed the limit are not merged: the computation of the
        // live statements that must remain beside them is slow.
        let managed: usize = desired.iter().map(Statement::size).sum();
        if chosen.is_none() && managed > cap(form) {
            let base = base.map(|base| under_present_name(&base, ownership).unwrap_or(base));
            let base = base.unwrap_or_else(|| Document::new(Vec::new()));
            let document = contracted(&base, &desired, ownership);
            passed_over.push((form, document.size()));
            smallest = Some((form, document));
            continue;
        }
        let merged = finish(merge(base.as_ref(), &desired, ownership)).onto(live.cloned());
        let size = merged.contracted.size();
        if chosen.is_none() && size > cap(form) {
            passed_over.push((form, size));
            smallest = Some((form, merged.contracted));
            continue;
        }
        let (first_use, expanded) = first_use::find(input, form, base.as_ref(), &compile, &finish, &triers)
            .map_or((None, None), |(first_use, staged)| (Some(first_use), Some(staged.onto(live.cloned()))));
        let expanded = expanded.unwrap_or_else(|| merged.clone());
        let is_fitting = expanded.expanded.size() <= limit;
        match &mut chosen {
            None if is_fitting => {
                let merged = expanded.ending_as(merged);
                return Ok(Fitted { form, passed_over, merged, first_use });
            }
            // The contracted document fits, and the expanded document does not: expand in a shorter
            // form.
            None => chosen = Some((form, merged)),
            Some((form, end)) if is_fitting => {
                let merged = expanded.ending_as(end.clone());
                return Ok(Fitted { form: *form, passed_over, merged, first_use });
            }
            Some(_) => {}
        }
    }
    let (form, document) = match (chosen, smallest) {
        (Some((form, merged)), _) => (form, merged.expanded),
        (None, Some(smallest)) => smallest,
        (None, None) => (StatementForm::Plain, Document::new(Vec::new())),
    };
    Err(TooLarge { limit, form, sizes: Sizes::of(&document, ownership), obstacle })
}

/// Returns the live document in the version that a form needs: 2012-10-17 if the managed statements
/// have variables. Returns `None` if that version would turn a `${…}` of a foreign statement into a
/// variable.
fn base(live: Option<&Document>, form: StatementForm, desired: &[Statement]) -> Option<Option<Document>> {
    let has_variables = || desired.iter().any(|it| it.to_string().contains(SOURCE_ACCOUNT_VARIABLE));
    match live {
        Some(live) if form != StatementForm::Plain && has_variables() && !reads_variables(live) => {
            (!live.to_string().contains("${")).then(|| Some(live.with_version(CURRENT_VERSION)))
        }
        live => Some(live.cloned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_document_have_one_owner_each() {
        let (managed, foreign) = (
            r#"{"Sid":"TestTrailWrite","Effect":"Allow","Principal":"*","Action":"a","Resource":"b"}"#,
            r#"{ "Effect": "Deny", "Principal": "*", "Action": "a", "Resource": "b" }"#,
        );
        let minified = r#"{"Effect":"Deny","Principal":"*","Action":"a","Resource":"b"}"#;
        let (m, f, empty) =
            (managed.len(), minified.len(), r#"{"Version":"2012-10-17","Statement":[]}"#.len());
        let id = r#""Id":"mine","#;
        for (head, statements, expected) in [
            ("", String::new(), (0, 0, empty)),
            ("", managed.to_owned(), (m, 0, empty)),
            ("", foreign.to_owned(), (0, f, empty)),
            ("", format!("{managed}, {foreign}"), (m, f, empty + 1)),
            (id, format!("{foreign},{managed},{foreign}"), (m, 2 * f + id.len(), empty + 2)),
        ] {
            let text = format!("{{{head}\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
            let document: Document = text.parse().unwrap();
            let sizes = Sizes::of(&document, &Ownership::of("test"));
            assert_eq!((sizes.managed, sizes.foreign, sizes.frame), expected, "{text}");
            assert_eq!(sizes.total(), document.size(), "{text}");
        }
    }

    #[test]
    fn a_form_has_a_name_for_programs_and_a_name_for_people() {
        for (form, name, shown) in [
            (StatementForm::Plain, "plain", "plain"),
            (StatementForm::ByAccount, "by_account", "by account"),
            (StatementForm::ByOrganization, "by_organization", "by organization"),
        ] {
            assert_eq!((form.name(), form.to_string().as_str()), (name, shown));
        }
    }
}
