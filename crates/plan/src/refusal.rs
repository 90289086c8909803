//! Reasons for which a plan refuses changes that the spec needs.

use reconcile_policy::{Arn, Obstacle, PolicyKind, TooLarge};
use reconcile_spec::SpecName;
use reconcile_text::listed;

use crate::address::Address;
use crate::kind::Kind;
use crate::plan::RefusalCode;
use crate::refused_forms::{ALTERNATIVES, TAG};

/// The reason why a plan leaves out a change, and all changes that depend on it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A foreign statement blocks the delivery, whatever the managed statements allow.
    #[error(
        "{policy}: {statement} would prevent {} from delivering: {obstacle}; the statement is {text}",
        listed(addresses, 1)
    )]
    Blocked {
        /// The policy that has the statement.
        policy: Address,
        /// The statement, as people call it.
        statement: String,
        /// The statement as JSON.
        text: String,
        /// The first request that the statement blocks.
        obstacle: String,
        /// The blocked trails.
        addresses: Vec<Address>,
    },
    /// The policies do not allow a trail to deliver, and no statement denies it. If the plan writes
    /// the policy, this is a bug of this program.
    #[error("{address} could not deliver under the planned policies: {obstacle}")]
    Undeliverable {
        /// The trail.
        address: Address,
        /// The policy, or the topic whose key CloudTrail cannot use.
        policy: Address,
        /// The request that is not allowed.
        obstacle: String,
        /// The next step of the user, if the plan does not write the policy.
        hint: Option<String>,
    },
    /// Another installation manages trails of the spec. Usually it is this installation under its
    /// previous name.
    #[error("{address}{} managed by installation `{owner}`", are_with(more.len()))]
    OtherInstallation {
        /// The first of the trails, or the role with which they deliver to log groups.
        address: Address,
        /// The other trails.
        more: Vec<Address>,
        /// The name of the other installation, from its tag `reconcile:spec`.
        owner: String,
        /// The name of this installation.
        name: String,
    },
    /// Nobody could change the key policy any more.
    #[error("{address}: after this change, nobody in the account of the key could administer the key")]
    LockedOut {
        /// The key policy.
        address: Address,
        /// The setting in the spec that accepts such a policy.
        setting: &'static str,
    },
    /// A key policy would have no statements. KMS rejects such a policy, because every key has a
    /// policy.
    ///
    /// See `PutKeyPolicy` in the KMS API reference.
    #[error("{address}: the policy would have no statements, and KMS rejects such a key policy")]
    EmptyPolicy {
        /// The key policy.
        address: Address,
    },
    /// AWS refuses to save a policy that names a principal that was deleted.
    #[error(
        "{address}: {statement} names `{}`, a user or role that was deleted, and AWS rejects such a policy",
        ids.join("`, `")
    )]
    DeletedPrincipal {
        /// The policy.
        address: Address,
        /// The statement, as people call it.
        statement: String,
        /// The unique IDs.
        ids: Vec<String>,
        /// The setting in the spec that removes such statements, if there is one.
        setting: Option<&'static str>,
    },
    /// S3 refuses to save a policy with a public statement while Block Public Access is on.
    #[error(
        "{address}: S3 counts {statements} as public, and rejects the policy while Block Public Access is on"
    )]
    PublicStatement {
        /// The policy.
        address: Address,
        /// The statements, as people call them.
        statements: String,
    },
    /// CloudTrail does not deliver to a Requester Pays bucket.
    #[error("{address}: CloudTrail does not deliver to a Requester Pays bucket")]
    RequesterPays {
        /// The bucket.
        address: Address,
        /// The name of the bucket.
        bucket: String,
        /// The trails of the spec, none of which can deliver.
        trails: Vec<Address>,
    },
    /// CloudTrail cannot encrypt with the key.
    #[error("{address}: key {arn} {obstacle}")]
    KeyUnusable {
        /// The key.
        address: Address,
        /// The ARN of the key.
        arn: Arn,
        /// The reason: `is disabled`, …
        obstacle: String,
        /// The next step of the user.
        hint: String,
        /// The key, its grants, and the trails of the spec.
        resources: Vec<Address>,
    },
    /// The alias of the spec points to another key than the managed key. Resources stay with the
    /// managed key.
    #[error("{address} points to key {target}, but this installation uses key {in_use}")]
    AliasElsewhere {
        /// The alias.
        address: Address,
        /// The key to which the alias points.
        target: Arn,
        /// The key in use.
        in_use: Arn,
    },
    /// The policy is larger than the limit of AWS.
    #[error("{address}: {error}")]
    TooLarge {
        /// The policy.
        address: Address,
        /// The limit, and the bytes of the policy by owner.
        error: TooLarge,
    },
}

