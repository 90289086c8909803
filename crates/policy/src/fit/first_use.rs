//! Decides which account uses a short form first, if no trail relies on the form yet.
//!
//! The short forms depend on `${aws:SourceAccount}` and `aws:SourceOrgID`. AWS does not document
//! either of them for requests of CloudTrail to S3. For requests to KMS, AWS documents
//! `aws:SourceAccount`, but not the variable: see "Configure AWS KMS key policies for CloudTrail"
//! in the CloudTrail user guide. If an assumption is wrong, it must affect as few trails as
//! possible. Therefore one account tests the form, and every other account keeps the longer form
//! until CloudTrail has confirmed the trail of the first account.

use std::collections::{BTreeMap, BTreeSet};

use super::{FitInput, StatementForm};
use crate::intent::AccountFilter;
use crate::merge::{Moving, merge_moving};
use crate::ownership::StatementRole;
use crate::trail_statement::TrailStatement;
use crate::{Document, Merged, Ownership, Statement};

/// The first use of a short form: some trails of the live document do not rely on the form yet.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstUse {
    /// The form.
    pub form: StatementForm,
    /// The accounts that rely on the form in the expanded document. Every other account keeps the
    /// longer form until the contracted document is written.
    pub accounts: BTreeSet<String>,
    /// The document that restores the longer form for every trail, in case CloudTrail refuses a
    /// form that the live document already has.
    pub retreat: Option<Document>,
}

/// Returns the first use of a form, and the merge with its expanded document. Returns `None` if the
/// form is not short, or if the managed statements of the live document have only that form.
///
/// Accounts that the longer form does not name, such as new accounts, rely on the short form at
/// once, because they have no other form. If none of them can be checked, one account of the longer
/// form also moves. More accounts move if the document would not fit otherwise.
pub(super) fn find(
    input: FitInput<'_>,
    form: StatementForm,
    base: Option<&Document>,
    compile: &impl Fn(StatementForm, AccountFilter<'_>) -> Option<Vec<Statement>>,
    finish: &impl Fn(Merged) -> Merged,
    triers: &impl Fn() -> Vec<String>,
) -> Option<(FirstUse, Merged)> {
    let FitInput { live, ownership, limit, accounts, choice: _ } = input;
    if form == StatementForm::Plain {
        return None;
    }
    let forms = live.map(|live| named(live, ownership)).unwrap_or_default();
    // A shorter form depends on everything that this form depends on.
    let is_in_use = forms.iter().any(|(it, _)| *it >= form);
    let longer = forms.iter().filter(|(it, _)| *it < form);
    let longer: BTreeSet<&String> = longer.flat_map(|(_, accounts)| accounts).collect();
    if is_in_use && longer.is_empty() {
        return None;
    }
    let mut moving: BTreeSet<String> =
        accounts.iter().filter(|account| !longer.contains(account)).cloned().collect();
    let mut triers = triers();
    triers.retain(|trier| accounts.contains(trier));
    let tried: BTreeSet<String> = triers.iter().filter(|trier| moving.contains(*trier)).cloned().collect();
    let others = accounts.iter().filter(|account| !triers.contains(account));
    let mut next = triers.iter().chain(others).filter(|account| longer.contains(account));
    if tried.is_empty() {
        moving.extend(next.next().cloned());
    }
    let merge = |moving: &BTreeSet<String>| {
        let desired = compile(form, Some(moving))?;
        Some(finish(merge_moving(base, &desired, ownership, &Moving::Only(moving))))
    };
    let mut merged = merge(&moving)?;
    let mut step = 1;
    while merged.expanded.size() > limit {
        let before = moving.len();
        moving.extend(next.by_ref().take(step).cloned());
        if moving.len() == before {
            break;
        }
        step *= 2;
        merged = merge(&moving)?;
    }
    let retreat = || {
        let (form, _) = forms.iter().find(|(it, _)| *it < form)?;
        let accounts = longer.iter().copied().chain(&tried).cloned().collect();
        let desired = compile(*form, Some(&accounts))?;
        let merged = finish(merge_moving(live, &desired, ownership, &Moving::All));
        [merged.expanded, merged.contracted].into_iter().find(|document| document.size() <= limit)
    };
    let retreat = if is_in_use && !tried.is_empty() { retreat() } else { None };
    Some((FirstUse { form, accounts: moving, retreat }, merged))
}

/// The forms of the managed statements of a document that allow trails to deliver, with the
/// accounts in each form. The form by organization contains no accounts.
fn named(document: &Document, ownership: &Ownership) -> Vec<(StatementForm, BTreeSet<String>)> {
    const ROLES: [StatementRole; 4] = [
        StatementRole::TrailWrite,
        StatementRole::TrailEncrypt,
        StatementRole::TrailDecrypt,
        StatementRole::TrailNotify,
    ];
    let managers = BTreeMap::new();
    let of_trails = document.statements().iter().filter(|statement| {
        let role = statement.sid().and_then(|sid| ownership.role(sid));
        role.is_some_and(|role| ROLES.contains(&role))
    });
    let accounts = |statement: &Statement| -> BTreeSet<String> {
        let trails = TrailStatement::of(statement);
        let pieces = trails.as_ref().and_then(|trails| trails.pieces(&managers)).unwrap_or_default();
        let grants = trails.iter().flat_map(|trails| pieces.iter().map(|piece| trails.grant(piece)));
        grants.filter_map(|grant| grant.account.map(str::to_owned)).collect()
    };
    of_trails.map(|statement| (StatementForm::of_statement(statement), accounts(statement))).collect()
}
