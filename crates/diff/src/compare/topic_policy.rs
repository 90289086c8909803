//! Compares the policies of topics.

use reconcile_policy::{Fitted, Role, TopicIntent};
use reconcile_spec as spec;

use super::change::Compared;
use super::confirm::Subject;
use super::departed::Naming;
use super::policy::{Policy, TakeOver, other_reason};
use super::{Scope, bucket_policy};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::Changed;

/// Adds what lets our trails tell their topics. Gives what each policy is to become, in the order of the spec; none for a
/// topic that could not be read, or whose policy does not fit.
pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) -> Vec<Option<Fitted>> {
    scope.desired.topics.iter().map(|topic| compare_one(scope, topic, compared)).collect()
}

fn compare_one(scope: &Scope<'_>, topic: &spec::Topic, compared: &mut Compared) -> Option<Fitted> {
    let live = scope.observed.topics.get(&topic.arn)?;
    // SNS gives a new topic a policy of its own, which apply reads when it is there.
    let live = live.as_ref().map(|live| &live.policy);
    let naming = Naming {
        address: address(topic),
        document: live,
        ownership: &topic.ownership,
        // A topic has no setting of its own: who may deliver may tell of it.
        unlisted: scope.desired.bucket_policy.foreign.unlisted_accounts,
        setting: bucket_policy::UNLISTED,
        take_over: TakeOver::Trails,
    };
    let mut intent = topic.intent.clone();
    intent.trails.extend(naming.guests(scope, compared).into_iter().map(|guest| guest.trail));
    let compile = |form| intent.compile(&topic.ownership, form);
    let accounts = intent.trails.iter().map(|trail| trail.account().to_owned()).collect();
    let depends_on = vec![super::topic::address(topic)];
    let mut outcome = None;
    with_policy(scope, topic, |policy| {
        outcome = policy.merge(live, compile, accounts, compared);
        if let Some(outcome) = &outcome {
            policy.expand(scope, live, outcome, depends_on, compared);
        }
    });
    outcome
}

/// Takes away what no trail needs any more, once all trails are what they should be.
pub(super) fn contract(scope: &Scope<'_>, outcomes: &[Option<Fitted>], compared: &mut Compared) {
    for (topic, outcome) in scope.desired.topics.iter().zip(outcomes) {
        if let Some(outcome) = outcome {
            with_policy(scope, topic, |policy| policy.contract(scope, outcome, compared));
        }
    }
}

/// Takes away what is ours in the policies of topics that stay, since they are somebody else's.
pub(super) fn shrink<'t>(
    scope: &Scope<'_>,
    topics: impl Iterator<Item = &'t spec::Topic>,
    compared: &mut Compared,
) {
    for topic in topics {
        let Some(Some(live)) = scope.observed.topics.get(&topic.arn) else { continue };
        let live = Some(&live.policy);
        with_policy(scope, topic, |policy| {
            if let Some(outcome) = policy.merge(live, |_| Some(Vec::new()), Vec::new(), compared) {
                policy.shrink(scope, live, &outcome, compared);
            }
        });
    }
}

pub(super) fn address(topic: &spec::Topic) -> Address {
    Address::new(Kind::TopicPolicy, &topic.site.account, &topic.name)
}

fn with_policy(scope: &Scope<'_>, topic: &spec::Topic, then: impl FnOnce(&Policy<'_>)) {
    let notify = format!("/Statement/{}", topic.ownership.sid(Role::TrailNotify));
    let explain = |difference: &Difference| {
        let is_remove = matches!(difference, Difference::Remove { .. });
        match (difference.path().starts_with(&notify), is_remove) {
            (true, false) => "not every trail may tell the topic of its log files yet".to_owned(),
            (true, true) => "trails may tell the topic that need not".to_owned(),
            (false, _) => other_reason(&topic.ownership, difference),
        }
    };
    then(&Policy {
        address: address(topic),
        place: scope.place(&topic.site),
        subject: Subject::Topic(&topic.arn),
        ownership: &topic.ownership,
        foreign: topic.foreign,
        refuses_public: false,
        setting: None,
        emptied: Some(TopicIntent::default_policy(&topic.arn)),
        changed: Changed::TopicPolicy,
        explain: &explain,
    });
}
