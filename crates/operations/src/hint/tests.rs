use Operation as Op;

use super::*;

fn error(operation: Operation, code: &str, message: &str) -> Error {
    Error::answered("111111111111".parse().unwrap(), operation, code, message)
}

#[track_caller]
fn hints(operation: Operation, code: &str, message: &str) -> String {
    error(operation, code, message).hint().unwrap()
}

#[test]
fn a_denial_says_which_policy_to_change() {
    let denied = |operation: Operation, context: &str| {
        let action = operation.action();
        let message = format!(
            "User: arn:aws:iam::111111111111:role/ops is not authorized to perform: {action} on resource: * {context}"
        );
        hints(operation, "AccessDenied", &message)
    };
    for (operation, context, expected) in [
        (
            Op::CreateBucket,
            "with an explicit deny in a service control policy",
            "remove or narrow the Deny for s3:CreateBucket in the service control policies of the organization that apply to account \
             111111111111; no policy in an account overrides it",
        ),
        (
            Op::CreateBucket,
            "because no service control policy allows the s3:CreateBucket action",
            "allow s3:CreateBucket in the service control policies of the organization that apply to account 111111111111; no policy \
             in an account overrides it",
        ),
        (
            Op::PutBucketPolicy,
            "with an explicit deny in a resource control policy",
            "remove or narrow the Deny for s3:PutBucketPolicy in the resource control policies of the organization that apply to the \
             account of the resource; no policy in an account overrides it",
        ),
        (
            Op::CreateKey,
            "because no permissions boundary allows the kms:CreateKey action",
            "allow kms:CreateKey in the permissions boundary of arn:aws:iam::111111111111:role/ops",
        ),
        (
            Op::CreateTrail,
            "because no session policy allows the cloudtrail:CreateTrail action",
            "allow cloudtrail:CreateTrail in the session policy of arn:aws:iam::111111111111:role/ops; with \
             `--no-session-policy`, reconcile assumes roles without a session policy",
        ),
        (
            Op::DescribeTrails,
            "because no identity-based policy allows the cloudtrail:DescribeTrails action",
            "allow cloudtrail:DescribeTrails in the identity-based policies of arn:aws:iam::111111111111:role/ops; `reconcile \
             permissions` prints the policies that a spec needs",
        ),
        (
            Op::GetBucketPolicy,
            "with an explicit deny in a resource-based policy",
            "remove or narrow the Deny for s3:GetBucketPolicy in the bucket policy",
        ),
        (
            Op::GetKeyPolicy,
            "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy \
             explicitly denies access",
            "allow kms:GetKeyPolicy in the key policy, and check for a Deny there",
        ),
        (
            Op::AssumeRole,
            "because no role trust policy allows the sts:AssumeRole action",
            "allow sts:AssumeRole in the trust policy of the role",
        ),
        (
            Op::GetTopicAttributes,
            "because no VPC endpoint policy allows the sns:GetTopicAttributes action",
            "allow sns:GetTopicAttributes in the policy of the VPC endpoint through which this machine reaches AWS",
        ),
        (
            Op::PutBucketPolicy,
            "because public policies are blocked by the BlockPublicPolicy block public access setting.",
            "remove the public statement from the policy, or turn off Block Public Access: for the bucket with \
             `bucket.block_public_access: false`, and also for its account and organization if they block public \
             access",
        ),
        (
            Op::GetRole,
            "with an explicit deny",
            "find the Deny for iam:GetRole: in a policy of arn:aws:iam::111111111111:role/ops, in the policy of the resource, in a \
             permissions boundary, or in a service control policy of the organization",
        ),
    ] {
        assert_eq!(denied(operation, context), expected);
    }
}

#[test]
fn a_denial_names_the_policy_and_the_action_of_the_message() {
    let scp = "arn:aws:organizations::222222222222:policy/o-a/service_control_policy/p-b";
    let message = format!(
        "User: arn:aws:iam::111111111111:role/ops is not authorized to perform: iam:PassRole on resource: r with an explicit deny in \
         a service control policy: {scp}"
    );
    let hint = hints(Operation::CreateTrail, "AccessDeniedException", &message);
    assert!(hint.contains("iam:PassRole") && hint.contains(scp), "{hint}");
    let hint = hints(
        Operation::GetRole,
        "AccessDenied",
        "You are not authorized to perform this operation. Encoded authorization failure message: abc",
    );
    assert!(hint.contains("decode-authorization-message --encoded-message abc"), "{hint}");
    let hint = hints(Operation::GetBucketPolicy, "AccessDenied", "Access Denied");
    assert_eq!(hint, "allow s3:GetBucketPolicy for the credentials used in account 111111111111");
}

