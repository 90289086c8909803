//! Extracts the trails that the statements of an installation allow to deliver.
//!
//! The statements of an installation have few forms, so the trails can be determined exactly.
//! Another module reads foreign statements. This module must not decide what happens to a trail.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::trail_statement::{SOURCE_ACCOUNT, SOURCE_ACCOUNT_VARIABLE, SOURCE_ORGANIZATION};
use crate::{Arn, Document, Guest, Ownership, Statement};

/// The trails that the statements of one installation allow to deliver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedTrails {
    /// Trails of single accounts, one entry for every prefix below which a trail is allowed to
    /// write. A key policy or topic policy contains no prefix.
    ///
    /// The form by account lists accounts and trail names separately, so each account is assumed to
    /// have a trail of each name.
    pub trails: Vec<Guest>,
    /// ARNs with `*` in place of the account: any account of the organization can have such a
    /// trail.
    pub of_organization: BTreeSet<Arn>,
}

impl NamedTrails {
    /// The distinct ARNs of the trails of single accounts.
    pub fn arns(&self) -> BTreeSet<&Arn> {
        self.trails.iter().map(|it| &it.trail).collect()
    }
}

/// Extracts the trails that the statements of an installation in a document allow to deliver.
pub fn named_trails(document: &Document, ownership: &Ownership) -> NamedTrails {
    let mut places: BTreeMap<Arn, BTreeMap<Option<String>, Option<String>>> = BTreeMap::new();
    let mut of_organization = BTreeSet::new();
    let is_of_trails = |it: &&Statement| it.sid().is_some_and(|sid| ownership.is_of_trails(sid));
    for statement in document.statements().iter().filter(is_of_trails) {
        let accounts = values(statement, SOURCE_ACCOUNT);
        let is_of_organization = !values(statement, SOURCE_ORGANIZATION).is_empty();
        for arn in values(statement, "aws:SourceArn").iter().filter_map(|value| value.parse::<Arn>().ok()) {
            let trails: Vec<Arn> = match arn.account() {
                _ if arn.service() != "cloudtrail"
                    || has_wildcard(arn.region())
                    || has_wildcard(arn.resource()) =>
                {
                    continue;
                }
                "*" if is_of_organization => {
                    of_organization.insert(arn);
                    continue;
                }
                "*" => accounts.iter().filter_map(|account| in_account(&arn, account)).collect(),
                account if has_wildcard(account) => continue,
                _ => vec![arn],
            };
            for trail in trails {
                let places_of_trail = places.entry(trail.clone()).or_default();
                for (prefix, owner) in statement.resources().into_iter().filter_map(log_files) {
                    if owner == trail.account() || owner == SOURCE_ACCOUNT_VARIABLE {
                        places_of_trail.entry(prefix).or_default();
                    } else if owner.starts_with("o-") {
                        places_of_trail.insert(prefix, Some(owner.to_owned()));
                    }
                }
            }
        }
    }
    let guests = |(trail, places): (Arn, BTreeMap<Option<String>, Option<String>>)| {
        // The trail is only allowed to read the ACL of the bucket, or the document is not a bucket
        // policy.
        let places = if places.is_empty() { BTreeMap::from([(None, None)]) } else { places };
        places.into_iter().map(move |(prefix, organization)| Guest {
            trail: trail.clone(),
            prefix,
            organization,
        })
    };
    NamedTrails { trails: places.into_iter().flat_map(guests).collect(), of_organization }
}

fn values(statement: &Statement, key: &str) -> Vec<String> {
    let conditions = statement.conditions().into_iter();
    let of_key = conditions.filter(|condition| condition.key.eq_ignore_ascii_case(key));
    of_key.flat_map(|condition| condition.values).map(Cow::into_owned).collect()
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '$'])
}

/// Replaces the `*` of a trail pattern with an account.
fn in_account(pattern: &Arn, account: &str) -> Option<Arn> {
    let (partition, region) = (pattern.partition(), pattern.region());
    format!("arn:{partition}:cloudtrail:{region}:{account}:{}", pattern.resource()).parse().ok()
}

