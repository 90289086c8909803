//! Compares the policies of topics.

use reconcile_policy::{AccountFilter, Fitted, Intent, Region};
use reconcile_spec::{self as spec, Foreign};

use super::change::Compared;
use super::confirm::PolicyResource;
use super::departed::Plans;
use super::policy::PolicyComparison;
use super::{CompareContext, guest};
use crate::address::Address;
use crate::observed::LiveTopic;
use crate::plan::AccountRef;

/// Adds the statements that allow the trails to publish to their topics. Returns each planned
/// policy in the order of the spec; `None` for a topic that could not be read or whose policy is
/// too large.
pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) -> Vec<Option<Fitted>> {
    context.desired.topics.iter().map(|topic| compare_one(context, topic, compared)).collect()
}

fn compare_one(context: &CompareContext<'_>, topic: &spec::Topic, compared: &mut Compared) -> Option<Fitted> {
    let live = context.observed.topics.get(&topic.arn)?;
    // SNS gives a new topic a default policy, which `apply` reads after the topic is created.
    let live = live.as_ref().map(|live| &live.policy);
    let mut adoption = guest::adoption(context, topic.foreign, &topic.intent.trails, None);
    // The managed statement of a topic does not name foreign trails, so their permissions must
    // stay.
    let users = context.others_that_stay().filter(|it| it.topic.as_deref() == Some(topic.arn.as_str()));
    for user in users {
        adoption.surveyed.remove(user.arn.account());
    }
    let policy = policy(context, topic);
    let mut intent = topic.intent.clone();
    let departed = policy.departed(live, Plans::Manage, compared).into_iter().map(|guest| guest.trail);
    intent.trails.extend(departed.inspect(|trail| _ = adoption.trails.insert(trail.clone())));
    let accounts = intent.accounts();
    let compile = |form, only: AccountFilter<'_>| intent.compile_for(&topic.ownership, form, only);
    let outcome = policy.merge(live, &accounts, compile, &adoption, compared)?;
    policy.expand(live, &outcome, vec![Address::topic(topic)], compared);
    Some(outcome)
}

/// Removes the permissions that no trail needs any more, after all trails have changed.
pub(super) fn contract(context: &CompareContext<'_>, outcomes: &[Option<Fitted>], compared: &mut Compared) {
    for (topic, outcome) in context.desired.topics.iter().zip(outcomes) {
        if let Some(outcome) = outcome {
            policy(context, topic).contract(outcome, compared);
        }
    }
}

/// Makes one trail the first to be created, if no trail relies on the form of a policy yet.
pub(super) fn try_forms(context: &CompareContext<'_>, outcomes: &[Option<Fitted>], compared: &mut Compared) {
    for (topic, outcome) in context.desired.topics.iter().zip(outcomes) {
        if let Some(outcome) = outcome {
            policy(context, topic).try_form(outcome, compared);
        }
    }
}

/// Removes the managed statements from the policy of a managed topic that is no longer in the spec
/// and is kept because others use it.
pub(super) fn remove_managed_statements(
    context: &CompareContext<'_>,
    topic: &LiveTopic,
    address: Address,
    place: Option<(AccountRef, Region)>,
    compared: &mut Compared,
) {
    let arn = &topic.view.arn;
    let ownership = &context.desired.bucket_policy.ownership;
    let policy = PolicyComparison {
        context,
        address,
        place,
        subject: PolicyResource::Topic(arn),
        ownership,
        form: None,
        tags: Some(&topic.view.tags),
        foreign: Foreign::default(),
        refuses_public: false,
        setting: None,
    };
    let before = compared.changes.len();
    policy.shrink(Some(&topic.policy), &[], &[], &[], compared);
    for change in compared.changes.iter_mut().skip(before) {
        change
            .reasons
            .insert(0, "the spec no longer has the topic, which is kept because others use it".to_owned());
    }
}

/// Removes the managed statements from the policies of topics that are kept because they are
/// unmanaged.
pub(super) fn shrink<'t>(
    context: &CompareContext<'_>,
    topics: impl Iterator<Item = &'t spec::Topic>,
    compared: &mut Compared,
) {
    for topic in topics {
        let Some(Some(live)) = context.observed.topics.get(&topic.arn) else { continue };
        policy(context, topic).shrink(Some(&live.policy), &[], &[], &[], compared);
    }
}

fn policy<'a>(context: &'a CompareContext<'a>, topic: &'a spec::Topic) -> PolicyComparison<'a> {
    let live = context.observed.topics.get(&topic.arn).and_then(Option::as_ref);
    PolicyComparison {
        context,
        address: Address::topic_policy(topic),
        place: context.place(&topic.site),
        subject: PolicyResource::Topic(&topic.arn),
        ownership: &topic.ownership,
        form: None,
        tags: live.map(|live| &live.view.tags),
        foreign: topic.foreign,
        refuses_public: false,
        setting: None,
    }
}
