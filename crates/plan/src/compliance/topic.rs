//! Controls on each topic that a trail of the spec notifies.

use reconcile_policy::{AssetKind, Document};
use reconcile_spec::{self as spec, AtRest as SurveyFilter};

use super::context::{ControlContext, Judged, LiveResource, line, passed_if};
use super::public::{self, Resource};
use super::{ControlVerdict, Fix};
use crate::address::Address;
use crate::kind::Kind;
use crate::view::AtRest;

/// A topic in live state.
struct Live<'a> {
    encryption: Option<&'a AtRest>,
    policy: &'a Document,
}

/// Judges the topics of the spec, and the unmanaged topics that the spec names. `wanted` is `None`
/// for unmanaged topics.
fn each(
    context: &ControlContext<'_>,
    judge: impl Fn(Option<&spec::Topic>, &str, Live<'_>) -> ControlVerdict,
) -> Vec<Judged> {
    let (topics, existing) = (&context.desired.topics, &context.desired.existing_topics);
    if topics.is_empty() && existing.is_empty() {
        let why = "no trail of the spec notifies a topic".to_owned();
        return vec![Judged::of_account(
            &context.desired.bucket.site.account,
            ControlVerdict::NotApplicable(why),
        )];
    }
    let of_ours = topics.iter().map(|wanted| {
        let seen = context.seen(context.observed.topics.get(&wanted.arn), &wanted.site.account);
        let verdict = seen.judge("topic", |live| {
            let live = Live { encryption: live.view.encryption.as_ref(), policy: &live.policy };
            judge(Some(wanted), wanted.arn.as_str(), live)
        });
        Judged::of(&Address::topic(wanted), verdict)
    });
    let of_others = existing.iter().map(|topic| {
        let seen = match context.observed.existing_topics.get(&topic.arn) {
            Some(Ok(Some(live))) => {
                LiveResource::Live(Live { encryption: Some(&live.encryption), policy: &live.policy.document })
            }
            Some(Ok(None)) => LiveResource::Absent,
            Some(Err(error)) => LiveResource::Unread(error.to_string()),
            None => LiveResource::Unread(format!("topic {} could not be read", topic.arn)),
        };
        let verdict = seen.judge("topic", |live| judge(None, topic.arn.as_str(), live));
        Judged::of(&Address::new(Kind::Topic, &topic.reader, topic.arn.resource()), verdict)
    });
    of_ours.chain(of_others).collect()
}

/// See `sns-encrypted-kms` in the AWS Config developer guide.
pub(super) fn encrypted(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |wanted, _, live| {
        let fix = match wanted {
            Some(topic) => {
                line(topic.encryption == SurveyFilter::Key, topic_key(context, topic, "encryption"), "key")
            }
            None => Fix::Outside("the topic belongs to others: its owner encrypts it".to_owned()),
        };
        let is_encrypted = matches!(live.encryption, Some(AtRest::Kms { .. }));
        passed_if(is_encrypted, "no KMS key encrypts its messages", fix)
    })
}

/// See `sns-topic-no-public-access` in the AWS Config developer guide.
pub(super) fn not_public(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |_, arn, live| {
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        let resource = Resource { kind: AssetKind::Topic, arn: arn.to_owned(), account };
        let advice = "limit the statement of the topic policy to named principals, or remove it";
        public::verdict(&public::by_policy(live.policy, resource), || Fix::Outside(advice.to_owned()))
    })
}

/// The key of a setting of a topic, at the first trail that notifies the topic.
fn topic_key(context: &ControlContext<'_>, topic: &spec::Topic, setting: &str) -> String {
    let trail = context.desired.trails.iter().find(|trail| trail.topic.as_ref() == Some(&topic.arn));
    let trail = trail.map(|trail| trail.name.to_string()).unwrap_or_default();
    format!("trails[{trail}].sns_topic.{setting}")
}
