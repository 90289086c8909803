use reconcile_samples::{EditSpec, PROD, members};
use reconcile_spec::parse;

use super::*;

const ORGANIZATION: &str = include_str!("../../../../specs/organization.yaml");
const UNITS: &str = include_str!("../../../../specs/organization-units.yaml");
const LOCK: &str = "{ bucket: locks, key: secprod.lock, region: us-east-1, account: master }";

const PLAN: Run = Run { mode: Mode::Plan, blame: false, replicas: false, freshness: false };
const APPLY: Run = Run { mode: Mode::Apply, ..PLAN };
const VERIFY: Run = Run { mode: Mode::Verify, ..PLAN };

fn spec(text: &str) -> Spec {
    parse("spec.yaml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The policy of an account, if the account needs one.
fn policy_of(spec: &Spec, run: Run, account: &str) -> Value {
    let found = permissions(spec.desired(), run).into_iter().find(|it| it.account.name.as_str() == account);
    found.map_or(Value::Null, |it| it.policy)
}

/// The statements of a policy that allow an action, each with its resources and its condition.
fn allowed(policy: &Value, action: &str) -> Vec<(Value, Value)> {
    let statements = policy["Statement"].as_array().map_or(&[][..], Vec::as_slice);
    let has = |it: &&Value| it["Action"].as_array().unwrap().contains(&json!(action));
    statements.iter().filter(has).map(|it| (it["Resource"].clone(), it["Condition"].clone())).collect()
}

/// All actions that a policy allows.
fn actions(policy: &Value) -> BTreeSet<&str> {
    let statements = policy["Statement"].as_array().map_or(&[][..], Vec::as_slice);
    let actions = statements.iter().flat_map(|it| it["Action"].as_array().unwrap());
    actions.map(|it| it.as_str().unwrap()).collect()
}

/// An account, an action, and the resources and conditions of the statements that allow the action.
type Row<'r> = (&'r str, &'r str, &'r [(Value, Value)]);

/// Asserts on which resources, and under which condition, each action is allowed in an account.
#[track_caller]
fn assert_allowed(spec: &Spec, run: Run, rows: &[Row<'_>]) {
    for (account, action, expected) in rows {
        assert_eq!(&allowed(&policy_of(spec, run, account), action), expected, "{action} in {account}");
    }
}

#[test]
fn a_plan_only_reads_and_a_member_account_needs_nothing_of_s3() {
    let found = permissions(spec(PROD).desired(), Mode::Plan);
    let accounts: Vec<&str> = found.iter().map(|it| it.account.name.as_str()).collect();
    assert_eq!(accounts, ["master", "production", "development"]);
    for Permissions { account, policy } in &found {
        for action in actions(policy) {
            let (service, operation) = action.split_once(':').unwrap();
            let reads = ["Get", "List", "Describe", "AssumeRole"];
            assert!(reads.iter().any(|prefix| operation.starts_with(prefix)), "{action} in {}", account.name);
            assert!(service != "s3" || account.name.as_str() == "master", "{action} in {}", account.name);
        }
    }
}

/// An ARN names the resource, and a condition limits an action that an ARN cannot limit.
#[test]
fn an_apply_is_allowed_exactly_what_it_calls() {
    let of_installation = json!({ "StringEquals": { "aws:ResourceTag/reconcile:spec": ["secprod"] } });
    let of_alias =
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/secprod-cloudtrail" } });
    let key = json!(["arn:aws:kms:us-east-1:111111111111:key/*"]);
    let members = ["222222222222", "333333333333"];
    let roles = members.map(|id| format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole"));
    let trail = |arn: &str| json!([format!("arn:aws:cloudtrail:us-east-1:{arn}")]);
    assert_allowed(
        &spec(PROD),
        APPLY,
        &[
            (
                "master",
                "s3:PutBucketPolicy",
                &[(json!(["arn:aws:s3:::secprod-multiaccount-logs"]), json!(null))],
            ),
            ("production", "s3:PutBucketPolicy", &[]),
            ("master", "kms:PutKeyPolicy", &[(key.clone(), of_alias), (key, of_installation.clone())]),
            ("master", "sts:AssumeRole", &[(json!(roles), json!(null))]),
            ("production", "sts:AssumeRole", &[]),
            (
                "master",
                "cloudtrail:StartLogging",
                &[(trail("111111111111:trail/SecurityTrailMaster"), json!(null))],
            ),
            (
                "production",
                "cloudtrail:DeleteTrail",
                &[(json!(["arn:aws:cloudtrail:*:222222222222:trail/*"]), of_installation)],
            ),
            // The spec manages none of these settings.
            ("master", "s3:PutLifecycleConfiguration", &[]),
            ("master", "organizations:ListAccounts", &[]),
            ("master", "kms:CreateGrant", &[]),
            ("master", "kms:DisableKeyRotation", &[]),
        ],
    );
}

#[test]
fn a_key_that_the_spec_leaves_alone_needs_no_permission() {
    let text = PROD.with("key", "unmanaged").with("bucket.encryption", "unmanaged");
    for Permissions { account, policy } in permissions(spec(&text).desired(), Mode::Apply) {
        assert!(!actions(&policy).iter().any(|it| it.starts_with("kms:")), "{}: {policy}", account.name);
    }
}

#[test]
fn options_add_only_their_own_permissions() {
    let spec = spec(&PROD.with("lock", LOCK));
    let accounts = ["master", "production", "development"];
    let added = |run: Run| -> Vec<(&str, &str, Value)> {
        let mut added = Vec::new();
        for account in accounts {
            let (plain, policy) = (policy_of(&spec, PLAN, account), policy_of(&spec, run, account));
            for action in actions(&policy) {
                let before = allowed(&plain, action);
                let new = allowed(&policy, action).into_iter().filter(|it| !before.contains(it));
                for (resources, condition) in new {
                    assert_eq!(condition, json!(null), "{action} in {account}");
                    let action = Operation::ALL.iter().map(|it| it.action()).find(|it| *it == action);
                    added.push((account, action.unwrap(), resources));
                }
            }
        }
        added
    };
    assert_eq!(added(PLAN), []);
    let events = |account| (account, "cloudtrail:LookupEvents", json!(["*"]));
    assert_eq!(added(Run { blame: true, ..PLAN }), accounts.map(events));
    let bucket = json!(["arn:aws:s3:::secprod-multiaccount-logs"]);
    assert_eq!(added(Run { freshness: true, ..PLAN }), [("master", "s3:ListBucket", bucket)]);
    // Replicas write the object of their leader, but not the lock of `apply`.
    let leader = json!(["arn:aws:s3:::locks/secprod.lock.watch"]);
    assert_eq!(
        added(Run { replicas: true, ..PLAN }),
        [
            ("master", "s3:DeleteObject", leader.clone()),
            ("master", "s3:GetObject", leader.clone()),
            ("master", "s3:ListBucket", json!(["arn:aws:s3:::locks"])),
            ("master", "s3:PutObject", leader),
        ]
    );
}

#[test]
fn a_verification_lists_reads_and_decrypts_log_files_and_nothing_else() {
    let spec = spec(PROD);
    let found = permissions(spec.desired(), Mode::Verify);
    let [Permissions { account, policy }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(account.name.as_str(), "master");
    let expected = ["cloudtrail:ListPublicKeys", "kms:Decrypt", "s3:GetObject", "s3:ListBucket"];
    assert_eq!(actions(policy).into_iter().collect::<Vec<_>>(), expected);
    let through_s3 = json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } });
    assert_allowed(
        &spec,
        VERIFY,
        &[
            ("master", "cloudtrail:ListPublicKeys", &[(json!(["*"]), json!(null))]),
            ("master", "kms:Decrypt", &[(json!(["arn:aws:kms:us-east-1:111111111111:key/*"]), through_s3)]),
            ("master", "s3:GetObject", &[(json!(["arn:aws:s3:::secprod-multiaccount-logs/*"]), json!(null))]),
            ("master", "s3:ListBucket", &[(json!(["arn:aws:s3:::secprod-multiaccount-logs"]), json!(null))]),
        ],
    );
}

/// Many roles with the same name are named once, and roles with different names are listed in
/// several documents.
#[test]
fn permissions_of_many_accounts_fit_the_limits_of_iam() {
    let documents = |text: &str| {
        let found = permissions(spec(text).desired(), Mode::Apply);
        let documents = found[0].documents();
        assert!(documents.iter().all(size::fits), "{documents:?}");
        documents
    };
    let roles = |documents: &[Value]| -> Vec<String> {
        let statements = documents.iter().flat_map(|it| allowed(it, "sts:AssumeRole"));
        let arns = statements.flat_map(|(arns, _)| arns.as_array().unwrap().clone());
        arns.map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let text = members(1200);
    let of_one_name = documents(&text);
    assert_eq!((of_one_name.len(), roles(&of_one_name)), (1, vec!["arn:aws:iam::*:role/Role".to_owned()]));

    let names: String = (0..1200).map(|n| format!("m{n}: {{ role: Audit{n} }}, ")).collect();
    let of_many_names = documents(&text.with("accounts", &format!("{{ {names} }}")));
    assert!(of_many_names.len() > 1);
    let mut listed = roles(&of_many_names);
    listed.sort_unstable();
    let expected: Vec<String> =
        (0..1200).map(|n| format!("arn:aws:iam::{:012}:role/Audit{n}", n + 1)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn members_that_join_by_themselves_have_one_policy() {
    for (text, trail) in [
        (ORGANIZATION, "arn:aws:cloudtrail:eu-west-1:000000000000:trail/OrganizationTrail"),
        (UNITS, "arn:aws:cloudtrail:us-east-1:000000000000:trail/SecurityTrail"),
    ] {
        let (role, policy) = member_permissions(&spec(text), Mode::Apply).unwrap();
        assert_eq!(role, "OrganizationAccountAccessRole");
        assert_eq!(allowed(&policy, "cloudtrail:StartLogging"), [(json!([trail]), json!(null))]);
    }
    assert_eq!(member_permissions(&spec(PROD), Mode::Apply), None);
}

#[test]
fn an_import_only_reads() {
    let (policy, start) = import_permissions("Audit");
    let actions = actions(&policy);
    assert!(actions.contains("s3:GetBucketPolicy"), "{policy}");
    for action in actions {
        let (_, operation) = action.split_once(':').unwrap();
        assert!(["Get", "List", "Describe"].iter().any(|prefix| operation.starts_with(prefix)), "{action}");
    }
    let assume =
        json!({ "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ["arn:*:iam::*:role/Audit"] });
    assert_eq!(start["Statement"], json!([assume]));
}

/// A spec with an organization trail, a delegated administrator, a role with a boundary, and a
/// lock.
fn delegated() -> String {
    PROD.with("organization", "{ account: master, delegated_administrator: production }")
        .with("trails.2", "{ name: Org, organization_trail: true }")
        .with("trails.2.cloudwatch_logs", "{ log_group: a, permissions_boundary: Bound }")
        .with("lock", LOCK)
}

/// See [`implied`].
#[test]
fn an_apply_is_allowed_what_aws_requires_besides_its_operations() {
    let everything = [(json!(["*"]), json!(null))];
    let services = ["cloudtrail.amazonaws.com", "context.cloudtrail.amazonaws.com"];
    let linked = services.map(|it| format!("arn:aws:iam::111111111111:role/aws-service-role/{it}/*"));
    let of_services = (json!(linked), json!({ "StringEquals": { "iam:AWSServiceName": services } }));
    let of_cloudtrail = |key: &str| json!({ "StringEquals": { key: "cloudtrail.amazonaws.com" } });
    let role = json!(["arn:aws:iam::111111111111:role/reconcile-secprod-cloudtrail"]);
    let boundary = "arn:aws:iam::111111111111:policy/Bound";
    let bounded = [(role.clone(), json!({ "StringEquals": { "iam:PermissionsBoundary": boundary } }))];
    let delegated = delegated();
    assert_allowed(
        &spec(&delegated),
        APPLY,
        &[
            ("master", "iam:CreateServiceLinkedRole", &[of_services]),
            ("master", "cloudtrail:RegisterOrganizationDelegatedAdmin", &everything),
            ("production", "cloudtrail:RegisterOrganizationDelegatedAdmin", &[]),
            (
                "master",
                "organizations:RegisterDelegatedAdministrator",
                &[(json!(["*"]), of_cloudtrail("organizations:ServicePrincipal"))],
            ),
            ("production", "organizations:RegisterDelegatedAdministrator", &[]),
            ("master", "organizations:ListAWSServiceAccessForOrganization", &everything),
            ("production", "organizations:ListAWSServiceAccessForOrganization", &[]),
            ("master", "iam:PassRole", &[(role, of_cloudtrail("iam:PassedToService"))]),
            ("master", "iam:CreateRole", &bounded),
            ("master", "iam:PutRolePolicy", &bounded),
            ("master", "iam:PutRolePermissionsBoundary", &bounded),
            // Without `s3:ListBucket`, S3 does not distinguish an absent lock from a denied one.
            ("master", "s3:ListBucket", &[(json!(["arn:aws:s3:::locks"]), json!(null))]),
            ("master", "kms:GenerateDataKey", &[]),
        ],
    );
    assert_allowed(&spec(&delegated), PLAN, &[("master", "iam:CreateServiceLinkedRole", &[])]);

    let in_own_bucket = delegated.with("lock.bucket", "secprod-multiaccount-logs");
    let key = (json!(["arn:aws:kms:us-east-1:111111111111:key/*"]), json!(null));
    assert_allowed(&spec(&in_own_bucket), APPLY, &[("master", "kms:GenerateDataKey", &[key])]);
}

/// The organization trail belongs to the management account, which the spec does not name here.
#[test]
fn an_account_that_may_not_be_the_management_account_is_allowed_the_trail_of_any_account() {
    let text = PROD
        .with("organization", "{ account: production, service_access: false }")
        .with("trails.2", "{ name: Org, organization_trail: true }");
    let spec = spec(&text);
    let trails = ["arn:aws:cloudtrail:*:222222222222:trail/*", "arn:aws:cloudtrail:us-east-1:*:trail/Org"];
    let trails = [(json!(trails), json!(null))];
    // Without a log group, CloudTrail reads only the service-linked roles.
    let linked = ["cloudtrail.amazonaws.com", "context.cloudtrail.amazonaws.com"];
    let linked = linked.map(|it| format!("arn:aws:iam::222222222222:role/aws-service-role/{it}/*"));
    assert_allowed(
        &spec,
        APPLY,
        &[
            ("production", "cloudtrail:UpdateTrail", &trails),
            ("production", "cloudtrail:GetTrailStatus", &trails),
            ("production", "iam:GetRole", &[(json!(linked), json!(null))]),
        ],
    );
}
