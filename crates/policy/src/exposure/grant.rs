//! Determines the access that a KMS grant and a grant of a bucket ACL allow to outsiders.
//!
//! See "Grants in AWS KMS" in the KMS developer guide, and "Access control list (ACL) overview" in
//! the S3 user guide.

use super::assume::is_context_of_logs;
use super::who::source_standing;
use super::{Allowed, Asset, Capability, Holds, Insiders, Who, outsider};
use crate::Principal;
use crate::trail_statement::CLOUDTRAIL;

/// The parts of a KMS grant that decide which access it allows.
#[derive(Debug, Clone, Copy)]
pub struct KeyGrant<'a> {
    /// The grantee: an ARN, a unique id, or a service.
    pub grantee: &'a str,
    /// The resource on whose behalf a service is allowed to act.
    pub source: Option<&'a str>,
    /// The principal that is allowed to retire the grant.
    pub retiring: Option<&'a str>,
    /// The allowed operations, by their names in KMS.
    pub operations: &'a [String],
    /// The pairs of the required encryption context.
    pub context: &'a [(&'a str, &'a str)],
}

/// Returns the capabilities that a KMS grant on the key allows to outsiders.
pub fn granted(grant: &KeyGrant<'_>, asset: &Asset, insiders: &Insiders) -> Vec<Allowed> {
    let allows = |operation: &str| grant.operations.iter().any(|it| it == operation);
    let is_for_logs =
        grant.context.iter().all(|(key, value)| is_context_of_logs(key, value, asset, insiders));
    let decrypts = is_for_logs && (allows("Decrypt") || allows("ReEncryptFrom"));
    // A grant that the grantee creates from this grant has the same constraints, or narrower ones.
    let grants = is_for_logs && allows("CreateGrant");
    let capabilities = [(decrypts, Capability::Decrypt), (grants, Capability::CreateGrant)];
    let capabilities = capabilities.into_iter().filter_map(|(is_allowed, it)| is_allowed.then_some(it));

    let mut allowed = Vec::new();
    if let Some(who) = grantee(grant, asset, insiders) {
        let capabilities = capabilities.filter(|it| !(it.is_reading() && insiders.has_reader(&who)));
        allowed.extend(capabilities.map(|capability| one(&who, capability)));
    }
    if let Some(who) = grant.retiring.and_then(|id| outsider(principal(id), insiders)) {
        allowed.push(one(&who, Capability::RetireGrant));
    }
    allowed
}

/// The grantee, if it is an outsider.
fn grantee(grant: &KeyGrant<'_>, asset: &Asset, insiders: &Insiders) -> Option<Who> {
    match outsider(principal(grant.grantee), insiders)? {
        Who::Service { name, .. } => {
            let who = source_standing(&name, grant.source, asset, insiders)?;
            // A trail of a named account decrypts only its own log files.
            let is_of_trail = matches!(&who, Who::Service { source: Some(_), .. }) && name == CLOUDTRAIL;
            (!is_of_trail).then_some(who)
        }
        who => Some(who),
    }
}

/// The principal of a grant. KMS returns an ARN, a unique id if the principal was deleted, or the
/// name of a service.
fn principal(id: &str) -> Principal<'_> {
    let is_service = !id.starts_with("arn:") && id.contains(".amazonaws.com");
    Principal { kind: if is_service { "Service" } else { "AWS" }, id }
}

fn one(who: &Who, capability: Capability) -> Allowed {
    let holds = match who {
        Who::Unresolved(_) => Holds::Under(Vec::new()),
        _ => Holds::Always,
    };
    Allowed { who: who.clone(), capability, files: None, holds }
}

