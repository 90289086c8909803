//! Turns one member of each list of a statement into a grant, and decides whether other statements
//! cover the grant.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::owner::{Owner, for_account, for_each_account, for_organizations};
use super::{ActionPurpose, CLOUDTRAIL, OWNERS_ACL, SOURCE_ACCOUNT_VARIABLE, is_cloudtrail};
use crate::canonical::{Canonical, CanonicalCondition, Rest, lowercase};
use crate::covers::Allows;
use crate::{Effect, Statement};

/// One action on one resource that a statement allows to CloudTrail for one source.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryGrant<'t> {
    /// The account of the source, if the statement names it.
    pub(crate) account: Option<&'t str>,
    /// The action in lower case.
    pub(crate) action: Cow<'t, str>,
    /// The resource pattern. The account of the source replaces a variable or a `*` that stands for
    /// all accounts.
    pub(crate) resource: Cow<'t, str>,
    /// The source for which CloudTrail acts.
    pub(crate) source: GrantSource<'t>,
    /// The pattern of the encryption context, if the statement requires one.
    pub(crate) context: Option<Cow<'t, str>>,
    /// The organization of the source, if the statement requires one.
    pub(crate) organization: Option<&'t str>,
    /// Whether the statement has any condition, such as one on the source.
    pub(crate) is_scoped: bool,
    /// The folders of organizations, if the statement has a `*` in place of the folders of all
    /// accounts.
    of_organizations: Option<String>,
    has_context_wildcards: bool,
}

