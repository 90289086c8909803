//! Turns a statement that lets CloudTrail deliver into the accounts that it lets deliver, whoever wrote it.
//!
//! The console, AWS's guides, Terraform modules and people write such statements in many ways; what they have in common is
//! who may (CloudTrail), what (look, write, encrypt, notify), and lists whose members each belong to one account. A
//! statement that says anything else besides is none of them, and is left alone.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical::{canonical_operator, lowercase};
use crate::json::one_or_many;
use crate::names::is_account_id;
use crate::{Arn, Effect, Principal, Request, Statement};

pub(crate) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
pub(crate) const SOURCE_ACCOUNT: &str = "aws:SourceAccount";
pub(crate) const SOURCE_ACCOUNT_VARIABLE: &str = "${aws:SourceAccount}";
/// Where log files begin in a bucket, below the prefix of the trail.
const LOGS: &str = "AWSLogs/";

/// The folder of the log files as keys have it, below the prefix of the trail.
pub(crate) fn logs_folder(prefix: Option<&str>) -> String {
    prefix.map_or_else(|| LOGS.to_owned(), |prefix| format!("{prefix}/{LOGS}"))
}

/// A statement that does nothing but let CloudTrail deliver.
#[derive(Debug)]
pub(crate) struct TrailStatement<'s> {
    statement: &'s Statement,
    actions: Vec<Cow<'s, str>>,
    lists: Vec<List<'s>>,
}

/// One list of a statement whose members belong to accounts.
#[derive(Debug)]
struct List<'s> {
    place: ListPlace<'s>,
    members: Vec<(Cow<'s, str>, Whose)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListPlace<'s> {
    Resource,
    /// Operator and key, as they are written.
    Condition(Key, &'s str, &'s str),
}

/// The condition keys that say for which account CloudTrail acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    SourceArn,
    SourceAccount,
    EncryptionContext,
    Organization,
}

/// What says whom a statement lets deliver.
enum Scope<'t, 's> {
    List(&'t List<'s>),
    /// Nothing does, and it lets them write, encrypt or notify.
    Everybody,
    /// Nothing does, and it lets them look.
    Unscoped,
}

/// To whom a member of a list belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    Account(String),
    /// Of the accounts of an organization, by its id; the trail is of one account.
    Organization(String),
    /// The bucket, the key or the topic itself: it says nothing of accounts.
    Nobodys,
    /// Each account's own, by a variable.
    EachOwn,
    /// Of more than one account.
    Open,
}

/// What is left of a statement when some accounts need it no more.
#[derive(Debug, PartialEq)]
pub(crate) enum Rest {
    /// Nothing: all whom it lets deliver are among them.
    Nothing,
    /// This, and these members of its lists belong to others.
    Some { statement: Statement, others: Vec<String> },
    /// It says nothing of accounts: CloudTrail may look, for whichever trail.
    Unscoped,
}

