//! Describes the reasons for a policy change, and the permissions that foreign statements keep or
//! lose.

use std::borrow::Cow;
use std::fmt;

use reconcile_policy::{Adopted, AdoptionResult, Hop, Ownership, Sources, StatementRole, Use};
use reconcile_text::{listed, plural};
use serde_json::Value;

use super::super::confirm::decides;
use super::PolicyComparison;
use crate::delivery::desired_delivery;
use crate::difference::{Difference, StatementId};

/// Returns the reasons for a change of managed statements, from their differences.
pub(super) fn reasons(policy: &PolicyComparison<'_>, differences: &[&Difference]) -> Vec<String> {
    let ownership = policy.ownership;
    let mut reasons: Vec<String> = Vec::new();
    let mut roles: Vec<StatementRole> = Vec::new();
    for difference in differences {
        let found = match ownership.role(&sid(difference)) {
            Some(role) if roles.contains(&role) => continue,
            Some(role) => {
                roles.push(role);
                let of_role: Vec<&Difference> =
                    differences.iter().copied().filter(|it| ownership.role(&sid(it)) == Some(role)).collect();
                managed_reasons(policy, role, &of_role)
            }
            None => vec![extra_reason(ownership, difference)],
        };
        for reason in found {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    reasons
}

/// Returns the Sid of the statement of a difference; an empty text if there is no Sid, because
/// `Ownership` owns no statement without a Sid.
pub(super) fn sid(difference: &Difference) -> Cow<'_, str> {
    match difference.statement() {
        Some(StatementId::Sid(sid)) => sid,
        Some(StatementId::Index(_)) | None => Cow::Borrowed(""),
    }
}

/// Returns the reasons for the changes of the managed statements of one role.
fn managed_reasons(
    policy: &PolicyComparison<'_>,
    role: StatementRole,
    differences: &[&Difference],
) -> Vec<String> {
    let Some(sid) = differences.first().map(|it| sid(it)) else { return Vec::new() };
    let is_gain = differences.iter().any(|it| !matches!(it, Difference::Remove { .. }));
    let removed = || differences.iter().filter(|it| matches!(it, Difference::Remove { .. }));
    let Some((hops, verb)) = purpose(role) else {
        return vec![match (role, is_gain) {
            (StatementRole::DenyInsecureTransport, true) => {
                "no statement denies requests without TLS".to_owned()
            }
            (StatementRole::DenyInsecureTransport, false) => {
                format!("`{sid}` denies requests that the spec does not deny")
            }
            (StatementRole::TrailTopicEncrypt, true) => {
                "CloudTrail is not allowed to use the key for at least one encrypted topic".to_owned()
            }
            (StatementRole::TrailTopicEncrypt, false) => {
                "CloudTrail is allowed to use the key for a topic that does not need it".to_owned()
            }
            (StatementRole::TrailLogGroupEncrypt, true) => {
                "CloudWatch Logs is not allowed to use the key for at least one encrypted log group"
                    .to_owned()
            }
            (StatementRole::TrailLogGroupEncrypt, false) => {
                "CloudWatch Logs is allowed to use the key for a log group that does not need it".to_owned()
            }
            (_, true) => "an administrator is not allowed to administer the key".to_owned(),
            (_, false) => "principals that the spec does not name can administer the key".to_owned(),
        }];
    };
    let mut reasons = Vec::new();
    let blocked = policy.context.blocked(hops);
    if is_gain && blocked.is_empty() {
        reasons.push(format!(
            "`{sid}` is missing or differs from the spec; other statements currently allow what the trails need"
        ));
    } else if is_gain {
        reasons.push(format!("CloudTrail is not allowed to {verb} for {}", list(&blocked)));
    }
    // A statement in another form is removed and added as a whole.
    if !is_gain {
        let (still, ended): (Vec<SourceValue<'_>>, Vec<SourceValue<'_>>) =
            removed().filter_map(|it| SourceValue::of(it)).partition(|it| needs(policy, hops, it));
        let names: Vec<String> = ended.iter().map(ToString::to_string).collect();
        reasons.push(match (names.as_slice(), still.as_slice()) {
            ([], []) => format!("`{sid}` allows more than the trails of the spec need"),
            ([], _) => format!(
                "`{sid}` has permissions that the trails of the spec do not need, or that other managed statements \
                 grant"
            ),
            ([one], _) => format!("{one} no longer needs permission to {verb}"),
            (several, _) => format!("{} no longer need permission to {verb}", list(several)),
        });
    }
    reasons
}

/// Returns the requests that managed statements of a role allow CloudTrail, and their verb; `None`
/// for a role of other principals.
fn purpose(role: StatementRole) -> Option<(&'static [Hop], &'static str)> {
    Some(match role {
        StatementRole::TrailAclCheck => (&[Hop::GetBucketAcl], "read the bucket ACL"),
        StatementRole::TrailWrite => (&[Hop::WriteLogs, Hop::WriteDigests], "write log files"),
        StatementRole::OrganizationWrite => {
            (&[Hop::WriteOrganizationLogs], "write the log files of the organization's accounts")
        }
        StatementRole::TrailEncrypt => {
            (&[Hop::GenerateDataKey, Hop::Decrypt], "encrypt log files with the key")
        }
        StatementRole::TrailDescribe => (&[Hop::DescribeKey], "describe the key"),
        StatementRole::TrailDecrypt => (&[Hop::Decrypt], "decrypt data keys with the key"),
        StatementRole::TrailNotify => (&[Hop::Notify], "publish to the topic"),
        StatementRole::DenyInsecureTransport
        | StatementRole::Administration
        | StatementRole::TrailTopicEncrypt
        | StatementRole::TrailLogGroupEncrypt => return None,
    })
}

/// Returns whether a trail of the spec makes one of these requests, and the policy decides the
/// request. The permission is then in another statement, or for another resource.
fn needs(policy: &PolicyComparison<'_>, hops: &[Hop], source: &SourceValue<'_>) -> bool {
    let PolicyComparison { context, subject, .. } = policy;
    let trails = context.desired.trails.iter().filter(|trail| match source {
        SourceValue::Account(id) => trail.arn.account() == *id,
        SourceValue::Trail(arn) => trail.arn.as_str() == *arn,
    });
    let mut deliveries = trails.map(|trail| desired_delivery(context.desired, context.observed, trail));
    deliveries.any(|delivery| {
        let requests = delivery.requests();
        requests
            .iter()
            .any(|(hop, _)| hops.contains(hop) && decides(context, *subject, &delivery, hop.policy()))
    })
}

/// The trail or account that a value of a statement names.
enum SourceValue<'v> {
    /// The account with this ID.
    Account(&'v str),
    /// The trail with this ARN.
    Trail(&'v str),
}

impl<'v> SourceValue<'v> {
    /// Returns the source in the value of a difference.
    fn of(difference: &'v Difference) -> Option<Self> {
        let (Difference::Remove { value, path }
        | Difference::Add { value, path }
        | Difference::Replace { value, path, .. }) = difference;
        let value = value.as_str()?;
        if path.ends_with("/Resource") {
            return account_of_folder(value).map(Self::Account);
        }
        path.to_ascii_lowercase().ends_with("aws:sourcearn").then_some(Self::Trail(value))
    }
}

impl fmt::Display for SourceValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::Trail(arn) => f.write_str(&trail(arn)),
        }
    }
}

