//! Resolves the principals of policies and grants.
//!
//! See "AWS JSON policy elements: Principal" in the IAM user guide, and `CreateGrant` in the KMS
//! API reference: both accept accounts, users, roles and sessions. Neither accepts a group.

use reconcile_policy::{AccountId, Arn, Partition};

use crate::problems::Problems;
use crate::raw::Located;

/// The reason why AWS rejects a principal.
pub(super) struct Rejection {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// Returns the ARN of a principal. Reports a problem at its place if AWS would reject it.
pub(super) fn resolve(
    located: &Located<String>,
    partition: Partition,
    problems: &mut Problems,
) -> Option<Arn> {
    match check(&located.value, partition) {
        Ok(arn) => Some(arn),
        Err(Rejection { message, hint }) => {
            problems.add(located.place, message, hint);
            None
        }
    }
}

/// Returns the ARN of a principal, if AWS accepts it in this partition.
pub(super) fn check(text: &str, partition: Partition) -> Result<Arn, Rejection> {
    let reject = |message: String, hint| Err(Rejection { message, hint });
    if text.contains(['*', '?']) {
        let message =
            format!("the principal `{text}` has a wildcard, which AWS does not accept in a principal");
        return reject(message, "name each principal in full");
    }
    let arn: Arn = match text.parse() {
        Ok(arn) => arn,
        Err(_) => return reject(format!("`{text}` is not the ARN of a principal"), KINDS),
    };
    if arn.partition() != partition.as_str() {
        let message = format!("`{arn}` is in the partition `{}`, not in `{partition}`", arn.partition());
        return reject(message, "name a principal of the partition that the bucket is in");
    }
    let resource: Vec<&str> = arn.resource().split('/').collect();
    let is_principal = match (arn.service(), resource.as_slice()) {
        ("iam", ["group", ..]) => {
            return reject(
                format!("`{arn}` is a group, and AWS does not accept a group as a principal"),
                "name a role or a user",
            );
        }
        ("iam", ["root"]) => true,
        ("iam", ["role" | "user", path @ .., name]) => {
            is_name(name) && path.iter().all(|part| !part.is_empty())
        }
        // See "STS role sessions" and "STS federated user sessions" on the page of the Principal
        // element.
        ("sts", ["assumed-role", role, session]) => is_name(role) && is_name(session),
        ("sts", ["federated-user", user]) => is_name(user),
        _ => false,
    };
    let is_of_account = arn.region().is_empty() && arn.account().parse::<AccountId>().is_ok();
    if is_principal && is_of_account {
        return Ok(arn);
    }
    reject(format!("`{arn}` is not the ARN of a principal"), KINDS)
}

const KINDS: &str = "name a role, a user, a session or an account root by its ARN";

/// Returns whether a text can be the name of a role or user. See the pattern of `roleNameType` and
/// `userNameType` in the IAM API reference.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_that_aws_accepts_are_accepted() {
        for arn in [
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:role/Auditor",
            "arn:aws:iam::111111111111:role/aws-service-role/a.amazonaws.com/R",
            "arn:aws:iam::111111111111:user/path/U",
            "arn:aws:sts::111111111111:assumed-role/R/session@example.com",
            "arn:aws:sts::111111111111:federated-user/bob",
        ] {
            assert!(check(arn, Partition::Aws).is_ok(), "{arn}");
        }
    }

    #[test]
    fn principals_that_aws_rejects_are_rejected() {
        for (arn, reason) in [
            ("arn:aws:iam::111111111111:group/G", "is a group"),
            ("arn:aws:iam::111111111111:role/*", "has a wildcard"),
            ("*", "has a wildcard"),
            ("arn:aws-cn:iam::111111111111:role/R", "is in the partition `aws-cn`"),
            ("arn:aws:sts::111111111111:assumed-role/R", "is not the ARN"),
            ("arn:aws:iam::111111111111:instance-profile/P", "is not the ARN"),
            ("arn:aws:iam::1111:role/R", "is not the ARN"),
            ("arn:aws:iam:us-east-1:111111111111:role/R", "is not the ARN"),
            ("arn:aws:iam::111111111111:role//R", "is not the ARN"),
            ("arn:aws:iam::111111111111:role", "is not the ARN"),
            ("root", "is not the ARN"),
        ] {
            let Err(rejection) = check(arn, Partition::Aws) else { panic!("{arn}") };
            assert!(rejection.message.contains(reason), "{arn}: {}", rejection.message);
        }
    }
}
