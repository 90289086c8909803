//! Turns the needs of the log bucket into its statements.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reader::Reader;
use super::{Only, accounts, cloudtrail, extra, source_arns, source_patterns};
use crate::covers::denies;
use crate::equivalent::reads_variables;
use crate::statement::compose::texts;
use crate::trails::{OWNERS_ACL, SOURCE_ACCOUNT_VARIABLE, logs_folder};
use crate::{Arn, Document, Effect, Form, Ownership, Partition, Role, Statement};

/// What the policy of the log bucket has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketIntent {
    /// The partition of the bucket.
    pub partition: Partition,
    /// The name of the bucket.
    pub bucket: String,
    /// Key prefix of the log files, without slashes around it.
    pub prefix: Option<String>,
    /// ARNs of the trails that deliver to the bucket, their home Region and account included.
    pub trails: Vec<Arn>,
    /// Those of the trails that log for a whole organization. They stand among the trails, too.
    pub organization_trails: Vec<OrganizationTrail>,
    /// Trails that were seen to deliver to the bucket, and that the spec does not have.
    pub guests: Vec<Guest>,
    /// The id of the organization that the accounts of all trails are in, such as `o-exampleorgid`; else
    /// `None`.
    pub organization: Option<String>,
    /// Who may read the log files.
    pub readers: Vec<Reader>,
    /// Whether requests without TLS are denied.
    pub require_tls: bool,
    /// Statements that the user wrote out.
    pub extra: Vec<Statement>,
}

/// A trail that delivers to the bucket and is not in the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its ARN.
    pub trail: Arn,
    /// Key prefix of its log files, without slashes around it.
    pub prefix: Option<String>,
    /// The id of the organization that it logs for, if it does and that is known.
    pub organization: Option<String>,
}

/// A trail that logs for all accounts of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationTrail {
    /// Its ARN, which is of the management account whoever made it.
    pub trail: Arn,
    /// The id of the organization, such as `o-exampleorgid`.
    pub organization: String,
}

impl BucketIntent {
    /// The statements in the plain form, each with a Sid of ours. Without trails, none lets CloudTrail
    /// deliver.
    ///
    /// See "Amazon S3 bucket policy for CloudTrail" and "Setting bucket policy for multiple accounts" in the
    /// CloudTrail user guide.
    pub fn statements(&self, ownership: &Ownership) -> Vec<Statement> {
        // The plain form needs nothing that the intent does not have.
        self.compile(ownership, Form::Plain).unwrap_or_default()
    }

    /// The statements in a form; none if that form needs an organization and the intent has none.
    pub fn compile(&self, ownership: &Ownership, form: Form) -> Option<Vec<Statement>> {
        self.compile_for(ownership, form, None)
    }

    /// The statements in a form that speak only of these accounts, if some are named. In the form by organization, which lists no
    /// account, they are the same.
    pub fn compile_for(&self, ownership: &Ownership, form: Form, only: Only<'_>) -> Option<Vec<Statement>> {
        if let (Form::Plain, Some(only)) = (form, only) {
            let is_meant = |trail: &Arn| only.contains(trail.account());
            let intent = Self {
                trails: self.trails.iter().filter(|trail| is_meant(trail)).cloned().collect(),
                guests: self.guests.iter().filter(|guest| is_meant(&guest.trail)).cloned().collect(),
                ..self.clone()
            };
            return intent.compile(ownership, form);
        }
        let mut statements = Vec::new();
        if self.sources().next().is_some() {
            statements.push(self.acl_check(ownership, form));
            statements.push(self.write(ownership, form, only)?);
        }
        statements.extend(self.organization_write(ownership));
        if self.require_tls {
            statements.push(self.deny_insecure_transport(ownership));
        }
        let (bucket, logs) = (self.bucket_arn(), logs_folder(self.prefix.as_deref()));
        let organizations: BTreeSet<&str> =
            self.organization_trails.iter().map(|it| it.organization.as_str()).collect();
        let of_bucket = |reader: &Reader| reader.of_bucket(ownership, &bucket, &logs, &organizations);
        statements.extend(self.readers.iter().flat_map(of_bucket));
        statements.extend(extra::owned_by(ownership, &self.extra));
        Some(statements)
    }