/// Returns `111111111111` for `arn:aws:s3:::logs/prefix/AWSLogs/111111111111/*`.
fn account_of_folder(resource: &str) -> Option<&str> {
    resource.split("AWSLogs/").nth(1)?.split('/').next()
}

/// Returns `trail T of account 111111111111` for
/// `arn:aws:cloudtrail:us-east-1:111111111111:trail/T`.
pub(super) fn trail(arn: &str) -> String {
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    match elements.as_slice() {
        [_, _, _, _, account, resource] => {
            format!("{} of account {account}", resource.replacen("trail/", "trail ", 1))
        }
        _ => arn.to_owned(),
    }
}

/// Returns the reason for a change of a reader's statement or of an extra statement of the user.
fn extra_reason(ownership: &Ownership, difference: &Difference) -> String {
    let sid = sid(difference);
    let (is_gain, value) = match difference {
        Difference::Add { value, .. } | Difference::Replace { value, .. } => (true, value),
        Difference::Remove { value, .. } => (false, value),
    };
    if ownership.is_reader(&sid) {
        let who = value.pointer("/Principal/AWS").and_then(Value::as_str).unwrap_or("a reader");
        return match is_gain {
            true => format!("{who} is not allowed to read its log files"),
            false => format!("{who} can read log files that the spec does not allow it to read"),
        };
    }
    match is_gain {
        true => format!("`{sid}` lacks permissions that the spec has"),
        false => format!("`{sid}` has permissions that the spec does not have"),
    }
}