/// The source for which CloudTrail acts: the resource in `aws:SourceArn`.
///
/// See "Amazon S3 bucket policy for CloudTrail" (trails) and "Amazon S3 bucket policy for
/// CloudTrail Lake query results" (event data stores) in the CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GrantSource<'t> {
    /// One trail, by its ARN.
    Trail(Cow<'t, str>),
    /// The trails that match a pattern.
    Trails(Cow<'t, str>),
    /// An event data store, a channel, or a pattern that can match one.
    Other(Cow<'t, str>),
    /// Any source.
    Unnamed,
}

/// The texts of a piece, and whether each can contain wildcards.
#[derive(Debug, Default)]
pub(super) struct Texts<'t> {
    pub(super) action: &'t str,
    pub(super) resource: &'t str,
    pub(super) source: Option<(&'t str, bool)>,
    pub(super) context: Option<(&'t str, bool)>,
    pub(super) organization: Option<(&'t str, bool)>,
    pub(super) is_scoped: bool,
}

impl<'t> DeliveryGrant<'t> {
    pub(super) fn new(account: Option<&'t str>, texts: &Texts<'t>) -> Self {
        let folder = account.and_then(|account| for_account(texts.resource, account));
        let context = texts.context.map(|(text, _)| source_arn(text, account));
        let source = match (texts.source, &context) {
            (Some((text, has_wildcards)), _) => GrantSource::of(source_arn(text, account), has_wildcards),
            // The encryption context is the ARN of the trail.
            (None, Some(context)) => GrantSource::of(
                context.clone(),
                texts.context.is_some_and(|(_, has_wildcards)| has_wildcards),
            ),
            (None, None) => GrantSource::Unnamed,
        };
        Self {
            account,
            action: lowercase(texts.action),
            of_organizations: folder.as_ref().and_then(|_| for_organizations(texts.resource)),
            resource: folder.map_or(Cow::Borrowed(texts.resource), Cow::Owned),
            source,
            context,
            organization: texts
                .organization
                .and_then(|(id, wild)| (!wild || !id.contains('*')).then_some(id)),
            is_scoped: texts.is_scoped,
            has_context_wildcards: texts.context.is_some_and(|(_, has_wildcards)| has_wildcards),
        }
    }

    /// The purpose of the action.
    pub(crate) fn purpose(&self) -> ActionPurpose {
        ActionPurpose::of(&self.action).unwrap_or(ActionPurpose::Undocumented)
    }

    /// The organization whose folder contains the resource.
    pub(crate) fn folder_of_organization(&self) -> Option<&str> {
        match Owner::of_resource(&self.resource) {
            Owner::Organization(id) => Some(id),
            Owner::Account(_) | Owner::Open => None,
        }
    }

    /// Returns the same grant for the folders of all organizations, if the statement also allows
    /// these folders. Only trails of a management account write there.
    pub(crate) fn in_organizations(&self) -> Option<Self> {
        let resource = self.of_organizations.clone()?;
        Some(Self { resource: Cow::Owned(resource), of_organizations: None, ..self.clone() })
    }

    /// Returns the grant for the same source to read the metadata of a resource.
    pub(crate) fn reading_metadata_of(&self, at: &Self) -> Self {
        Self { action: at.action.clone(), resource: at.resource.clone(), context: None, ..self.clone() }
    }

    /// The condition keys of every request that this grant allows.
    fn facts<'f>(
        &'f self,
        organization: Option<&'f str>,
        own: impl Fn(&'f str) -> Cow<'f, str>,
    ) -> Facts<'f> {
        let mut facts = Facts::default();
        if let Some(account) = self.account {
            facts.add("StringEquals", "aws:sourceaccount", Cow::Borrowed(account));
        }
        if let Some(organization) = self.organization.or(organization) {
            facts.add("StringEquals", "aws:sourceorgid", Cow::Borrowed(organization));
        }
        match (&self.source, self.account) {
            (GrantSource::Trail(arn), _) => {
                facts.add("StringEquals", "aws:sourcearn", Cow::Borrowed(arn));
                facts.add("ArnLike", "aws:sourcearn", Cow::Borrowed(arn));
            }
            (GrantSource::Trails(arn) | GrantSource::Other(arn), _) => {
                facts.add("StringLike", "aws:sourcearn", Cow::Borrowed(arn));
                facts.add("ArnLike", "aws:sourcearn", Cow::Borrowed(arn));
            }
            (GrantSource::Unnamed, Some(account)) => {
                facts.add("ArnLike", "aws:sourcearn", Cow::Owned(format!("arn:*:cloudtrail:*:{account}:*")));
            }
            (GrantSource::Unnamed, None) => {}
        }
        // The ACL is known only for objects that trails write.
        if self.action == "s3:putobject"
            && matches!(self.source, GrantSource::Trail(_) | GrantSource::Trails(_))
        {
            facts.add("StringEquals", "s3:x-amz-acl", Cow::Borrowed(OWNERS_ACL));
        }
        if let Some(context) = &self.context {
            const KEY: &str = "kms:encryptioncontext:aws:cloudtrail:arn";
            let operator = if self.has_context_wildcards { "StringLike" } else { "StringEquals" };
            facts.add(operator, KEY, own(context));
            match &self.source {
                GrantSource::Trail(arn) => facts.add("StringEquals", KEY, own(arn)),
                GrantSource::Trails(arn) => facts.add("StringLike", KEY, own(arn)),
                GrantSource::Other(_) | GrantSource::Unnamed => {}
            }
        }
        facts
    }
}

impl<'t> GrantSource<'t> {
    fn of(arn: Cow<'t, str>, has_wildcards: bool) -> Self {
        let elements: Vec<&str> = arn.splitn(6, ':').collect();
        let is_of_trails = matches!(elements.as_slice(), [_, _, "cloudtrail", _, _, resource] if resource.starts_with("trail/"));
        match (is_of_trails, has_wildcards && arn.contains(['*', '?'])) {
            (true, false) => Self::Trail(arn),
            (true, true) => Self::Trails(arn),
            (false, _) => Self::Other(arn),
        }
    }
}

/// Returns the ARN of a source with the account filled in, if the account element is `*` or
/// `${aws:SourceAccount}`.
fn source_arn<'t>(arn: &'t str, account: Option<&str>) -> Cow<'t, str> {
    let (Some(account), Some((before, at, after))) = (account, around_account(arn)) else {
        return Cow::Borrowed(arn);
    };
    match at {
        "*" | SOURCE_ACCOUNT_VARIABLE => Cow::Owned(format!("{before}{account}{after}")),
        _ => Cow::Borrowed(arn),
    }
}

/// The parts of an ARN before, in and after the account. A variable in place of the account
/// contains a colon.
fn around_account(arn: &str) -> Option<(&str, &str, &str)> {
    let start = arn.match_indices(':').nth(3)?.0 + 1;
    let (before, rest) = arn.split_at_checked(start)?;
    let length = match rest.strip_prefix("${").and_then(|rest| rest.find('}')) {
        Some(end) => "${".len() + end + 1,
        None => rest.find(':')?,
    };
    let (at, after) = rest.split_at_checked(length)?;
    Some((before, at, after))
}

/// Statements that can cover grants of other statements.
pub(crate) struct Coverage<'d> {
    allows: Allows<'d>,
    /// Whether `${…}` is a variable in the document.
    variables: bool,
    /// An organization, and accounts that are known to be in it.
    members: Option<(&'d str, &'d BTreeSet<&'d str>)>,
}

impl<'d> Coverage<'d> {
    /// Creates the coverage of these statements of one document. Only statements that name
    /// CloudTrail count, because it is uncertain whether an Allow for everybody includes services.
    pub(crate) fn of(statements: impl Iterator<Item = &'d Statement>, variables: bool) -> Self {
        let of_cloudtrail = statements.filter(|statement| statement.principals().iter().any(is_cloudtrail));
        Self { allows: Allows::of(of_cloudtrail, variables), variables, members: None }
    }

    /// Adds the knowledge that these accounts are in an organization.
    pub(crate) fn in_organization(self, id: Option<&'d str>, accounts: &'d BTreeSet<&'d str>) -> Self {
        Self { members: id.map(|id| (id, accounts)), ..self }
    }

    /// Returns whether the statements allow everything that the grant allows. A yes is certain.
    pub(crate) fn covers(&self, grant: &DeliveryGrant<'_>) -> bool {
        let organization = self.members.and_then(|(id, accounts)| {
            grant.account.is_some_and(|account| accounts.contains(account)).then_some(id)
        });
        let plain = grant.facts(organization, Cow::Borrowed);
        if self.allows.cover(&plain.statement(&grant.action, &grant.resource), self.variables) {
            return true;
        }
        let Some(account) = grant.account.filter(|_| self.variables) else { return false };
        // `${aws:SourceAccount}` stands for the account, so each of the two can replace the other.
        let own = |text| match around_account(text) {
            Some((before, at, after)) if at == account => {
                Cow::Owned(format!("{before}{SOURCE_ACCOUNT_VARIABLE}{after}"))
            }
            _ => Cow::Borrowed(text),
        };
        let resource = for_each_account(&grant.resource, account);
        let resource = resource.as_deref().unwrap_or(&grant.resource);
        self.allows.cover(&grant.facts(organization, own).statement(&grant.action, resource), true)
    }
}

/// Conditions that hold for a request.
#[derive(Default)]
struct Facts<'f>(Vec<(&'static str, &'static str, Cow<'f, str>)>);

impl<'f> Facts<'f> {
    fn add(&mut self, operator: &'static str, key: &'static str, value: Cow<'f, str>) {
        self.0.push((operator, key, value));
    }

    fn statement<'c>(&'c self, action: &'c str, resource: &'c str) -> Canonical<'c> {
        let conditions = self.0.iter().map(|(operator, key, value)| CanonicalCondition {
            operator: Cow::Borrowed(operator),
            key: Cow::Borrowed(key),
            values: BTreeSet::from([Cow::Borrowed(value.as_ref())]),
        });
        Canonical {
            effect: Effect::Allow,
            principal: Some(BTreeSet::from([("Service", CLOUDTRAIL)])),
            action: Some(BTreeSet::from([Cow::Borrowed(action)])),
            resource: Some(BTreeSet::from([resource])),
            rest: Rest {
                not_principal: None,
                not_action: None,
                not_resource: None,
                conditions: conditions.collect(),
                unknown: BTreeMap::new(),
            },
        }
    }
}
