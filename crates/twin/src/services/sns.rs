//! Implements SNS: topics and their policies.

mod subscription;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Document, Request, Statement};
use serde_json::{Value, json};

use super::query::{Form, Operation, Service, read, tags_xml, write};
use super::tags::{self, Faults};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::policy::{self, Policy};
use crate::protocol::escape;
use crate::state::{Published, State, Subscription, Topic, partition};

/// The maximum size of a topic policy in bytes, and its maximum number of statements. See "Amazon
/// SNS API permissions: Actions and resources reference" in the SNS developer guide.
const LIMIT: usize = 30 * 1024;
const STATEMENTS: usize = 100;
/// The longest message in bytes. See `Publish` in the SNS API reference.
const LONGEST: usize = 256 * 1024;

/// The actions that a topic policy can name; SNS accepts no wildcards. See the same page. The
/// default policies of old topics contain `Receive`.
const ACTIONS: [&str; 12] = [
    "addpermission",
    "deletetopic",
    "getdataprotectionpolicy",
    "gettopicattributes",
    "listsubscriptionsbytopic",
    "listtagsforresource",
    "publish",
    "putdataprotectionpolicy",
    "receive",
    "removepermission",
    "settopicattributes",
    "subscribe",
];

const OPERATIONS: &[Operation] = &[
    write("CreateTopic", create),
    read("GetTopicAttributes", get),
    write("SetTopicAttributes", set),
    write("DeleteTopic", delete),
    write("Publish", publish),
    write("Subscribe", subscription::create),
    write("ConfirmSubscription", subscription::confirm),
    read("ListSubscriptionsByTopic", subscription::list),
    write("TagResource", tag),
    write("UntagResource", untag),
    read("ListTagsForResource", list_tags),
];

pub(super) const SERVICE: Service = Service {
    name: "sns",
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    unknown_caller: "InvalidClientTokenId",
    denied: "AuthorizationError",
    operations: OPERATIONS,
};

/// Creates a topic with this ARN if the topic does not exist. Its policy allows the trails of the
/// accounts of the twin to publish. Does nothing if the ARN is not the ARN of a topic.
///
/// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide.
pub(crate) fn provide(state: &mut State, arn: &str) {
    let statement = publishes(state, arn, "AWSCloudTrailSNSPolicy20131101", "cloudtrail.amazonaws.com");
    insert(state, arn, &statement, Vec::new());
}

/// Creates a topic that alarms of every account of the twin can notify, with a subscriber.
pub(crate) fn provide_for_alarms(state: &mut State, arn: &str) {
    let statement = publishes(state, arn, "AllowAlarms", "cloudwatch.amazonaws.com");
    let owner = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let subscriber = Subscription {
        arn: format!("{arn}:1a2b3c4d-0000-4000-8000-000000000000"),
        owner,
        protocol: "email".to_owned(),
        endpoint: "security@example.com".to_owned(),
        token: None,
    };
    insert(state, arn, &statement, vec![subscriber]);
}

/// The statement that allows a service to publish for every account of the twin.
fn publishes(state: &State, arn: &str, sid: &str, service: &str) -> Value {
    let accounts: Vec<&String> = state.accounts.keys().collect();
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "SNS:Publish",
        "Resource": arn,
        "Condition": { "StringEquals": { "aws:SourceAccount": accounts } },
    })
}

/// Creates a topic, unless the topic exists. Every account can read the attributes of the topic.
fn insert(state: &mut State, arn: &str, statement: &Value, subscriptions: Vec<Subscription>) {
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "sns", region, account, name] = elements.as_slice() else { return };
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [statement, {
            // `plan` reads the topic from the account of the trail.
            "Sid": "ReadFromAnyAccount",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": "SNS:GetTopicAttributes",
            "Resource": arn,
        }],
    });
    let topics = &mut state.regional(account, region).topics;
    topics.entry((*name).to_owned()).or_insert_with(|| Topic {
        policy: policy.to_string(),
        kms_key: None,
        tags: BTreeMap::new(),
        subscriptions,
    });
}

fn arn(caller: Caller<'_>, name: &str) -> String {
    format!("arn:{}:sns:{}:{}:{name}", partition(caller.region), caller.region, caller.account)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("InvalidParameter", message)
}

fn denied() -> Fault {
    Fault::new(403, "AuthorizationError", "not authorized to perform this on the topic")
}

fn not_found() -> Fault {
    Fault::new(404, "NotFound", "Topic does not exist")
}

/// The account and the name of the topic in an ARN, which must be in the called Region.
fn owner_and_name<'f>(caller: Caller<'_>, form: &'f Form, field: &str) -> Result<(&'f str, &'f str), Fault> {
    let elements: Vec<&str> = form.required(field)?.splitn(6, ':').collect();
    match elements.as_slice() {
        ["arn", _, "sns", region, account, name] if *region == caller.region => Ok((account, name)),
        _ => Err(invalid("Invalid parameter: TopicArn")),
    }
}

