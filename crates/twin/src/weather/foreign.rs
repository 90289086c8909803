//! Other teams, which add their own statements and tags between the calls of a client.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use crate::request::Request;
use crate::services::query::Form;
use crate::state::{Key, State, Topic, Trail, partition};

/// The maximum length of a policy with foreign statements, in bytes. It is below the quota of each
/// service.
const LENGTH: usize = 16 * 1024;

/// The maximum number of tags of a resource with foreign tags. It is below the quota of 50.
const TAGS: usize = 40;

/// An addition of another team. A client that removes the addition breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignWrite {
    /// The document that contains the addition.
    pub target: ForeignTarget,
    /// The Sid of the statement, or the key of the tag.
    pub name: String,
}

/// A document to which another team writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignTarget {
    /// The policy of a bucket.
    BucketPolicy(String),
    /// The tags of a bucket.
    BucketTags(String),
    /// The policy of a key, by its ARN.
    KeyPolicy(String),
    /// The tags of a key, by its ARN.
    KeyTags(String),
    /// The policy of a topic, by its ARN.
    TopicPolicy(String),
    /// The tags of a topic, by its ARN.
    TopicTags(String),
    /// The tags of a trail, by its ARN.
    TrailTags(String),
}

impl fmt::Display for ForeignWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, of) = match &self.target {
            ForeignTarget::BucketPolicy(name) => ("statement", name),
            ForeignTarget::KeyPolicy(arn) | ForeignTarget::TopicPolicy(arn) => ("statement", arn),
            ForeignTarget::BucketTags(name) => ("tag", name),
            ForeignTarget::KeyTags(arn) | ForeignTarget::TopicTags(arn) | ForeignTarget::TrailTags(arn) => {
                ("tag", arn)
            }
        };
        write!(f, "{what} {} of {of}", self.name)
    }
}

impl ForeignTarget {
    /// Returns the document that a read operation is about to read, if other teams write to it.
    pub(super) fn read_by(operation: &str, request: &Request) -> Option<Self> {
        let account = request.account()?;
        let json = |name: &str| -> Option<String> {
            let body: Value = serde_json::from_slice(&request.body).ok()?;
            let value = &body[name];
            Some(value.as_str().or_else(|| value[0].as_str())?.to_owned())
        };
        let form = |name: &str| Form::of(request).optional(name).map(str::to_owned);
        let bucket = || request.path.trim_start_matches('/').split('/').next().map(str::to_owned);
        let key = || {
            let given = json("KeyId")?;
            let region = &request.scope.region;
            Some(match given.starts_with("arn:") {
                true => given,
                false => format!("arn:{}:kms:{region}:{account}:key/{given}", partition(region)),
            })
        };
        Some(match operation {
            "s3:GetBucketPolicy" => Self::BucketPolicy(bucket()?),
            "s3:GetBucketTagging" => Self::BucketTags(bucket()?),
            "kms:GetKeyPolicy" => Self::KeyPolicy(key()?),
            "kms:ListResourceTags" => Self::KeyTags(key()?),
            "sns:GetTopicAttributes" => Self::TopicPolicy(form("TopicArn")?),
            "sns:ListTagsForResource" => Self::TopicTags(form("ResourceArn")?),
            "cloudtrail:ListTags" => Self::TrailTags(json("ResourceIdList")?),
            _ => return None,
        })
    }

    /// Returns the policy of the target in a state. For a bucket without a policy, the policy is an
    /// empty text.
    fn policy<'s>(&self, state: &'s mut State) -> Option<(&'s mut String, Value)> {
        let statement = |owner: &str, arn: &str, action: &str, resource: &str| {
            let principal = format!("arn:{}:iam::{owner}:root", arn.split(':').nth(1).unwrap_or("aws"));
            json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": resource })
        };
        match self {
            Self::BucketPolicy(name) => {
                let bucket = state.buckets.get_mut(name)?;
                let arn = format!("arn:{}:s3:::{name}", partition(&bucket.region));
                let statement =
                    statement(&bucket.owner, &arn, "s3:GetObject", &format!("{arn}/other-team/*"));
                Some((bucket.policy.get_or_insert_default(), statement))
            }
            Self::KeyPolicy(arn) => {
                let statement = statement(arn.split(':').nth(4)?, arn, "kms:DescribeKey", "*");
                Some((&mut key(state, arn)?.policy, statement))
            }
            Self::TopicPolicy(arn) => {
                let statement = statement(arn.split(':').nth(4)?, arn, "SNS:GetTopicAttributes", arn);
                Some((&mut topic(state, arn)?.policy, statement))
            }
            Self::BucketTags(_) | Self::KeyTags(_) | Self::TopicTags(_) | Self::TrailTags(_) => None,
        }
    }

    /// Returns the tags of the target, except for the tags of a bucket.
    fn tags<'s>(&self, state: &'s mut State) -> Option<&'s mut std::collections::BTreeMap<String, String>> {
        Some(match self {
            Self::KeyTags(arn) => &mut key(state, arn)?.tags,
            Self::TopicTags(arn) => &mut topic(state, arn)?.tags,
            Self::TrailTags(arn) => &mut trail(state, arn)?.tags,
            Self::BucketTags(_) | Self::BucketPolicy(_) | Self::KeyPolicy(_) | Self::TopicPolicy(_) => {
                return None;
            }
        })
    }
}

