//! Where trails deliver to besides the bucket: log groups with their roles, and topics.

use serde_json::{Value, json};

use crate::support::{Moto, Project};

const SPEC: &str = "specs/prod.yaml";
const BOTH: &str =
    "cloudwatch_logs: { log_group: /cloudtrail/a, retention_days: 90 }\n    sns_topic: { name: log-files }";

/// The spec of the README with more in every trail.
fn with(project: &Project, more: &str) {
    let prod = project.read("prod.yaml");
    let data = "    data_events: { s3: all, lambda: all }\n";
    project.write(SPEC, prod.replace(data, &format!("{data}    {more}\n")));
}

fn project() -> Project {
    let project = Project::new();
    project.write("prod.yaml", crate::support::PROD);
    project
}

fn regional<'s>(state: &'s mut Value, account: &str) -> &'s mut Value {
    &mut state["accounts"][account]["regions"]["us-east-1"]
}

#[test]
fn log_groups_roles_and_topics_are_made_watched_changed_and_removed() {
    let project = project();
    with(&project, BOTH);
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("+ log_group/*//cloudtrail/a in 3 accounts")
        .says("+ role/*/reconcile-secprod-cloudtrail in 3 accounts")
        .says("+ topic/master/log-files")
        .says("+ topic_policy/master/log-files")
        .says("Plan: 16 to create");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    project.run("explain specs/prod.yaml --sandbox").exits(0).says("tell the topic of log files");

    // Somebody else changes all of them.
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["log_groups"]["/cloudtrail/a"]["retention_days"] = json!(7);
        regional(state, "333333333333")["log_groups"] = json!({});
        let trust =
            &mut state["accounts"]["222222222222"]["iam_roles"]["reconcile-secprod-cloudtrail"]["trust"];
        *trust = json!(trust.as_str().unwrap().replace("cloudtrail.amazonaws.com", "ec2.amazonaws.com"));
        state["accounts"]["333333333333"]["iam_roles"]["reconcile-secprod-cloudtrail"]["policies"] =
            json!({});
        let topic = &mut regional(state, "111111111111")["topics"]["log-files"];
        topic["policy"] =
            json!(topic["policy"].as_str().unwrap().replace("cloudtrail.amazonaws.com", "s3.amazonaws.com"));
        topic["tags"] = json!({ "team": "a" });
        let trail = &mut regional(state, "111111111111")["trails"]["SecurityTrailMaster"];
        trail["log_group"] = json!(null);
        trail["log_role"] = json!(null);
        trail["topic"] = json!(null);
    });
    project
        .run("drift specs/prod.yaml --sandbox")
        .exits(2)
        .says("events are not kept for as long as the spec says")
        .says("there is no such log group")
        .says("others than CloudTrail may assume the role")
        .says("the role may do less or more than deliver")
        .says("topic_policy/master/log-files")
        .says("it does not deliver to the log group that the spec says")
        .says("it does not tell the topic that the spec says");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("drift specs/prod.yaml --sandbox").exits(0);

    // Other names: what is new comes first, what was ours goes when no trail uses it.
    with(&project, "cloudwatch_logs: { log_group: b, role_name: Deliver }\n    sns_topic: { name: told }");
    let plan = project.run("plan specs/prod.yaml --sandbox").exits(0);
    assert!(plan.stdout.contains("- log_group/") && plan.stdout.contains("- topic/master/log-files"));
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");

    // And nothing of it any more.
    project.write(SPEC, crate::support::PROD);
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("it delivers to CloudWatch Logs, and the spec does not say so")
        .says("it tells a topic of log files, and the spec does not say so");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let state = project.read(".reconcile/sandbox.json");
    for left in ["log_groups", "iam_roles", "topics"] {
        assert!(!state.contains(left), "{left}: {state}");
    }
}

#[test]
fn destinations_of_somebody_else_stay() {
    let project = project();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        let group = "arn:aws:logs:us-east-1:222222222222:log-group:theirs:*";
        regional(state, "222222222222")["log_groups"]["theirs"] = json!({});
        let trail = &mut regional(state, "222222222222")["trails"]["SecurityTrail"];
        trail["log_group"] = json!(group);
        trail["log_role"] = json!("arn:aws:iam::222222222222:role/Theirs");
        trail["topic"] = json!("arn:aws:sns:us-east-1:222222222222:theirs");
    });
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn a_role_of_somebody_else_is_not_written_over() {
    let project = project();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["222222222222"]["iam_roles"]["reconcile-secprod-cloudtrail"] = json!({
            "arn": "arn:aws:iam::222222222222:role/reconcile-secprod-cloudtrail", "path": "/",
            "trust": "{\"Statement\":[]}",
        });
    });
    with(&project, BOTH);
    // The other accounts go on.
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(1)
        .says("role `reconcile-secprod-cloudtrail` exists, and is not of this installation")
        .says("`cloudwatch_logs.role_name`")
        .says("+ trail/development/SecurityTrail");
}

#[test]
fn log_groups_roles_and_topics_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    // moto looks for a topic in the trail's own account only.
    project.write("prod.yaml", project.read(SPEC));
    with(&project, "cloudwatch_logs: { log_group: /cloudtrail/a, retention_days: 90 }");
    let own = "accounts: [master]\n    sns_topic: { name: log-files }\n";
    project.write(SPEC, project.read(SPEC).replace("accounts: [master]\n", own));
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    moto.boto3(
        r#"
boto3.client("logs").put_retention_policy(logGroupName="/cloudtrail/a", retentionInDays=7)
boto3.client("iam").delete_role_policy(RoleName="reconcile-secprod-cloudtrail", PolicyName="reconcile-secprod")
sns = boto3.client("sns")
topic = sns.list_topics()["Topics"][0]["TopicArn"]
policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
policy["Statement"] = [it for it in policy["Statement"] if it["Sid"] != "SecprodTrailNotify"]
sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
"#,
    );
    project
        .run("drift specs/prod.yaml")
        .exits(2)
        .says("events are not kept for as long as the spec says")
        .says("the role may do less or more than deliver")
        .says("not every trail may tell the topic");
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("drift specs/prod.yaml").exits(0);
    project.write(SPEC, project.read("prod.yaml"));
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    let left = moto.boto3(
        r#"
print(len(boto3.client("logs").describe_log_groups()["logGroups"]), len(boto3.client("sns").list_topics()["Topics"]),
    len(boto3.client("iam").list_roles()["Roles"]))
"#,
    );
    assert_eq!(left.trim(), "0 0 0");
}