impl Refusal {
    /// The code of the refusal.
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Blocked { .. } => RefusalCode::Blocked,
            Self::Undeliverable { .. } => RefusalCode::Undeliverable,
            Self::OtherInstallation { .. } => RefusalCode::OtherInstallation,
            Self::LockedOut { .. } => RefusalCode::LockedOut,
            Self::EmptyPolicy { .. } => RefusalCode::EmptyPolicy,
            Self::DeletedPrincipal { .. } => RefusalCode::DeletedPrincipal,
            Self::PublicStatement { .. } => RefusalCode::PublicStatement,
            Self::RequesterPays { .. } => RefusalCode::RequesterPays,
            Self::KeyUnusable { .. } => RefusalCode::KeyUnusable,
            Self::AliasElsewhere { .. } => RefusalCode::AliasElsewhere,
            Self::TooLarge { .. } => RefusalCode::TooLarge,
        }
    }

    /// The resource of the refusal.
    pub fn address(&self) -> &Address {
        match self {
            Self::Blocked { policy: address, .. }
            | Self::Undeliverable { address, .. }
            | Self::LockedOut { address, .. }
            | Self::EmptyPolicy { address }
            | Self::OtherInstallation { address, .. }
            | Self::DeletedPrincipal { address, .. }
            | Self::PublicStatement { address, .. }
            | Self::RequesterPays { address, .. }
            | Self::KeyUnusable { address, .. }
            | Self::AliasElsewhere { address, .. }
            | Self::TooLarge { address, .. } => address,
        }
    }

    /// Whether every change is refused, because every write would duplicate resources of the
    /// installation under another name.
    pub(crate) fn refuses_all(&self) -> bool {
        matches!(self, Self::OtherInstallation { .. })
    }

    /// The trails that cannot deliver, and the resources that cannot be managed.
    pub(crate) fn resources(&self) -> &[Address] {
        match self {
            Self::Blocked { addresses, .. } => addresses,
            Self::OtherInstallation { more, .. } => more,
            Self::Undeliverable { address, .. } => std::slice::from_ref(address),
            Self::RequesterPays { trails, .. } => trails,
            Self::KeyUnusable { resources, .. } => resources,
            Self::AliasElsewhere { .. }
            | Self::LockedOut { .. }
            | Self::EmptyPolicy { .. }
            | Self::DeletedPrincipal { .. }
            | Self::PublicStatement { .. }
            | Self::TooLarge { .. } => &[],
        }
    }

    /// Whether the refusal prevents the write of a policy.
    pub(crate) fn keeps_policy(&self, policy: &Address) -> bool {
        match self {
            Self::LockedOut { address, .. }
            | Self::EmptyPolicy { address }
            | Self::DeletedPrincipal { address, .. }
            | Self::PublicStatement { address, .. }
            | Self::TooLarge { address, .. } => address == policy,
            Self::OtherInstallation { .. } => policy.kind.is_policy(),
            Self::Blocked { .. }
            | Self::Undeliverable { .. }
            | Self::RequesterPays { .. }
            | Self::KeyUnusable { .. }
            | Self::AliasElsewhere { .. } => false,
        }
    }

    /// Returns the next step of the user.
    pub fn hint(&self) -> String {
        match self {
            Self::Blocked { policy, .. } => {
                let accept = proof_setting(policy.kind)
                    .map(|setting| {
                        format!("; if you know that CloudTrail can deliver, set `{setting}: warn`")
                    })
                    .unwrap_or_default();
                format!(
                    "exempt CloudTrail in that statement, for example with the condition `\"Bool\": \
                     {{\"aws:PrincipalIsAWSService\": \"false\"}}`; reconcile does not change foreign Deny \
                     statements{accept}"
                )
            }
            Self::Undeliverable { hint: None, .. } => {
                "this is a bug in reconcile: please report it".to_owned()
            }
            Self::Undeliverable { hint: Some(hint), policy, .. } => {
                let accept = proof_setting(policy.kind).map(|setting| {
                    format!("; if you know that CloudTrail can deliver, set `{setting}: warn`")
                });
                format!("{hint}{}", accept.unwrap_or_default())
            }
            Self::OtherInstallation { owner, name, .. } => {
                let otherwise = "give the trails other names, or remove them from one of the two specs";
                match owner.parse::<SpecName>() {
                    Ok(owner) => format!(
                        "if this spec was renamed, add the line `previous_name: {owner}` below `name: {name}`; otherwise \
                         {otherwise}"
                    ),
                    Err(_) => otherwise.to_owned(),
                }
            }
            Self::LockedOut { setting, .. } => format!(
                "name at least one principal of the key's account under `key.administrators`; if you know that \
                 somebody can administer the key, set `{setting}: warn`"
            ),
            Self::EmptyPolicy { .. } => {
                "name at least one principal under `key.administrators`, or add a statement to the live key \
                 policy that lets the account of the key administer the key; then plan again"
                    .to_owned()
            }
            Self::DeletedPrincipal { setting: Some(setting), .. } => {
                format!("remove the statement from the policy, or set `{setting}: remove` in the spec")
            }
            Self::DeletedPrincipal { setting: None, .. } => "remove the statement from the policy".to_owned(),
            Self::PublicStatement { .. } => {
                "limit the statement to named principals or remove it; to keep it, set \
                 `bucket.block_public_access: false`. This works only if neither the account nor the organization \
                 blocks public access"
                    .to_owned()
            }
            Self::RequesterPays { bucket, .. } => format!(
                "run `aws s3api put-bucket-request-payment --bucket {bucket} --request-payment-configuration \
                 Payer=BucketOwner`, then plan again"
            ),
            Self::KeyUnusable { hint, .. } => hint.clone(),
            Self::AliasElsewhere { address, in_use, target } => format!(
                "run `aws kms update-alias --alias-name alias/{} --target-key-id {in_use}` to restore the alias; to use the other \
                 key on purpose, remove the tag `reconcile:spec` from {in_use} and set `key.arn: {target}`",
                address.name
            ),
            Self::TooLarge { address, error } => match error.obstacle {
                Some(Obstacle::Refused(form)) => {
                    let retry = match address.kind.policy() {
                        Some(PolicyKind::Bucket) => format!("set `bucket.policy.form: {}`", form.name()),
                        Some(PolicyKind::Key) => format!("set `key.policy.form: {}`", form.name()),
                        Some(PolicyKind::Topic | PolicyKind::TopicKey) | None => {
                            format!("remove the tag `{TAG}`")
                        }
                    };
                    format!(
                        "CloudTrail refused a trail under the form `{form}`, as the tag `{TAG}` says: \
                         {ALTERNATIVES}; otherwise, shorten foreign statements, or move them out of the policy; \
                         to try the form again, {retry}"
                    )
                }
                Some(obstacle) => {
                    format!("{obstacle}; you can also shorten foreign statements, or move them out of the policy")
                }
                None => "shorten foreign statements, or move them out of the policy".to_owned(),
            },
        }
    }
}

fn are_with(more: usize) -> String {
    match more {
        0 => " is".to_owned(),
        more => format!(" and {more} more are"),
    }
}

/// Returns the setting in the spec that accepts a failed proof of a policy.
pub(crate) fn proof_setting(policy: Kind) -> Option<&'static str> {
    match policy {
        Kind::BucketPolicy => Some("bucket.policy.proof"),
        Kind::KeyPolicy => Some("key.policy.proof"),
        Kind::TopicPolicy | Kind::Topic => Some("sns_topic.proof"),
        Kind::ServiceAccess
        | Kind::DelegatedAdministrator
        | Kind::Key
        | Kind::Alias
        | Kind::Grant
        | Kind::Bucket
        | Kind::LogGroup
        | Kind::Role
        | Kind::Trail
        | Kind::MetricFilter
        | Kind::Alarm => None,
    }
}

#[cfg(test)]
mod tests;
