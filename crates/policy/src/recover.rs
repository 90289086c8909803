//! Extracts the settings of a spec from the managed statements of an installation.
//!
//! Statements that allow trails to deliver are not read: they follow from the trails. This module
//! does not check whether the result compiles to the same statements again.

use serde_json::Value;

use crate::trail_statement::{TRAIL_CONTEXT, logs_folder};
use crate::{AccountId, Arn, Document, Logs, Ownership, Partition, Reader, Statement, StatementRole};

/// The settings in the managed statements of an installation, other than its trails.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovered {
    /// The readers, in document order.
    pub readers: Vec<Reader>,
    /// The administrators of the key.
    pub administrators: Vec<Arn>,
    /// Whether one of the statements denies requests without TLS.
    pub requires_tls: bool,
    /// Extra statements of the spec, as JSON and with their original Sids.
    pub extra: Vec<Value>,
}

/// Extracts the settings from the managed statements of an installation in this partition. Returns
/// `None` if the document has no managed statement.
pub fn recover(document: &Document, ownership: &Ownership, partition: Partition) -> Option<Recovered> {
    let own: Vec<(&Statement, &str)> = document
        .statements()
        .iter()
        .filter(|statement| ownership.has(statement))
        .filter_map(|statement| Some((statement, statement.sid()?)))
        .collect();
    let in_role = |role| own.iter().find(|(_, sid)| ownership.is_in_role(sid, role)).map(|(it, _)| *it);
    let administration = in_role(StatementRole::Administration);
    (!own.is_empty()).then(|| Recovered {
        readers: own
            .iter()
            .filter_map(|(statement, sid)| reader(statement, ownership.reader(sid)?, partition))
            .collect(),
        administrators: administration.map(|it| principals(it, partition)).unwrap_or_default(),
        requires_tls: in_role(StatementRole::DenyInsecureTransport).is_some(),
        extra: own.iter().filter_map(|(statement, sid)| extra(statement, ownership.extra(sid)?)).collect(),
    })
}

/// The principals of a statement that are roles, users or accounts. AWS accepts the id of an
/// account for its root.
fn principals(statement: &Statement, partition: Partition) -> Vec<Arn> {
    let arn = |id: &str| match id.parse::<AccountId>() {
        Ok(account) => Some(Arn::new(partition, "iam", "", account.as_str(), "root")),
        Err(_) => id.parse().ok(),
    };
    statement.principals().iter().filter(|it| it.kind == "AWS").filter_map(|it| arn(it.id)).collect()
}

/// The reader of a statement, if the statement is the first of the two statements of the reader.
fn reader(statement: &Statement, mark: &str, partition: Partition) -> Option<Reader> {
    let principal = principals(statement, partition).into_iter().next()?;
    let contexts = statement.conditions().into_iter().filter(|it| it.key.eq_ignore_ascii_case(TRAIL_CONTEXT));
    let contexts: Vec<String> = contexts.flat_map(|it| it.values).map(std::borrow::Cow::into_owned).collect();
    let folders = statement.resources();
    let scopes: Vec<LogScope> = match contexts.is_empty() {
        true => folders.iter().filter_map(|it| folder(it)).collect(),
        false => contexts.iter().filter_map(|it| context(it)).collect(),
    };
    let logs = if scopes.contains(&LogScope::All) {
        Logs::All
    } else {
        let of = scopes.into_iter().filter_map(|scope| match scope {
            LogScope::Of(account) => Some(account),
            LogScope::All => None,
        });
        Logs::Of(of.collect())
    };
    Some(Reader { mark: mark.to_owned(), principal, logs })
}

/// The accounts whose logs a resource or a condition covers.
#[derive(PartialEq)]
enum LogScope {
    All,
    Of(AccountId),
}

/// The scope of a resource such as `arn:aws:s3:::bucket/prefix/AWSLogs/111111111111/*`. `None` for
/// the bucket itself. Also `None` for the folder of an account in the folder of an organization,
/// because this folder follows from the folder of the organization.
fn folder(resource: &str) -> Option<LogScope> {
    let logs = logs_folder(None);
    let (_, below) = resource.split_once('/')?;
    let below = below.strip_prefix(&logs).or_else(|| below.split_once(&format!("/{logs}")).map(|it| it.1))?;
    match below {
        "*" => Some(LogScope::All),
        below => below.strip_suffix("/*")?.parse().ok().map(LogScope::Of),
    }
}

