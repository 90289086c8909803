//! Lists what others added to a topic, a log group or a role that this installation created. Pure.
//!
//! A resource that others use is never deleted: the plan keeps the resource and names the additions
//! of others. A tag alone does not count as use.

use reconcile_operations::Error;
use reconcile_policy::{Arn, Effect, Ownership, Statement, StatementRef};
use reconcile_spec::Installation;
use reconcile_text::count;

use crate::observed::{
    GroupTraits, LiveTopic, LogAccess, NameReceiver, OtherPolicy, Reach, ReadError, ReceiverTarget, Unread,
};

/// The maximum number of additions of one kind that are listed by name.
const NAMED: usize = 3;

/// Returns the foreign statements in the policy of a topic, and the subscriptions of the topic.
///
/// # Errors
/// The error of reading the subscriptions, if neither the subscriptions nor their number could be
/// read.
pub fn topic_additions(live: &LiveTopic, ownership: &Ownership) -> Result<Vec<String>, Error> {
    let topic = &live.view.arn;
    let statements = live.policy.statements().iter().enumerate();
    let foreign = statements.filter(|(_, it)| !ownership.has(it) && !is_default(it, topic));
    let foreign = foreign
        .map(|(index, it)| StatementRef { index, sid: it.sid().map(str::to_owned) }.to_string())
        .collect();
    let mut additions = named(foreign, "statements");
    match (&live.subscriptions, live.subscribers) {
        (Ok(receivers), _) => {
            additions.extend(named(receivers.iter().map(subscription).collect(), "subscriptions"));
        }
        (Err(_), Some(count)) => additions.extend(counted(count, "subscription")),
        (Err(error), None) => return Err(error.clone()),
    }
    additions.extend(counted(live.pending, "unconfirmed subscription"));
    Ok(additions)
}

/// Returns the resource policy, subscription filters and metric filters of a log group. `access` is
/// the access to the log group, with or without the access that the account and Region give to
/// every log group.
///
/// # Errors
/// The first error of reading the policy or the subscription filters of the log group.
pub fn log_group_additions(traits: &GroupTraits, access: &LogAccess) -> Result<Vec<String>, ReadError> {
    let mut unread = access.unread.iter().filter(|(what, _)| match what {
        Unread::GroupPolicy | Unread::GroupSubscriptions => true,
        Unread::AccountPolicies | Unread::AccountSubscriptions => false,
    });
    if let Some((_, error)) = unread.next() {
        return Err(error.clone());
    }
    let has_policy =
        access.policies.iter().any(|it| it.name.is_none() && !it.document.statements().is_empty());
    let filters = access.subscriptions.iter().filter(|it| it.reach == Reach::Group);
    let filters = filters.map(|it| format!("subscription filter `{}`", it.name)).collect();
    let mut additions: Vec<String> =
        has_policy.then(|| "its resource policy".to_owned()).into_iter().collect();
    additions.extend(named(filters, "subscription filters"));
    additions.extend(counted(traits.metric_filters, "metric filter"));
    Ok(additions)
}

/// Returns the settings of a log group without counting the metric filters of the installation.
/// `filters` contains the names of all metric filters of the log group, if they are known.
pub fn without_own_filters<'f>(
    traits: GroupTraits,
    filters: Option<impl Iterator<Item = &'f String>>,
    installation: &Installation,
) -> GroupTraits {
    let Some(filters) = filters else { return traits };
    let foreign = filters.filter(|name| !installation.owns_alarm(name)).count();
    GroupTraits { metric_filters: u64::try_from(foreign).unwrap_or(u64::MAX), ..traits }
}

/// Returns the foreign inline and attached policies of a role.
pub fn role_additions(policies: &[OtherPolicy]) -> Vec<String> {
    named(policies.iter().map(|policy| format!("policy `{}`", policy.name)).collect(), "policies")
}

/// Whether a statement is the default statement of a new topic, which allows only the account of
/// the topic to use the topic.
///
/// See `CreateTopic` in the SNS API reference. A changed statement with the same Sid is foreign.
fn is_default(statement: &Statement, topic: &Arn) -> bool {
    const OWNER: [&str; 2] = ["aws:SourceOwner", "aws:SourceAccount"];

    let conditions = statement.conditions();
    let [condition] = conditions.as_slice() else { return false };
    statement.sid() == Some("__default_statement_ID")
        && statement.effect() == Effect::Allow
        && matches!(condition.operator, "StringEquals" | "StringLike")
        && OWNER.iter().any(|key| condition.key.eq_ignore_ascii_case(key))
        && condition.values == [topic.account()]
}

fn subscription(receiver: &NameReceiver) -> String {
    let (ReceiverTarget::Resource(to)
    | ReceiverTarget::Bucket { name: to, .. }
    | ReceiverTarget::Endpoint(to)) = &receiver.target;
    format!("subscription `{}` to `{to}`", receiver.name)
}

/// Returns the first additions by name, and the number of the others.
fn named(mut additions: Vec<String>, kind: &str) -> Vec<String> {
    let more = additions.len().saturating_sub(NAMED);
    additions.truncate(NAMED);
    additions.extend((more > 0).then(|| format!("{more} more {kind}")));
    additions
}

fn counted(number: u64, noun: &str) -> Option<String> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    (number > 0).then(|| count(number, noun))
}

