//! Merges the desired statements into a live document in two steps.
//!
//! A merge adds permissions before they are used, and removes permissions after their last use.
//! There is therefore one document to write first ([`Merged::expanded`]) and one document to write
//! last ([`Merged::contracted`]). Foreign statements keep their place and their spelling. This
//! module must not depend on the time or on AWS: at each write, the caller merges into the document
//! that it has just read.

mod adopt;
mod adoption;
mod handover;
mod judge;
mod open;
mod rebase;
mod union;
mod uses;

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::equivalent::reads_variables;
use crate::ownership::{previous_sid, under_present_name};
use crate::trail_statement::{Coverage, SOURCE_ORGANIZATION, TrailStatement};
use crate::{Document, Effect, Ownership, Statement};
pub use adoption::{Adopted, Adoption, AdoptionResult, Keep};
pub use rebase::Step;
use union::unite;
pub use uses::{Sources, Use};

/// The result of a merge with a live document.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// All desired statements, and everything that the live managed statements still allow.
    pub expanded: Document,
    /// All desired statements, and no other managed statement.
    pub contracted: Document,
    /// The foreign statements that change, in document order.
    pub adopted: Vec<Adopted>,
    live: Option<Document>,
}

impl Merged {
    /// The document to write before anything relies on the desired statements; `None` if the live
    /// document is sufficient.
    pub fn expand(&self) -> Option<&Document> {
        let is_live = match &self.live {
            Some(live) => *live == self.expanded,
            None => self.expanded.statements().is_empty(),
        };
        (!is_live).then_some(&self.expanded)
    }

    /// The document to write when nothing relies on the former managed statements any more; `None`
    /// if the expanded document is sufficient. AWS rejects a document without statements, so an
    /// empty document means that the policy must be deleted.
    pub fn contract(&self) -> Option<&Document> {
        (self.contracted != self.expanded).then_some(&self.contracted)
    }

    /// The document that was read; `None` if there is no policy.
    pub fn live(&self) -> Option<&Document> {
        self.live.as_ref()
    }

    /// Replaces the contracted document with that of `end`.
    pub(crate) fn ending_as(self, end: Self) -> Self {
        Self { contracted: end.contracted, adopted: end.adopted, ..self }
    }

    /// Replaces the live document.
    pub(crate) fn onto(self, live: Option<Document>) -> Self {
        Self { live, ..self }
    }
}

/// Merges the `desired` statements into the `live` document, which is `None` if there is no policy
/// yet.
///
/// Every desired statement has a managed Sid that no other statement has.
/// [`BucketIntent`](crate::BucketIntent), [`KeyIntent`](crate::KeyIntent) and
/// [`TopicIntent`](crate::TopicIntent) create these Sids. The result for each live statement:
///
/// | live | expanded | contracted |
/// | --- | --- | --- |
/// | foreign | kept | kept |
/// | managed, equivalent to the desired one | kept | kept |
/// | managed Allow, desired with another meaning | both: united, or the desired one and the live one as `…Previous` | desired |
/// | managed Deny, desired with another meaning | desired | desired |
/// | managed, no longer desired (or its Sid is repeated) | kept | removed |
/// | managed, under the previous name of the installation | as above, under the present name | as above |
///
/// If a statement allows CloudTrail to deliver, the expanded document keeps only the part of the
/// live statement that the desired statement does not allow to the same trails.
///
/// *Kept* means in its place and byte for byte. Desired statements that have no place yet are
/// appended. All other elements of the document are kept. A new document has `Version` 2012-10-17.
pub fn merge(live: Option<&Document>, desired: &[Statement], ownership: &Ownership) -> Merged {
    merge_moving(live, desired, ownership, &Moving::All)
}

/// The accounts whose live statements can be replaced by desired ones in the expanded document.
pub(crate) enum Moving<'a> {
    /// Every account.
    All,
    /// Only these accounts. The live statements for every other account are kept, even if the
    /// desired statements allow the same access.
    Only(&'a BTreeSet<String>),
}

impl Moving<'_> {
    fn has(&self, account: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Only(accounts) => account.is_none_or(|account| accounts.contains(account)),
        }
    }
}

/// Merges like [`merge`], but moves only some accounts from the live statements to the desired
/// ones.
pub(crate) fn merge_moving(
    live: Option<&Document>,
    desired: &[Statement],
    ownership: &Ownership,
    moving: &Moving<'_>,
) -> Merged {
    let base = live.map(|live| under_present_name(live, ownership).unwrap_or_else(|| live.clone()));
    let base = base.unwrap_or_else(|| Document::new(Vec::new()));
    let mut sids: HashSet<String> =
        base.statements().iter().chain(desired).filter_map(Statement::sid).map(str::to_owned).collect();
    // The members are rarely needed: most statements already have the desired meaning.
    let members = match moving {
        Moving::All => BTreeSet::new(),
        Moving::Only(accounts) => accounts.iter().map(String::as_str).collect(),
    };
    let wanted_coverage = LazyCell::new(|| {
        let coverage = Coverage::of(desired.iter(), reads_variables(&base));
        coverage.in_organization(organization_of(desired), &members)
    });
    let still_needed = |current: &Statement| still_needed(current, &wanted_coverage, moving);

    let plan = MergePlan::of(&base, desired, ownership);
    let mut expanded = Vec::new();
    for (current, action) in &plan.live {
        match action {
            MergeAction::Keep => expanded.push((*current).clone()),
            MergeAction::Remove => expanded.extend(still_needed(current)),
            MergeAction::Replace { wanted, sid } => {
                expanded.extend(transition(current, wanted, sid, ownership, &mut sids, still_needed));
            }
        }
    }
    expanded.extend(plan.new.iter().map(|wanted| (*wanted).clone()));

    Merged {
        expanded: base.with_statements(expanded),
        contracted: plan.contracted(&base),
        adopted: Vec::new(),
        live: live.cloned(),
    }
}

