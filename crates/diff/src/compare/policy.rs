//! Turns a live policy and our statements into one change per phase; the same for bucket, key and topics.

use std::collections::BTreeSet;

use reconcile_policy::{
    Adopted, Adoption, Arn, Document, Fate, Fitted, Form, Keep, Merged, Obstacle, Ownership, Region,
    Statement, StatementRef, fit, named_trails, under_present_name,
};
use reconcile_spec::{Foreign, ForeignStatements, Unlisted};
use serde_json::Value;

use super::Scope;
use super::change::Compared;
use super::confirm::{self, Subject};
use super::departed;
use crate::address::Address;
use crate::difference::{Difference, of_policies};
use crate::fingerprint::Fingerprint;
use crate::kind::Kind;
use crate::plan::{AccountRef, Action, Change, Changed, Phase, Risk, Warning};
use crate::refusal::Refusal;

/// A policy under comparison.
pub(super) struct Policy<'a> {
    pub(super) address: Address,
    pub(super) place: Option<(AccountRef, Region)>,
    /// What the policy belongs to.
    pub(super) subject: Subject<'a>,
    pub(super) ownership: &'a Ownership,
    pub(super) foreign: Foreign,
    /// Whether S3 refuses to save a public statement.
    pub(super) refuses_public: bool,
    /// The settings of the spec that say what becomes of foreign statements, if it has them for this policy.
    pub(super) setting: Option<Setting>,
    /// What AWS accepts in place of a document without statements; `None` where the policy is deleted instead.
    pub(super) emptied: Option<Document>,
    pub(super) changed: fn(Action<Document>) -> Changed,
    /// Why, from what differs in a statement of ours.
    pub(super) explain: &'a dyn Fn(&Difference) -> String,
}

/// Whether statements of others that let our trails deliver are taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TakeOver {
    /// Those of the trails that our own statements let deliver.
    Trails,
    /// None.
    Nothing,
}

/// What the spec calls the settings of a policy, for people.
pub(super) struct Setting {
    pub(super) unlisted_accounts: &'static str,
    pub(super) deleted_principals: &'static str,
}