/// The prefix and the owner of the log files of a resource:
/// `arn:aws:s3:::bucket/prefix/AWSLogs/owner/*`.
fn log_files(resource: &str) -> Option<(Option<String>, &str)> {
    let (_, key) = resource.split_once(":::")?.1.split_once('/')?;
    let (prefix, below) = match key.strip_prefix("AWSLogs/") {
        Some(below) => (None, below),
        None => key.split_once("/AWSLogs/").map(|(prefix, below)| (Some(prefix.to_owned()), below))?,
    };
    Some((prefix, below.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BucketIntent, Intent, KeyIntent, OrganizationTrail, Partition, StatementForm};

    fn arn(account: &str, name: &str) -> Arn {
        format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{name}").parse().unwrap()
    }

    fn bucket() -> BucketIntent {
        let guest = |account, prefix: Option<&str>, organization: Option<&str>| Guest {
            trail: arn(account, "Guest"),
            prefix: prefix.map(str::to_owned),
            organization: organization.map(str::to_owned),
        };
        BucketIntent {
            prefix: Some("a/b".to_owned()),
            trails: vec![arn("111111111111", "T"), arn("222222222222", "T")],
            organization_trails: vec![OrganizationTrail {
                trail: arn("111111111111", "T"),
                organization: "o-example".to_owned(),
            }],
            guests: vec![guest("333333333333", None, None)],
            organization: Some("o-example".to_owned()),
            ..BucketIntent::new(Partition::Aws, "logs")
        }
    }

    fn told(statements: Vec<Statement>) -> (Vec<String>, Vec<String>) {
        let found = named_trails(&Document::new(statements), &Ownership::of("sec"));
        let guests = found.trails.iter().map(|it| {
            let (prefix, organization) = (it.prefix.as_deref(), it.organization.as_deref());
            format!(
                "{} {} {}",
                it.trail.account(),
                it.trail.resource_name(),
                [prefix, organization].map(Option::unwrap_or_default).join(" ")
            )
        });
        let patterns = found.of_organization.iter().map(ToString::to_string);
        (guests.collect(), patterns.collect())
    }

    #[test]
    fn every_form_names_its_trails() {
        let ownership = Ownership::of("sec");
        let compiled = |form| bucket().compile(&ownership, form).unwrap();
        assert_eq!(
            told(compiled(StatementForm::Plain)).0,
            ["111111111111 T a/b o-example", "222222222222 T a/b ", "333333333333 Guest  "]
        );
        // This form lists names and accounts separately.
        let (by_account, patterns) = told(compiled(StatementForm::ByAccount));
        assert!(by_account.contains(&"222222222222 Guest a/b ".to_owned()), "{by_account:?}");
        assert!(by_account.contains(&"333333333333 Guest  ".to_owned()), "{by_account:?}");
        assert!(by_account.contains(&"111111111111 T a/b o-example".to_owned()), "{by_account:?}");
        assert_eq!(patterns, [""; 0]);
        let (of_trail, patterns) = told(compiled(StatementForm::ByOrganization));
        assert_eq!(of_trail, ["111111111111 T a/b o-example"]);
        assert_eq!(patterns, [arn("*", "Guest").to_string(), arn("*", "T").to_string()]);
    }

    #[test]
    fn a_key_policy_names_trails_without_a_prefix() {
        let intent = KeyIntent {
            partition: Partition::Aws,
            administrators: Vec::new(),
            trails: vec![arn("111111111111", "T")],
            organization_trails: Vec::new(),
            guests: vec![arn("222222222222", "U")],
            topics: Vec::new(),
            log_groups: Vec::new(),
            organization: None,
            readers: Vec::new(),
            extra: Vec::new(),
        };
        let statements = intent.statements(&Ownership::of("sec"));
        assert_eq!(told(statements).0, ["111111111111 T  ", "222222222222 U  "]);
    }

    #[test]
    fn foreign_and_extra_statements_name_no_trail() {
        let ours = bucket().statements(&Ownership::of("secprod"));
        assert_eq!(told(ours).0, [""; 0]);
        let extra = serde_json::json!({
            "Sid": "Mine", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/AWSLogs/111111111111/*",
            "Condition": { "StringEquals": { "aws:SourceArn": arn("111111111111", "T") } },
        });
        let intent = BucketIntent {
            trails: Vec::new(),
            organization_trails: Vec::new(),
            guests: Vec::new(),
            extra: vec![Statement::from_value(extra).unwrap()],
            ..bucket()
        };
        assert_eq!(told(intent.statements(&Ownership::of("sec"))).0, [""; 0]);
    }

    #[test]
    fn a_trail_with_several_prefixes_is_one_trail() {
        let guest = |prefix: &str| Guest {
            trail: arn("333333333333", "T"),
            prefix: Some(prefix.to_owned()),
            organization: None,
        };
        let trails = vec![guest("a"), guest("b")];
        let named = NamedTrails { trails, of_organization: BTreeSet::new() };
        assert_eq!(named.arns(), BTreeSet::from([&arn("333333333333", "T")]));
    }

    #[test]
    fn a_source_that_is_not_one_trail_of_an_account_names_no_trail() {
        for (source, expected) in [
            ("arn:aws:cloudtrail:us-east-1:111111111111:trail/T", 1),
            ("arn:aws:cloudtrail:*:111111111111:trail/T", 0),
            ("arn:aws:cloudtrail:us-east-1:111111111111:trail/*", 0),
            ("arn:aws:cloudtrail:us-east-1:11111111111?:trail/T", 0),
            ("arn:aws:cloudtrail:us-east-1:*:trail/T", 0),
            ("arn:aws:config:us-east-1:111111111111:trail/T", 0),
        ] {
            let statement = serde_json::json!({
                "Sid": "SecTrailAclCheck", "Effect": "Allow",
                "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:GetBucketAcl",
                "Resource": "arn:aws:s3:::logs", "Condition": { "StringLike": { "aws:SourceArn": source } },
            });
            let (trails, patterns) = told(vec![Statement::from_value(statement).unwrap()]);
            assert_eq!((trails.len(), patterns.len()), (expected, 0), "{source}");
        }
    }
}
