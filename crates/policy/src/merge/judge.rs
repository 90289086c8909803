//! Decides the result for each foreign statement.
//!
//! A statement that allows CloudTrail to deliver is split into its grants. A grant is removed in
//! two cases: managed statements cover the grant, or the uncovered sources all belong to an account
//! whose trails are all known, because managed statements cover all trails of the account that
//! deliver here. Every other grant is kept, under the Sid and the conditions of its statement.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::adoption::{Adoption, AdoptionResult, Keep, is_unwritable};
use super::open::delivery_by_everyone;
use super::uses::{Sources, Use, Uses};
use crate::equivalent::reads_variables;
use crate::trail_statement::{
    ActionPurpose, Coverage, DeliveryGrant, GrantSource, Piece, Remainder, TrailStatement, may_deliver,
};
use crate::{Arn, Document, Ownership, Statement};

/// The result for a foreign statement that changes, or that allows CloudTrail to deliver.
pub(super) struct StatementOutcome {
    pub(super) fate: AdoptionResult,
    pub(super) stays: Vec<Use>,
    pub(super) ended: Vec<Use>,
}

/// Returns the outcome of every foreign statement of a document, and all statements that remain.
pub(super) fn judge(
    document: &Document,
    adoption: &Adoption,
    ownership: &Ownership,
) -> (Vec<Option<StatementOutcome>>, Vec<Statement>) {
    let judge = AdoptionAnalysis {
        document,
        adoption,
        ownership,
        installations: ownership.others(document.statements().iter().filter_map(Statement::sid)),
        variables: reads_variables(document),
        trails: adoption.trails.iter().map(Arn::as_str).collect(),
        accounts: adoption.trails.iter().map(Arn::account).collect(),
    };
    let mut foreign: Vec<Foreign<'_>> = judge.foreign().map(|statement| judge.sort(statement)).collect();
    // Most documents have no statement to split.
    let ours = LazyCell::new(|| judge.coverage(judge.ours()));
    for case in foreign.iter_mut().filter_map(Foreign::case_mut) {
        judge.decide(case, &ours);
    }
    judge.keep_looks_that_are_needed(&mut foreign);

    let mut outcomes = Vec::new();
    let mut foreign = foreign.iter();
    let left = document.statements().iter().filter_map(|statement| {
        if ownership.has(statement) {
            return Some(statement.clone());
        }
        let (outcome, left) = judge.outcome(foreign.next()?, || &ours);
        outcomes.push(outcome);
        left
    });
    let left = left.collect();
    (outcomes, left)
}

/// All statements of a document, and the known facts about them.
struct AdoptionAnalysis<'a> {
    document: &'a Document,
    adoption: &'a Adoption,
    ownership: &'a Ownership,
    /// Other installations, which manage their own statements.
    installations: Vec<Ownership>,
    variables: bool,
    /// Trails that managed statements allow to deliver.
    trails: BTreeSet<&'a str>,
    /// The accounts of those trails.
    accounts: BTreeSet<&'a str>,
}

/// A foreign statement.
enum Foreign<'a> {
    /// The statement names a deleted principal and is removed.
    Unwritable(&'a Statement),
    /// The statement allows CloudTrail to deliver, and is split.
    Trails(Case<'a>),
    /// The statement is unrelated, belongs to another installation, or is too long to split.
    Other(&'a Statement),
}

/// A statement that is split into grants.
struct Case<'a> {
    statement: &'a Statement,
    trails: TrailStatement<'a>,
    pieces: Vec<(Piece, GrantDecision)>,
}

/// The decision about one grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrantDecision {
    /// Managed statements cover the grant.
    Covered,
    /// The grant is removed: no known trail needs it.
    Ended,
    /// The grant is removed, because the spec revokes it.
    Revoked,
    /// The grant is kept.
    Kept,
}

impl<'a> Foreign<'a> {
    fn case(&self) -> Option<&Case<'a>> {
        match self {
            Self::Trails(case) => Some(case),
            Self::Unwritable(_) | Self::Other(_) => None,
        }
    }

    fn case_mut(&mut self) -> Option<&mut Case<'a>> {
        match self {
            Self::Trails(case) => Some(case),
            Self::Unwritable(_) | Self::Other(_) => None,
        }
    }
}