#[cfg(test)]
mod tests {
    use reconcile_policy::{Document, TopicIntent};
    use serde_json::{Value, json};

    use super::*;
    use crate::observed::{ResourcePolicy, Subscription};
    use crate::view::{Tags, Topic};

    fn arn() -> Arn {
        "arn:aws:sns:eu-west-1:111111111111:files".parse().unwrap()
    }

    fn topic(policy: Document) -> LiveTopic {
        let view = Topic { arn: arn(), encryption: None, tags: Tags::default() };
        LiveTopic { view, policy, subscriptions: Ok(Vec::new()), subscribers: Some(0), pending: 0 }
    }

    fn receiver(name: &str, to: &str) -> NameReceiver {
        NameReceiver {
            name: name.to_owned(),
            prefix: String::new(),
            target: ReceiverTarget::Endpoint(to.to_owned()),
        }
    }

    fn document(statements: &Value) -> Document {
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
    }

    /// A name, statements, confirmed subscriptions, the number of pending subscriptions, and the
    /// expected additions.
    type Case<'c> = (&'c str, Vec<Value>, Vec<NameReceiver>, u64, &'c [&'c str]);

    #[test]
    fn foreign_statements_and_subscriptions_of_a_topic_are_named() {
        let default = json!(TopicIntent::default_policy(&arn()))["Statement"][0].clone();
        let mut widened = default.clone();
        widened["Condition"]["StringEquals"]["AWS:SourceOwner"] = json!(["111111111111", "444444444444"]);
        let statement = |sid: &str| json!({ "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": arn() });
        let mut unnamed = statement("");
        unnamed.as_object_mut().unwrap().remove("Sid");
        let ours = statement("TestTrailNotify");
        let four = ["A", "B", "C", "D"].map(|name| receiver("sqs", name)).to_vec();
        let cases: [Case<'_>; 7] = [
            ("nothing of others", vec![default.clone(), ours.clone()], vec![], 0, &[]),
            (
                "a changed default statement",
                vec![widened],
                vec![],
                0,
                &["statement `__default_statement_ID`"],
            ),
            ("a statement", vec![ours.clone(), statement("Team")], vec![], 0, &["statement `Team`"]),
            (
                "one without a Sid",
                vec![default.clone(), unnamed],
                vec![],
                0,
                &["statement 2 (it has no Sid)"],
            ),
            (
                "another installation",
                vec![statement("OtherTrailNotify")],
                vec![],
                0,
                &["statement `OtherTrailNotify`"],
            ),
            (
                "a subscription",
                vec![default.clone()],
                vec![receiver("email", "a@b.c")],
                1,
                &["subscription `email` to `a@b.c`", "1 unconfirmed subscription"],
            ),
            (
                "many subscriptions",
                vec![default],
                four,
                0,
                &[
                    "subscription `sqs` to `A`",
                    "subscription `sqs` to `B`",
                    "subscription `sqs` to `C`",
                    "1 more subscriptions",
                ],
            ),
        ];
        for (name, statements, receivers, pending, expected) in cases {
            let live =
                LiveTopic { subscriptions: Ok(receivers), pending, ..topic(document(&json!(statements))) };
            assert_eq!(topic_additions(&live, &Ownership::of("test")).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn the_policy_and_the_filters_of_a_log_group_are_named_and_those_of_the_account_are_not() {
        let filter = |name: &str, reach: Reach| Subscription {
            name: name.to_owned(),
            destination: String::new(),
            pattern: String::new(),
            reach,
        };
        let allow = json!([{ "Effect": "Allow", "Principal": "*", "Action": "logs:PutLogEvents" }]);
        let policy =
            |name: Option<&str>| ResourcePolicy { name: name.map(str::to_owned), document: document(&allow) };
        let of_account = LogAccess {
            policies: vec![policy(Some("account"))],
            subscriptions: vec![filter("all", Reach::Account { criteria: None })],
            unread: Vec::new(),
        };
        assert_eq!(log_group_additions(&GroupTraits::default(), &of_account).unwrap(), [""; 0]);
        let of_group = LogAccess {
            policies: vec![policy(None)],
            subscriptions: vec![filter("siem", Reach::Group)],
            unread: Vec::new(),
        };
        let traits = GroupTraits { metric_filters: 2, ..GroupTraits::default() };
        let expected = ["its resource policy", "subscription filter `siem`", "2 metric filters"];
        assert_eq!(log_group_additions(&traits, &of_group).unwrap(), expected);
        let error = ReadError::Incomplete { resource: "log group a".to_owned(), what: "filters" };
        for (what, is_known) in [(Unread::GroupSubscriptions, false), (Unread::AccountSubscriptions, true)] {
            let access = LogAccess { unread: vec![(what, error.clone())], ..LogAccess::default() };
            assert_eq!(log_group_additions(&GroupTraits::default(), &access).is_ok(), is_known, "{what:?}");
        }
    }

    #[test]
    fn policies_of_others_in_a_role_are_named() {
        let policy = OtherPolicy { name: "Audit".to_owned(), document: None };
        assert_eq!(role_additions(&[policy]), ["policy `Audit`"]);
        assert_eq!(role_additions(&[]), [""; 0]);
    }
}
