//! Judges foreign statements and foreign settings of the bucket, the key, topics, log groups and
//! roles by the access of outsiders and by the danger for the logs.
//!
//! A plan does not change them: it warns about access that stays, and a drift check reports access
//! that exists.

mod acl;
mod grant;
mod group_traits;
mod log_group;
mod names;
mod replica;
mod retention;
mod role;

use std::collections::BTreeSet;

use reconcile_policy::{
    Allowed, Asset, AssetKind, Document, Exposure, Fitted, Insiders, Ownership, Statement, canonical_text,
    exposures, logs_folder,
};
use reconcile_spec::{AccountName, ExistingTopic};

use super::Scope;
use super::change::Compared;
use crate::address::Address;
use crate::delivery::bucket_arn;
use crate::foreign::{ForeignAccess, content, review, severity};
use crate::kind::Kind;
use crate::plan::{Warning, WarningCode};
use crate::severity::Severity;

/// The policies after the plan, if they are managed.
pub(super) struct Outcomes<'a> {
    pub(super) bucket: Option<&'a Fitted>,
    pub(super) key: Option<&'a Fitted>,
    pub(super) topics: &'a [Option<Fitted>],
}

/// Warns about access of outsiders that stays, and returns the access that exists now. `cautions`
/// are the names of the other risks that the spec can accept.
pub(super) fn judge(
    scope: &Scope<'_>,
    outcomes: &Outcomes<'_>,
    cautions: &[String],
    compared: &mut Compared,
) -> Vec<ForeignAccess> {
    let judge = Judge::new(scope);
    let (mut live, mut stays) = (Vec::new(), Vec::new());
    for policy in judge.policies(outcomes) {
        let Some(document) = policy.live else { continue };
        let after = policy.managed.map(|(outcome, _)| &outcome.merged.contracted);
        live.extend(judge.access(&policy, document, |it| !policy.is_wanted(it)));
        stays.extend(judge.access(&policy, after.unwrap_or(document), |it| !policy.is_owned(it)));
    }
    // A plan does not change these settings.
    let others = [
        grant::access,
        acl::access,
        retention::access,
        log_group::access,
        group_traits::access,
        names::access,
        replica::access,
        role::access,
    ];
    let others: Vec<ForeignAccess> = others.into_iter().flat_map(|access| access(&judge)).collect();
    stays.extend(others.iter().cloned());
    live.extend(others);
    compared.warnings.extend(stays.iter().map(warning));
    compared.warnings.extend(unjudged(scope));
    compared.warnings.extend(unused(scope, &live, &stays, cautions));
    names::warn(scope, compared);
    role::warn(scope, compared);
    live
}

/// A foreign statement or setting.
struct Subject<'a> {
    address: Address,
    /// The name for `reviewed`.
    name: &'a str,
    /// The name for people, as the beginning of a sentence.
    words: String,
    /// A text that changes with the subject.
    content: String,
}

/// A policy under judgement.
struct Policy<'a> {
    address: Address,
    asset: Asset,
    live: Option<&'a Document>,
    /// The policy after the plan with the ownership of its statements; `None` if the policy is only
    /// read.
    managed: Option<(&'a Fitted, &'a Ownership)>,
}

impl Policy<'_> {
    /// Returns whether a statement is managed.
    fn is_owned(&self, statement: &Statement) -> bool {
        self.managed.is_some_and(|(_, ownership)| ownership.has(statement))
    }

    /// Returns whether a statement is managed and equivalent to the planned statement.
    fn is_wanted(&self, statement: &Statement) -> bool {
        let wanted = self.managed.map(|(outcome, _)| outcome.merged.contracted.statements());
        let wanted = wanted.unwrap_or_default();
        self.is_owned(statement) && wanted.iter().any(|it| it.is_equivalent(statement))
    }
}

struct Judge<'a> {
    scope: &'a Scope<'a>,
    insiders: Insiders,
    bucket: String,
    logs: Vec<String>,
}

impl<'a> Judge<'a> {
    fn new(scope: &'a Scope<'a>) -> Self {
        let desired = scope.desired;
        let bucket = bucket_arn(desired).to_string();
        let own = desired.bucket_policy.intent.prefix.as_deref();
        let mut logs: Vec<String> = std::iter::once(own)
            .chain(scope.guests().map(|guest| guest.prefix.as_deref()))
            .map(|prefix| format!("{bucket}/{}*", logs_folder(prefix)))
            .collect();
        logs.dedup();
        Self { scope, insiders: insiders(scope), bucket, logs }
    }