impl<'s> TrailStatement<'s> {
    /// None for every other statement.
    pub(crate) fn of(statement: &'s Statement) -> Option<Self> {
        let is_plain = statement.effect() == Effect::Allow
            && statement.unknown_elements().next().is_none()
            && !["NotPrincipal", "NotAction", "NotResource"].iter().any(|element| statement.has(element));
        let principals = statement.principals();
        let is_cloudtrail = |it: &Principal<'_>| it.kind == "Service" && it.id == CLOUDTRAIL;
        let actions: Vec<Cow<'s, str>> = statement.actions().into_iter().map(lowercase).collect();
        let is_delivery = !actions.is_empty() && actions.iter().all(|action| is_delivery(action));
        if !is_plain || principals.is_empty() || !principals.iter().all(is_cloudtrail) || !is_delivery {
            return None;
        }
        let resources = statement.resources().into_iter();
        let mut lists = vec![List {
            place: ListPlace::Resource,
            members: resources.map(|it| (Cow::Borrowed(it), whose_resource(it))).collect(),
        }];
        for condition in statement.conditions() {
            let key = match lowercase(condition.key).as_ref() {
                "s3:x-amz-acl" => continue,
                "aws:sourcearn" => Key::SourceArn,
                "aws:sourceaccount" => Key::SourceAccount,
                "kms:encryptioncontext:aws:cloudtrail:arn" => Key::EncryptionContext,
                "aws:sourceorgid" => Key::Organization,
                _ => return None,
            };
            if !matches!(
                canonical_operator(condition.operator).as_ref(),
                "StringEquals" | "StringLike" | "ArnLike"
            ) {
                return None;
            }
            let whose = |value: Cow<'s, str>| {
                let whose = key.whose(&value);
                (value, whose)
            };
            lists.push(List {
                place: ListPlace::Condition(key, condition.operator, condition.key),
                members: condition.values.into_iter().map(whose).collect(),
            });
        }
        Some(Self { statement, actions, lists })
    }

    /// What is left when these accounts and organizations need it no more.
    pub(crate) fn without(&self, gone: &BTreeSet<&str>) -> Rest {
        let is_gone = |whose: &Whose| match whose {
            Whose::Account(id) | Whose::Organization(id) => gone.contains(id.as_str()),
            Whose::Nobodys | Whose::EachOwn | Whose::Open => false,
        };
        let main = match self.scope() {
            Scope::List(main) => main,
            Scope::Everybody => {
                let others = vec!["every account".to_owned()];
                return Rest::Some { statement: self.statement.clone(), others };
            }
            Scope::Unscoped => return Rest::Unscoped,
        };
        let remaining: Vec<_> =
            main.members.iter().filter(|(_, whose)| *whose != Whose::Nobodys && !is_gone(whose)).collect();
        if remaining.is_empty() {
            return Rest::Nothing;
        }
        let others = remaining.iter().map(|(text, whose)| match whose {
            Whose::Account(id) => id.clone(),
            _ => text.to_string(),
        });
        let others: Vec<String> = others.collect::<BTreeSet<_>>().into_iter().collect();
        // An organization's prefix is written with the trail of one account, which then stays.
        let are_accounts = remaining.iter().all(|(_, whose)| matches!(whose, Whose::Account(_)));
        let mut statement = self.statement.clone();
        for list in self.lists.iter().filter(|list| list.place == main.place || are_accounts) {
            let kept: Vec<_> = list.members.iter().filter(|(_, whose)| !is_gone(whose)).collect();
            if !kept.is_empty() && kept.len() < list.members.len() {
                let texts = kept.into_iter().map(|(text, _)| Value::from(text.as_ref())).collect();
                statement = list.place.replace(&statement, one_or_many(texts));
            }
        }
        Rest::Some { statement, others }
    }

    /// The accounts that are named in it.
    pub(crate) fn accounts(&self) -> BTreeSet<&str> {
        let Scope::List(main) = self.scope() else { return BTreeSet::new() };
        let ids = main.members.iter().filter_map(|(_, whose)| match whose {
            Whose::Account(id) => Some(id.as_str()),
            _ => None,
        });
        ids.collect()
    }

    /// What the trails of an account ask for under this statement; none where that cannot be told.
    pub(crate) fn requests(&self, account: &str) -> Option<Vec<Request>> {
        let mut requests = Vec::new();
        let trails: BTreeSet<String> = self
            .lists
            .iter()
            .filter(|list| matches!(list.place, ListPlace::Condition(Key::SourceArn, ..)))
            .flat_map(|list| &list.members)
            .filter_map(|(arn, whose)| match whose {
                Whose::Account(id) if id == account => Some(arn.to_string()),
                Whose::Open => of_account(arn, account),
                _ => None,
            })
            .collect();
        let resources = self.lists.iter().filter(|list| list.place == ListPlace::Resource);
        let resources: Vec<String> = resources
            .flat_map(|list| &list.members)
            .filter_map(|(resource, whose)| match whose {
                Whose::Account(id) if id != account => None,
                _ => Some(resource.replace(SOURCE_ACCOUNT_VARIABLE, account).replace('*', "x")),
            })
            .collect();
        if trails.is_empty() || resources.is_empty() || trails.iter().any(|arn| arn.contains('*')) {
            return None;
        }
        for trail in &trails {
            for action in &self.actions {
                for resource in &resources {
                    requests.push(
                        Request::by_service(CLOUDTRAIL, action.trim_end_matches('*'), resource)
                            .with("aws:SourceArn", trail)
                            .with("aws:SourceAccount", account)
                            .with("s3:x-amz-acl", "bucket-owner-full-control")
                            .with("kms:EncryptionContext:aws:cloudtrail:arn", trail),
                    );
                }
            }
        }
        Some(requests)
    }

    /// The list that best says whom the statement lets deliver: the resources or the encryption context; only
    /// where these name nobody, the source account, trail or organization.
    fn scope(&self) -> Scope<'_, 's> {
        let scoped = |list: &&List<'_>| {
            let is_scope =
                |whose: &Whose| matches!(whose, Whose::Account(_) | Whose::Organization(_) | Whose::Open);
            list.members.iter().any(|(_, whose)| is_scope(whose))
        };
        let of = |key: Key| {
            let is_of =
                move |list: &&List<'_>| matches!(list.place, ListPlace::Condition(it, ..) if it == key);
            self.lists.iter().find(is_of)
        };
        let resource = self.lists.iter().find(|list| list.place == ListPlace::Resource);
        let order = [
            resource,
            of(Key::EncryptionContext),
            of(Key::SourceAccount),
            of(Key::SourceArn),
            of(Key::Organization),
        ];
        match order.into_iter().flatten().find(scoped) {
            Some(list) => Scope::List(list),
            None if self.actions.iter().all(|action| is_look(action)) => Scope::Unscoped,
            None => Scope::Everybody,
        }
    }
}