/// The name of the topic of the caller in an ARN.
fn name<'f>(caller: Caller<'_>, form: &'f Form, field: &str) -> Result<&'f str, Fault> {
    let (account, name) = owner_and_name(caller, form, field)?;
    if account == caller.account { Ok(name) } else { Err(denied()) }
}

fn named<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    form: &Form,
    field: &str,
) -> Result<&'s mut Topic, Fault> {
    let name = name(caller, form, field)?;
    let topics = &mut state.regional(caller.account, caller.region).topics;
    topics.get_mut(name).ok_or_else(not_found)
}

fn create(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = form.required("Name")?;
    let is_name = (1..=256).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !is_name {
        return Err(invalid("Invalid parameter: Topic Name"));
    }
    let arn = arn(caller, name);
    if !state.is_trusting {
        check_tags(&BTreeMap::new(), form)?;
    }
    let tags: BTreeMap<String, String> = form.tags().into_iter().collect();
    let attributes = form.entries("Attributes");
    let mut wanted = Topic {
        policy: default_policy(caller, &arn).to_string(),
        kms_key: None,
        tags,
        subscriptions: Vec::new(),
    };
    for (attribute, value) in &attributes {
        set_attribute(&mut wanted, &arn, attribute, value)?;
    }
    let topics = &mut state.regional(caller.account, caller.region).topics;
    match topics.get(name) {
        Some(topic) if !wanted.tags.is_empty() && topic.tags != wanted.tags => {
            return Err(invalid("Invalid parameter: Tags Reason: Topic already exists with different tags"));
        }
        Some(topic) if attributes.iter().any(|(attribute, _)| !has_same(topic, &wanted, attribute)) => {
            let message =
                "Invalid parameter: Attributes Reason: Topic already exists with different attributes";
            return Err(invalid(message));
        }
        Some(_) => {}
        None => _ = topics.insert(name.to_owned(), wanted),
    }
    Ok(format!("<TopicArn>{arn}</TopicArn>"))
}

fn has_same(one: &Topic, other: &Topic, attribute: &str) -> bool {
    match attribute {
        "Policy" => one.policy == other.policy,
        "KmsMasterKeyId" => one.kms_key == other.kms_key,
        _ => true,
    }
}

/// The policy of a new topic. See `CreateTopic` in the SNS API reference: by default, only the
/// topic owner can publish or subscribe to the topic.
fn default_policy(caller: Caller<'_>, arn: &str) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
                "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": caller.account } },
        }],
    })
}

/// Returns the attributes of a topic. Another account can read the attributes if the policy of the
/// topic allows it.
fn get(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let (owner, name) = owner_and_name(caller, form, "TopicArn")?;
    let arn = form.required("TopicArn")?;
    let found = state.regional_ref(owner, caller.region).and_then(|regional| regional.topics.get(name));
    let topic = if owner == caller.account {
        found.ok_or_else(not_found)?
    } else {
        found.filter(|topic| allows(topic, caller, "SNS:GetTopicAttributes", arn)).ok_or_else(denied)?
    };
    let entry =
        |key: &str, value: &str| format!("<entry><key>{key}</key><value>{}</value></entry>", escape(value));
    let key = topic.kms_key.as_deref().map(|key| entry("KmsMasterKeyId", key));
    Ok(format!(
        "<Attributes>{}{}{}{}{}</Attributes>",
        entry("TopicArn", arn),
        entry("Owner", owner),
        entry("Policy", &topic.policy),
        key.unwrap_or_default(),
        subscription::counts(topic).map(|(name, count)| entry(name, &count)).concat(),
    ))
}

/// Publishes a message, which the twin keeps. Another account needs permission from the policy of
/// the topic.
///
/// See `Publish` in the SNS API reference.
fn publish(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let (owner, name) = owner_and_name(caller, form, "TopicArn")?;
    let arn = form.required("TopicArn")?;
    let found = state.regional_ref(owner, caller.region).and_then(|regional| regional.topics.get(name));
    if owner == caller.account {
        found.ok_or_else(not_found)?;
    } else {
        found.filter(|topic| allows(topic, caller, "SNS:Publish", arn)).ok_or_else(denied)?;
    }
    let (message, subject) = (form.required("Message")?, form.optional("Subject").unwrap_or_default());
    if message.len() > LONGEST {
        return Err(invalid("Invalid parameter: Message too long"));
    }
    if subject.len() >= 100 || !subject.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(invalid("Invalid parameter: Subject"));
    }
    let message = match form.optional("MessageStructure") {
        None => message.to_owned(),
        Some("json") => {
            let texts: Value = serde_json::from_str(message).unwrap_or_default();
            let text = texts.get("default").and_then(Value::as_str).ok_or_else(|| {
                invalid("Invalid parameter: Message Structure - No default entry in JSON message body")
            })?;
            text.to_owned()
        }
        Some(_) => return Err(invalid("Invalid parameter: MessageStructure")),
    };
    let (arn, subject) = (arn.to_owned(), subject.to_owned());
    state.published.push(Published { arn, subject, message });
    Ok(format!("<MessageId>{:08x}-0000-4000-8000-000000000000</MessageId>", state.next_id()))
}

