//! Checks the other destinations of a trail: a log group and a topic.
//!
//! See "Sending events to CloudWatch Logs" and "Amazon SNS topic policy for CloudTrail" in the
//! CloudTrail user guide.

use reconcile_policy::{CLOUDTRAIL, Document, Request, evaluate};
use serde_json::{Value, json};

use super::request::{ResourceLocation, by_trail};
use crate::fault::Fault;
use crate::policy::Policy;
use crate::state::{Role, State, Trail, partition};

/// Rejects a trail that cannot deliver to its log group, as CloudTrail does.
pub(crate) fn check_logs(state: &State, trail: &Trail) -> Result<(), Fault> {
    let (Some(group), Some(role)) = (&trail.log_group, &trail.log_role) else {
        return match (&trail.log_group, &trail.log_role) {
            (None, None) => Ok(()),
            (None, _) => Err(no_group("You must specify a log group ARN.")),
            _ => Err(no_role("You must specify a role ARN value for a log group.")),
        };
    };
    let (account, region) = (&trail.account, &trail.home_region);
    let prefix = format!("arn:{}:logs:{region}:{account}:log-group:", partition(region));
    let name = group.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(":*"));
    let exists = |name: &str| {
        state.regional_ref(account, region).is_some_and(|regional| regional.log_groups.contains_key(name))
    };
    let Some(name) = name.filter(|name| exists(name)) else {
        return Err(no_group("CloudTrail cannot validate the specified log group ARN."));
    };
    let stream = format!("{prefix}{name}:log-stream:{account}_CloudTrail_{region}");
    let roles = state.accounts.get(account).map(|account| &account.iam_roles);
    let found = roles.and_then(|roles| roles.values().find(|it| it.arn == *role));
    if found.is_some_and(|found| may_log(found, &stream)) {
        return Ok(());
    }
    Err(no_role("Access denied. Check the trust relationships for your role."))
}

fn no_group(message: &str) -> Fault {
    Fault::bad("InvalidCloudWatchLogsLogGroupArnException", message)
}

fn no_role(message: &str) -> Fault {
    Fault::bad("InvalidCloudWatchLogsRoleArnException", message)
}

/// Returns whether CloudTrail is allowed to assume the role, and to write into the stream with it.
fn may_log(role: &Role, stream: &str) -> bool {
    let assume = Request::by_service(CLOUDTRAIL, "sts:AssumeRole", &role.arn).complete();
    // A trust policy omits the resource, and an inline policy the principal.
    let trusts = completed(&role.trust, "Resource", &json!("*"));
    let may_assume = trusts.is_some_and(|trust| evaluate(&trust, &assume).is_allowed());
    let may = |action: &str| {
        let request = Request::by_service(CLOUDTRAIL, action, stream).complete();
        let policies = role.policies.values().filter_map(|text| completed(text, "Principal", &json!("*")));
        policies.into_iter().any(|policy| evaluate(&policy, &request).is_allowed())
    };
    may_assume && may("logs:CreateLogStream") && may("logs:PutLogEvents")
}

/// Adds an element to all statements of a document.
fn completed(text: &str, element: &str, value: &Value) -> Option<Document> {
    let mut document: Value = serde_json::from_str(text).ok()?;
    let statements = match document.get_mut("Statement")? {
        Value::Array(statements) => statements.iter_mut().collect(),
        statement => vec![statement],
    };
    for statement in statements {
        statement.as_object_mut()?.entry(element).or_insert_with(|| value.clone());
    }
    document.to_string().parse().ok()
}

/// Rejects a trail that cannot publish to its topic. CloudTrail checks this with a test message.
/// The topic can be in another account or Region, but cannot be a FIFO topic, whose name contains a
/// dot.
pub(crate) fn check_topic(state: &State, trail: &Trail) -> Result<(), Fault> {
    let Some(arn) = &trail.topic else { return Ok(()) };
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    let (region, account, name) = match elements.as_slice() {
        ["arn", _, "sns", region, account, name] if !name.contains('.') => (*region, *account, *name),
        _ => {
            return Err(Fault::bad("InvalidSnsTopicNameException", format!("{arn} is not a valid topic")));
        }
    };
    let topic = state.regional_ref(account, region).and_then(|regional| regional.topics.get(name));
    let request = by_trail(state, trail, "SNS:Publish", arn, ResourceLocation { account, region });
    let is_allowed = topic.is_some_and(|topic| {
        Policy::parse(&topic.policy).is_ok_and(|policy| state.disagreement.allows(&policy, request))
            && topic.kms_key.as_ref().is_none_or(|key| may_encrypt(state, trail, arn, key))
    });
    if is_allowed {
        return Ok(());
    }
    let message = format!("SNS Topic does not exist or the topic policy is incorrect: {arn}");
    Err(Fault::bad("InsufficientSnsTopicPolicyException", message))
}

/// Returns whether SNS can encrypt a message of the trail with the key of the topic. The policy of
/// the key that AWS manages for SNS (`alias/aws/sns`) allows no other service.
///
/// See "Enable compatibility between event sources from AWS services and encrypted topics" in the
/// SNS developer guide.
fn may_encrypt(state: &State, trail: &Trail, topic: &str, key: &str) -> bool {
    let mut elements = topic.split(':').skip(3);
    let (Some(region), Some(account)) = (elements.next(), elements.next()) else { return false };
    let Some(key) = state.key_named(account, region, key) else { return false };
    let Ok(policy) = Policy::parse(&key.policy) else { return false };
    let owner = key.arn.split(':').nth(4).unwrap_or(account);
    let may = |action: &str| {
        let request = by_trail(state, trail, action, &key.arn, ResourceLocation { account: owner, region })
            .with("kms:EncryptionContext:aws:sns:topicArn", topic)
            .with_each("kms:EncryptionContextKeys", ["aws:sns:topicArn"]);
        state.disagreement.allows(&policy, request)
    };
    key.encrypts() && may("kms:GenerateDataKey") && may("kms:Decrypt")
}