impl Case<'_> {
    fn grants(&self) -> impl Iterator<Item = (DeliveryGrant<'_>, GrantDecision)> {
        self.pieces.iter().map(|(piece, verdict)| (self.trails.grant(piece), *verdict))
    }

    /// Keeps every grant that should be removed but that the rest of the statement still contains.
    fn keep_what_stays_anyway(&mut self, left: &Remainder) {
        for (piece, verdict) in &mut self.pieces {
            if matches!(verdict, GrantDecision::Ended | GrantDecision::Revoked) && left.has(piece) {
                *verdict = GrantDecision::Kept;
            }
        }
    }

    /// Changes the decision about the selected grants.
    fn revise(
        &mut self,
        verdict: GrantDecision,
        is_revised: impl Fn(&DeliveryGrant<'_>, GrantDecision) -> bool,
    ) {
        for (piece, current) in &mut self.pieces {
            if is_revised(&self.trails.grant(piece), *current) {
                *current = verdict;
            }
        }
    }
}

/// Returns whether a grant is removed and only reads metadata.
fn is_look_that_goes(grant: &DeliveryGrant<'_>, verdict: GrantDecision) -> bool {
    matches!(verdict, GrantDecision::Ended | GrantDecision::Revoked)
        && grant.purpose() == ActionPurpose::ReadMetadata
}

