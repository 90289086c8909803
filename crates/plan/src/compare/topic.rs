//! Compares topics.

use reconcile_policy::{CLOUDTRAIL, Document, Effect, Statement, StatementRef};
use reconcile_spec as spec;

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::plan::{Action, Changed, Phase, Risk, Warning, WarningCode};
use crate::view::{Topic, TopicField};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.topics {
        let Some(live) = context.observed.topics.get(&desired.arn) else { continue };
        let tags = context.tags_of_made(&desired.tags, live.as_ref().map(|live| &live.view.tags));
        let before = live.as_ref().map(|live| (live.view.encryption.as_ref(), &live.view.tags));
        let encryption = context.at_rest(desired.encryption, &desired.arn, before);
        if let Some(live) =
            live.as_ref().filter(|live| encryption.is_some() && live.view.encryption != encryption)
        {
            warn_of_publishers(desired, &live.policy, compared);
        }
        let depends_on = context.needs_of(encryption.as_ref());
        let wanted = Topic { arn: desired.arn.clone(), encryption, tags };
        let parts = ChangeParts {
            address: Address::topic(desired),
            place: context.place(&desired.site),
            phase: Phase::Expand,
            depends_on,
            changed: Changed::Topic,
            explain,
        };
        compared.view(parts, live.as_ref().map(|live| live.view.clone()), wanted);
    }
}

/// Warns about publishers of a topic that will be encrypted: they also need the key. See "Allow a
/// user to send messages to a topic with SSE" in the SNS developer guide.
fn warn_of_publishers(desired: &spec::Topic, policy: &Document, compared: &mut Compared) {
    let is_cloudtrail = |statement: &Statement| {
        statement.principals().iter().all(|it| it.kind == "Service" && it.id == CLOUDTRAIL)
    };
    for (index, statement) in policy.statements().iter().enumerate() {
        let publishes = statement.actions().iter().any(|action| action.eq_ignore_ascii_case("sns:Publish"));
        if statement.effect() == Effect::Allow && publishes && !is_cloudtrail(statement) {
            let by = StatementRef { index, sid: statement.sid().map(str::to_owned) };
            compared.warnings.push(Warning {
                code: WarningCode::TopicPublishers,
                address: Address::topic(desired),
                message: format!(
                    "{by} allows others to publish. Once the topic is encrypted, they also need \
                     `kms:GenerateDataKey*` and `kms:Decrypt` for the key"
                ),
            });
        }
    }
}

pub(super) fn explain(action: &Action<Topic>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => {
            (vec!["the topic for notifications of log files does not exist".to_owned()], Risk::Safe)
        }
        Action::Delete { .. } => {
            (vec!["no trail of the spec sends notifications to this topic".to_owned()], Risk::Destructive)
        }
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                TopicField::Encryption => "messages are not encrypted with the key of the spec".to_owned(),
                TopicField::Tags => "tags are missing or differ".to_owned(),
                TopicField::Arn => "the ARN differs from the spec".to_owned(),
            });
            (why, Risk::Safe)
        }
    }
}
