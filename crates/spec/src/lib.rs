//! Parses the YAML of a spec into the desired state, or into diagnostics with their lines.
//!
//! This crate is pure: it must not read files, the environment or AWS.

mod desired;
mod diagnostic;
mod digest;
mod facts;
mod given;
mod mask;
mod names;
mod parse;
mod problems;
mod raw;
mod resolve;
mod schema;
mod shape;

pub use desired::{
    Access, AccessLogs, Account, Accounts, AdvancedSelector, Alarm, AtRest, AwsName, Bucket, BucketPolicy,
    ConstraintKind, Constraints, DataResource, Deletion, DerivedNames, Desired, Encryption, EncryptionType,
    EventSelector, ExistingTopic, FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG, FieldSelector,
    Foreign, ForeignStatements, Grant, Grantee, Include, Insights, Installation, Joining, Key, KeyIdentity,
    KeyPolicy, Lifecycle, Lock, LockMode, LogDelivery, LogGroup, LogRole, Member, OWN_TAGS, OWNER_TAG,
    ObjectLock, ObjectOwnership, OnDoubt, Organization, REFUSED_FORMS_TAG, ReadWrite, RecordedCalls,
    Retention, Reviewed, RoleAccess, Roster, RotationDays, Secret, Selectors, Setting, Site, StorageClass,
    Tags, Topic, Trail, Unit, Unlisted,
};
pub use diagnostic::{Diagnostic, Diagnostics, SourceSpan};
pub use digest::sha256_hex;
pub use facts::alarm::{CIS_ALARMS, CisAlarm};
pub use given::GivenAccount;
pub use names::{
    AccountName, AliasName, BucketName, LogGroupName, RoleName, RolePath, SpecName, TopicName, TrailName,
};
pub use parse::{Spec, parse};
pub use schema::schema;