impl<'a> AdoptionAnalysis<'a> {
    fn foreign(&self) -> impl Iterator<Item = &'a Statement> {
        self.document.statements().iter().filter(|it| !self.ownership.has(it))
    }

    fn ours(&self) -> impl Iterator<Item = &'a Statement> {
        self.document.statements().iter().filter(|it| self.ownership.has(it))
    }

    fn coverage<'c>(&'c self, statements: impl Iterator<Item = &'c Statement>) -> Coverage<'c> {
        Coverage::of(statements, self.variables)
            .in_organization(self.adoption.organization.as_deref(), &self.accounts)
    }

    fn sort(&self, statement: &'a Statement) -> Foreign<'a> {
        if is_unwritable(statement, self.adoption, self.ownership) {
            return Foreign::Unwritable(statement);
        }
        let trails = TrailStatement::of(statement).filter(|_| !self.is_anothers(statement));
        let Some((trails, pieces)) =
            trails.and_then(|it| it.pieces(&self.adoption.managers).map(|pieces| (it, pieces)))
        else {
            return Foreign::Other(statement);
        };
        let pieces = pieces.into_iter().map(|piece| (piece, GrantDecision::Kept)).collect();
        Foreign::Trails(Case { statement, trails, pieces })
    }

    fn is_anothers(&self, statement: &Statement) -> bool {
        self.installations.iter().any(|it| it.has(statement))
    }

    fn decide(&self, case: &mut Case<'_>, ours: &Coverage<'_>) {
        for (piece, verdict) in &mut case.pieces {
            *verdict = self.verdict(&case.trails.grant(piece), ours);
        }
    }

    fn verdict(&self, grant: &DeliveryGrant<'_>, ours: &Coverage<'_>) -> GrantDecision {
        let is_known = self.is_known(grant);
        if (is_known || grant.in_organizations().is_none()) && ours.covers(grant) {
            return GrantDecision::Covered;
        }
        if is_known && !is_never_ours(grant) {
            return GrantDecision::Ended;
        }
        let is_listed = grant.account.is_some_and(|account| self.adoption.listed.contains(account));
        match self.adoption.unlisted_accounts {
            Keep::Remove if !is_listed => GrantDecision::Revoked,
            Keep::Keep | Keep::Remove => GrantDecision::Kept,
        }
    }

    /// Returns whether all trails that can use a grant are known.
    fn is_known(&self, grant: &DeliveryGrant<'_>) -> bool {
        let is_surveyed = |id: &str| self.adoption.surveyed.contains(id);
        let is_of_surveyed = match grant.folder_of_organization() {
            Some(organization) => is_surveyed(organization),
            None => grant.account.is_some_and(is_surveyed),
        };
        match &grant.source {
            GrantSource::Trail(arn) => {
                self.trails.contains(arn.as_ref())
                    && (grant.folder_of_organization().is_none() || is_of_surveyed)
            }
            GrantSource::Trails(_) | GrantSource::Unnamed => is_of_surveyed,
            GrantSource::Other(_) => false,
        }
    }

    /// Returns whether the account of a grant may be the management account of an organization.
    fn may_manage(&self, grant: &DeliveryGrant<'_>) -> bool {
        let managers = &self.adoption.managers;
        managers.is_empty() || managers.values().any(|manager| grant.account == Some(manager))
    }

    /// Revises the decisions about grants that only read metadata. To read the ACL of a bucket or
    /// to describe a key reveals nothing and is useless alone, so such a grant is removed together
    /// with the last permission to deliver. The grant is kept as long as a source that can deliver
    /// needs it.
    fn keep_looks_that_are_needed(&self, foreign: &mut [Foreign<'a>]) {
        // A grant without a source is first assumed to be removed. The code below finds the sources
        // that need it.
        let is_unscoped = |grant: &DeliveryGrant<'_>, verdict| {
            verdict != GrantDecision::Covered
                && grant.purpose() == ActionPurpose::ReadMetadata
                && !grant.is_scoped
        };
        for case in foreign.iter_mut().filter_map(Foreign::case_mut) {
            case.revise(GrantDecision::Ended, is_unscoped);
        }
        let has_candidate =
            |case: &Case<'_>| case.grants().any(|(grant, verdict)| is_look_that_goes(&grant, verdict));
        if !foreign.iter().filter_map(Foreign::case).any(has_candidate) {
            return;
        }
        let left: Vec<Remainder> =
            foreign.iter().filter_map(Foreign::case).map(|case| self.left(case)).collect();
        // If lists cannot express the removal of a grant, the grant is kept permanently: the
        // decisions below rely on it.
        for (case, left) in foreign.iter_mut().filter_map(Foreign::case_mut).zip(&left) {
            case.keep_what_stays_anyway(left);
        }
        let delivering: Vec<DeliveryGrant<'_>> = foreign
            .iter()
            .filter_map(Foreign::case)
            .zip(&left)
            .flat_map(|(case, left)| {
                case.pieces
                    .iter()
                    .filter(|(piece, _)| left.has(piece))
                    .map(|(piece, _)| case.trails.grant(piece))
            })
            .filter(|grant| grant.purpose() != ActionPurpose::ReadMetadata)
            .collect();
        let others = foreign.iter().filter_map(|it| self.other_that_stays(it));
        let may_others_deliver = others.clone().any(|it| may_deliver(it) && !self.is_anothers(it));
        let staying = left.iter().filter_map(|left| left.statement.as_ref()).chain(others);
        let staying = self.coverage(self.ours().chain(staying));
        // The needs of all grants are determined before any decision changes.
        let needed: Vec<Vec<bool>> = foreign
            .iter()
            .filter_map(Foreign::case)
            .map(|case| {
                let is_needed = |(look, verdict): (DeliveryGrant<'_>, GrantDecision)| {
                    let delivers = || delivering.iter().any(|grant| needs(grant, &look, &staying));
                    is_look_that_goes(&look, verdict) && (may_others_deliver || delivers())
                };
                case.grants().map(is_needed).collect()
            })
            .collect();
        for (case, needed) in foreign.iter_mut().filter_map(Foreign::case_mut).zip(needed) {
            for ((_, verdict), _) in case.pieces.iter_mut().zip(needed).filter(|(_, is_needed)| *is_needed) {
                *verdict = GrantDecision::Kept;
            }
        }
    }

    /// Returns the statement if it is not split and is kept. Another installation allows only its
    /// own trails to read metadata. Any other statement can allow delivery by sources that it does
    /// not name.
    fn other_that_stays<'f>(&self, foreign: &'f Foreign<'a>) -> Option<&'f Statement> {
        match foreign {
            Foreign::Other(statement) if self.adoption.foreign_statements == Keep::Keep => Some(statement),
            Foreign::Other(_) | Foreign::Unwritable(_) | Foreign::Trails(_) => None,
        }
    }

    /// Describes the outcome for a foreign statement, and the rest of the statement.
    fn outcome<'c>(
        &self,
        foreign: &Foreign<'_>,
        ours: impl Fn() -> &'c Coverage<'c>,
    ) -> (Option<StatementOutcome>, Option<Statement>) {
        let without_uses = |fate| StatementOutcome { fate, stays: Vec::new(), ended: Vec::new() };
        match foreign {
            Foreign::Unwritable(statement) => {
                let ids = statement.unresolved_principals();
                (Some(without_uses(AdoptionResult::DeletedPrincipal { ids })), None)
            }
            Foreign::Trails(case) => {
                let (outcome, left) = self.taken_over(case);
                (Some(outcome), left)
            }
            Foreign::Other(statement) if self.adoption.foreign_statements == Keep::Remove => {
                let ended = self.ended_with(statement, ours());
                (Some(StatementOutcome { ended, ..without_uses(AdoptionResult::Removed) }), None)
            }
            Foreign::Other(statement) => {
                let is_anothers = self.is_anothers(statement);
                let everyone =
                    if is_anothers { None } else { delivery_by_everyone(statement, self.document) };
                let outcome = everyone
                    .map(|it| StatementOutcome { stays: vec![it], ..without_uses(AdoptionResult::Kept) });
                (outcome, Some((*statement).clone()))
            }
        }
    }

    fn taken_over(&self, case: &Case<'_>) -> (StatementOutcome, Option<Statement>) {
        let left = self.left(case);
        let (mut stays, mut ended) = (Uses::default(), Uses::default());
        let mut is_revoked = false;
        for (piece, verdict) in &case.pieces {
            let grant = case.trails.grant(piece);
            match (left.has(piece), verdict) {
                (true, GrantDecision::Covered) => {}
                (true, _) => stays.add(&grant),
                (false, verdict) => {
                    is_revoked |= *verdict == GrantDecision::Revoked;
                    if *verdict != GrantDecision::Covered {
                        ended.add(&grant);
                    }
                    if let Some(of_organizations) = grant.in_organizations().filter(|it| self.may_manage(it))
                    {
                        ended.add(&of_organizations);
                    }
                }
            }
        }
        for account in &left.unpaired {
            let sources = Sources::Accounts { ids: BTreeSet::from([account.clone()]) };
            for (action, resource) in case.trails.actions_and_resources() {
                stays.put(sources.clone(), action, resource, None);
            }
        }
        let fate = match &left.statement {
            _ if is_revoked => AdoptionResult::Revoked,
            None => AdoptionResult::Replaced,
            Some(left) if left == case.statement => AdoptionResult::Kept,
            Some(_) => AdoptionResult::Narrowed,
        };
        (StatementOutcome { fate, stays: stays.into_vec(), ended: ended.into_vec() }, left.statement)
    }

    /// The rest of a statement that is split.
    fn left(&self, case: &Case<'_>) -> Remainder {
        let stays: Vec<(&Piece, bool)> =
            case.pieces.iter().map(|(piece, verdict)| (piece, *verdict == GrantDecision::Kept)).collect();
        let is_known = |account: &str| {
            let is_revoked = self.adoption.unlisted_accounts == Keep::Remove;
            self.adoption.surveyed.contains(account)
                || self.accounts.contains(account)
                || (is_revoked && !self.adoption.listed.contains(account))
        };
        case.trails.keep(&stays, &self.adoption.managers, is_known)
    }

    /// The access that ends with the removal of a statement that is not split.
    fn ended_with(&self, statement: &Statement, ours: &Coverage<'_>) -> Vec<Use> {
        let mut ended = Uses::default();
        let trails = TrailStatement::of(statement);
        let pieces =
            trails.as_ref().and_then(|trails| Some((trails, trails.pieces(&self.adoption.managers)?)));
        if let Some((trails, pieces)) = pieces {
            for grant in pieces.iter().map(|piece| trails.grant(piece)).filter(|grant| !ours.covers(grant)) {
                ended.add(&grant);
            }
        } else if may_deliver(statement) {
            for action in statement.actions() {
                for resource in statement.resources() {
                    ended.put(Sources::Everyone, &action.to_ascii_lowercase(), resource, None);
                }
            }
        }
        ended.into_vec()
    }
}

/// Returns whether a source that can deliver needs a grant to read metadata, because no kept
/// statement allows the same.
fn needs(delivering: &DeliveryGrant<'_>, look: &DeliveryGrant<'_>, staying: &Coverage<'_>) -> bool {
    let is_apart = delivering.account.zip(look.account).is_some_and(|(one, other)| one != other);
    !is_apart && !staying.covers(&delivering.reading_metadata_of(look))
}

/// Returns whether managed statements never contain a grant of this kind: the use of a key without
/// the encryption context of a trail, as for an encrypted topic, or an action that AWS does not
/// explain.
///
/// See "Configuring AWS KMS permissions" in the Amazon SNS developer guide.
fn is_never_ours(grant: &DeliveryGrant<'_>) -> bool {
    match grant.purpose() {
        ActionPurpose::ReadMetadata => false,
        ActionPurpose::Deliver => grant.action.starts_with("kms:") && grant.context.is_none(),
        ActionPurpose::Undocumented => true,
    }
}