/// Returns the capabilities that a grant of the ACL of the bucket allows. The log delivery group of
/// S3 is ignored: it writes the server access logs of buckets of the same account. `grantee` is the
/// URI of a group, or a canonical user id.
///
/// `WRITE` allows others to create objects, and to overwrite and delete only their own objects. See
/// "Access control list (ACL) overview" and "Enabling Amazon S3 server access logging" in the S3
/// user guide.
pub fn granted_by_acl(grantee: &str, permission: &str) -> Vec<Allowed> {
    let who = match grantee.rsplit_once("/groups/") {
        Some((_, "global/AllUsers" | "global/AuthenticatedUsers")) => Who::Anybody,
        Some(_) => return Vec::new(),
        None => Who::CanonicalUser(grantee.to_owned()),
    };
    let capabilities: &[Capability] = match permission {
        "READ" => &[Capability::List],
        "WRITE" => &[Capability::Write],
        "WRITE_ACP" => &[Capability::ChangeAcl],
        "FULL_CONTROL" => &[Capability::List, Capability::Write, Capability::ChangeAcl],
        _ => &[],
    };
    capabilities.iter().map(|capability| one(&who, *capability)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::AssetKind;
    use super::*;

    fn asset() -> Asset {
        Asset {
            kind: AssetKind::Key,
            arn: "arn:aws:kms:eu-west-1:111111111111:key/1".to_owned(),
            account: "111111111111".to_owned(),
            bucket: "arn:aws:s3:::logs".to_owned(),
            logs: vec!["arn:aws:s3:::logs/AWSLogs/*".to_owned()],
        }
    }

    fn insiders() -> Insiders {
        Insiders { accounts: ["111111111111".to_owned()].into(), ..Insiders::default() }
    }

    #[test]
    fn the_capabilities_of_a_key_grant_are_reported() {
        let stranger = "arn:aws:iam::444455556666:role/Reader";
        let decrypts = "lets `arn:aws:iam::444455556666:role/Reader` decrypt log files";
        let no_context: &[(&str, &str)] = &[];
        for (grantee, operations, context, says) in [
            (stranger, &["Decrypt"][..], no_context, decrypts),
            (stranger, &["ReEncryptFrom"], no_context, decrypts),
            (
                stranger,
                &["CreateGrant", "Encrypt"],
                no_context,
                "lets `arn:aws:iam::444455556666:role/Reader` grant the use of the key to others",
            ),
            (stranger, &["Encrypt", "GenerateDataKey", "DescribeKey"], no_context, ""),
            ("arn:aws:iam::111111111111:role/Reader", &["Decrypt"], no_context, ""),
            (
                stranger,
                &["Decrypt"],
                &[("aws:cloudtrail:arn", "arn:aws:cloudtrail:eu-west-1:111111111111:trail/T")],
                decrypts,
            ),
            (stranger, &["Decrypt"], &[("aws:ebs:id", "vol-1")], ""),
            (stranger, &["Decrypt"], &[("aws:s3:arn", "arn:aws:s3:::other")], ""),
            (
                "AROAEXAMPLEEXAMPLE12",
                &["Decrypt"],
                no_context,
                "lets `AROAEXAMPLEEXAMPLE12`, a principal that AWS does not resolve to an ARN, decrypt log files (if \
                 that principal exists)",
            ),
            (
                "dynamodb.eu-west-1.amazonaws.com",
                &["Decrypt"],
                no_context,
                "lets dynamodb.eu-west-1.amazonaws.com on behalf of any account decrypt log files",
            ),
        ] {
            let operations: Vec<String> = operations.iter().map(|it| (*it).to_owned()).collect();
            let grant = KeyGrant { grantee, source: None, retiring: None, operations: &operations, context };
            let found = granted(&grant, &asset(), &insiders());
            assert_eq!(Allowed::sentence(&found), says, "{grantee} {operations:?} {context:?}");
        }
        let source = |arn| {
            let operations = ["Decrypt".to_owned()];
            let (grantee, source) = ("rds.eu-west-1.amazonaws.com", Some(arn));
            let grant = KeyGrant {
                grantee,
                source,
                retiring: Some("444455556666"),
                operations: &operations,
                context: &[],
            };
            Allowed::sentence(&granted(&grant, &asset(), &insiders()))
        };
        assert_eq!(
            source("arn:aws:rds:eu-west-1:111111111111:db:a"),
            "lets account 444455556666 retire the grant"
        );
        assert!(
            source("arn:aws:rds:eu-west-1:777788889999:db:a")
                .starts_with("lets rds.eu-west-1.amazonaws.com on behalf of")
        );
    }

    #[test]
    fn the_capabilities_of_an_acl_grant_are_reported() {
        for (grantee, permission, says) in [
            (
                "http://acs.amazonaws.com/groups/global/AllUsers",
                "READ",
                "lets anybody list the names of log files",
            ),
            (
                "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
                "WRITE",
                "lets anybody write every log file",
            ),
            ("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE", ""),
            ("79a59d", "READ_ACP", ""),
            (
                "79a59d",
                "FULL_CONTROL",
                "lets the account of canonical user `79a59d` write every log file, list the names of log files and change \
                 the access that ACLs grant",
            ),
        ] {
            assert_eq!(
                Allowed::sentence(&granted_by_acl(grantee, permission)),
                says,
                "{grantee} {permission}"
            );
        }
    }
}