    fn policies(&self, outcomes: &Outcomes<'a>) -> Vec<Policy<'a>> {
        let scope = self.scope;
        let desired = scope.desired;
        let bucket = Policy {
            address: scope.bucket_policy_address(),
            asset: self.asset(AssetKind::Bucket, self.bucket.clone(), &desired.bucket.site.account),
            live: scope.observed.bucket_policy.as_ref(),
            managed: outcomes.bucket.map(|outcome| (outcome, &desired.bucket_policy.ownership)),
        };
        let key = scope.observed.key.as_ref().zip(self.key_asset()).map(|(hub, asset)| Policy {
            address: scope.key_policy_address(),
            asset,
            live: Some(&hub.policy),
            managed: outcomes.key.map(|outcome| (outcome, &desired.key_policy.ownership)),
        });
        let topics = desired.topics.iter().zip(outcomes.topics).map(|(topic, outcome)| Policy {
            address: Address::of_topic_policy(topic),
            asset: self.asset(AssetKind::Topic, topic.arn.to_string(), &topic.site.account),
            live: scope.observed.topics.get(&topic.arn).and_then(Option::as_ref).map(|live| &live.policy),
            managed: outcome.as_ref().map(|outcome| (outcome, &topic.ownership)),
        });
        let others = desired.existing_topics.iter().filter_map(|topic| self.existing_topic(topic));
        std::iter::once(bucket).chain(key).chain(topics).chain(others).collect()
    }

    /// The policy of a topic that the spec names by its ARN; `None` if there is no such topic, or if it could not be read.
    fn existing_topic(&self, topic: &ExistingTopic) -> Option<Policy<'a>> {
        let Some(Ok(Some(live))) = self.scope.observed.existing_topics.get(&topic.arn) else { return None };
        Some(Policy {
            address: self.scope.existing_topic_address(Kind::TopicPolicy, &topic.arn)?,
            asset: self.asset_of(AssetKind::Topic, topic.arn.to_string(), topic.arn.account().to_owned()),
            live: Some(&live.policy.document),
            managed: None,
        })
    }

    /// Returns the key as an asset, if there is a key.
    fn key_asset(&self) -> Option<Asset> {
        let hub = self.scope.observed.key.as_ref()?;
        let account = &self.scope.desired.key.site.account;
        Some(self.asset(AssetKind::Key, hub.key.arn.to_string(), account))
    }

    fn asset(&self, kind: AssetKind, arn: String, account: &AccountName) -> Asset {
        let id = self.scope.desired.account(account).map(|it| it.id.to_string()).unwrap_or_default();
        self.asset_of(kind, arn, id)
    }

    /// Returns an asset of the account with this ID.
    fn asset_of(&self, kind: AssetKind, arn: String, account: String) -> Asset {
        Asset { kind, arn, account, bucket: self.bucket.clone(), logs: self.logs.clone() }
    }

    fn access(
        &self,
        policy: &Policy<'_>,
        document: &Document,
        is_judged: impl Fn(&Statement) -> bool,
    ) -> Vec<ForeignAccess> {
        let insiders = self.insiders.with(&policy.asset.account);
        let found = exposures(document, &policy.asset, &insiders, is_judged);
        found.iter().filter_map(|exposure| self.of_statement(policy, document, exposure)).collect()
    }

    fn of_statement(
        &self,
        policy: &Policy<'_>,
        document: &Document,
        exposure: &Exposure,
    ) -> Option<ForeignAccess> {
        let statement = document.statements().get(exposure.statement.index)?;
        self.of_allowed(
            &Subject {
                address: policy.address.clone(),
                name: exposure.statement.sid.as_deref().unwrap_or("statement"),
                words: exposure.statement.to_string(),
                content: format!("{}\n{}", policy.asset.arn, canonical_text(std::iter::once(statement))),
            },
            &exposure.allowed,
        )
    }

    /// Returns the access that a subject gives; `None` if none of the access is reported.
    fn of_allowed(&self, subject: &Subject<'_>, allowed: &[Allowed]) -> Option<ForeignAccess> {
        let severity = severity(allowed)?;
        let message = format!("{} {}", subject.words, Allowed::sentence(allowed));
        let content = format!("{}\n{}", subject.content, content(allowed));
        Some(self.report(subject, severity, message, &content))
    }

