//! Decides whether anybody can still change a policy.

use crate::{
    AccountId, Arn, Decision, DenyDecision, Document, Doubt, Effect, Known, Membership, Owner, Partition,
    Principal, Request, Statement, denial, evaluate,
};

/// Whether a principal in the account of a key can still change the key policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administration {
    /// A principal of the account can change the policy: the root of the account (then the IAM
    /// policies of the account decide), or a principal that the key policy names.
    Kept,
    /// The answer depends on unknown facts, such as the organization of the account.
    Unknown(Vec<Doubt>),
    /// No principal of the account can change the policy. Only AWS Support could recover the key.
    Lost,
}

/// Returns whether a principal in the account can still change a key policy of the account.
/// `organization` is the organization of the account.
///
/// A principal chooses its network, its session and its tags, so conditions on these keys do not
/// lock out the principal. See "Key policies in AWS KMS" in the KMS developer guide, and
/// `BypassPolicyLockoutSafetyCheck` of `PutKeyPolicy`.
pub fn administration(
    policy: &Document,
    partition: Partition,
    account: &AccountId,
    organization: &Membership,
) -> Administration {
    let key = Arn::new(partition, "kms", "", account.as_str(), "key/this");
    let named = policy.statements().iter().flat_map(|statement: &Statement| {
        statement.principals().into_iter().chain(statement.not_principals())
    });
    let of_account = |principal: Principal<'_>| {
        principal.id.parse::<Arn>().ok().filter(|arn| arn.account() == account.as_str())
    };
    let root = Arn::new(partition, "iam", "", account.as_str(), "root");
    let by_named = std::iter::once(root)
        .chain(named.filter_map(of_account))
        .map(|arn| Request::by_principal(&arn, PUT_KEY_POLICY, key.as_str()));
    let by_others = Request::by_principal_of(partition, account, PUT_KEY_POLICY, key.as_str());
    let mut unknown = Vec::new();
    for request in by_named.chain([by_others]) {
        let request = organization
            .add_principal_organization(organization.add_resource_organization(request))
            .with("aws:ResourceAccount", account.as_str())
            .with("kms:CallerAccount", account.as_str())
            .with("kms:BypassPolicyLockoutSafetyCheck", "false")
            .without("kms:ViaService");
        match evaluate(policy, &request) {
            Decision::Allowed(_) => return Administration::Kept,
            Decision::Unknown(doubts) if is_for_the_caller(&doubts) => return Administration::Kept,
            Decision::Unknown(doubts) => unknown = doubts,
            Decision::Denied(_) | Decision::NotAllowed(_) => {}
        }
    }
    if unknown.is_empty() { Administration::Lost } else { Administration::Unknown(unknown) }
}

const PUT_KEY_POLICY: &str = "kms:PutKeyPolicy";

/// Returns whether a caller can make a request to which no Deny and at least one Allow applies.
fn is_for_the_caller(doubts: &[Doubt]) -> bool {
    let (denies, allows): (Vec<&Doubt>, Vec<&Doubt>) =
        doubts.iter().partition(|it| it.effect == Effect::Deny);
    let escapes = |deny: &&Doubt| deny.keys.iter().any(|key| is_chosen(key));
    let satisfies = |allow: &&Doubt| allow.keys.iter().all(|key| is_chosen(key));
    denies.iter().all(escapes) && (allows.is_empty() || allows.iter().any(satisfies))
}

/// Returns whether a principal of the account can choose the value of the condition key.
fn is_chosen(key: &str) -> bool {
    const CHOSEN: [&str; 26] = [
        // Identity.
        "aws:principalarn",
        "aws:principaltype",
        "aws:userid",
        "aws:username",
        // Session.
        "aws:assumedroot",
        "aws:federatedprovider",
        "aws:tokenissuetime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:chatbotsourcearn",
        "aws:ec2instancesourcevpc",
        "aws:ec2instancesourceprivateipv4",
        "aws:sourceidentity",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "lambda:sourcefunctionarn",
        // Network.
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
        // Client program.
        "aws:useragent",
        "aws:requestedregion",
    ];
    let key = key.to_ascii_lowercase();
    CHOSEN.contains(&key.as_str()) || key.starts_with("aws:principaltag/")
}

/// The actions with which a caller changes a bucket policy.
pub const BUCKET_POLICY_ACTIONS: [&str; 2] = ["s3:PutBucketPolicy", "s3:GetBucketPolicy"];

/// Returns whether a bucket policy denies one of [`BUCKET_POLICY_ACTIONS`] to a caller in the
/// account of the bucket.
///
/// S3 never denies these actions to the root of the account: see `PutBucketPolicy` in the S3 API
/// reference.
pub fn denies_caller(
    policy: &Document,
    caller: &Arn,
    action: &str,
    bucket: &Arn,
    owner: &Owner,
) -> DenyDecision {
    if caller.resource() == "root" {
        return DenyDecision::None;
    }
    let request = Request::by_principal(caller, action, bucket.as_str())
        .with("aws:ResourceAccount", owner.account.as_str())
        .with("aws:RequestedRegion", owner.region.as_str())
        .with("s3:ResourceAccount", owner.account.as_str())
        .with("s3:authType", "REST-HEADER")
        .with("s3:signatureversion", "AWS4-HMAC-SHA256")
        .without("s3:signatureAge")
        .with_known("s3:TlsVersion", Known::OneOf(["1.2", "1.3"].map(|it| vec![it.to_owned()]).to_vec()));
    let request =
        owner.organization.add_principal_organization(owner.organization.add_resource_organization(request));
    let session = caller.resource().strip_prefix("assumed-role/").and_then(|it| it.split_once('/'));
    let request = match session {
        // The ARN of a session does not contain the path of its role.
        Some((role, _)) => {
            let roles = format!("arn:{}:iam::{}:role/*{role}", caller.partition(), caller.account());
            request.with_known("aws:PrincipalArn", Known::Like(roles))
        }
        None => request,
    };
    denial(policy, &request)
}
