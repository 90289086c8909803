//! Controls on each topic that a trail of the spec notifies.

use reconcile_policy::{AssetKind, Document};
use reconcile_spec::{self as spec, AtRest as Wanted};

use super::public::{self, Resource};
use super::scope::{Judged, Scope, Seen, line, passed_if};
use super::{Fix, Verdict};
use crate::address::Address;
use crate::kind::Kind;
use crate::view::AtRest;

/// A topic in live state.
struct Live<'a> {
    encryption: Option<&'a AtRest>,
    policy: &'a Document,
}

/// Judges the topics of the spec, and the topics of others that it names. `wanted` is `None` for the latter.
fn each(scope: &Scope<'_>, judge: impl Fn(Option<&spec::Topic>, &str, Live<'_>) -> Verdict) -> Vec<Judged> {
    let (topics, existing) = (&scope.desired.topics, &scope.desired.existing_topics);
    if topics.is_empty() && existing.is_empty() {
        let why = "no trail of the spec notifies a topic".to_owned();
        return vec![Judged::of_account(&scope.desired.bucket.site.account, Verdict::NotApplicable(why))];
    }
    let of_ours = topics.iter().map(|wanted| {
        let seen = scope.seen(scope.observed.topics.get(&wanted.arn), &wanted.site.account);
        let verdict = seen.judge("topic", |live| {
            let live = Live { encryption: live.view.encryption.as_ref(), policy: &live.policy };
            judge(Some(wanted), wanted.arn.as_str(), live)
        });
        Judged::of(&Address::of_topic(wanted), verdict)
    });
    let of_others = existing.iter().map(|topic| {
        let seen = match scope.observed.existing_topics.get(&topic.arn) {
            Some(Ok(Some(live))) => {
                Seen::Live(Live { encryption: Some(&live.encryption), policy: &live.policy.document })
            }
            Some(Ok(None)) => Seen::Absent,
            Some(Err(error)) => Seen::Unread(error.to_string()),
            None => Seen::Unread(format!("topic {} could not be read", topic.arn)),
        };
        let verdict = seen.judge("topic", |live| judge(None, topic.arn.as_str(), live));
        Judged::of(&Address::new(Kind::Topic, &topic.reader, topic.arn.resource()), verdict)
    });
    of_ours.chain(of_others).collect()
}

/// See `sns-encrypted-kms` in the AWS Config developer guide.
pub(super) fn encrypted(scope: &Scope<'_>) -> Vec<Judged> {
    each(scope, |wanted, _, live| {
        let fix = match wanted {
            Some(topic) => line(topic.encryption == Wanted::Key, of_topic(scope, topic, "encryption"), "key"),
            None => Fix::Outside("the topic belongs to others: its owner encrypts it".to_owned()),
        };
        let is_encrypted = matches!(live.encryption, Some(AtRest::Kms { .. }));
        passed_if(is_encrypted, "no KMS key encrypts its messages", fix)
    })
}

/// See `sns-topic-no-public-access` in the AWS Config developer guide.
pub(super) fn not_public(scope: &Scope<'_>) -> Vec<Judged> {
    each(scope, |_, arn, live| {
        let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
        let resource = Resource { kind: AssetKind::Topic, arn: arn.to_owned(), account };
        let advice = "limit the statement of the topic policy to named principals, or remove it";
        public::verdict(&public::by_policy(live.policy, resource), || Fix::Outside(advice.to_owned()))
    })
}

/// The key of a setting of a topic, at the first trail that notifies the topic.
fn of_topic(scope: &Scope<'_>, topic: &spec::Topic, setting: &str) -> String {
    let trail = scope.desired.trails.iter().find(|trail| trail.topic.as_ref() == Some(&topic.arn));
    let trail = trail.map(|trail| trail.name.to_string()).unwrap_or_default();
    format!("trails[{trail}].sns_topic.{setting}")
}
