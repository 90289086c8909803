//! Turns the required access to the log bucket into the statements of its policy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reader::Reader;
use super::{AccountFilter, Intent, accounts, cloudtrail, extra, source_arns, source_patterns};
use crate::covers::denies;
use crate::equivalent::reads_variables;
use crate::statement::compose::texts;
use crate::trail_statement::{OWNERS_ACL, SOURCE_ACCOUNT_VARIABLE, logs_folder};
use crate::{Arn, Document, Effect, Ownership, Partition, Statement, StatementForm, StatementRole};

/// The access that the policy of the log bucket must grant.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketIntent {
    /// The partition of the bucket.
    pub partition: Partition,
    /// The name of the bucket.
    pub bucket: String,
    /// Key prefix of the log files, without leading and trailing slashes.
    pub prefix: Option<String>,
    /// ARNs of the trails that deliver to the bucket, including their home Region and account.
    pub trails: Vec<Arn>,
    /// The trails that log for a whole organization. They are also in `trails`.
    pub organization_trails: Vec<OrganizationTrail>,
    /// Trails that deliver to the bucket but are not in the spec.
    pub guests: Vec<Guest>,
    /// The id of the organization of the accounts of all trails, such as `o-exampleorgid`; `None`
    /// if there is no such organization.
    pub organization: Option<String>,
    /// The readers of the log files.
    pub readers: Vec<Reader>,
    /// Whether requests without TLS are denied.
    pub require_tls: bool,
    /// Extra statements of the spec.
    pub extra: Vec<Statement>,
}

/// A trail that delivers to the bucket and is not in the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The ARN of the trail.
    pub trail: Arn,
    /// Key prefix of the log files, without leading and trailing slashes.
    pub prefix: Option<String>,
    /// The id of the organization that the trail logs for, if it is an organization trail and the
    /// id is known.
    pub organization: Option<String>,
}

/// A trail that logs for all accounts of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationTrail {
    /// The ARN of the trail. Its account is the management account, even if a delegated
    /// administrator created the trail.
    pub trail: Arn,
    /// The id of the organization, such as `o-exampleorgid`.
    pub organization: String,
}

impl Intent for BucketIntent {
    fn only(&self, accounts: &BTreeSet<String>) -> Self {
        let is_meant = |trail: &Arn| accounts.contains(trail.account());
        Self {
            trails: self.trails.iter().filter(|trail| is_meant(trail)).cloned().collect(),
            guests: self.guests.iter().filter(|guest| is_meant(&guest.trail)).cloned().collect(),
            ..self.clone()
        }
    }

    /// If there are no trails, no statement allows CloudTrail anything.
    ///
    /// See "Amazon S3 bucket policy for CloudTrail" and "Setting bucket policy for multiple accounts" in
    /// the CloudTrail user guide.
    fn in_form(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>> {
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
        let of_bucket = |reader: &Reader| reader.bucket_statements(ownership, &bucket, &logs, &organizations);
        statements.extend(self.readers.iter().flat_map(of_bucket));
        statements.extend(extra::owned_by(ownership, &self.extra));
        Some(statements)
    }
}

impl BucketIntent {
    /// Creates the intent for a bucket to which no trail delivers and that nobody reads: only
    /// requests without TLS are denied.
    pub fn new(partition: Partition, bucket: impl Into<String>) -> Self {
        Self {
            partition,
            bucket: bucket.into(),
            prefix: None,
            trails: Vec::new(),
            organization_trails: Vec::new(),
            guests: Vec::new(),
            organization: None,
            readers: Vec::new(),
            require_tls: true,
            extra: Vec::new(),
        }
    }

    /// The accounts of all trails that must be able to deliver.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.source_arns().map(|trail| trail.account().to_owned()).collect()
    }

    /// Every trail that must be able to deliver, with the prefix of its log files.
    fn sources(&self) -> impl Iterator<Item = (&Arn, Option<&str>)> {
        let ours = self.trails.iter().map(|trail| (trail, self.prefix.as_deref()));
        ours.chain(self.guests.iter().map(|guest| (&guest.trail, guest.prefix.as_deref())))
    }

    fn source_arns(&self) -> impl Iterator<Item = &Arn> {
        self.sources().map(|(trail, _)| trail)
    }

