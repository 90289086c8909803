//! Turns what is wanted into the most readable form of it that fits AWS's limit.
//!
//! Written the plain way, about 87 accounts fill a bucket policy. It must not choose a form that isolates accounts less:
//! in every form a trail can write only below its own account, or its organization.

use std::fmt;

use crate::equivalent::{CURRENT_VERSION, reads_variables};
use crate::ownership::Role;
use crate::trails::{SOURCE_ACCOUNT, SOURCE_ACCOUNT_VARIABLE};
use crate::{Document, Merged, Ownership, Statement, merge};

/// How our statements say which accounts may deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// One resource and one trail ARN for each account: the form that AWS documents.
    Plain,
    /// One resource, with a variable in place of the account where it names one, and a list of accounts.
    ByAccount,
    /// One resource with a variable for the account, and the organization.
    ByOrganization,
}

impl Form {
    /// All forms, the longest and most readable first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ByAccount, Self::ByOrganization];

    /// The form in which our statements are written in a document; none if it has none of them.
    pub fn of(document: &Document, ownership: &Ownership) -> Option<Self> {
        let roles = [Role::TrailWrite, Role::TrailEncrypt, Role::TrailNotify];
        let is_of_trails = |sid: &str| roles.iter().any(|role| ownership.is_in_role(sid, *role));
        let statement = document.statements().iter().find(|it| it.sid().is_some_and(is_of_trails))?;
        let text = statement.to_string();
        Some(if text.contains("aws:SourceOrgID") {
            Self::ByOrganization
        } else if text.contains(SOURCE_ACCOUNT) {
            Self::ByAccount
        } else {
            Self::Plain
        })
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::ByAccount => "by account",
            Self::ByOrganization => "by organization",
        })
    }
}

/// A merge that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The form of our statements in the end.
    pub form: Form,
    /// Bytes of the document in each longer form that was passed over.
    pub passed_over: Vec<(Form, usize)>,
    /// What is to be written.
    pub merged: Merged,
}

/// No form fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "in its smallest form ({form}), the policy would have {} bytes, but AWS accepts at most {limit}: {sizes}",
    sizes.total()
)]
pub struct TooLarge {
    /// The number of bytes that AWS accepts.
    pub limit: usize,
    /// The smallest form that could be tried.
    pub form: Form,
    /// The bytes of the document, by owner.
    pub sizes: Sizes,
    /// Why no smaller form could be tried, if there is a reason.
    pub obstacle: Option<Obstacle>,
}

/// Why a smaller form cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Someone's text would turn into a variable.
    #[error(
        "a smaller form needs `Version` 2012-10-17, in which `${{…}}` in a statement of somebody else would \
         become a variable"
    )]
    OldVersion,
    /// The spec has no organization.
    #[error("the smallest form needs `organization` in the spec")]
    NoOrganization,
}

/// The bytes of a document as AWS counts them, by owner. They add up to [`Document::size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of managed statements.
    pub managed: usize,
    /// Bytes of foreign statements, and of elements such as `Id` that only others write.
    pub foreign: usize,
    /// Bytes that belong to no owner: the braces, `Version`, and the commas between statements.
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

    /// Bytes of the whole document.
    pub fn total(self) -> usize {
        self.managed + self.foreign + self.frame
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { managed, foreign, frame } = self;
        write!(f, "{managed} managed, {foreign} foreign, {frame} for the frame of the document")
    }
}

/// Merges in the first form that fits into `limit` bytes. `compile` gives our statements in a form, or `None`
/// if that form cannot be written; `finish` completes each merge, for example by adopting foreign statements.
///
/// A document that is written in a short form now goes back to a longer one only where a tenth of the limit stays free,
/// so that one near the limit does not go back and forth.
///
/// # Errors
/// [`TooLarge`] if no form fits.
pub fn fit(
    live: Option<&Document>,
    ownership: &Ownership,
    limit: usize,
    compile: impl Fn(Form) -> Option<Vec<Statement>>,
    finish: impl Fn(Merged) -> Merged,
) -> Result<Fitted, TooLarge> {
    let current = live.and_then(|live| Form::of(live, ownership));
    let cap = |form| if current.is_some_and(|current| form < current) { limit / 10 * 9 } else { limit };
    let mut passed_over = Vec::new();
    let mut obstacle = None;
    let mut smallest: Option<(Form, Document)> = None;
    let mut chosen: Option<(Form, Merged)> = None;
    for form in Form::ALL {
        let Some(desired) = compile(form) else {
            obstacle = Some(Obstacle::NoOrganization);
            continue;
        };
        let Some(base) = base(live, form, &desired) else {
            obstacle = Some(Obstacle::OldVersion);
            break;
        };
        let merged = finish(merge(base.as_ref(), &desired, ownership)).onto(live.cloned());
        let size = merged.contracted.size();
        match &mut chosen {
            None if size > cap(form) => {
                passed_over.push((form, size));
                smallest = Some((form, merged.contracted));
            }
            None if merged.expanded.size() <= limit => return Ok(Fitted { form, passed_over, merged }),
            // The contracted document fits and the expanded one does not: expand in a shorter form.
            None => chosen = Some((form, merged)),
            Some((form, end)) if merged.expanded.size() <= limit => {
                return Ok(Fitted { form: *form, passed_over, merged: merged.ending_as(end.clone()) });
            }
            Some(_) => {}
        }
    }
    let (form, document) = match (chosen, smallest) {
        (Some((form, merged)), _) => (form, merged.expanded),
        (None, Some(smallest)) => smallest,
        (None, None) => (Form::Plain, Document::new(Vec::new())),
    };
    Err(TooLarge { limit, form, sizes: Sizes::of(&document, ownership), obstacle })
}

/// The live document in the version that a form needs: 2012-10-17 where our statements have variables. `None`
/// where that would turn a `${…}` that others wrote into a variable.
fn base(live: Option<&Document>, form: Form, desired: &[Statement]) -> Option<Option<Document>> {
    let has_variables = || desired.iter().any(|it| it.to_string().contains(SOURCE_ACCOUNT_VARIABLE));
    match live {
        Some(live) if form != Form::Plain && has_variables() && !reads_variables(live) => {
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
}
