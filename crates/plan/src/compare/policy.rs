//! Merges a live policy and the managed statements into one change per phase, for bucket, key and
//! topics.

mod words;

use std::collections::BTreeSet;

use reconcile_policy::{
    AccountFilter, Adopted, Adoption, AdoptionResult, Arn, Choice, Document, FirstUse, FitInput, Fitted,
    Keep, Merged, Obstacle, Ownership, Region, Sources, Statement, StatementForm, StatementRef, TopicIntent,
    Use, fit, merge, named_trails, under_present_name,
};
use reconcile_spec::{Foreign, ForeignStatements, Unlisted};

use super::CompareContext;
use super::change::Compared;
use super::confirm::{self, PolicyResource};
use super::triers::triers;
use crate::address::Address;
use crate::difference::{Difference, diff_policies};
use crate::fingerprint::Fingerprint;
use crate::kind::Kind;
use crate::plan::{
    AccountRef, Act, Action, Change, Changed, CreateOrUpdate, Ended, Phase, Risk, Warning, WarningCode,
};
use crate::refusal::Refusal;
use crate::refused_forms::refused_forms;
use crate::view::Tags;

/// A policy under comparison.
pub(super) struct PolicyComparison<'a> {
    pub(super) context: &'a CompareContext<'a>,
    pub(super) address: Address,
    pub(super) place: Option<(AccountRef, Region)>,
    /// The resource that has the policy.
    pub(super) subject: PolicyResource<'a>,
    pub(super) ownership: &'a Ownership,
    /// The only form to use; `None` to use the first form that fits the size limit.
    pub(super) form: Option<StatementForm>,
    /// The tags of the bucket, key or topic that has the policy.
    pub(super) tags: Option<&'a Tags>,
    pub(super) foreign: Foreign,
    /// Whether S3 refuses to save a public statement.
    pub(super) refuses_public: bool,
    /// The settings of the spec for foreign statements in this policy, if there are any.
    pub(super) setting: Option<PolicySettings>,
}

/// The names of the settings of a policy in the spec.
pub(super) struct PolicySettings {
    pub(super) unlisted_accounts: &'static str,
    pub(super) deleted_principals: &'static str,
}

/// The setting of the bucket policy for accounts that are not in the spec.
pub(super) const BUCKET_UNLISTED: &str = "bucket.policy.unlisted_accounts";

