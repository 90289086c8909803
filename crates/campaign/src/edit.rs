//! Edits of other teams, which use an installation or break it.

use http::Method;
use reconcile_samples::{ALIAS, BUCKET, MASTER, REGION};
use reconcile_twin::Twin;
use serde_json::{Value, json};

use crate::others::{CallRefused, Others, THEIRS, console_statements, statement};

/// An edit by another team. Does nothing if the resource does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignEdit {
    /// Creates the bucket, if it does not exist.
    Bucket,
    /// Adds a statement for readers to the bucket policy.
    BucketStatement,
    /// Adds the statements of the console that let trails deliver to the bucket policy.
    ConsoleStatements,
    /// Adds a tag to the bucket.
    BucketTag,
    /// Adds a lifecycle rule to the bucket.
    LifecycleRule,
    /// Adds a statement to the key policy.
    KeyStatement,
    /// Adds a tag to the key.
    KeyTag,
    /// Adds a grant to the key.
    KeyGrant,
    /// Adds a statement to the policy of every topic.
    TopicStatement,
    /// Creates a separate key.
    Key,
    /// Creates a trail that delivers to the bucket, and allows the delivery in the bucket policy.
    Trail,
    /// Creates a separate log group.
    LogGroup,
    /// Stops the trails of the management account.
    StoppedTrail,
    /// Deletes the trails of a member.
    DeletedTrail,
    /// Removes the bucket policy.
    NoBucketPolicy,
    /// Turns off the rotation of the key.
    NoRotation,
    /// Suspends versioning.
    NoVersioning,
    /// Removes the block of public access.
    NoPublicAccessBlock,
    /// Disables the key.
    DisabledKey,
    /// Moves the alias to a separate key.
    MovedAlias,
    /// Closes the account of a member.
    SuspendedMember,
}

impl ForeignEdit {
    /// All edits.
    pub const ALL: [Self; 21] = [
        Self::Bucket,
        Self::BucketStatement,
        Self::ConsoleStatements,
        Self::BucketTag,
        Self::LifecycleRule,
        Self::KeyStatement,
        Self::KeyTag,
        Self::KeyGrant,
        Self::TopicStatement,
        Self::Key,
        Self::Trail,
        Self::LogGroup,
        Self::StoppedTrail,
        Self::DeletedTrail,
        Self::NoBucketPolicy,
        Self::NoRotation,
        Self::NoVersioning,
        Self::NoPublicAccessBlock,
        Self::DisabledKey,
        Self::MovedAlias,
        Self::SuspendedMember,
    ];

    /// Makes the edit. Does nothing if AWS rejects the edit.
    pub fn make(self, twin: &Twin) {
        // An edit of a resource that does not exist is ignored.
        drop(self.attempt(twin));
    }

    fn attempt(self, twin: &Twin) -> Result<(), CallRefused> {
        let others = Others::of(twin, MASTER, REGION);
        let on_key = |operation: &str, more: Value| {
            let mut input = json!({ "KeyId": others.key(ALIAS)? });
            if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
                input.extend(more);
            }
            others.call("kms", operation, &input).map(drop)
        };
        let everything = format!("arn:aws:s3:::{BUCKET}/*");
        match self {
            Self::Bucket => others.create_bucket(BUCKET),
            Self::BucketStatement => {
                others.add_to_bucket_policy(BUCKET, &[statement("Athena", "s3:GetObject", &everything)])
            }
            Self::ConsoleStatements => {
                others.add_to_bucket_policy(BUCKET, &console_statements(BUCKET, &[MASTER, "000000000001"]))
            }
            Self::BucketTag => others.tag_bucket(BUCKET, THEIRS, "kept"),
            Self::LifecycleRule => others.expire(BUCKET, THEIRS, "tmp/", 10),
            Self::KeyStatement => others.add_to_key_policy(ALIAS, &[statement("Athena", "kms:Decrypt", "*")]),
            Self::KeyTag => {
                on_key("TagResource", json!({ "Tags": [{ "TagKey": THEIRS, "TagValue": "kept" }] }))
            }
            Self::KeyGrant => {
                let grantee = format!("arn:aws:iam::{MASTER}:role/Reader");
                let grant = json!({ "Name": THEIRS, "GranteePrincipal": grantee, "Operations": ["Decrypt"] });
                on_key("CreateGrant", grant)
            }
            Self::TopicStatement => {
                topics(twin);
                Ok(())
            }
            Self::Key => others.create_key("alias/theirs").map(drop),
            Self::Trail => {
                let west = Others::of(twin, MASTER, "us-west-2");
                others.add_to_bucket_policy(BUCKET, &console_statements(BUCKET, &[MASTER]))?;
                west.trail("Default-theirs", BUCKET)
            }
            Self::LogGroup => {
                others.call("logs", "CreateLogGroup", &json!({ "logGroupName": THEIRS })).map(drop)
            }
            Self::StoppedTrail => on_trails(twin, MASTER, "StopLogging"),
            Self::DeletedTrail => on_trails(twin, "000000000001", "DeleteTrail"),
            Self::NoBucketPolicy => others.s3(Method::DELETE, &format!("{BUCKET}?policy"), "").map(drop),
            Self::NoRotation => on_key("DisableKeyRotation", json!({})),
            Self::NoVersioning => {
                let suspended =
                    "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
                others.s3(Method::PUT, &format!("{BUCKET}?versioning"), suspended).map(drop)
            }
            Self::NoPublicAccessBlock => {
                others.s3(Method::DELETE, &format!("{BUCKET}?publicAccessBlock"), "").map(drop)
            }
            Self::DisabledKey => on_key("DisableKey", json!({})),
            Self::MovedAlias => {
                let stolen = others.create_key("alias/stolen")?;
                let input = json!({ "AliasName": ALIAS, "TargetKeyId": stolen });
                others.call("kms", "UpdateAlias", &input).map(drop)
            }
            Self::SuspendedMember => {
                twin.suspend("000000000002");
                Ok(())
            }
        }
    }
}

/// Calls an operation for every trail of an account that does not belong to another team.
fn on_trails(twin: &Twin, account: &str, operation: &str) -> Result<(), CallRefused> {
    let accounts = twin.summary().accounts;
    let trails = accounts.iter().filter(|it| it.id == account).flat_map(|account| &account.trails);
    for trail in trails.filter(|trail| !trail.arn.ends_with(THEIRS)) {
        let region = trail.settings["home_region"].as_str().unwrap_or(REGION);
        Others::of(twin, account, region).call("cloudtrail", operation, &json!({ "Name": trail.arn }))?;
    }
    Ok(())
}

/// Adds a statement to the policy of every topic.
fn topics(twin: &Twin) {
    for account in twin.summary().accounts {
        for (region, topics) in account.topics.as_object().into_iter().flatten() {
            for (name, topic) in topics.as_object().into_iter().flatten() {
                let policy =
                    topic["policy"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                let Some(mut policy) = policy else { continue };
                let arn = format!("arn:aws:sns:{region}:{}:{name}", account.id);
                if let Some(Value::Array(statements)) = policy.get_mut("Statement") {
                    statements.insert(0, statement("Subscriber", "SNS:Subscribe", &arn));
                }
                twin.set_topic_policy(&account.id, region, name, &policy.to_string());
            }
        }
    }
}
