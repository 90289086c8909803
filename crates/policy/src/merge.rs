//! Turns a live document and the statements that we want into the documents to write, in two steps.
//!
//! Permissions are added before they are used and removed only after, so there is a document for before
//! ([`Merged::expanded`]) and one for after ([`Merged::contracted`]). Foreign statements stay where they are and as
//! they are written. It must not look at the time or at AWS: on write, the caller merges into what it has just read.

mod adopt;
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
use crate::trails::{Coverage, SOURCE_ORGANIZATION, TrailStatement};
use crate::{Document, Effect, Ownership, Statement};
pub use adopt::{Adopted, Adoption, Fate, Keep};
pub use rebase::Step;
use union::unite;
pub use uses::{Sources, Use};

/// What a merge makes of a live document.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// All that is wanted, and still all that our live statements allow.
    pub expanded: Document,
    /// All that is wanted, and nothing else of ours.
    pub contracted: Document,
    /// What becomes of foreign statements that do not just stay, in document order.
    pub adopted: Vec<Adopted>,
    live: Option<Document>,
}

impl Merged {
    /// The document to write before anything relies on it; none if the live one will do.
    pub fn expand(&self) -> Option<&Document> {
        let is_live = match &self.live {
            Some(live) => *live == self.expanded,
            None => self.expanded.statements().is_empty(),
        };
        (!is_live).then_some(&self.expanded)
    }

    /// The document to write when nothing relies on our former statements any more; none if the expanded one
    /// will do. AWS takes no document without statements: one that is empty here means to delete the policy.
    pub fn contract(&self) -> Option<&Document> {
        (self.contracted != self.expanded).then_some(&self.contracted)
    }

    /// The document that was read; `None` where there is no policy.
    pub fn live(&self) -> Option<&Document> {
        self.live.as_ref()
    }

    /// The same expanded document, with the contracted one of `end`.
    pub(crate) fn ending_as(self, end: Self) -> Self {
        Self { contracted: end.contracted, adopted: end.adopted, ..self }
    }

    /// The same documents, to be written in place of `live`.
    pub(crate) fn onto(self, live: Option<Document>) -> Self {
        Self { live, ..self }
    }
}

/// Puts the `desired` statements into the `live` document, which is `None` where there is no policy yet.
///
/// Every desired statement carries a Sid of ours that no other has, as [`BucketIntent`](crate::BucketIntent),
/// [`KeyIntent`](crate::KeyIntent) and [`TopicIntent`](crate::TopicIntent) give them. What becomes of a live statement:
///
/// | live | expanded | contracted |
/// | --- | --- | --- |
/// | foreign | kept | kept |
/// | ours, means what is desired | kept | kept |
/// | our Allow, desired otherwise | both: united, or the desired one and the live one as `…Previous` | desired |
/// | our Deny, desired otherwise | desired | desired |
/// | ours, no longer desired (or its Sid a second time) | kept | removed |
/// | ours, under the previous name of the installation | as above, under its present name | as above |
///
/// Of a statement that lets CloudTrail deliver, what is kept beside the desired one is only what that does not
/// allow to the same trails.
///
/// *Kept* is in its place and byte for byte; what is desired and has no place yet goes to the end. All else in the
/// document stays; a new document is of `Version` 2012-10-17.
pub fn merge(live: Option<&Document>, desired: &[Statement], ownership: &Ownership) -> Merged {
    merge_moving(live, desired, ownership, &Moving::All)
}

/// The accounts for which managed statements can take the place of the live ones in the expanded document.
pub(crate) enum Moving<'a> {
    /// Every account.
    All,
    /// Only these. The live statements keep every other account, also where the desired ones allow it the same.
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

/// Merges like [`merge`], and moves only some accounts from the live statements to the desired ones.
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
    // Few merges need it: most statements mean what is desired.
    let members = match moving {
        Moving::All => BTreeSet::new(),
        Moving::Only(accounts) => accounts.iter().map(String::as_str).collect(),
    };
    let wanted_coverage = LazyCell::new(|| {
        let coverage = Coverage::of(desired.iter(), reads_variables(&base));
        coverage.in_organization(organization_of(desired), &members)
    });
    let still_needed = |current: &Statement| still_needed(current, &wanted_coverage, moving);

    let places = Places::of(&base, desired, ownership);
    let mut expanded = Vec::new();
    for (current, place) in &places.live {
        match place {
            Place::Kept => expanded.push((*current).clone()),
            Place::Removed => expanded.extend(still_needed(current)),
            Place::Changed { wanted, sid } => {
                expanded.extend(transition(current, wanted, sid, ownership, &mut sids, still_needed));
            }
        }
    }
    expanded.extend(places.new.iter().map(|wanted| (*wanted).clone()));

    Merged {
        expanded: base.with_statements(expanded),
        contracted: places.contracted(&base),
        adopted: Vec::new(),
        live: live.cloned(),
    }
}

/// The contracted document of [`merge`] alone, which costs no look at what of the live statements stays needed.
pub(crate) fn contracted(base: &Document, desired: &[Statement], ownership: &Ownership) -> Document {
    Places::of(base, desired, ownership).contracted(base)
}

/// Where live and desired statements go.
struct Places<'a> {
    /// The live statements, in their order.
    live: Vec<(&'a Statement, Place<'a>)>,
    /// Desired statements that are not live.
    new: Vec<&'a Statement>,
}

/// What becomes of a live statement.
enum Place<'a> {
    /// Stays byte for byte: it is foreign, or means what is desired.
    Kept,
    /// Becomes the desired statement with this Sid.
    Changed { wanted: &'a Statement, sid: &'a str },
    /// Is not desired any more.
    Removed,
}

impl<'a> Places<'a> {
    fn of(base: &'a Document, desired: &'a [Statement], ownership: &Ownership) -> Self {
        let mut placed = HashSet::new();
        let mut live = Vec::new();
        for current in base.statements() {
            let place = match current.sid().filter(|sid| ownership.owns(sid)) {
                None => Place::Kept,
                Some(sid) => {
                    let wanted = desired.iter().find(|wanted| wanted.sid() == Some(sid));
                    match wanted.filter(|_| placed.insert(sid)) {
                        None => Place::Removed,
                        Some(wanted) if wanted.is_equivalent(current) => Place::Kept,
                        Some(wanted) => Place::Changed { wanted, sid },
                    }
                }
            };
            live.push((current, place));
        }
        let is_new = |wanted: &&Statement| wanted.sid().is_none_or(|sid| !placed.contains(sid));
        Self { new: desired.iter().filter(is_new).collect(), live }
    }

    fn contracted(&self, base: &Document) -> Document {
        let live = self.live.iter().filter_map(|(current, place)| match place {
            Place::Kept => Some(*current),
            Place::Changed { wanted, .. } => Some(*wanted),
            Place::Removed => None,
        });
        base.with_statements(live.chain(self.new.iter().copied()).cloned().collect())
    }
}

/// What stands between `current` and `wanted`, which mean different things under the same Sid.
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
        // An inexact union also allows one list's members with the other's conditions. Between our own trails
        // that does no harm; what the user wrote is not ours to blend.
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

/// What of a statement of ours has to stay until the trails are what they should be.
///
/// A statement that names every account takes up most of the size limit, so the old one cannot stay whole beside the new
/// one: only what `wanted` does not cover stays in it, and accounts that do not move yet.
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
