//! Judges foreign statements and foreign settings of the bucket, the key, topics, log groups and
//! roles by the access of outsiders and by the danger for the logs.
//!
//! A plan does not change foreign settings, and warns about access that stays. A drift check
//! reports access that exists.

mod bucket;
mod grant;
mod key;
mod log_group;
mod names;
mod role;

use std::collections::BTreeSet;

use reconcile_policy::{
    Allowed, Asset, AssetKind, Document, Exposure, Fitted, Insiders, Ownership, Statement, canonical_text,
    exposures, logs_folder,
};
use reconcile_spec::{AccountName, ExistingTopic};

use super::CompareContext;
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
    context: &CompareContext<'_>,
    outcomes: &Outcomes<'_>,
    cautions: &[String],
    compared: &mut Compared,
) -> Vec<ForeignAccess> {
    let reviewer = ForeignReviewer::new(context);
    let (mut live, mut stays) = (Vec::new(), Vec::new());
    for policy in reviewer.policies(outcomes) {
        let Some(document) = policy.live else { continue };
        let after = policy.managed.map(|(outcome, _)| &outcome.merged.contracted);
        live.extend(reviewer.access(&policy, document, |it| !policy.is_wanted(it)));
        stays.extend(reviewer.access(&policy, after.unwrap_or(document), |it| !policy.is_owned(it)));
    }
    // A plan does not change these settings.
    let others = [
        grant::access,
        bucket::acl::access,
        bucket::retention::access,
        log_group::access,
        log_group::traits::access,
        names::access,
        key::access,
        role::access,
    ];
    let others: Vec<ForeignAccess> = others.into_iter().flat_map(|access| access(&reviewer)).collect();
    stays.extend(others.iter().cloned());
    live.extend(others);
    compared.warnings.extend(stays.iter().map(warning));
    compared.warnings.extend(unjudged(context));
    compared.warnings.extend(unused(context, &live, &stays, cautions));
    names::warn(context, compared);
    role::warn(context, compared);
    live
}

/// A foreign statement or setting.
struct ForeignItem<'a> {
    address: Address,
    /// The name for `reviewed`.
    name: &'a str,
    /// The name for people, as the beginning of a sentence.
    words: String,
    /// The text from which the digest of the finding is computed. It changes whenever the statement
    /// or setting changes.
    content: String,
}

/// A policy under review.
struct ReviewedPolicy<'a> {
    address: Address,
    asset: Asset,
    live: Option<&'a Document>,
    /// The policy after the plan with the ownership of its statements; `None` if the policy is only
    /// read.
    managed: Option<(&'a Fitted, &'a Ownership)>,
}

impl ReviewedPolicy<'_> {
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

struct ForeignReviewer<'a> {
    context: &'a CompareContext<'a>,
    insiders: Insiders,
    bucket: String,
    logs: Vec<String>,
}

impl<'a> ForeignReviewer<'a> {
    fn new(context: &'a CompareContext<'a>) -> Self {
        let desired = context.desired;
        let bucket = bucket_arn(desired).to_string();
        let own = desired.bucket_policy.intent.prefix.as_deref();
        let mut logs: Vec<String> = std::iter::once(own)
            .chain(context.guests().map(|guest| guest.prefix.as_deref()))
            .map(|prefix| format!("{bucket}/{}*", logs_folder(prefix)))
            .collect();
        logs.dedup();
        Self { context, insiders: insiders(context), bucket, logs }
    }

    fn policies(&self, outcomes: &Outcomes<'a>) -> Vec<ReviewedPolicy<'a>> {
        let context = self.context;
        let desired = context.desired;
        let bucket = ReviewedPolicy {
            address: context.bucket_policy_address(),
            asset: self.asset(AssetKind::Bucket, self.bucket.clone(), &desired.bucket.site.account),
            live: context.observed.bucket_policy.as_ref(),
            managed: outcomes.bucket.map(|outcome| (outcome, &desired.bucket_policy.ownership)),
        };
        let key = context.observed.key.as_ref().zip(self.key_asset()).map(|(hub, asset)| ReviewedPolicy {
            address: context.key_policy_address(),
            asset,
            live: Some(&hub.policy),
            managed: outcomes.key.map(|outcome| (outcome, &desired.key_policy.ownership)),
        });
        let topics = desired.topics.iter().zip(outcomes.topics).map(|(topic, outcome)| ReviewedPolicy {
            address: Address::topic_policy(topic),
            asset: self.asset(AssetKind::Topic, topic.arn.to_string(), &topic.site.account),
            live: context.observed.topics.get(&topic.arn).and_then(Option::as_ref).map(|live| &live.policy),
            managed: outcome.as_ref().map(|outcome| (outcome, &topic.ownership)),
        });
        let others = desired.existing_topics.iter().filter_map(|topic| self.existing_topic(topic));
        std::iter::once(bucket).chain(key).chain(topics).chain(others).collect()
    }

    /// The policy of a topic that the spec names by its ARN; `None` if there is no such topic, or
    /// if it could not be read.
    fn existing_topic(&self, topic: &ExistingTopic) -> Option<ReviewedPolicy<'a>> {
        let Some(Ok(Some(live))) = self.context.observed.existing_topics.get(&topic.arn) else { return None };
        Some(ReviewedPolicy {
            address: self.context.existing_topic_address(Kind::TopicPolicy, &topic.arn)?,
            asset: self.asset_of(AssetKind::Topic, topic.arn.to_string(), topic.arn.account().to_owned()),
            live: Some(&live.policy.document),
            managed: None,
        })
    }

