//! Revises a draft: settings that a plan would change become unmanaged, and invalid parts are
//! removed.

use reconcile_policy::PolicyKind;
use reconcile_spec::{AccountName, Diagnostics};

use super::alarm::carry;
use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text};
use super::topic::topic;
use super::trail::selectors::to_yaml;
use super::{Comparison, ImportError};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{ActionKind, Change, WarningCode};
use crate::refusal::Refusal;
use crate::view::{BucketField, Field, KeyField, TrailField};

/// Changes the draft so that its plan changes less. Returns whether the draft changed. Policies are
/// revised last, because they depend on the trails and their destinations.
pub(super) fn revise(draft: &mut Draft<'_>, comparison: &Comparison) -> Result<bool, ImportError> {
    let before = draft.decisions();
    for warning in comparison.plan.warnings.iter().filter(|it| it.code == WarningCode::DeliveryNotAllowed) {
        match warning.address.kind.policy() {
            Some(PolicyKind::Bucket) => draft.lacking.bucket = true,
            Some(PolicyKind::Key) => draft.lacking.key = true,
            Some(PolicyKind::Topic | PolicyKind::TopicKey) | None => {}
        }
    }
    for refusal in &comparison.refusals {
        after_refusal(draft, refusal);
    }
    let is_policy = |change: &&Change| change.address.kind.is_policy();
    let (policies, others): (Vec<&Change>, Vec<&Change>) =
        comparison.plan.changes.iter().partition(is_policy);
    for changes in [others, policies] {
        for change in changes {
            after_change(draft, change);
        }
        draft.require_trails()?;
        if draft.decisions() != before {
            return Ok(true);
        }
    }
    Ok(false)
}

fn after_refusal(draft: &mut Draft<'_>, refusal: &Refusal) {
    match refusal {
        Refusal::OtherInstallation { address, more, owner, .. } => {
            for address in [address].into_iter().chain(more) {
                match address.kind {
                    Kind::Trail => {
                        if let Some(trail) = draft.trail(&address.account, &address.name) {
                            draft.leave_out(&trail.arn, format!("installation `{owner}` manages it"), None);
                        }
                    }
                    Kind::ServiceAccess
                    | Kind::DelegatedAdministrator
                    | Kind::Key
                    | Kind::Alias
                    | Kind::KeyPolicy
                    | Kind::Grant
                    | Kind::Bucket
                    | Kind::BucketPolicy
                    | Kind::LogGroup
                    | Kind::Role
                    | Kind::Topic
                    | Kind::TopicPolicy
                    | Kind::MetricFilter
                    | Kind::Alarm => leave_logs_alone(draft, &address.account),
                }
            }
        }
        Refusal::Undeliverable { address, policy, .. }
            if matches!(policy.kind, Kind::Topic | Kind::TopicPolicy) =>
        {
            if let Some(trail) = draft.trail(&address.account, &address.name) {
                draft.aside.insert(Aspect::Topic(trail.arn.clone()));
            }
        }
        Refusal::Blocked { .. }
        | Refusal::Undeliverable { .. }
        | Refusal::LockedOut { .. }
        | Refusal::EmptyPolicy { .. }
        | Refusal::DeletedPrincipal { .. }
        | Refusal::PublicStatement { .. }
        | Refusal::RequesterPays { .. }
        | Refusal::KeyUnusable { .. }
        | Refusal::AliasElsewhere { .. }
        | Refusal::TooLarge { .. } => match refusal.address().kind.policy() {
            Some(PolicyKind::Bucket) => _ = draft.aside.insert(Aspect::BucketPolicy),
            Some(PolicyKind::Key) => _ = draft.aside.insert(Aspect::KeyPolicy),
            Some(PolicyKind::Topic | PolicyKind::TopicKey) | None => {}
        },
    }
}