    /// The accounts of all trails that are to deliver.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.source_arns().map(|trail| trail.account().to_owned()).collect()
    }

    /// Every trail that is to deliver, with the prefix of its log files.
    fn sources(&self) -> impl Iterator<Item = (&Arn, Option<&str>)> {
        let ours = self.trails.iter().map(|trail| (trail, self.prefix.as_deref()));
        ours.chain(self.guests.iter().map(|guest| (&guest.trail, guest.prefix.as_deref())))
    }

    fn source_arns(&self) -> impl Iterator<Item = &Arn> {
        self.sources().map(|(trail, _)| trail)
    }

    /// CloudTrail looks at the ACL to see whether it may deliver at all. The ACL reveals nothing, so the short forms save
    /// the list of accounts here.
    fn acl_check(&self, ownership: &Ownership, form: Form) -> Statement {
        let condition = match form {
            Form::Plain => json!({ "StringEquals": { "aws:SourceArn": source_arns(self.source_arns()) } }),
            Form::ByAccount | Form::ByOrganization => {
                json!({ "ArnLike": { "aws:SourceArn": source_patterns(self.source_arns()) } })
            }
        };
        Statement::compose(
            &ownership.sid(Role::TrailAclCheck),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:GetBucketAcl")),
                ("Resource", json!(self.bucket_arn())),
                ("Condition", condition),
            ],
        )
    }

    /// Each account's log files go below its own id, and the bucket's owner owns them.
    fn write(&self, ownership: &Ownership, form: Form, only: Only<'_>) -> Option<Statement> {
        let bucket = self.bucket_arn();
        let (resources, condition) =
            match accounts(form, self.source_arns(), self.organization.as_deref(), only) {
                None if form != Form::Plain => return None,
                None => {
                    let below = |(trail, prefix): (&Arn, _)| {
                        format!("{bucket}/{}{}/*", logs_folder(prefix), trail.account())
                    };
                    let condition = json!({ "StringEquals": {
                    "s3:x-amz-acl": OWNERS_ACL,
                    "aws:SourceArn": source_arns(self.source_arns()),
                } });
                    (texts(self.sources().map(below)), condition)
                }
                Some((key, accounts)) => {
                    let prefixes: BTreeSet<Option<&str>> = self.sources().map(|(_, prefix)| prefix).collect();
                    let below =
                        |prefix| format!("{bucket}/{}{SOURCE_ACCOUNT_VARIABLE}/*", logs_folder(prefix));
                    let condition: Value = json!({
                        "StringEquals": { "s3:x-amz-acl": OWNERS_ACL, key: accounts },
                        "ArnLike": { "aws:SourceArn": source_patterns(self.source_arns()) },
                    });
                    (texts(prefixes.into_iter().map(below)), condition)
                }
            };
        Some(Statement::compose(
            &ownership.sid(Role::TrailWrite),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:PutObject")),
                ("Resource", resources),
                ("Condition", condition),
            ],
        ))
    }

    /// An organization's log files go below the id of the organization, and each account's below its own in there. This
    /// is a statement of its own in every form, so that no other trail gets in.
    ///
    /// See "Creating a trail for an organization with the AWS CLI" in the CloudTrail user guide.
    fn organization_write(&self, ownership: &Ownership) -> Option<Statement> {
        let bucket = self.bucket_arn();
        let own = self.organization_trails.iter();
        let own = own.map(|it| (&it.trail, self.prefix.as_deref(), it.organization.as_str()));
        let guests = self.guests.iter();
        let guests =
            guests.filter_map(|it| Some((&it.trail, it.prefix.as_deref(), it.organization.as_deref()?)));
        let all: Vec<_> = own.chain(guests).collect();
        if all.is_empty() {
            return None;
        }
        let below = |(_, prefix, organization): &(_, Option<&str>, &str)| {
            format!("{bucket}/{}{organization}/*", logs_folder(*prefix))
        };
        Some(Statement::compose(
            &ownership.sid(Role::OrganizationWrite),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:PutObject")),
                ("Resource", texts(all.iter().map(below).collect::<BTreeSet<_>>())),
                (
                    "Condition",
                    json!({ "StringEquals": {
                        "s3:x-amz-acl": OWNERS_ACL,
                        "aws:SourceArn": source_arns(all.iter().map(|(trail, ..)| *trail)),
                    } }),
                ),
            ],
        ))
    }

    /// See "Security best practices for Amazon S3": enforce encryption of data in transit.
    fn deny_insecure_transport(&self, ownership: &Ownership) -> Statement {
        let bucket = self.bucket_arn();
        let objects = format!("{bucket}/*");
        Statement::compose(
            &ownership.sid(Role::DenyInsecureTransport),
            Effect::Deny,
            [
                ("Principal", json!("*")),
                ("Action", json!("s3:*")),
                ("Resource", texts([bucket, objects])),
                ("Condition", json!({ "Bool": { "aws:SecureTransport": "false" } })),
            ],
        )
    }

    /// Whether foreign statements of a document already deny all that our own statement against requests without TLS would.
    /// Those of another installation do not count: they go when that installation does.
    pub fn is_tls_required_by_others(&self, document: &Document, ownership: &Ownership) -> bool {
        let installations = ownership.others(document.statements().iter().filter_map(Statement::sid));
        let is_of_one = |it: &Statement| installations.iter().any(|other| other.has(it));
        let foreign = document.statements().iter().filter(|it| !ownership.has(it) && !is_of_one(it));
        denies(foreign, reads_variables(document), &self.deny_insecure_transport(ownership))
    }

    fn bucket_arn(&self) -> String {
        Arn::new(self.partition, "s3", "", "", &self.bucket).into()
    }
}