/// The scope of a pattern such as `arn:aws:cloudtrail:*:111111111111:trail/*`; `None` for a trail
/// of an organization.
fn context(pattern: &str) -> Option<LogScope> {
    let mut parts = pattern.splitn(6, ':').skip(3);
    match (parts.next()?, parts.next()?, parts.next()?) {
        ("*", "*", "trail/*") => Some(LogScope::All),
        ("*", account, "trail/*") => account.parse().ok().map(LogScope::Of),
        _ => None,
    }
}

/// Returns the statement with its original Sid.
fn extra(statement: &Statement, name: &str) -> Option<Value> {
    let mut value = serde_json::to_value(statement).ok()?;
    value.as_object_mut()?.insert("Sid".to_owned(), Value::from(name));
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BucketIntent, Intent, KeyIntent};
    use serde_json::json;

    fn readers() -> Vec<Reader> {
        let id = |text: &str| text.parse::<AccountId>().unwrap();
        let reader = |mark: &str, principal: &str, logs| Reader {
            mark: mark.to_owned(),
            principal: principal.parse().unwrap(),
            logs,
        };
        vec![
            reader("0123abcd", "arn:aws:iam::111111111111:role/Security", Logs::All),
            reader(
                "89abcdef",
                "arn:aws:iam::222222222222:root",
                Logs::Of(vec![id("222222222222"), id("333333333333")]),
            ),
        ]
    }

    fn trail() -> Arn {
        "arn:aws:cloudtrail:eu-west-1:111111111111:trail/T".parse().unwrap()
    }

    fn bucket() -> BucketIntent {
        let extra = json!({ "Sid": "Mine", "Effect": "Allow", "Principal": { "AWS": "444444444444" },
            "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs" });
        let organization = crate::OrganizationTrail { trail: trail(), organization: "o-1".to_owned() };
        BucketIntent {
            prefix: Some("some/where".to_owned()),
            trails: vec![trail()],
            organization_trails: vec![organization],
            readers: readers(),
            extra: vec![Statement::from_value(extra).unwrap()],
            ..BucketIntent::new(Partition::Aws, "logs")
        }
    }

    #[test]
    fn readers_and_extra_statements_are_recovered_from_a_bucket_policy() {
        let ownership = Ownership::of("sec-prod");
        for prefix in [None, Some("some/where".to_owned()), Some("a".to_owned())] {
            for require_tls in [true, false] {
                let intent = BucketIntent { prefix: prefix.clone(), require_tls, ..bucket() };
                let document = Document::new(intent.statements(&ownership));
                let found = recover(&document, &ownership, Partition::Aws).unwrap();
                assert_eq!(found.readers, intent.readers);
                assert_eq!(found.requires_tls, require_tls);
                assert_eq!(found.extra, [serde_json::to_value(&intent.extra[0]).unwrap()]);
                assert!(found.administrators.is_empty());
            }
        }
    }

    #[test]
    fn readers_and_administrators_are_recovered_from_a_key_policy() {
        let administrators: Vec<Arn> = ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/A"]
            .map(|arn| arn.parse().unwrap())
            .to_vec();
        let intent = KeyIntent {
            partition: Partition::Aws,
            administrators,
            trails: vec![trail()],
            organization_trails: vec![trail()],
            guests: Vec::new(),
            topics: Vec::new(),
            log_groups: Vec::new(),
            organization: None,
            readers: readers(),
            extra: Vec::new(),
        };
        let ownership = Ownership::of("sec-prod");
        let document = Document::new(intent.statements(&ownership));
        let found = recover(&document, &ownership, Partition::Aws).unwrap();
        assert_eq!(found.readers, intent.readers);
        assert_eq!(found.administrators, intent.administrators);
    }

    #[test]
    fn foreign_statements_are_not_read() {
        let document = Document::new(bucket().statements(&Ownership::of("other")));
        assert_eq!(recover(&document, &Ownership::of("sec-prod"), Partition::Aws), None);
    }
}
