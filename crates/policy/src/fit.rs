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
    "the policy would have {total} bytes in its smallest form ({form}), and AWS takes {limit}: \
     {ours} are ours, {others} belong to others"
)]
pub struct TooLarge {
    /// What AWS takes.
    pub limit: usize,
    /// The smallest form that could be tried.
    pub form: Form,
    /// Bytes of the document.
    pub total: usize,
    /// Bytes of our statements in it.
    pub ours: usize,
    /// Bytes of everything else.
    pub others: usize,
    /// Why no smaller form could be tried, if there is one.
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

/// Bytes of a document as AWS counts them: of our statements, and of all the rest.
pub fn sizes(document: &Document, ownership: &Ownership) -> (usize, usize) {
    let others = document.retain(|it| !ownership.has(it)).size();
    (document.size().saturating_sub(others), others)
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
    let (ours, others) = sizes(&document, ownership);
    Err(TooLarge { limit, form, total: document.size(), ours, others, obstacle })
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