fn after_change(draft: &mut Draft<'_>, change: &Change) {
    let Address { kind, account, name } = &change.address;
    match (kind, change.action()) {
        (Kind::Bucket, _) => draft.aside.extend(fields(change).filter_map(bucket_aspect)),
        (Kind::BucketPolicy, _) => {
            let adds_tls = draft.own_bucket.as_ref().is_some_and(|own| !own.requires_tls);
            let is_new = adds_tls && draft.aside.insert(Aspect::RequireTls);
            if !is_new {
                draft.aside.insert(Aspect::BucketPolicy);
            }
        }
        (Kind::Key, ActionKind::Create) | (Kind::Alias, _) => _ = draft.aside.insert(Aspect::Alias),
        (Kind::Key, _) => draft.aside.extend(fields(change).filter_map(key_aspect)),
        (Kind::KeyPolicy, _) => _ = draft.aside.insert(Aspect::KeyPolicy),
        (Kind::Grant, ActionKind::Delete) => draft.undeleted.grants = true,
        (Kind::Grant, _) => _ = draft.aside.insert(Aspect::Grant(name.clone())),
        (Kind::ServiceAccess, _) => _ = draft.aside.insert(Aspect::ServiceAccess),
        (Kind::DelegatedAdministrator, _) => _ = draft.aside.insert(Aspect::DelegatedAdministrator),
        // `deletion.trails` also applies to resources that were created for trails.
        (Kind::MetricFilter | Kind::Alarm, ActionKind::Delete) => {
            if !carry(&mut draft.alarms, &draft.name, change) {
                draft.undeleted.trails = true;
            }
        }
        (Kind::MetricFilter | Kind::Alarm, _) => {
            draft.alarms.entry(account.clone()).or_default().is_other = true;
        }
        (Kind::Trail | Kind::LogGroup | Kind::Role | Kind::Topic, ActionKind::Delete) => {
            draft.undeleted.trails = true;
        }
        (Kind::LogGroup | Kind::Role, _) => {
            leave_logs_alone(draft, account);
        }
        (Kind::Topic | Kind::TopicPolicy, _) => name_topic_by_arn(draft, name),
        (Kind::Trail, _) => after_change_of_trail(draft, change),
    }
}

/// Returns the fields of a view that a change updates.
fn fields<F: Field>(change: &Change) -> impl Iterator<Item = F> {
    change.diff.iter().filter_map(Difference::field)
}

fn bucket_aspect(field: BucketField) -> Option<Aspect> {
    Some(match field {
        BucketField::Encryption => Aspect::Encryption,
        BucketField::Versioning => Aspect::Versioning,
        BucketField::PublicAccessBlock => Aspect::PublicAccess,
        BucketField::ObjectOwnership => Aspect::ObjectOwnership,
        BucketField::Lifecycle => Aspect::Lifecycle,
        BucketField::ObjectLock => Aspect::ObjectLock,
        BucketField::AccessLogs => Aspect::AccessLogs,
        BucketField::Eventbridge => Aspect::EventBridge,
        BucketField::Tags => Aspect::Tags,
        BucketField::BlockedEncryptionTypes => return None,
    })
}

fn key_aspect(field: KeyField) -> Option<Aspect> {
    Some(match field {
        KeyField::Description => Aspect::Description,
        KeyField::Rotation => Aspect::Rotation,
        KeyField::Tags => Aspect::Tags,
        KeyField::InitialPolicy => return None,
    })
}