impl PolicyComparison<'_> {
    /// Merges the managed statements into the live policy, and reports the foreign statements.
    /// Returns `None`, and adds a refusal, if the policy is too large.
    pub(super) fn merge(
        &self,
        live: Option<&Document>,
        accounts: &BTreeSet<String>,
        compile: impl Fn(StatementForm, AccountFilter<'_>) -> Option<Vec<Statement>>,
        adoption: &Adoption,
        compared: &mut Compared,
    ) -> Option<Fitted> {
        self.warn(live, compared);
        let adoption = Adoption { refuses_public: self.refuses_public, ..adoption.clone() };
        let finish = |merged: Merged| merged.adopt(&adoption, self.ownership);
        let refused = self.tags.map(refused_forms).unwrap_or_default();
        let choice = &Choice { form: self.form, refused };
        let (ownership, limit) = (self.ownership, self.limit());
        let triers = || {
            let triers = triers(self.context, self.subject, live).into_iter();
            triers.map(|trail| trail.account.id.to_string()).collect()
        };
        match fit(FitInput { live, ownership, limit, accounts, choice }, compile, finish, triers) {
            Ok(fitted) => {
                self.warn_of(&fitted.merged.adopted, compared);
                self.refuse_deleted_principals(live, &fitted.merged, compared);
                Some(fitted)
            }
            Err(mut error) => {
                // A topic policy has no form for an organization, so an organization in the spec
                // would not help.
                if self.address.kind == Kind::TopicPolicy {
                    error.obstacle = error.obstacle.filter(|it| *it != Obstacle::NoOrganization);
                }
                compared.refusals.push(Refusal::TooLarge { address: self.address.clone(), error });
                None
            }
        }
    }

    /// Returns the treatment of accounts that are not in the spec, and the name of the setting. A
    /// topic uses the setting of the bucket, because a trail that can deliver must also be able to
    /// notify.
    pub(super) fn unlisted(&self) -> (Unlisted, &'static str) {
        match &self.setting {
            Some(setting) => (self.foreign.unlisted_accounts, setting.unlisted_accounts),
            None => (self.context.desired.bucket_policy.foreign.unlisted_accounts, BUCKET_UNLISTED),
        }
    }

    fn limit(&self) -> usize {
        self.address.kind.policy_limit().unwrap_or(usize::MAX)
    }

    /// Adds the write that adds permissions and removes none.
    pub(super) fn expand(
        &self,
        live: Option<&Document>,
        outcome: &Fitted,
        depends_on: Vec<Address>,
        compared: &mut Compared,
    ) {
        match outcome.merged.expand() {
            Some(after) => {
                let mut reasons = self.reasons(live, live, after, &outcome.merged.adopted, Phase::Expand);
                reasons.extend(self.reason_of_form(live, outcome));
                let write = Write {
                    before: live,
                    after,
                    live,
                    phase: Phase::Expand,
                    reasons,
                    ended: Vec::new(),
                    first_use: outcome.first_use.as_ref(),
                };
                self.push(write, depends_on, compared);
            }
            None if outcome.merged.contract().is_none() => compared.unchanged += 1,
            None => {}
        }
    }

    /// Adds the write that removes unneeded permissions. The write runs after every trail has
    /// changed, and is left out while a trail that could not be read may rely on these permissions.
    pub(super) fn contract(&self, outcome: &Fitted, compared: &mut Compared) {
        let merged = &outcome.merged;
        let Some(after) = merged.contract() else { return };
        if let Some(warning) = self.organization_warning(&merged.expanded, after) {
            compared.warnings.push(warning);
            if self.unlisted().0 != Unlisted::Remove {
                return;
            }
        }
        let (before, live) = (Some(&merged.expanded), merged.live());
        let mut reasons = self.reasons(before, live, after, &merged.adopted, Phase::Contract);
        reasons.extend(self.reason_of_form(before, outcome));
        let ended = merged.adopted.iter().filter(|it| !it.ended.is_empty());
        let ended = ended.map(|it| Ended { statement: it.statement.clone(), uses: it.ended.clone() });
        // A form that only the expanded document uses is not tested by this write.
        let first_use = outcome.first_use.as_ref().filter(|it| it.form == outcome.form);
        let (phase, ended) = (Phase::Contract, ended.collect());
        let write = Write { before, after, live, phase, reasons, ended, first_use };
        self.remove(write, compared);
    }

    /// Adds the single write that removes the managed statements from the live policy.
    /// `handed_over` are statements that foreign `trails` need: they stay under unmanaged Sids.
    /// `kept` are managed statements that stay.
    pub(super) fn shrink(
        &self,
        live: Option<&Document>,
        kept: &[Statement],
        handed_over: &[Statement],
        trails: &[Arn],
        compared: &mut Compared,
    ) -> Option<Merged> {
        let merged = merge(live, kept, self.ownership);
        let merged = match self.foreign.deleted_principals {
            Keep::Keep => merged,
            Keep::Remove => merged.drop_unwritable(self.ownership),
        };
        let merged = merged.hand_over(handed_over, self.ownership);
        let after = &merged.contracted;
        if live? == after {
            return None;
        }
        if !trails.is_empty() {
            let names: Vec<String> = trails.iter().map(|arn| words::trail(arn.as_str())).collect();
            let (need, deleted) = match names.as_slice() {
                [_] => ("needs", "the trail is"),
                _ => ("need", "the trails are"),
            };
            compared.warnings.push(Warning {
                code: WarningCode::HandedOver,
                address: self.address.clone(),
                message: format!(
                    "{} still {need} permissions that only managed statements grant: these permissions are kept \
                     under Sids that begin with `AWSCloudTrail`; remove them by hand after {deleted} deleted",
                    words::list(&names)
                ),
            });
        }
        self.refuse_deleted_principals(live, &merged, compared);
        // The list is empty, because all changes of a destroy have the same reason.
        let write = Write {
            before: live,
            after,
            live,
            phase: Phase::Contract,
            reasons: Vec::new(),
            ended: Vec::new(),
            first_use: None,
        };
        self.remove(write, compared);
        Some(merged)
    }

    /// Warns if a policy no longer names the whole organization, but accounts outside the spec may
    /// rely on this permission.
    fn organization_warning(&self, before: &Document, after: &Document) -> Option<Warning> {
        let patterns = |document| named_trails(document, self.ownership).of_organization;
        let (before, after) = (patterns(before), patterns(after));
        if before.is_empty() || !after.is_empty() {
            return None;
        }
        let unseen = self.context.unseen_accounts(&before);
        let who = match (&self.context.observed.organization, unseen.as_slice()) {
            (Some(_), []) => return None,
            (Some(_), unseen) => {
                format!("accounts that are not in the spec and cannot be read ({})", words::list(unseen))
            }
            (None, _) => "accounts of the organization that are not in the spec".to_owned(),
        };
        let names: BTreeSet<&str> = before.iter().map(Arn::resource_name).collect();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        let (unlisted, setting) = self.unlisted();
        let then = match unlisted {
            Unlisted::Keep | Unlisted::Report => {
                format!(
                    "may still deliver, so the permission is kept. To revoke the permission, set `{setting}: \
                    remove`"
                )
            }
            Unlisted::Remove => {
                format!(
                    "can no longer deliver after this plan. To keep the permission, set `{setting}: keep`"
                )
            }
        };
        Some(Warning {
            code: WarningCode::DepartedAccount,
            address: self.address.clone(),
            message: format!("trails {} of {who} {then}", names.join(" and ")),
        })
    }

    fn remove(&self, write: Write<'_>, compared: &mut Compared) {
        if !self.context.desired.deletion.statements {
            compared.warn_of_kept(&self.address, "deletion.statements");
            return;
        }
        if let Some(warning) = self.context.withholds(&self.address, "removing permissions") {
            compared.warnings.push(warning);
            return;
        }
        let depends_on =
            [self.address.clone()].into_iter().chain(self.context.all_trail_addresses()).collect();
        self.push(write, depends_on, compared);
    }

    fn push(&self, write: Write<'_>, depends_on: Vec<Address>, compared: &mut Compared) {
        let Write { before, after, live, phase, mut reasons, ended, first_use } = write;
        let is_emptied = after.statements().is_empty();
        let changed = match self.subject {
            PolicyResource::Bucket => {
                Action::of(before.cloned(), (!is_emptied).then(|| after.clone())).map(Changed::BucketPolicy)
            }
            // KMS rejects a policy without statements.
            PolicyResource::Key => {
                Some(Changed::KeyPolicy(CreateOrUpdate { before: before.cloned(), after: after.clone() }))
            }
            PolicyResource::Topic(arn) => {
                let after = if is_emptied {
                    reasons.push(DEFAULT_RESTORED.to_owned());
                    TopicIntent::default_policy(arn)
                } else {
                    after.clone()
                };
                Some(Changed::TopicPolicy(CreateOrUpdate { before: before.cloned(), after }))
            }
        };
        let Some(changed) = changed else { return };
        let after = changed.policy().and_then(|documents| documents.after);
        let Some((account, region)) = self.place.clone() else { return };
        let mut confirm = confirm::trails(self.context, self.subject, phase, before, after);
        let diff = diff_policies(before, after, live);
        let trial = first_use.and_then(|it| self.trial(it, phase, before, &mut confirm, &region));
        compared.changes.push(Change {
            address: self.address.clone(),
            account,
            region,
            observed_fingerprint: Fingerprint::of_policy(before, self.ownership),
            changed,
            phase,
            risk: if phase == Phase::Contract { Risk::Disruptive } else { Risk::Safe },
            reasons,
            diff,
            ended,
            depends_on,
            confirm,
            trials: trial.into_iter().collect(),
        });
    }

    /// Returns the reasons for a change of a document: managed statements first, then foreign
    /// statements.
    fn reasons(
        &self,
        before: Option<&Document>,
        live: Option<&Document>,
        after: &Document,
        adopted: &[Adopted],
        phase: Phase,
    ) -> Vec<String> {
        if before.is_none() {
            return vec!["there is no policy that allows the trails to deliver".to_owned()];
        }
        // A new name of the installation is one reason, instead of one reason for each statement.
        let renamed = before.and_then(|before| under_present_name(before, self.ownership));
        let name =
            renamed.is_some().then(|| "statements carry the previous name of the installation".to_owned());
        let diff = diff_policies(renamed.as_ref().or(before), Some(after), live);
        let ours: Vec<&Difference> =
            diff.iter().filter(|difference| self.ownership.owns(&words::sid(difference))).collect();
        let foreign = adopted.iter().filter(|it| phase_of(it) == phase).filter_map(words::adopted_reason);
        let ours = words::reasons(self, &ours);
        name.into_iter().chain(ours).chain(foreign).collect()
    }

    /// Returns the reason for a short form, or for the return to the plain form.
    fn reason_of_form(&self, before: Option<&Document>, outcome: &Fitted) -> Option<String> {
        let form = outcome.form;
        let before = before.and_then(|before| StatementForm::of(before, self.ownership));
        if before == Some(form) || (before.is_none() && form == StatementForm::Plain) {
            return None;
        }
        if self.form == Some(form) {
            return Some(format!("`policy.form` asks for the form `{form}`"));
        }
        let how = match form {
            StatementForm::Plain => {
                return Some("the plain form, which lists every account, fits the limit again".to_owned());
            }
            StatementForm::ByAccount => "the accounts are listed once, under `aws:SourceAccount`",
            StatementForm::ByOrganization => {
                "the accounts are those of the organization, under `aws:SourceOrgID`"
            }
        };
        let (longer, size) = outcome.passed_over.last()?;
        Some(format!(
            "the form `{longer}` would have {size} bytes, more than the limit of {}: {how}",
            self.limit()
        ))
    }

    fn warn(&self, live: Option<&Document>, compared: &mut Compared) {
        let mut warn = |code: WarningCode, message: String| {
            compared.warn(code, self.address.clone(), message);
        };
        for warning in live.map(Document::warnings).unwrap_or_default() {
            let code = match warning {
                reconcile_policy::Warning::RepeatedKey { .. } => WarningCode::PolicyRepeatedKey,
                reconcile_policy::Warning::NoEffect { .. } => WarningCode::PolicyNoEffect,
                reconcile_policy::Warning::UnresolvedPrincipal { .. } => {
                    WarningCode::PolicyUnresolvedPrincipal
                }
            };
            warn(code, warning.to_string());
        }
        if self.foreign.statements == ForeignStatements::Report {
            let statements = live.map(Document::statements).unwrap_or_default().iter().enumerate();
            for (index, statement) in statements {
                if !self.ownership.has(statement) {
                    let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
                    warn(WarningCode::ForeignStatement, not_ours(&statement.to_string()));
                }
            }
        }
    }

    /// Warns about permissions that foreign statements keep, and about permissions that others
    /// lose.
    fn warn_of(&self, adopted: &[Adopted], compared: &mut Compared) {
        for Adopted { statement, fate, stays, ended } in adopted {
            if !stays.iter().all(words::is_harmless) {
                compared.warnings.push(Warning {
                    code: if self.is_unlisted(stays) {
                        WarningCode::UnlistedAccount
                    } else {
                        WarningCode::KeptPermission
                    },
                    address: self.address.clone(),
                    message: format!(
                        "{statement} still allows {}, which managed statements do not cover{}{}",
                        words::uses(stays),
                        self.unsurveyed(stays),
                        self.how_to_revoke(stays),
                    ),
                });
            }
            if matches!(
                fate,
                AdoptionResult::Revoked | AdoptionResult::Removed | AdoptionResult::PublicRemoved
            ) && !ended.is_empty()
            {
                compared.warnings.push(Warning {
                    code: WarningCode::CutsOff,
                    address: self.address.clone(),
                    message: format!(
                        "removing {statement} cuts off every trail that still delivers through it: the statement \
                         allows {}, and no managed statement does; to keep the statement, leave the setting at \
                         `keep`, or add the trails to the spec",
                        words::uses(ended)
                    ),
                });
            }
        }
    }

    /// Returns whether a use has a source outside the accounts of the spec.
    fn is_unlisted(&self, uses: &[Use]) -> bool {
        let is_listed =
            |id: &str| self.context.desired.accounts.iter().any(|account| account.id.as_str() == id);
        let account = |arn: &str| arn.split(':').nth(4).unwrap_or_default().to_owned();
        uses.iter().any(|it| match &it.sources {
            Sources::Trails { arns } | Sources::Others { arns } => {
                arns.iter().any(|arn| !is_listed(&account(arn)))
            }
            Sources::Accounts { ids } => ids.iter().any(|id| !is_listed(id)),
            Sources::Organizations { .. } | Sources::Everyone => true,
        })
    }

    fn how_to_revoke(&self, stays: &[Use]) -> String {
        match &self.setting {
            Some(setting) if self.is_unlisted(stays) => {
                format!(
                    "; `{}: remove` revokes the permissions of accounts that are not in the spec",
                    setting.unlisted_accounts
                )
            }
            _ => String::new(),
        }
    }

    /// Returns the reason why not all trails of an account of the spec are known.
    fn unsurveyed(&self, stays: &[Use]) -> String {
        let ids: BTreeSet<&String> = stays
            .iter()
            .filter_map(|it| match &it.sources {
                Sources::Accounts { ids } => Some(ids),
                Sources::Trails { .. }
                | Sources::Organizations { .. }
                | Sources::Others { .. }
                | Sources::Everyone => None,
            })
            .flatten()
            .collect();
        let named = self
            .context
            .desired
            .accounts
            .iter()
            .filter(|account| ids.iter().any(|id| **id == account.id.as_str()));
        let mut why = named.filter_map(|account| {
            let error = self.context.observed.unsurveyed.get(&account.name)?;
            Some(format!(" (not all trails of account `{}` are known: {error})", account.name))
        });
        why.next().unwrap_or_default()
    }

    /// Refuses a document that AWS would reject because it names a deleted principal.
    fn refuse_deleted_principals(&self, live: Option<&Document>, merged: &Merged, compared: &mut Compared) {
        if self.foreign.deleted_principals == Keep::Remove
            || (merged.expand().is_none() && merged.contract().is_none())
        {
            return;
        }
        for (index, statement) in live.map(Document::statements).unwrap_or_default().iter().enumerate() {
            let ids = statement.unresolved_principals();
            // Managed statements are skipped, because they are replaced.
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

/// One write of a policy.
struct Write<'d> {
    before: Option<&'d Document>,
    after: &'d Document,
    /// The live document, whose positions number statements without a Sid.
    live: Option<&'d Document>,
    phase: Phase,
    reasons: Vec<String>,
    ended: Vec<Ended>,
    /// The short form that is used for the first time.
    first_use: Option<&'d FirstUse>,
}

/// Returns the message about a foreign statement that gives outsiders no access, or whose access is
/// not judged.
pub(crate) fn not_ours(statement: &str) -> String {
    format!("{statement} does not belong to this installation")
}

/// The reason for the default policy that replaces an empty topic policy.
pub(super) const DEFAULT_RESTORED: &str = "no other statement is left, and SNS accepts no policy without statements: the default policy of SNS is restored";

/// Returns the phase in which a foreign statement changes. Only statements that AWS would reject
/// are removed before the trails change.
fn phase_of(adopted: &Adopted) -> Phase {
    match adopted.fate {
        AdoptionResult::DeletedPrincipal { .. } | AdoptionResult::PublicRemoved => Phase::Expand,
        AdoptionResult::Replaced
        | AdoptionResult::Narrowed
        | AdoptionResult::Kept
        | AdoptionResult::Revoked
        | AdoptionResult::Removed => Phase::Contract,
    }
}