/// Returns the reason for a change of a foreign statement; `None` if the statement does not change.
pub(super) fn adopted_reason(Adopted { statement, fate, ended, .. }: &Adopted) -> Option<String> {
    let ends = || {
        let ends = uses(ended);
        if ends.is_empty() { String::new() } else { format!(". This ends the permission of {ends}") }
    };
    let idle = || {
        let is_of_accounts = ended.iter().any(|it| matches!(it.sources, Sources::Accounts { .. }));
        if is_of_accounts { "; no known trail needs it" } else { "" }
    };
    Some(match fate {
        AdoptionResult::Replaced if ended.is_empty() => {
            format!("{statement} is removed: managed statements allow everything that it allows")
        }
        AdoptionResult::Replaced => format!(
            "{statement} is removed: managed statements allow what the known trails need{}{}",
            ends(),
            idle()
        ),
        AdoptionResult::Narrowed if ended.is_empty() => {
            format!(
                "{statement} loses the permissions that managed statements also grant, and keeps the rest"
            )
        }
        AdoptionResult::Narrowed => {
            format!(
                "{statement} loses the permissions that managed statements replace, and keeps the rest{}{}",
                ends(),
                idle()
            )
        }
        AdoptionResult::Kept => return None,
        AdoptionResult::Revoked => {
            format!("{statement} is revoked, because the spec has `unlisted_accounts: remove`{}", ends())
        }
        AdoptionResult::Removed => {
            format!("{statement} is removed, because the spec has `foreign_statements: remove`{}", ends())
        }
        AdoptionResult::PublicRemoved => format!(
            "{statement} is removed, because the spec has `foreign_statements: remove`; it is public, and S3 \
             rejects it because Block Public Access is on{}",
            ends()
        ),
        AdoptionResult::DeletedPrincipal { ids } => {
            let ids = ids.join("`, `");
            format!("{statement} is removed: it names a deleted principal (`{ids}`), which AWS rejects")
        }
    })
}

/// Returns the description of uses, such as `trails of account 999999999999 to write objects`.
pub(super) fn uses(uses: &[Use]) -> String {
    let all: Vec<String> = uses.iter().map(|it| format!("{} to {}", who(&it.sources), what(it))).collect();
    all.join(", and ")
}

/// Returns whether a use gives no access to logs and names no source. Such a use is kept only
/// because a trail needs it to deliver.
pub(super) fn is_harmless(it: &Use) -> bool {
    let is_look = |action: &String| matches!(action.as_str(), "s3:getbucketacl" | "kms:describekey");
    it.sources == Sources::Everyone && it.actions.iter().all(is_look)
}

fn who(sources: &Sources) -> String {
    let quoted = |names: &std::collections::BTreeSet<String>| -> Vec<String> {
        names.iter().map(|name| format!("`{name}`")).collect()
    };
    match sources {
        Sources::Trails { arns } => list(&arns.iter().map(|arn| trail(arn)).collect::<Vec<_>>()),
        Sources::Accounts { ids } => {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let word = plural(ids.len(), "account");
            format!("other trails and event data stores of {word} {}", list(&ids))
        }
        Sources::Organizations { ids } => {
            format!("trails of {} {}", plural(ids.len(), "organization"), list(&quoted(ids)))
        }
        Sources::Others { arns } => list(&quoted(arns)),
        Sources::Everyone => "every trail of every account".to_owned(),
    }
}

fn what(it: &Use) -> String {
    let mut verbs: Vec<String> = Vec::new();
    for action in &it.actions {
        let verb = match action.as_str() {
            "s3:getbucketacl" => "read the bucket ACL".to_owned(),
            "kms:describekey" => "describe the key".to_owned(),
            "sns:publish" => "publish to the topic".to_owned(),
            "s3:putobject" => {
                format!("write to {}", list(&it.resources.iter().map(|it| folder(it)).collect::<Vec<_>>()))
            }
            action if action.starts_with("kms:") && it.contexts.is_empty() => {
                "use the key with any encryption context or none, as for an encrypted topic".to_owned()
            }
            action if action.starts_with("kms:") => "use the key".to_owned(),
            other => format!("call `{other}`"),
        };
        if !verbs.contains(&verb) {
            verbs.push(verb);
        }
    }
    verbs.join(" and to ")
}

/// Returns `` `logs/AWSLogs/*` `` for `arn:aws:s3:::logs/AWSLogs/*`.
fn folder(resource: &str) -> String {
    format!("`{}`", resource.rsplit(":::").next().unwrap_or(resource))
}

/// Returns the first names, and the number of the others.
pub(super) fn list(names: &[String]) -> String {
    listed(names, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_by_what_they_stand_for() {
        assert_eq!(account_of_folder("arn:aws:s3:::b/x/AWSLogs/111111111111/*"), Some("111111111111"));
        assert_eq!(account_of_folder("arn:aws:s3:::b/*"), None);
        assert_eq!(
            trail("arn:aws:cloudtrail:us-east-1:111111111111:trail/T"),
            "trail T of account 111111111111"
        );
        assert_eq!(folder("arn:aws:s3:::logs/AWSLogs/*"), "`logs/AWSLogs/*`");
    }

    #[test]
    fn lists_are_cut_short() {
        for (count, expected) in
            [(0, ""), (1, "1"), (2, "1 and 2"), (3, "1, 2 and 3"), (5, "1, 2, 3 and 2 more")]
        {
            let names: Vec<String> = (1..=count).map(|it: usize| it.to_string()).collect();
            assert_eq!(list(&names), expected);
        }
    }
}