/// The account, the Region and the resource of an ARN.
fn elements(arn: &str) -> Option<(&str, &str, &str)> {
    let mut elements = arn.splitn(6, ':').skip(3);
    let (region, account, resource) = (elements.next()?, elements.next()?, elements.next()?);
    Some((account, region, resource))
}

fn key<'s>(state: &'s mut State, arn: &str) -> Option<&'s mut Key> {
    let (account, region, resource) = elements(arn)?;
    let keys = &mut state.accounts.get_mut(account)?.regions.get_mut(region)?.keys;
    keys.get_mut(resource.strip_prefix("key/")?)
}

fn topic<'s>(state: &'s mut State, arn: &str) -> Option<&'s mut Topic> {
    let (account, region, name) = elements(arn)?;
    state.accounts.get_mut(account)?.regions.get_mut(region)?.topics.get_mut(name)
}

fn trail<'s>(state: &'s mut State, arn: &str) -> Option<&'s mut Trail> {
    let (account, region, resource) = elements(arn)?;
    let trails = &mut state.accounts.get_mut(account)?.regions.get_mut(region)?.trails;
    trails.get_mut(resource.strip_prefix("trail/")?)
}

impl ForeignWrite {
    /// Makes the addition of the other team. Does nothing if the target does not exist, is full, or
    /// cannot be parsed. Returns whether something was added.
    pub(crate) fn apply(&self, state: &mut State) -> bool {
        if let ForeignTarget::BucketTags(name) = &self.target {
            let Some(bucket) = state.buckets.get_mut(name) else { return false };
            let live = bucket.configuration.get("tagging").map(String::as_str).unwrap_or_default();
            let Some(xml) = with_tag(live, &self.name) else { return false };
            bucket.configuration.insert("tagging".to_owned(), xml);
            return true;
        }
        if let Some(tags) = self.target.tags(state) {
            let has_room = tags.len() < TAGS;
            if has_room {
                tags.insert(self.name.clone(), VALUE.to_owned());
            }
            return has_room;
        }
        let Some((policy, statement)) = self.target.policy(state) else { return false };
        let added = with_statement(policy, &self.name, statement);
        match added {
            Some(text) if text.len() <= LENGTH => {
                *policy = text;
                true
            }
            // A bucket without a policy has an empty policy here, for the addition.
            _ => false,
        }
    }

    /// Whether a state still contains the addition of the other team.
    pub(crate) fn is_in(&self, state: &State) -> bool {
        let mut state = state.clone();
        if let ForeignTarget::BucketTags(name) = &self.target {
            let tags = state.buckets.get(name).and_then(|bucket| bucket.configuration.get("tagging"));
            return tags.is_some_and(|xml| xml.contains(&format!("<Key>{}</Key>", self.name)));
        }
        if let Some(tags) = self.target.tags(&mut state) {
            return tags.contains_key(&self.name);
        }
        let policy = self.target.policy(&mut state).and_then(|(policy, _)| document(policy));
        let statements = policy.map(|policy| policy["Statement"].clone()).unwrap_or_default();
        let mut all = statements.as_array().into_iter().flatten();
        statements["Sid"] == self.name.as_str() || all.any(|it| it["Sid"] == self.name.as_str())
    }
}

/// The value of foreign tags.
const VALUE: &str = "other-team";

fn document(text: &str) -> Option<Value> {
    match text {
        "" => Some(json!({ "Version": "2012-10-17", "Statement": [] })),
        text => serde_json::from_str(text).ok(),
    }
}

fn with_statement(text: &str, sid: &str, mut statement: Value) -> Option<String> {
    statement["Sid"] = json!(sid);
    let mut document = document(text)?;
    let statements = document.as_object_mut()?.get_mut("Statement")?;
    if !statements.is_array() {
        *statements = json!([statements.take()]);
    }
    statements.as_array_mut()?.push(statement);
    Some(document.to_string())
}

/// Returns a document of bucket tags with one more tag.
fn with_tag(xml: &str, key: &str) -> Option<String> {
    const END: &str = "</TagSet>";

    let tag = format!("<Tag><Key>{key}</Key><Value>{VALUE}</Value></Tag>");
    if xml.is_empty() {
        return Some(format!("<Tagging><TagSet>{tag}{END}</Tagging>"));
    }
    let is_full = xml.matches("<Tag>").count() >= TAGS;
    let open = xml.replace("<TagSet/>", &format!("<TagSet>{END}"));
    let (before, after) = open.rsplit_once(END).filter(|_| !is_full)?;
    Some(format!("{before}{tag}{END}{after}"))
}