    /// Returns the report with the name of the review that accepts exactly this `content`.
    fn report(
        &self,
        subject: &Subject<'_>,
        severity: Severity,
        message: String,
        content: &str,
    ) -> ForeignAccess {
        let review = review(subject.address.kind.as_str(), subject.name, content);
        let accepted = self.scope.reviewed(&review).map(str::to_owned);
        ForeignAccess {
            address: subject.address.clone(),
            subject: subject.words.clone(),
            severity,
            message,
            accepted,
            review,
        }
    }
}

/// Returns the accounts of the spec and of its organization, and the readers of the spec.
fn insiders(scope: &Scope<'_>) -> Insiders {
    let desired = scope.desired;
    let live = scope.observed.organization.as_ref();
    let members = live.into_iter().flat_map(|it| {
        let members = it
            .roster
            .members()
            .iter()
            .chain(it.inactive.iter().map(|it| &it.member))
            .map(|member| &member.id);
        members.chain(std::iter::once(&it.roster.management))
    });
    let readers = desired.bucket_policy.intent.readers.iter().map(|reader| reader.principal.to_string());
    let administrators = desired.key_policy.intent.administrators.iter().map(ToString::to_string);
    let grantees = desired.grants.iter().map(|grant| grant.grantee.to_string());
    Insiders {
        accounts: desired.accounts.iter().map(|it| &it.id).chain(members).map(ToString::to_string).collect(),
        organization: live.map(|it| it.roster.id.clone()),
        readers: readers.chain(administrators).chain(grantees).collect(),
    }
}

fn warning(access: &ForeignAccess) -> Warning {
    let ForeignAccess { address, review, severity, message, accepted, .. } = access;
    let code = match severity {
        Severity::Critical => WarningCode::ExposureCritical,
        Severity::High => WarningCode::ExposureHigh,
        Severity::Medium => WarningCode::ExposureMedium,
        Severity::Low => WarningCode::ExposureLow,
    };
    let message = match accepted {
        Some(_) => message.clone(),
        None => format!("{}: {message}", severity.as_str()),
    };
    reviewable(address.clone(), code, &message, review, accepted.as_deref())
}

/// Returns a warning that the spec can accept by its name.
pub(super) fn reviewable(
    address: Address,
    code: WarningCode,
    message: &str,
    name: &str,
    accepted: Option<&str>,
) -> Warning {
    let (code, message) = match accepted {
        Some(reason) => (WarningCode::Reviewed, format!("{message}; accepted as `{name}`: {reason}")),
        None => (code, format!("{message}. If that is intended, add `{name}` to `reviewed`")),
    };
    Warning { code, address, message }
}

/// Warns about foreign topics whose policies could not be read. The proof of delivery reports
/// whether CloudTrail can publish to them.
fn unjudged(scope: &Scope<'_>) -> Vec<Warning> {
    let unread =
        scope.observed.existing_topics.iter().filter_map(|(arn, live)| Some((arn, live.as_ref().err()?)));
    unread
        .filter_map(|(arn, error)| {
            Some(Warning {
                code: WarningCode::UnjudgedPolicy,
                address: scope.existing_topic_address(Kind::TopicPolicy, arn)?,
                message: format!(
                    "the topic policy cannot be read ({error}): access of outsiders is not checked"
                ),
            })
        })
        .collect()
}

/// Warns about reviews that accept nothing: their finding changed or no longer exists.
fn unused(
    scope: &Scope<'_>,
    live: &[ForeignAccess],
    stays: &[ForeignAccess],
    cautions: &[String],
) -> Vec<Warning> {
    let names: BTreeSet<&str> =
        live.iter().chain(stays).map(|access| &access.review).chain(cautions).map(String::as_str).collect();
    let is_used = |finding: &str| names.contains(finding);
    let unused = scope.desired.reviewed.iter().filter(|it| !is_used(&it.finding));
    unused
        .map(|it| Warning {
            code: WarningCode::UnusedReview,
            address: scope.bucket_address(),
            message: format!(
                "`{}` under `reviewed` matches no finding: the finding changed, or no longer exists. Remove the \
                 entry",
                it.finding
            ),
        })
        .collect()
}