#[test]
fn a_limit_names_the_quota_or_what_to_set() {
    for (operation, code, expected) in [
        (Operation::CreateTrail, "MaximumNumberOfTrailsExceededException", "5 trails in a Region"),
        (Operation::CreateBucket, "TooManyBuckets", "`General purpose buckets`"),
        (Operation::CreateKey, "LimitExceededException", "`AWS KMS keys`"),
        (Operation::CreateAlias, "LimitExceededException", "`Aliases per KMS key`"),
        (Operation::CreateGrant, "LimitExceededException", "`Grants per KMS key`"),
        (Operation::PutKeyPolicy, "LimitExceededException", "`key.policy.form`"),
        (Operation::TagKey, "LimitExceededException", "50 tags"),
        (Operation::CreateRole, "LimitExceeded", "`Roles per account`"),
        (Operation::UpdateAssumeRolePolicy, "LimitExceeded", "`Role trust policy length`"),
        (Operation::PutRolePolicy, "LimitExceeded", "10,240 characters"),
        (Operation::CreateTopic, "TopicLimitExceeded", "`Topics per Account`"),
        (Operation::CreateLogGroup, "LimitExceededException", "Service Quotas"),
        (Operation::AssumeRole, "PackedPolicyTooLarge", "`--no-session-policy`"),
    ] {
        let error = error(operation, code, "");
        let hint = error.hint().unwrap();
        assert!(error.class == Class::LimitReached && hint.contains(expected), "{code}: {hint}");
    }
}

#[test]
fn expired_credentials_have_their_own_hint() {
    for (operation, code) in [
        (Operation::AssumeRole, "ExpiredToken"),
        (Operation::GetBucketPolicy, "ExpiredToken"),
        (Operation::DescribeTrails, "ExpiredTokenException"),
    ] {
        let error = error(operation, code, "The security token included in the request is expired");
        let hint = error.hint().unwrap();
        assert!(error.class == Class::Credentials && hint.contains("get new credentials"), "{code}: {hint}");
    }
    let hint = hints(Operation::DescribeTrails, "UnrecognizedClientException", "");
    assert!(hint.contains("credentials that AWS accepts"), "{hint}");
}

#[test]
fn clock_and_region_have_their_own_hints() {
    let hint =
        hints(Operation::GetBucketPolicy, "RequestTimeTooSkewed", "The difference between … is too large.");
    assert!(hint.contains("synchronize the clock"), "{hint}");
    let mut error = error(Operation::DescribeTrails, "UnrecognizedClientException", "");
    error.class = Class::RegionNotEnabled;
    error.endpoint = Some(Box::new(crate::Endpoint {
        host: "cloudtrail.eu-south-2.amazonaws.com".to_owned(),
        region: Some("eu-south-2".parse().unwrap()),
    }));
    assert_eq!(
        error.hint().unwrap(),
        "enable Region eu-south-2 in account 111111111111, for example with `aws account enable-region \
         --region-name eu-south-2`, or remove the Region from the spec"
    );
}

/// The hint of a class also helps with an unknown code.
#[test]
fn every_class_that_a_user_can_act_on_has_a_hint() {
    for class in Class::ALL {
        let mut error = error(Operation::GetRole, "SomethingNew", "");
        error.class = class;
        let is_answer = matches!(class, Class::Absent | Class::Conflict | Class::Refused);
        assert_eq!(error.hint().is_none(), is_answer, "{class:?}");
    }
}

#[test]
fn the_wording_of_the_hint_of_every_class_is_reviewed() {
    let text: Vec<String> = Class::ALL
        .iter()
        .map(|class| {
            let mut error = error(Operation::DescribeTrails, "", "");
            error.class = *class;
            error.code = None;
            format!("{class:?}\n  hint: {}\n", error.hint().unwrap_or_else(|| "none".to_owned()))
        })
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("hints_of_classes", text.join("\n"));
    });
}
