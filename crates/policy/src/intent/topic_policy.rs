//! Turns the required access to the notification topic into the statements of its policy.

use std::collections::BTreeSet;

use serde_json::json;

use super::{AccountFilter, Intent, accounts, cloudtrail, source_arns, source_patterns};
use crate::{Arn, Document, Effect, Ownership, Statement, StatementForm, StatementRole};

/// The access that the policy of the topic must grant.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicIntent {
    /// The ARN of the topic.
    pub topic: Arn,
    /// ARNs of the trails that publish notifications of log files, including their home Region and
    /// account.
    pub trails: Vec<Arn>,
}

impl Intent for TopicIntent {
    fn only(&self, accounts: &BTreeSet<String>) -> Self {
        let trails = self.trails.iter().filter(|trail| accounts.contains(trail.account())).cloned();
        Self { trails: trails.collect(), ..self.clone() }
    }

    /// If there are no trails, no statement allows CloudTrail anything.
    ///
    /// Returns `None` for the form by organization, which AWS does not document for topics. See "Amazon
    /// SNS topic policy for CloudTrail" in the CloudTrail user guide.
    fn in_form(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>> {
        let condition = match (form, accounts(form, self.trails.iter(), None, only)) {
            (StatementForm::Plain, _) => {
                json!({ "StringEquals": { "aws:SourceArn": source_arns(self.trails.iter()) } })
            }
            (_, accounts) => {
                let (key, accounts) = accounts?;
                json!({
                    "StringEquals": { key: accounts },
                    "ArnLike": { "aws:SourceArn": source_patterns(self.trails.iter()) },
                })
            }
        };
        if self.trails.is_empty() {
            return Some(Vec::new());
        }
        let notify = Statement::compose(
            &ownership.sid(StatementRole::TrailNotify),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("SNS:Publish")),
                // SNS accepts only one resource. See "Amazon SNS API permissions: Actions and
                // resources reference".
                ("Resource", json!(self.topic)),
                ("Condition", condition),
            ],
        );
        Some(vec![notify])
    }
}

impl TopicIntent {
    /// The accounts of all trails that publish notifications.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.trails.iter().map(|trail| trail.account().to_owned()).collect()
    }

    /// The policy that SNS gives to a new topic: the account of the topic is allowed to use the
    /// topic.
    ///
    /// SNS rejects a policy without statements, so this document replaces an empty policy. See
    /// `CreateTopic` in the SNS API reference: by default, only the topic owner can publish or
    /// subscribe to the topic.
    pub fn default_policy(topic: &Arn) -> Document {
        const ACTIONS: [&str; 8] = [
            "SNS:GetTopicAttributes",
            "SNS:SetTopicAttributes",
            "SNS:AddPermission",
            "SNS:RemovePermission",
            "SNS:DeleteTopic",
            "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic",
            "SNS:Publish",
        ];
        let statement = Statement::compose_unowned(
            Some("__default_statement_ID"),
            Effect::Allow,
            [
                ("Principal", json!({ "AWS": "*" })),
                ("Action", json!(ACTIONS)),
                ("Resource", json!(topic)),
                ("Condition", json!({ "StringEquals": { "AWS:SourceOwner": topic.account() } })),
            ],
        );
        Document::new(vec![statement]).with_version("2008-10-17").with_id("__default_policy_ID")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_statement_of_a_topic_names_the_trails_of_the_chosen_accounts() {
        let trail = |account: &str| -> Arn {
            format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T").parse().unwrap()
        };
        let (one, two) = ("111111111111", "222222222222");
        let topic: Arn = "arn:aws:sns:us-east-1:111111111111:trails".parse().unwrap();
        let intent = TopicIntent { topic, trails: [one, two].map(trail).into() };
        let only = BTreeSet::from([two.to_owned()]);
        let (arns, of_two) = ([one, two].map(trail).to_vec(), vec![trail(two)]);
        let ownership = Ownership::of("sec");
        let condition = |form, only| {
            let statements = intent.compile_for(&ownership, form, only)?;
            let [statement] = statements.as_slice() else { panic!("{statements:?}") };
            Some(serde_json::to_value(statement).unwrap()["Condition"]["StringEquals"].clone())
        };
        for (form, only, expected) in [
            (StatementForm::Plain, None, Some(json!({ "aws:SourceArn": arns }))),
            (StatementForm::Plain, Some(&only), Some(json!({ "aws:SourceArn": of_two[0] }))),
            (StatementForm::ByAccount, None, Some(json!({ "aws:SourceAccount": [one, two] }))),
            (StatementForm::ByAccount, Some(&only), Some(json!({ "aws:SourceAccount": two }))),
            (StatementForm::ByOrganization, None, None),
        ] {
            assert_eq!(condition(form, only), expected, "{form} {only:?}");
        }
    }
}
