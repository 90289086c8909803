//! Implements subscriptions of topics. The twin never sends a message to a subscriber.

use super::super::query::Form;
use super::{invalid, named};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::escape;
use crate::state::{State, Subscription, Topic};

/// The attributes of a topic with the numbers of its subscriptions. See `GetTopicAttributes` in the
/// SNS API reference.
pub(super) fn counts(topic: &Topic) -> [(&'static str, String); 3] {
    let pending = topic.subscriptions.iter().filter(|it| it.token.is_some()).count();
    let confirmed = topic.subscriptions.len().saturating_sub(pending);
    [
        ("SubscriptionsConfirmed", confirmed.to_string()),
        ("SubscriptionsPending", pending.to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ]
}

/// Creates a subscription. An account does not have to confirm its own endpoints, and phone numbers
/// are never confirmed.
///
/// See `Subscribe` in the SNS API reference.
pub(super) fn create(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    const PROTOCOLS: [&str; 9] =
        ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];

    let (protocol, endpoint) = (form.required("Protocol")?, form.optional("Endpoint").unwrap_or_default());
    if !PROTOCOLS.contains(&protocol) {
        return Err(invalid(format!("Invalid parameter: Does not support this protocol string: {protocol}")));
    }
    let is_own = endpoint.split(':').nth(4) == Some(caller.account);
    let id = format!("00000000-0000-4000-8000-{:012x}", state.next_id());
    let arn = format!("{}:{id}", form.required("TopicArn")?);
    let topic = named(state, caller, form, "TopicArn")?;
    let token = (!is_own && protocol != "sms").then_some(id);
    let answer = if token.is_some() { "pending confirmation".to_owned() } else { arn.clone() };
    topic.subscriptions.push(Subscription {
        arn,
        owner: caller.account.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        token,
    });
    Ok(format!("<SubscriptionArn>{answer}</SubscriptionArn>"))
}

pub(super) fn confirm(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let token = form.required("Token")?;
    let subscriptions = &mut named(state, caller, form, "TopicArn")?.subscriptions;
    let subscription = subscriptions.iter_mut().find(|it| it.token.as_deref() == Some(token));
    let subscription = subscription.ok_or_else(|| invalid("Invalid parameter: Invalid token"))?;
    subscription.token = None;
    Ok(format!("<SubscriptionArn>{}</SubscriptionArn>", subscription.arn))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let topic = form.required("TopicArn")?;
    let member = |it: &Subscription| {
        let arn = if it.token.is_some() { "PendingConfirmation" } else { &it.arn };
        format!(
            "<member><SubscriptionArn>{arn}</SubscriptionArn><Owner>{}</Owner><Protocol>{}</Protocol>\
             <Endpoint>{}</Endpoint><TopicArn>{topic}</TopicArn></member>",
            it.owner,
            it.protocol,
            escape(&it.endpoint)
        )
    };
    let members: String = named(state, caller, form, "TopicArn")?.subscriptions.iter().map(member).collect();
    Ok(format!("<Subscriptions>{members}</Subscriptions>"))
}
