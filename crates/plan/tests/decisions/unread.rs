//! Tests that an unreadable setting is reported, and never treated as absent.

use reconcile_operations::Operation;
use reconcile_plan::ReadError;
use reconcile_plan::observed::{Hidden, Observed, OtherPolicy, Unread, UnreadableReason};
use reconcile_plan::view::Trail;
use reconcile_policy::Document;
use reconcile_samples::{EditSpec, every_destination};

use super::made::{Case, denied, hub, outcomes, unread};

const GROUP: &str = "arn:aws:logs:eu-west-1:222222222222:log-group:/trails";
const ROLE: &str = "arn:aws:iam::222222222222:role/reconcile-test-cloudtrail";

fn hide(live: &mut Observed, arn: &str) {
    let hidden = Hidden { account: "member".parse().unwrap(), error: unread(Operation::ListTags) };
    live.hidden.insert(arn.parse().unwrap(), hidden);
}

fn trail(live: &mut Observed) -> &mut Trail {
    live.trails.values_mut().flatten().next().unwrap()
}

const UNREAD: &[Case] = &[
    Case {
        name: "every setting of the bucket",
        spec: every_destination,
        edit: |live| {
            let conditions = live.bucket_conditions.as_mut().unwrap();
            conditions.requester_pays = Err(denied(Operation::GetBucketRequestPayment));
            conditions.grants = Err(denied(Operation::GetBucketAcl));
            conditions.expiries = Err(denied(Operation::GetBucketLifecycleConfiguration));
            conditions.replications = Err(denied(Operation::GetBucketReplication));
            conditions.access_logs = Err(denied(Operation::GetBucketLogging));
            conditions.notifications = Err(denied(Operation::GetBucketNotificationConfiguration));
            conditions.inventories = Err(denied(Operation::ListBucketInventoryConfigurations));
        },
    },
    Case {
        name: "the subscribers of the topic",
        spec: every_destination,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.subscriptions = Err(denied(Operation::ListSubscriptionsByTopic));
        },
    },
    Case {
        name: "every setting of a log group",
        spec: every_destination,
        edit: |live| {
            live.log_access.entry(GROUP.parse().unwrap()).or_default().unread = [
                Unread::AccountPolicies,
                Unread::GroupPolicy,
                Unread::AccountSubscriptions,
                Unread::GroupSubscriptions,
            ]
            .map(|what| (what, unread(Operation::DescribeResourcePolicies)))
            .into();
        },
    },
    Case {
        name: "the other policies of a role",
        spec: every_destination,
        edit: |live| {
            let error = unread(Operation::ListRolePolicies);
            live.role_policies.insert(ROLE.parse().unwrap(), Err(error));
        },
    },
    Case {
        name: "other keys of the installation",
        spec: every_destination,
        edit: |live| live.spare_keys.unlisted = Some(denied(Operation::ListKeys)),
    },
    Case {
        name: "resources that may be managed",
        spec: every_destination,
        edit: |live| {
            hide(live, "arn:aws:iam::222222222222:role/reconcile-test-old");
            hide(live, "arn:aws:kms:eu-west-1:222222222222:key/1");
            hide(live, "arn:aws:logs:eu-west-1:222222222222:log-group:/old");
            hide(live, "arn:aws:sns:eu-west-1:222222222222:old");
            hide(live, "arn:aws:sqs:eu-west-1:222222222222:old");
        },
    },
    Case {
        name: "an account",
        spec: every_destination,
        edit: |live| {
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
            live.trails.retain(|arn, _| arn.account() != "222222222222");
        },
    },
    Case {
        name: "a role that another installation manages",
        spec: every_destination,
        edit: |live| {
            let role = "reconcile-test-cloudtrail".to_owned();
            let owner = Some("another".to_owned());
            live.unreadable.insert("member".parse().unwrap(), ReadError::ForeignRole { name: role, owner });
        },
    },
    Case {
        name: "resources that are not in the spec and need the key",
        spec: every_destination,
        edit: |live| {
            live.still_encrypted.insert("arn:aws:sns:eu-west-1:222222222222:old".parse().unwrap(), None);
            let why = UnreadableReason::Unreadable(unread(Operation::GetTopicAttributes));
            let group = "arn:aws:logs:eu-west-1:222222222222:log-group:/old".parse().unwrap();
            live.still_encrypted.insert(group, Some(why));
        },
    },
    Case {
        name: "recursive logging",
        spec: every_destination,
        edit: |live| trail(live).recursive_logging = None,
    },
    Case {
        name: "insights of another category",
        spec: || every_destination().with("trails.0.insights", "[ApiCallRateInsight]"),
        edit: |live| {
            trail(live).insights =
                Some(vec!["ApiCallRateInsight".to_owned(), "ApiErrorRateInsight (Data)".to_owned()]);
        },
    },
    Case {
        name: "insights of management events, where the spec names those of data events",
        spec: || every_destination().with("trails.0.insights", "{ data: [ApiCallRateInsight] }"),
        edit: |live| {
            trail(live).insights = Some(vec![
                "ApiCallRateInsight".to_owned(),
                "ApiCallRateInsight (Data)".to_owned(),
                "ApiCallRateInsight (Network)".to_owned(),
            ]);
        },
    },
    Case {
        name: "a key that CloudTrail cannot use",
        spec: every_destination,
        edit: |live| "RSA_2048".clone_into(&mut hub(live).key.traits.spec),
    },
    Case {
        name: "a policy and a boundary of others on a role",
        spec: every_destination,
        edit: |live| {
            let policy = OtherPolicy { name: "extra".to_owned(), document: Some(Document::new(Vec::new())) };
            let attached = OtherPolicy { name: "Attached".to_owned(), document: None };
            live.role_policies.insert(ROLE.parse().unwrap(), Ok(vec![policy, attached]));
            let role = live.roles.get_mut(&ROLE.parse().unwrap()).unwrap().as_mut().unwrap();
            role.boundary = Some("arn:aws:iam::222222222222:policy/Boundary".parse().unwrap());
        },
    },
    Case {
        name: "a role that others can assume",
        spec: every_destination,
        edit: |live| {
            let role = live.roles.get_mut(&ROLE.parse().unwrap()).unwrap().as_mut().unwrap();
            role.trust = Document::new(Vec::new());
            "reconcile-old".clone_into(&mut role.policy_name);
        },
    },
];

#[test]
fn unreadable_settings_are_reported_and_kept() {
    let text = outcomes(UNREAD);
    insta::assert_snapshot!(text);
}