fn allows(topic: &Topic, caller: Caller<'_>, action: &str, arn: &str) -> bool {
    let root = format!("arn:{}:iam::{}:root", partition(caller.region), caller.account);
    let request = root.parse().map(|root| Request::by_principal(&root, action, arn));
    match (request, Policy::parse(&topic.policy)) {
        (Ok(request), Ok(policy)) => policy.allows(request.with("AWS:SourceOwner", caller.account)),
        _ => false,
    }
}

fn set(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let topic = named(state, caller, form, "TopicArn")?;
    let value = form.optional("AttributeValue").unwrap_or_default();
    set_attribute(topic, form.required("TopicArn")?, form.required("AttributeName")?, value)?;
    Ok(String::new())
}

/// Sets an attribute. SNS does not check whether the key exists. See `SetTopicAttributes` in the
/// SNS API reference.
fn set_attribute(topic: &mut Topic, arn: &str, attribute: &str, value: &str) -> Result<(), Fault> {
    match attribute {
        "Policy" => {
            check(value, arn)?;
            value.clone_into(&mut topic.policy);
        }
        "KmsMasterKeyId" => topic.kms_key = Some(value.to_owned()).filter(|key| !key.is_empty()),
        _ => return Err(invalid("Invalid parameter: AttributeName")),
    }
    Ok(())
}

/// Rejects policies that SNS rejects, with its messages.
fn check(text: &str, topic: &str) -> Result<(), Fault> {
    if text.len() > LIMIT {
        return Err(invalid("Invalid parameter: Policy Error: too long"));
    }
    let partition = partition(topic.split(':').nth(3).unwrap_or_default());
    let policy = Policy::parse_new(text, policy::Service::Sns, partition)
        .map_err(|error| invalid(format!("Invalid parameter: Policy: {error}")))?;
    let document: &Document = &policy.document;
    if document.statements().len() > STATEMENTS {
        return Err(invalid("Invalid parameter: Policy Error: too many statements"));
    }
    let mut sids = BTreeSet::new();
    if document.statements().iter().filter_map(Statement::sid).any(|sid| !sids.insert(sid)) {
        return Err(invalid("Invalid parameter: Policy Error: statement ids must be unique"));
    }
    for statement in document.statements() {
        check_statement(statement, topic)?;
    }
    Ok(())
}

/// Checks a statement. See the quotas of "Amazon SNS API permissions: Actions and resources
/// reference"; `*` also stands for the topic.
fn check_statement(statement: &Statement, topic: &str) -> Result<(), Fault> {
    let is_action = |action: &str| {
        let action = action.to_ascii_lowercase();
        action.strip_prefix("sns:").is_some_and(|action| ACTIONS.contains(&action))
    };
    let mut actions = statement.actions().into_iter().chain(statement.not_actions());
    if !actions.all(is_action) {
        return Err(invalid("Invalid parameter: Policy statement action out of service scope!"));
    }
    match statement.resources().as_slice() {
        ["*"] => Ok(()),
        [resource] if *resource == topic => Ok(()),
        [_] => Err(invalid("Invalid parameter: Policy Error: the resource is not the topic")),
        _ => Err(invalid("Invalid parameter: Policy statement must apply to a single resource!")),
    }
}

/// Deletes a topic. Deleting a topic that does not exist succeeds.
fn delete(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = name(caller, form, "TopicArn")?;
    state.regional(caller.account, caller.region).topics.remove(name);
    Ok(String::new())
}

fn tag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let is_trusting = state.is_trusting;
    let topic = named(state, caller, form, "ResourceArn")?;
    if !is_trusting {
        check_tags(&topic.tags, form)?;
    }
    topic.tags.extend(form.tags());
    Ok(String::new())
}

/// Checks tags. See the errors of `TagResource` in the SNS API reference.
fn check_tags(live: &BTreeMap<String, String>, form: &Form) -> Result<(), Fault> {
    const FAULTS: Faults = Faults { invalid: "InvalidParameter", too_many: (400, "TagLimitExceeded") };

    tags::check(live, form.tags().iter().map(|(key, _)| key.as_str()), &FAULTS)
}

fn untag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let topic = named(state, caller, form, "ResourceArn")?;
    for key in form.list("TagKeys") {
        topic.tags.remove(&key);
    }
    Ok(String::new())
}

fn list_tags(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    Ok(tags_xml(&named(state, caller, form, "ResourceArn")?.tags))
}