    /// Returns the statement that allows CloudTrail to read the ACL, with which CloudTrail checks
    /// whether it can deliver at all. The ACL reveals nothing, so the short forms omit the list of
    /// accounts here.
    fn acl_check(&self, ownership: &Ownership, form: StatementForm) -> Statement {
        let condition = match form {
            StatementForm::Plain => {
                json!({ "StringEquals": { "aws:SourceArn": source_arns(self.source_arns()) } })
            }
            StatementForm::ByAccount | StatementForm::ByOrganization => {
                json!({ "ArnLike": { "aws:SourceArn": source_patterns(self.source_arns()) } })
            }
        };
        Statement::compose(
            &ownership.sid(StatementRole::TrailAclCheck),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:GetBucketAcl")),
                ("Resource", json!(self.bucket_arn())),
                ("Condition", condition),
            ],
        )
    }

    /// Returns the statement that allows CloudTrail to write log files. The log files of each
    /// account are below the id of the account, and the bucket owner owns the log files.
    fn write(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Statement> {
        let bucket = self.bucket_arn();
        let (resources, condition) =
            match accounts(form, self.source_arns(), self.organization.as_deref(), only) {
                None if form != StatementForm::Plain => return None,
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
            &ownership.sid(StatementRole::TrailWrite),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:PutObject")),
                ("Resource", resources),
                ("Condition", condition),
            ],
        ))
    }

    /// Returns the statement that allows CloudTrail to write the log files of organizations. They
    /// are below the id of the organization, in a folder for each account. The statement is
    /// separate in every form, so that no other trail can write there.
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
            &ownership.sid(StatementRole::OrganizationWrite),
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

    /// Returns the statement that denies requests without TLS. See "Security best practices for
    /// Amazon S3": enforce encryption of data in transit.
    fn deny_insecure_transport(&self, ownership: &Ownership) -> Statement {
        let bucket = self.bucket_arn();
        let objects = format!("{bucket}/*");
        Statement::compose(
            &ownership.sid(StatementRole::DenyInsecureTransport),
            Effect::Deny,
            [
                ("Principal", json!("*")),
                ("Action", json!("s3:*")),
                ("Resource", texts([bucket, objects])),
                ("Condition", json!({ "Bool": { "aws:SecureTransport": "false" } })),
            ],
        )
    }

    /// Returns whether foreign statements of a document already deny everything that the managed
    /// statement against requests without TLS denies. Statements of another installation do not
    /// count, because they are removed when that installation is destroyed.
    pub fn is_tls_required_by_others(&self, document: &Document, ownership: &Ownership) -> bool {
        let installations = ownership.others(document.statements().iter().filter_map(Statement::sid));
        let is_of_one = |it: &Statement| installations.iter().any(|other| other.has(it));
        let foreign = document.statements().iter().filter(|it| !ownership.has(it) && !is_of_one(it));
        denies(foreign, reads_variables(document), &self.deny_insecure_transport(ownership))
    }

    /// Returns whether any statement of a document, managed or foreign, denies everything that the
    /// managed statement against requests without TLS denies.
    pub fn is_tls_required(&self, document: &Document, ownership: &Ownership) -> bool {
        let statements = document.statements().iter();
        denies(statements, reads_variables(document), &self.deny_insecure_transport(ownership))
    }

    fn bucket_arn(&self) -> String {
        Arn::new(self.partition, "s3", "", "", &self.bucket).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_denies_at_least_the_same_requires_tls() {
        let intent = BucketIntent::new(Partition::Aws, "logs");
        let ownership = Ownership::of("sec");
        let deny = |sid: &str, effect: &str, action: &str, resources: &[&str], value: &str| {
            let value = serde_json::json!({
                "Sid": sid, "Effect": effect, "Principal": "*", "Action": action, "Resource": resources,
                "Condition": { "Bool": { "aws:SecureTransport": value } },
            });
            Document::new(vec![Statement::from_value(value).unwrap()])
        };
        let both = ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"];
        for (document, by_others, by_any) in [
            (deny("Tls", "Deny", "s3:*", &both, "false"), true, true),
            (deny("Tls", "Deny", "*", &["*"], "false"), true, true),
            (deny("SecDenyInsecureTransport", "Deny", "s3:*", &both, "false"), false, true),
            (deny("Tls", "Deny", "s3:*", &both[..1], "false"), false, false),
            (deny("Tls", "Deny", "s3:Get*", &both, "false"), false, false),
            (deny("Tls", "Deny", "s3:*", &both, "true"), false, false),
            (deny("Tls", "Allow", "s3:*", &both, "false"), false, false),
            (Document::new(Vec::new()), false, false),
        ] {
            assert_eq!(intent.is_tls_required_by_others(&document, &ownership), by_others, "{document}");
            assert_eq!(intent.is_tls_required(&document, &ownership), by_any, "{document}");
        }
    }
}