impl Policy<'_> {
    /// Merges what is wanted into what is live, with what is said of statements that are not ours. `accounts` are those
    /// whose trails our statements let deliver. None, and the refusal told, if it does not fit.
    pub(super) fn merge(
        &self,
        live: Option<&Document>,
        compile: impl Fn(Form) -> Option<Vec<Statement>>,
        accounts: Vec<String>,
        compared: &mut Compared,
    ) -> Option<Fitted> {
        self.warn(live, compared);
        let adoption = Adoption { refuses_public: self.refuses_public, ..self.foreign.adoption(accounts) };
        let finish = |merged: Merged| merged.adopt(&adoption, self.ownership);
        match fit(live, self.ownership, self.limit(), compile, finish) {
            Ok(fitted) => {
                self.warn_of(&fitted.merged.adopted, compared);
                self.refuse_deleted_principals(live, &fitted.merged, compared);
                Some(fitted)
            }
            Err(mut error) => {
                // The policy of a topic has no form for an organization: naming one would not help.
                if self.address.kind == Kind::TopicPolicy {
                    error.obstacle = error.obstacle.filter(|it| *it != Obstacle::NoOrganization);
                }
                compared.refusals.push(Refusal::TooLarge { address: self.address.clone(), error });
                None
            }
        }
    }

    fn limit(&self) -> usize {
        self.address.kind.policy_limit().unwrap_or(usize::MAX)
    }

    /// Adds the write that lets in what is wanted and shuts out nothing yet.
    pub(super) fn expand(
        &self,
        scope: &Scope<'_>,
        live: Option<&Document>,
        outcome: &Fitted,
        depends_on: Vec<Address>,
        compared: &mut Compared,
    ) {
        match outcome.merged.expand() {
            Some(after) => self.push(scope, live, after, Phase::Expand, depends_on, outcome, compared),
            None if outcome.merged.contract().is_none() => compared.unchanged += 1,
            None => {}
        }
    }

    /// Adds the write that takes away what nothing relies on any more: after every trail has changed, and not while
    /// one that could not be read may still rely on it.
    pub(super) fn contract(&self, scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
        let merged = &outcome.merged;
        if let Some(after) = merged.contract() {
            if let Some(warning) = self.of_organization(scope, &merged.expanded, after) {
                let is_kept = self.foreign.unlisted_accounts != Unlisted::Remove;
                compared.warnings.push(warning);
                if is_kept {
                    return;
                }
            }
            self.take_away(scope, Some(&merged.expanded), after, outcome, compared);
        }
    }

    /// Adds the one write that takes away what is ours from what is live.
    pub(super) fn shrink(
        &self,
        scope: &Scope<'_>,
        live: Option<&Document>,
        outcome: &Fitted,
        compared: &mut Compared,
    ) {
        let after = &outcome.merged.contracted;
        if live.is_some_and(|live| live != after) {
            self.take_away(scope, live, after, outcome, compared);
        }
    }

    /// Warns where the form that names a whole organization ends, and accounts that are not in the spec may rely on it.
    fn of_organization(&self, scope: &Scope<'_>, before: &Document, after: &Document) -> Option<Warning> {
        let patterns = |document| named_trails(document, self.ownership).of_organization;
        let (before, after) = (patterns(before), patterns(after));
        if before.is_empty() || !after.is_empty() {
            return None;
        }
        let unseen = departed::unseen_accounts(scope, &before);
        let who = match (&scope.observed.organization, unseen.as_slice()) {
            (Some(_), []) => return None,
            (Some(_), unseen) => {
                format!("accounts that the spec does not have and that cannot be read ({})", list(unseen))
            }
            (None, _) => "accounts of the organization that the spec does not have".to_owned(),
        };
        let names: BTreeSet<&str> = before.iter().map(Arn::resource_name).collect();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        let setting = self.setting.as_ref().map_or(super::bucket_policy::UNLISTED, |it| it.unlisted_accounts);
        let then = match self.foreign.unlisted_accounts {
            Unlisted::Keep | Unlisted::Report => {
                format!("may still deliver, so the permission is kept. To revoke it, set `{setting}: remove`")
            }
            Unlisted::Remove => {
                format!("can no longer deliver after this plan. To keep them, set `{setting}: keep`")
            }
        };
        Some(Warning {
            code: "departed-account".to_owned(),
            address: self.address.clone(),
            message: format!("trails {} of {who} {then}", names.join(" and ")),
        })
    }

    fn take_away(
        &self,
        scope: &Scope<'_>,
        before: Option<&Document>,
        after: &Document,
        outcome: &Fitted,
        compared: &mut Compared,
    ) {
        if !scope.desired.deletion.statements {
            compared.warn_of_kept(&self.address, "deletion.statements");
            return;
        }
        if let Some(warning) = scope.withholds(&self.address, "removing permissions") {
            compared.warnings.push(warning);
            return;
        }
        let depends_on = [self.address.clone()].into_iter().chain(scope.all_trail_addresses()).collect();
        self.push(scope, before, after, Phase::Contract, depends_on, outcome, compared);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the two documents, and what is said of the step between them"
    )]
    fn push(
        &self,
        scope: &Scope<'_>,
        before: Option<&Document>,
        after: &Document,
        phase: Phase,
        depends_on: Vec<Address>,
        outcome: &Fitted,
        compared: &mut Compared,
    ) {
        let is_emptied = after.statements().is_empty();
        let after = if is_emptied { self.emptied.as_ref() } else { Some(after) };
        let diff = of_policies(before, after);
        let action = match (before.cloned(), after.cloned()) {
            (Some(before), Some(after)) => Action::Update { before, after },
            (None, Some(after)) => Action::Create { after },
            (Some(before), None) => Action::Delete { before },
            (None, None) => return,
        };
        let Some((account, region)) = self.place.clone() else { return };
        let mut reasons: Vec<String> = Vec::new();
        if before.is_none() {
            reasons.push("there is no policy yet that lets the trails deliver".to_owned());
        } else {
            // A new name of the installation is one reason, and not one for each statement.
            let renamed = before.and_then(|before| under_present_name(before, self.ownership));
            if renamed.is_some() {
                reasons.push("statements carry the previous name of the installation".to_owned());
            }
            let changed = match &renamed {
                Some(renamed) => of_policies(Some(renamed), after),
                None => diff.clone(),
            };
            let ours = changed.iter().filter(|difference| self.is_of_ours(difference)).map(self.explain);
            let adopted = outcome.merged.adopted.iter().filter(|it| phase_of(it) == phase).filter_map(reason);
            for reason in ours.chain(adopted) {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        reasons.extend(self.reason_of_form(before, outcome));
        if is_emptied && after.is_some() {
            reasons.push(DEFAULT_RESTORED.to_owned());
        }
        compared.changes.push(Change {
            address: self.address.clone(),
            account,
            region,
            observed_fingerprint: Fingerprint::of_policy(before, self.ownership),
            changed: (self.changed)(action),
            phase,
            risk: if phase == Phase::Contract { Risk::Disruptive } else { Risk::Safe },
            reasons,
            diff,
            depends_on,
            confirm: confirm::trails(scope, self.subject, phase, before, after),
        });
    }

    fn is_of_ours(&self, difference: &Difference) -> bool {
        let statement = difference.path().split('/').nth(2).unwrap_or_default();
        self.ownership.owns(statement)
    }

    /// Why accounts are not written one by one, or why they are again.
    fn reason_of_form(&self, before: Option<&Document>, outcome: &Fitted) -> Option<String> {
        let form = outcome.form;
        let before = before.and_then(|before| Form::of(before, self.ownership));
        if before == Some(form) || (before.is_none() && form == Form::Plain) {
            return None;
        }
        let how = match form {
            Form::Plain => {
                return Some("there is room again to list every account in the plain form".to_owned());
            }
            Form::ByAccount => "the accounts are listed once, under `aws:SourceAccount`",
            Form::ByOrganization => "the accounts are those of the organization, under `aws:SourceOrgID`",
        };
        let (longer, size) = outcome.passed_over.last()?;
        Some(format!("{longer}, it would have {size} bytes and AWS takes {}: {how}", self.limit()))
    }

    fn warn(&self, live: Option<&Document>, compared: &mut Compared) {
        let mut warn = |code: &str, message: String| {
            let (code, address) = (code.to_owned(), self.address.clone());
            compared.warnings.push(Warning { code, address, message });
        };
        for warning in live.map(Document::warnings).unwrap_or_default() {
            warn(&format!("policy-{}", warning.code()), warning.to_string());
        }
        if self.foreign.statements == ForeignStatements::Report {
            let statements = live.map(Document::statements).unwrap_or_default().iter().enumerate();
            for (index, statement) in statements {
                if !self.ownership.has(statement) {
                    let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
                    warn(FOREIGN_STATEMENT, format!("{statement} is not of this installation"));
                }
            }
        }
    }

    fn warn_of(&self, adopted: &[Adopted], compared: &mut Compared) {
        let end = self.setting.as_ref().map(|it| format!("; `{}: remove` ends that", it.unlisted_accounts));
        for Adopted { statement, fate } in adopted {
            let (Fate::Narrowed { others } | Fate::Unlisted { others }) = fate else { continue };
            compared.warnings.push(Warning {
                code: "unlisted-account".to_owned(),
                address: self.address.clone(),
                message: format!(
                    "{statement} goes on to let {} deliver, which the spec does not have{}",
                    list(others),
                    end.as_deref().unwrap_or_default()
                ),
            });
        }
    }

    /// A document that AWS would refuse to save cannot be written at all.
    fn refuse_deleted_principals(&self, live: Option<&Document>, merged: &Merged, compared: &mut Compared) {
        if self.foreign.deleted_principals == Keep::Remove
            || (merged.expand().is_none() && merged.contract().is_none())
        {
            return;
        }
        for (index, statement) in live.map(Document::statements).unwrap_or_default().iter().enumerate() {
            let ids = statement.unresolved_principals();
            // A statement of ours is written anew.
            let is_foreign = !self.ownership.has(statement);
            if is_foreign && !ids.is_empty() {
                let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
                compared.refusals.push(Refusal::DeletedPrincipal {
                    address: self.address.clone(),
                    statement: statement.to_string(),
                    ids,
                    setting: self.setting.as_ref().map(|it| it.deleted_principals),
                });
            }
        }
    }
}

/// The code of the warning of a foreign statement, where the spec wants them reported.
pub(crate) const FOREIGN_STATEMENT: &str = "foreign-statement";

/// The reason for a document that takes the place of an empty one.
pub(super) const DEFAULT_RESTORED: &str = "no other statement is left, and SNS accepts no policy without statements: the default policy of SNS is restored";

/// Only what AWS would refuse to save goes before the trails change.
fn phase_of(adopted: &Adopted) -> Phase {
    match adopted.fate {
        Fate::DeletedPrincipal { .. } | Fate::PublicRemoved => Phase::Expand,
        _ => Phase::Contract,
    }
}

fn reason(Adopted { statement, fate }: &Adopted) -> Option<String> {
    Some(match fate {
        Fate::Replaced => format!("{statement} is taken over: our own statements allow what it does"),
        Fate::Narrowed { others } => {
            format!("{statement} is taken over, and keeps what it allows to {}", list(others))
        }
        Fate::Unlisted { .. } => return None,
        Fate::UnlistedRemoved { others } => {
            format!(
                "{statement} goes, and with it what {} may do, which the spec does not have",
                list(others)
            )
        }
        Fate::Removed => format!("{statement} is not of this installation, and the spec keeps none of those"),
        Fate::PublicRemoved => format!(
            "{statement} is not of this installation, and the spec keeps none of those; it is public, which S3 refuses \
             to save under Block Public Access"
        ),
        Fate::DeletedPrincipal { ids } => {
            let ids = ids.join("`, `");
            format!("{statement} names a principal that was deleted (`{ids}`), which AWS refuses to save")
        }
    })
}

/// A few of them, so that it can be read.
fn list(others: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = others.iter().take(SHOWN).map(String::as_str).collect();
    match others.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The reason for a statement that its kind has no words for: one of a reader, or one that the user wrote
/// out.
pub(super) fn other_reason(ownership: &Ownership, difference: &Difference) -> String {
    let statement = difference.path().split('/').nth(2).unwrap_or_default();
    if ownership.is_reader(statement) {
        let value = match difference {
            Difference::Add { value, .. }
            | Difference::Remove { value, .. }
            | Difference::Replace { value, .. } => value,
        };
        let who = value.pointer("/Principal/AWS").and_then(Value::as_str).unwrap_or("a reader");
        return match difference {
            Difference::Remove { .. } => format!("{who} may still read logs, and need not"),
            Difference::Add { .. } | Difference::Replace { .. } => format!("{who} may not read its logs yet"),
        };
    }
    match difference {
        Difference::Remove { .. } => format!("statement `{statement}` holds what the spec does not have"),
        Difference::Add { .. } | Difference::Replace { .. } => {
            format!("statement `{statement}` lacks what the spec has")
        }
    }
}