    /// Returns the key as an asset, if there is a key.
    fn key_asset(&self) -> Option<Asset> {
        let hub = self.context.observed.key.as_ref()?;
        let account = &self.context.desired.key.site.account;
        Some(self.asset(AssetKind::Key, hub.key.arn.to_string(), account))
    }

    fn asset(&self, kind: AssetKind, arn: String, account: &AccountName) -> Asset {
        let id = self.context.desired.account(account).map(|it| it.id.to_string()).unwrap_or_default();
        self.asset_of(kind, arn, id)
    }

    /// Returns an asset of the account with this ID.
    fn asset_of(&self, kind: AssetKind, arn: String, account: String) -> Asset {
        Asset { kind, arn, account, bucket: self.bucket.clone(), logs: self.logs.clone() }
    }

    fn access(
        &self,
        policy: &ReviewedPolicy<'_>,
        document: &Document,
        is_judged: impl Fn(&Statement) -> bool,
    ) -> Vec<ForeignAccess> {
        let insiders = self.insiders.with(&policy.asset.account);
        let found = exposures(document, &policy.asset, &insiders, is_judged);
        found.iter().filter_map(|exposure| self.assess_statement(policy, document, exposure)).collect()
    }

    fn assess_statement(
        &self,
        policy: &ReviewedPolicy<'_>,
        document: &Document,
        exposure: &Exposure,
    ) -> Option<ForeignAccess> {
        let statement = document.statements().get(exposure.statement.index)?;
        self.assess_allowed(
            &ForeignItem {
                address: policy.address.clone(),
                name: exposure.statement.sid.as_deref().unwrap_or("statement"),
                words: exposure.statement.to_string(),
                content: format!("{}\n{}", policy.asset.arn, canonical_text(std::iter::once(statement))),
            },
            &exposure.allowed,
        )
    }

    /// Returns the access that an item gives; `None` if none of the access is reported.
    fn assess_allowed(&self, item: &ForeignItem<'_>, allowed: &[Allowed]) -> Option<ForeignAccess> {
        let severity = severity(allowed)?;
        let message = format!("{} {}", item.words, Allowed::sentence(allowed));
        let content = format!("{}\n{}", item.content, content(allowed));
        Some(self.report(item, severity, message, &content))
    }

    /// Returns the report with the name of the review that accepts exactly this `content`.
    fn report(
        &self,
        item: &ForeignItem<'_>,
        severity: Severity,
        message: String,
        content: &str,
    ) -> ForeignAccess {
        let review = review(item.address.kind.as_str(), item.name, content);
        let accepted = self.context.reviewed(&review).map(str::to_owned);
        ForeignAccess {
            address: item.address.clone(),
            subject: item.words.clone(),
            severity,
            message,
            accepted,
            review,
        }
    }
}

/// Returns the accounts of the spec and of its organization, and the readers of the spec.
fn insiders(context: &CompareContext<'_>) -> Insiders {
    let desired = context.desired;
    let live = context.observed.organization.as_ref();
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
fn unjudged(context: &CompareContext<'_>) -> Vec<Warning> {
    let unread =
        context.observed.existing_topics.iter().filter_map(|(arn, live)| Some((arn, live.as_ref().err()?)));
    unread
        .filter_map(|(arn, error)| {
            Some(Warning {
                code: WarningCode::UnjudgedPolicy,
                address: context.existing_topic_address(Kind::TopicPolicy, arn)?,
                message: format!(
                    "the topic policy cannot be read ({error}): access of outsiders is not checked"
                ),
            })
        })
        .collect()
}

/// Warns about reviews that accept nothing: their finding changed or no longer exists.
fn unused(
    context: &CompareContext<'_>,
    live: &[ForeignAccess],
    stays: &[ForeignAccess],
    cautions: &[String],
) -> Vec<Warning> {
    let names: BTreeSet<&str> =
        live.iter().chain(stays).map(|access| &access.review).chain(cautions).map(String::as_str).collect();
    let is_used = |finding: &str| names.contains(finding);
    let unused = context.desired.reviewed.iter().filter(|it| !is_used(&it.finding));
    unused
        .map(|it| Warning {
            code: WarningCode::UnusedReview,
            address: context.bucket_address(),
            message: format!(
                "`{}` under `reviewed` matches no finding: the finding changed, or no longer exists. Remove the \
                 entry",
                it.finding
            ),
        })
        .collect()
}