/// Returns only the contracted document of [`merge`], without the costly computation of the live
/// statements that are still needed.
pub(crate) fn contracted(base: &Document, desired: &[Statement], ownership: &Ownership) -> Document {
    MergePlan::of(base, desired, ownership).contracted(base)
}

/// The live statements with the action for each, and the new statements of a merged document.
struct MergePlan<'a> {
    /// The live statements, in their order.
    live: Vec<(&'a Statement, MergeAction<'a>)>,
    /// Desired statements that are not live.
    new: Vec<&'a Statement>,
}

/// The action for one live statement.
enum MergeAction<'a> {
    /// Kept byte for byte: the statement is foreign, or has the desired meaning.
    Keep,
    /// Replaced by the desired statement with this Sid.
    Replace { wanted: &'a Statement, sid: &'a str },
    /// No longer desired.
    Remove,
}

impl<'a> MergePlan<'a> {
    fn of(base: &'a Document, desired: &'a [Statement], ownership: &Ownership) -> Self {
        let mut placed = HashSet::new();
        let mut live = Vec::new();
        for current in base.statements() {
            let action = match current.sid().filter(|sid| ownership.owns(sid)) {
                None => MergeAction::Keep,
                Some(sid) => {
                    let wanted = desired.iter().find(|wanted| wanted.sid() == Some(sid));
                    match wanted.filter(|_| placed.insert(sid)) {
                        None => MergeAction::Remove,
                        Some(wanted) if wanted.is_equivalent(current) => MergeAction::Keep,
                        Some(wanted) => MergeAction::Replace { wanted, sid },
                    }
                }
            };
            live.push((current, action));
        }
        let is_new = |wanted: &&Statement| wanted.sid().is_none_or(|sid| !placed.contains(sid));
        Self { new: desired.iter().filter(is_new).collect(), live }
    }

    fn contracted(&self, base: &Document) -> Document {
        let live = self.live.iter().filter_map(|(current, action)| match action {
            MergeAction::Keep => Some(*current),
            MergeAction::Replace { wanted, .. } => Some(*wanted),
            MergeAction::Remove => None,
        });
        base.with_statements(live.chain(self.new.iter().copied()).cloned().collect())
    }
}

/// Returns the statements for the transition from `current` to `wanted`, which have different
/// meanings and the same Sid.
fn transition(
    current: &Statement,
    wanted: &Statement,
    sid: &str,
    ownership: &Ownership,
    sids: &mut HashSet<String>,
    still_needed: impl Fn(&Statement) -> Option<Statement>,
) -> Vec<Statement> {
    if current.effect() == Effect::Deny {
        return vec![wanted.clone()];
    }
    match unite(current, wanted) {
        // An inexact union also allows the members of one list under the conditions of the other.
        // This is harmless for managed trails, but statements that the user wrote must not be
        // combined.
        Some(union) if union.is_exact || !ownership.is_extra(sid) => vec![union.statement],
        _ => {
            let Some(previous) = still_needed(current) else { return vec![wanted.clone()] };
            let mut number = 1;
            while !sids.insert(previous_sid(sid, number).to_string()) {
                number += 1;
            }
            vec![wanted.clone(), previous.with_sid(&previous_sid(sid, number))]
        }
    }
}

/// Returns the part of a managed statement that must remain until the trails have changed: the part
/// that `wanted` does not cover, and the accounts that do not move yet.
///
/// A statement that names every account uses most of the size limit, so the whole old statement
/// does not fit beside the new one.
fn still_needed(current: &Statement, wanted: &Coverage<'_>, moving: &Moving<'_>) -> Option<Statement> {
    let managers = BTreeMap::new();
    let trails = TrailStatement::of(current);
    let Some((trails, pieces)) = trails.as_ref().and_then(|it| Some((it, it.pieces(&managers)?))) else {
        return Some(current.clone());
    };
    let stays = |piece| {
        let grant = trails.grant(piece);
        !moving.has(grant.account) || !wanted.covers(&grant)
    };
    let pieces: Vec<_> = pieces.iter().map(|piece| (piece, stays(piece))).collect();
    trails.keep(&pieces, &managers, |_| true).statement
}

/// The organization whose accounts the statements allow to deliver.
fn organization_of(desired: &[Statement]) -> Option<&str> {
    let conditions = desired.iter().flat_map(Statement::conditions);
    conditions
        .filter(|condition| condition.key.eq_ignore_ascii_case(SOURCE_ORGANIZATION))
        .flat_map(|condition| condition.values)
        .find_map(|id| match id {
            Cow::Borrowed(id) => Some(id),
            Cow::Owned(_) => None,
        })
}