fn after_change_of_trail(draft: &mut Draft<'_>, change: &Change) {
    let Some(trail) = draft.trail(&change.address.account, &change.address.name) else { return };
    let arn = &trail.arn;
    for field in fields(change) {
        match field {
            TrailField::Tags => _ = draft.aside.insert(Aspect::Tags),
            TrailField::KmsKey => _ = draft.aside.insert(Aspect::Key),
            TrailField::Insights => _ = draft.aside.insert(Aspect::Insights(arn.clone())),
            TrailField::CloudwatchLogs => _ = draft.aside.insert(Aspect::Logs(arn.clone())),
            TrailField::Notification => _ = draft.aside.insert(Aspect::Topic(arn.clone())),
            // The import reports that the spec selects more events than the trail records.
            TrailField::Selectors if to_yaml(&trail.selectors).is_more => {}
            TrailField::Arn
            | TrailField::Bucket
            | TrailField::Prefix
            | TrailField::MultiRegion
            | TrailField::GlobalServiceEvents
            | TrailField::LogFileValidation
            | TrailField::Organization
            | TrailField::Logging
            | TrailField::Selectors
            | TrailField::RecursiveLogging
            | TrailField::EventAggregation => {
                draft.leave_out(arn, format!("a plan would change it: {}", change.reasons.join("; ")), None);
            }
        }
    }
}

fn leave_logs_alone(draft: &mut Draft<'_>, account: &AccountName) {
    let trails: Vec<_> = draft.included().filter(|(of, _)| *of == account).collect();
    draft.aside.extend(trails.into_iter().map(|(_, trail)| Aspect::Logs(trail.arn.clone())));
}

fn name_topic_by_arn(draft: &mut Draft<'_>, name: &str) {
    let trails: Vec<_> = draft
        .included()
        .filter(|(_, trail)| topic(trail).is_some_and(|arn| arn.resource() == name))
        .map(|(_, trail)| trail.arn.clone())
        .collect();
    draft.aside.extend(trails.into_iter().map(Aspect::TopicByName));
}

impl Draft<'_> {
    /// Removes the parts that make the text an invalid spec.
    pub(super) fn drop_invalid(&mut self, text: &Text, problems: &Diagnostics) -> Result<(), ImportError> {
        let before = self.decisions();
        for problem in problems.iter() {
            let line = problem.place.and_then(|place| text.about(place.line));
            let indescribable =
                |what: String| ImportError::Indescribable { what, problem: problem.message.clone() };
            let Some(line) = line else { return Err(indescribable("the installation".to_owned())) };
            if self.recognize(&line.text, &problem.message) {
                continue;
            }
            match &line.about {
                About::Fixed(what) => return Err(indescribable(what.clone())),
                About::Aspect(aspect) => {
                    let is_new = self.aside.insert(aspect.clone());
                    if !is_new {
                        return Err(indescribable(format!("`{}`", aspect.key())));
                    }
                    let what = format!("`{}`", aspect.key());
                    self.report(what, format!("a spec cannot describe it: {}", problem.message), None);
                }
                About::Trails(trails) => {
                    let why = format!("a spec cannot describe it: {}", problem.message);
                    for trail in trails {
                        self.leave_out(trail, why.clone(), None);
                    }
                }
                About::Logs(trails) => self.aside.extend(trails.iter().cloned().map(Aspect::Logs)),
                About::Topics(trails) => self.aside.extend(trails.iter().cloned().map(Aspect::Topic)),
            }
        }
        self.require_trails()?;
        if self.decisions() == before {
            let problem = problems.iter().next().map(|it| it.message.clone()).unwrap_or_default();
            return Err(ImportError::Indescribable { what: "the installation".to_owned(), problem });
        }
        Ok(())
    }

    /// Declares the names of a line that the problem calls unknown. Returns whether any of these
    /// names was not declared before. The names come from AWS, so they are newer than this version.
    fn recognize(&mut self, line: &str, problem: &str) -> bool {
        let is_name = |c: char| c.is_ascii_alphanumeric() || ":-_*/".contains(c);
        let names =
            line.split(|c: char| !is_name(c)).filter(|name| name.contains(':') && !name.ends_with(':'));
        let unknown: Vec<String> =
            names.filter(|name| problem.contains(&format!("`{name}`"))).map(str::to_owned).collect();
        let before = self.recognized.len();
        self.recognized.extend(unknown);
        self.recognized.len() > before
    }
}