impl ListPlace<'_> {
    /// The statement with another list in this place.
    fn replace(self, statement: &Statement, list: Value) -> Statement {
        let mut elements = statement.elements().clone();
        let place = match self {
            Self::Resource => elements.get_mut("Resource"),
            Self::Condition(_, operator, key) => elements
                .get_mut("Condition")
                .and_then(|it| it.get_mut(operator))
                .and_then(|it| it.get_mut(key)),
        };
        if let Some(place) = place {
            *place = list;
        }
        statement.with_elements(elements)
    }
}

impl Key {
    fn whose(self, value: &str) -> Whose {
        match self {
            Self::SourceAccount => account(value),
            Self::SourceArn | Self::EncryptionContext if value.contains(SOURCE_ACCOUNT_VARIABLE) => {
                Whose::EachOwn
            }
            Self::SourceArn | Self::EncryptionContext => account(value.split(':').nth(4).unwrap_or_default()),
            Self::Organization => Whose::Open,
        }
    }
}

fn account(text: &str) -> Whose {
    if is_account_id(text) { Whose::Account(text.to_owned()) } else { Whose::Open }
}

/// `arn:aws:cloudtrail:us-east-1:*:trail/T` with this account in place of the `*`; `None` for any other ARN.
fn of_account(arn: &str, id: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    let prefix = format!("arn:{}:{}:{}", arn.partition(), arn.service(), arn.region());
    (arn.account() == "*").then(|| format!("{prefix}:{id}:{}", arn.resource()))
}

/// `arn:aws:s3:::bucket/prefix/AWSLogs/111111111111/*` is of that account, and `…/AWSLogs/o-exampleorgid/*` of that
/// organization.
fn whose_resource(resource: &str) -> Whose {
    let Some((_bucket, key)) = resource.split_once('/').filter(|_| resource.contains(":s3:")) else {
        // A bucket, a key, the key that a key policy is of, or a topic.
        return Whose::Nobodys;
    };
    let below = match key.strip_prefix(LOGS) {
        Some(below) => Some(below),
        None => key.split_once(&format!("/{LOGS}")).map(|(_, below)| below),
    };
    match below.and_then(|below| below.split('/').next()) {
        Some(SOURCE_ACCOUNT_VARIABLE) => Whose::EachOwn,
        Some(owner) if owner.starts_with("o-") => Whose::Organization(owner.to_owned()),
        Some(owner) => account(owner),
        None => Whose::Open,
    }
}

/// What CloudTrail has to be allowed, in lower case. See "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS
/// key policies for CloudTrail" and "Amazon SNS topic policy for CloudTrail" in its user guide.
fn is_delivery(action: &str) -> bool {
    is_look(action)
        || matches!(
            action,
            "s3:putobject"
                | "sns:publish"
                | "kms:generatedatakey*"
                | "kms:generatedatakey"
                | "kms:decrypt"
                | "kms:encrypt"
        )
}

/// Actions with which CloudTrail only looks, and which reveal no log files.
fn is_look(action: &str) -> bool {
    matches!(action, "s3:getbucketacl" | "kms:describekey")
}
