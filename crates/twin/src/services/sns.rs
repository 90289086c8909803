//! SNS: topics and their policies.

use reconcile_policy::Document;
use serde_json::{Value, json};

use super::Caller;
use super::query::{Form, Operation, Service, read, tags_xml, write};
use crate::fault::Fault;
use crate::policy::Policy;
use crate::protocol::escape;
use crate::state::{State, Topic, partition};

/// See "Amazon SNS API permissions: Actions and resources reference" in the SNS developer guide: 30 KB.
const LIMIT: usize = 30 * 1024;

const OPERATIONS: &[Operation] = &[
    write("CreateTopic", create),
    read("GetTopicAttributes", get),
    write("SetTopicAttributes", set),
    write("DeleteTopic", delete),
    write("TagResource", tag),
    write("UntagResource", untag),
    read("ListTagsForResource", tags),
];

pub(super) const SERVICE: Service = Service {
    name: "sns",
    namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    unknown_caller: "InvalidClientTokenId",
    denied: "AuthorizationError",
    operations: OPERATIONS,
};

fn arn(caller: Caller<'_>, name: &str) -> String {
    format!("arn:{}:sns:{}:{}:{name}", partition(caller.region), caller.region, caller.account)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("InvalidParameter", message)
}

/// The name of the caller's topic of an ARN.
fn name<'f>(caller: Caller<'_>, form: &'f Form, field: &str) -> Result<&'f str, Fault> {
    let given = form.required(field)?;
    let elements: Vec<&str> = given.splitn(6, ':').collect();
    match elements.as_slice() {
        ["arn", _, "sns", region, account, name] if *region == caller.region => {
            match *account == caller.account {
                true => Ok(name),
                false => {
                    Err(Fault::new(403, "AuthorizationError", "not authorized to perform this on the topic"))
                }
            }
        }
        _ => Err(invalid("Invalid parameter: TopicArn")),
    }
}

fn named<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    form: &Form,
    field: &str,
) -> Result<&'s mut Topic, Fault> {
    let name = name(caller, form, field)?;
    let topics = &mut state.regional(caller.account, caller.region).topics;
    topics.get_mut(name).ok_or_else(|| Fault::new(404, "NotFound", "Topic does not exist"))
}

fn create(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = form.required("Name")?;
    let is_name = (1..=256).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !is_name {
        return Err(invalid("Invalid parameter: Topic Name"));
    }
    let arn = arn(caller, name);
    let tags: std::collections::BTreeMap<String, String> = form.tags().into_iter().collect();
    let topics = &mut state.regional(caller.account, caller.region).topics;
    match topics.get(name) {
        Some(topic) if !tags.is_empty() && topic.tags != tags => {
            return Err(invalid("Invalid parameter: Tags Reason: Topic already exists with different tags"));
        }
        Some(_) => {}
        None => {
            let topic = Topic { policy: default_policy(caller, &arn).to_string(), tags };
            topics.insert(name.to_owned(), topic);
        }
    }
    Ok(format!("<TopicArn>{arn}</TopicArn>"))
}

/// See "Amazon SNS policy" in the SNS developer guide: the owner of a new topic may do everything with it.
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

fn get(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let policy = named(state, caller, form, "TopicArn")?.policy.clone();
    let arn = form.required("TopicArn")?;
    let entry =
        |key: &str, value: &str| format!("<entry><key>{key}</key><value>{}</value></entry>", escape(value));
    Ok(format!(
        "<Attributes>{}{}{}</Attributes>",
        entry("TopicArn", arn),
        entry("Owner", caller.account),
        entry("Policy", &policy)
    ))
}

fn set(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let topic = named(state, caller, form, "TopicArn")?;
    if form.required("AttributeName")? == "Policy" {
        let text = form.optional("AttributeValue").unwrap_or_default();
        check(text, form.required("TopicArn")?)?;
        text.clone_into(&mut topic.policy);
    }
    Ok(String::new())
}

fn check(text: &str, topic: &str) -> Result<(), Fault> {
    if text.len() > LIMIT {
        return Err(invalid("Invalid parameter: Policy Error: too long"));
    }
    let policy =
        Policy::parse_new(text).map_err(|error| invalid(format!("Invalid parameter: Policy: {error}")))?;
    let document: &Document = &policy.document;
    let is_of_topic = document.statements().iter().all(|it| it.resources() == [topic]);
    if is_of_topic {
        return Ok(());
    }
    Err(invalid("Invalid parameter: Policy statement must apply to the topic"))
}

/// Removing what is not there does nothing.
fn delete(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = name(caller, form, "TopicArn")?;
    state.regional(caller.account, caller.region).topics.remove(name);
    Ok(String::new())
}

fn tag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    named(state, caller, form, "ResourceArn")?.tags.extend(form.tags());
    Ok(String::new())
}

fn untag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let topic = named(state, caller, form, "ResourceArn")?;
    for key in form.list("TagKeys") {
        topic.tags.remove(&key);
    }
    Ok(String::new())
}

fn tags(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    Ok(tags_xml(&named(state, caller, form, "ResourceArn")?.tags))
}
