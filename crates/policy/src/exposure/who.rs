//! Determines the outsiders that a statement concerns, from its principals and from its conditions
//! on the caller.
//!
//! A condition on the caller limits a statement to the values of the condition. If the values are
//! insiders, the statement concerns no outsider; otherwise, the values name the outsiders.

use super::capability::{Accepted, RiskyAction};
use super::{Asset, AssetKind, Holds, Insiders};
use crate::canonical::{canonical_principal_id, lowercase};
use crate::evaluate::condition::Operator;
use crate::names::is_account_id;
use crate::trail_statement::CLOUDTRAIL;
use crate::{Arn, Condition, Known, Partition, Principal, Request, Statement};

/// A caller outside of the known accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everybody, in every account.
    Anybody,
    /// The principals of an account to which the administrators of the account delegate the access.
    Account(String),
    /// The user, role or session with this ARN.
    Principal(String),
    /// Every account of this organization.
    Organization(String),
    /// Every principal, or every account, that matches this pattern.
    Matching(String),
    /// The account with this canonical user id, which does not reveal the account id.
    CanonicalUser(String),
    /// The identities of this provider.
    Federated(String),
    /// A unique id: a user or role of an unknown account that was deleted or cannot be resolved.
    Unresolved(String),
    /// An AWS service.
    Service {
        /// The name of the service, or `any AWS service`.
        name: String,
        /// The account, organization or resource on whose behalf the service acts; `None` stands
        /// for any source.
        source: Option<String>,
    },
}

/// The kinds of outsiders, ordered by the reach of their capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Everybody.
    Anybody,
    /// Named accounts, principals, organizations.
    Outsider,
    /// An AWS service, on anybody's behalf.
    AnySource,
    /// An AWS service on behalf of a named outsider.
    NamedSource,
}

impl Who {
    /// The kind of outsider.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Anybody => Standing::Anybody,
            Self::Service { source: None, .. } => Standing::AnySource,
            Self::Service { source: Some(_), .. } => Standing::NamedSource,
            _ => Standing::Outsider,
        }
    }
}

/// The account of a stranger: AWS assigns no such id.
const STRANGER: &str = "000000000000";

/// The name that stands for all services that a statement for `*` allows.
const ANY_SERVICE: &str = "any AWS service";

/// A caller whose requests represent those of an outsider.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) who: Who,
    /// The facts about the requests, from the conditions that name the outsider.
    known: Vec<(String, Known)>,
}

/// The outsiders that one principal of a statement represents.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) candidates: Vec<Candidate>,
    /// The outsider to report if none of the candidates is allowed.
    pub(super) otherwise: Option<Candidate>,
}

/// Returns the outsider that a principal names; `None` if the principal is an insider. A service
/// can act on anybody's behalf.
pub fn outsider(principal: Principal<'_>, insiders: &Insiders) -> Option<Who> {
    let id = canonical_principal_id(principal);
    let account = || id.split(':').nth(4).unwrap_or_default();
    match principal.kind {
        "AWS" if id == "*" => Some(Who::Anybody),
        "AWS" if is_account_id(id) => (!insiders.has(id)).then(|| Who::Account(id.to_owned())),
        "AWS" | "Federated" if id.starts_with("arn:") => {
            (!insiders.has(account())).then(|| Who::Principal(id.to_owned()))
        }
        "AWS" => Some(Who::Unresolved(id.to_owned())),
        "Service" => Some(Who::Service { name: id.to_owned(), source: None }),
        "CanonicalUser" => Some(Who::CanonicalUser(id.to_owned())),
        _ => Some(Who::Federated(id.to_owned())),
    }
}

/// Returns the outsiders that a statement names.
pub(super) fn groups(statement: &Statement, asset: &Asset, insiders: &Insiders) -> Vec<Group> {
    let conditions = statement.conditions();
    // An Allow with `NotPrincipal` allows every principal that the element does not name.
    if statement.has("NotPrincipal") {
        return vec![anybody(&conditions, asset, insiders)];
    }
    let principals = statement.principals().into_iter();
    principals
        .filter_map(|principal| outsider(principal, insiders))
        .map(|who| match who {
            Who::Anybody => anybody(&conditions, asset, insiders),
            Who::Service { name, .. } => {
                Group { candidates: service(&name, &conditions, asset, insiders), otherwise: None }
            }
            who => Group { candidates: vec![Candidate { who, known: Vec::new() }], otherwise: None },
        })
        .collect()
}

fn anybody(conditions: &[Condition<'_>], asset: &Asset, insiders: &Insiders) -> Group {
    let candidates = match bound(conditions, IDENTITY, asset, insiders) {
        Bound::Nobody => vec![Candidate { who: Who::Anybody, known: Vec::new() }],
        Bound::Insiders => return Group::default(),
        Bound::Outsiders(bindings) => bindings.into_iter().map(Candidate::of).collect(),
    };
    let services = || service(ANY_SERVICE, conditions, asset, insiders);
    // The policy of a log group takes effect only for services, even if it names other principals.
    if asset.kind == AssetKind::LogGroup {
        return Group { candidates: candidates.into_iter().chain(services()).collect(), otherwise: None };
    }
    let names_source = conditions.iter().any(|it| key_of(SOURCE, it.key).is_some());
    Group { candidates, otherwise: names_source.then(services).and_then(|it| it.into_iter().next()) }
}

fn service(name: &str, conditions: &[Condition<'_>], asset: &Asset, insiders: &Insiders) -> Vec<Candidate> {
    let of = |source| Who::Service { name: name.to_owned(), source };
    // CloudTrail encrypts and decrypts with the encryption context of the trail for which it acts.
    let by_context = || match name {
        CLOUDTRAIL => bound(conditions, CONTEXT_OF_TRAIL, asset, insiders),
        _ => bound(conditions, CONTEXT, asset, insiders),
    };
    let bound = match bound(conditions, SOURCE, asset, insiders) {
        Bound::Nobody => by_context(),
        bound => bound,
    };
    match bound {
        Bound::Nobody => vec![Candidate { who: of(None), known: Vec::new() }],
        Bound::Insiders => Vec::new(),
        Bound::Outsiders(bindings) => bindings
            .into_iter()
            .map(|binding| Candidate {
                who: of(Some(binding.value)),
                known: vec![(binding.key, binding.known)],
            })
            .collect(),
    }
}

/// Returns the kind of a service that acts on behalf of a resource, or of any resource; `None` if
/// the resource belongs to insiders.
pub(super) fn source_standing(
    name: &str,
    source: Option<&str>,
    asset: &Asset,
    insiders: &Insiders,
) -> Option<Who> {
    let source = source.filter(|arn| !is_void(arn, Names::Arn, true));
    match source {
        Some(arn) if is_inside(arn, Names::Arn, asset, insiders) => None,
        source => Some(Who::Service { name: name.to_owned(), source: source.map(str::to_owned) }),
    }
}

/// The way in which the value of a condition key identifies an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// The value is the account id.
    Account,
    /// The value is the ARN of a principal or resource in the account.
    Arn,
    /// The value is the id of the organization.
    Organization,
    /// The value is the path of the organizational unit, which begins with the organization.
    Path,
    /// The value is a unique id, or the account id.
    UserId,
}

/// The keys that identify the caller, the narrowest first. See "AWS global condition context keys"
/// in the IAM user guide; `kms:CallerAccount` in "AWS KMS condition keys";
/// `s3:DataAccessPointAccount` in "Configuring IAM policies for using access points";
/// `aws:SourceOwner` in "Amazon SNS access control", which the default policy of a topic has.
const IDENTITY: &[(&str, Names)] = &[
    ("aws:principalarn", Names::Arn),
    ("aws:userid", Names::UserId),
    ("aws:principalaccount", Names::Account),
    ("kms:calleraccount", Names::Account),
    ("aws:sourceowner", Names::Account),
    ("s3:dataaccesspointarn", Names::Arn),
    ("s3:dataaccesspointaccount", Names::Account),
    ("aws:principalorgpaths", Names::Path),
    ("aws:principalorgid", Names::Organization),
];

/// The keys that identify the source on whose behalf a service calls. See "The confused deputy
/// problem" in the IAM user guide.
const SOURCE: &[(&str, Names)] = &[
    ("aws:sourceaccount", Names::Account),
    ("aws:sourcearn", Names::Arn),
    ("aws:sourceowner", Names::Account),
    ("aws:sourceorgpaths", Names::Path),
    ("aws:sourceorgid", Names::Organization),
];

/// The encryption context that identifies the trail for which CloudTrail acts. See "Configure AWS
/// KMS key policies for CloudTrail" in the CloudTrail user guide.
const CONTEXT_OF_TRAIL: &[(&str, Names)] = &[("kms:encryptioncontext:aws:cloudtrail:arn", Names::Arn)];

/// The encryption contexts in which other services identify the resource for which they act. See
/// "Encrypt log data in CloudWatch Logs using AWS KMS" and "Managing Amazon SNS encryption keys and
/// costs".
const CONTEXT: &[(&str, Names)] = &[
    ("kms:encryptioncontext:aws:logs:arn", Names::Arn),
    ("kms:encryptioncontext:aws:sns:topicarn", Names::Arn),
];

/// Finds a condition key, regardless of letter case, and the way in which its values identify an
/// account.
fn key_of(keys: &[(&'static str, Names)], key: &str) -> Option<(usize, Names)> {
    let key = lowercase(key);
    let index = keys.iter().position(|(name, _)| *name == key)?;
    keys.get(index).map(|(_, names)| (index, *names))
}

/// Returns whether a condition key identifies the source on whose behalf a service calls.
pub(super) fn is_source(key: &str) -> bool {
    [SOURCE, CONTEXT, CONTEXT_OF_TRAIL].iter().any(|keys| key_of(keys, key).is_some())
}

/// The callers to which conditions limit a statement.
enum Bound {
    /// Nobody in particular.
    Nobody,
    /// Insiders.
    Insiders,
    /// Outsiders, by the narrowest of the keys.
    Outsiders(Vec<Binding>),
}

/// One value of a condition that names an outsider.
struct Binding {
    key: String,
    value: String,
    names: Names,
    known: Known,
}

fn bound(
    conditions: &[Condition<'_>],
    keys: &[(&'static str, Names)],
    asset: &Asset,
    insiders: &Insiders,
) -> Bound {
    let mut narrowest: Option<(usize, Vec<Binding>)> = None;
    for condition in conditions {
        let Some((rank, names)) = key_of(keys, condition.key) else { continue };
        let Some(operator) = Operator::parse(condition.operator) else { continue };
        if operator.is_negated || operator.is_null() || operator.may_lack_the_key() {
            continue;
        }
        let has_wildcards = |value: &str| operator.has_wildcards() && value.contains(['*', '?']);
        if condition.values.iter().any(|value| is_void(value, names, has_wildcards(value))) {
            continue;
        }
        let outsiders = condition.values.iter().filter(|value| !is_inside(value, names, asset, insiders));
        let bindings: Vec<Binding> = outsiders
            .map(|value| Binding {
                key: condition.key.to_owned(),
                value: value.to_string(),
                names,
                known: match has_wildcards(value) {
                    true => Known::Like(value.to_string()),
                    false => Known::Values(vec![value.to_string()]),
                },
            })
            .collect();
        if bindings.is_empty() {
            return Bound::Insiders;
        }
        if narrowest.as_ref().is_none_or(|(known, _)| rank < *known) {
            narrowest = Some((rank, bindings));
        }
    }
    narrowest.map_or(Bound::Nobody, |(_, bindings)| Bound::Outsiders(bindings))
}

/// Returns whether a value identifies no account at all: a wildcard matches every account, and a
/// variable can match the caller.
fn is_void(value: &str, names: Names, has_wildcards: bool) -> bool {
    if value.contains("${") {
        return true;
    }
    let is_any = |part: Option<&str>| {
        part.is_none_or(|it| !it.is_empty() && it.chars().all(|it| matches!(it, '*' | '?')))
    };
    has_wildcards
        && match names {
            // The name of a role in any account limits the callers, so the pattern is reported.
            Names::Arn => {
                is_any(value.split(':').nth(4)) && is_any(value.splitn(6, ':').nth(5).map(after_type))
            }
            Names::Path | Names::Organization => is_any(value.split('/').next()),
            Names::Account | Names::UserId => is_any(Some(value)),
        }
}

/// Removes the resource type: `*` of `trail/*`.
fn after_type(resource: &str) -> &str {
    resource.split_once(['/', ':']).map_or(resource, |(_, name)| name)
}

fn is_inside(value: &str, names: Names, asset: &Asset, insiders: &Insiders) -> bool {
    let is_ours = |organization: &str| insiders.organization.as_deref() == Some(organization);
    match names {
        Names::Account => insiders.has(value),
        Names::UserId => value.split(':').next().is_some_and(|id| insiders.has(id)),
        // The ARN of a bucket contains no account.
        Names::Arn => value == asset.bucket || value.split(':').nth(4).is_some_and(|id| insiders.has(id)),
        Names::Organization => is_ours(value),
        Names::Path => value.split('/').next().is_some_and(is_ours),
    }
}

impl Candidate {
    fn of(Binding { key, value, names, known }: Binding) -> Self {
        let is_pattern = matches!(known, Known::Like(_));
        let principal = Principal { kind: "AWS", id: &value };
        let who = match names {
            Names::Organization => Who::Organization(value.clone()),
            Names::Path => Who::Organization(value.split('/').next().unwrap_or_default().to_owned()),
            _ if is_pattern && names != Names::UserId => Who::Matching(value.clone()),
            Names::UserId => Who::Unresolved(value.clone()),
            Names::Account => Who::Account(value.clone()),
            Names::Arn => match canonical_principal_id(principal) {
                id if is_account_id(id) => Who::Account(id.to_owned()),
                id => Who::Principal(id.to_owned()),
            },
        };
        Self { who, known: vec![(key, known)] }
    }

    /// Creates a request of the outsider.
    pub(super) fn request(
        &self,
        action: &str,
        resource: &str,
        insiders: &Insiders,
        partition: Partition,
    ) -> Request {
        if let Who::Service { name, .. } = &self.who {
            let request = Request::by_service(name, action, resource);
            return if name == ANY_SERVICE {
                request.with_known("aws:PrincipalServiceName", Known::AtLeast(Vec::new()))
            } else {
                request
            };
        }
        let root = |account: &str| Arn::new(partition, "iam", "", account, "root");
        let (arn, is_any_of_account) = match &self.who {
            Who::Account(id) => (root(id), true),
            Who::Principal(arn) => match arn.parse::<Arn>() {
                Ok(arn) => (arn, false),
                Err(_) => (root(STRANGER), false),
            },
            _ => (root(STRANGER), true),
        };
        let account = arn.account().to_owned();
        let mut request = Request::by_principal(&arn, action, resource).with("kms:CallerAccount", &account);
        if is_any_of_account {
            // The account decides which of its users and roles makes the request.
            request = request
                .with_known("aws:PrincipalArn", Known::Like(format!("arn:{partition}:iam::{account}:*")))
                .with_known("aws:PrincipalType", Known::AtLeast(Vec::new()));
        }
        match &insiders.organization {
            Some(organization) => {
                request.with_known("aws:PrincipalOrgID", Known::NoneOf(vec![organization.clone()]))
            }
            None => request,
        }
    }

    /// Adds the facts from the conditions that name the outsider to the request.
    pub(super) fn bind(&self, request: Request) -> Request {
        let anything = || Known::AtLeast(Vec::new());
        let request = match &self.who {
            // None of these identifies an account.
            Who::Organization(_) | Who::Matching(_) | Who::CanonicalUser(_) | Who::Unresolved(_) => request
                .with_known("aws:PrincipalAccount", anything())
                .with_known("kms:CallerAccount", anything())
                .with_known("aws:PrincipalArn", anything()),
            _ => request,
        };
        self.known
            .iter()
            .fold(request, |request, (key, known)| request.with_known(key.clone(), known.clone()))
    }

    /// Returns whether the action is irrelevant for the outsider: no service calls an action that
    /// AWS accepts from nobody.
    pub(super) fn is_indifferent_to(&self, action: &RiskyAction) -> bool {
        action.accepted == Accepted::Nobody && matches!(self.who, Who::Service { .. })
    }

    /// Returns whether an action that a statement allows takes effect.
    pub(super) fn holds(&self, action: &RiskyAction) -> Holds {
        match (&self.who, action.accepted) {
            (Who::Service { .. }, Accepted::Services) => Holds::Always,
            (_, Accepted::Services | Accepted::Nobody) => Holds::NotEnforced,
            // No caller is known that can act as one of these principals.
            (Who::Unresolved(_) | Who::Federated(_), _) => Holds::Under(Vec::new()),
            (
                Who::Account(_) | Who::Principal(_) | Who::Organization(_) | Who::Matching(_),
                Accepted::OwnAccount,
            ) => Holds::OwnAccountOnly,
            _ => Holds::Always,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_acts_for_a_named_outsider_reaches_least() {
        let service = |source: Option<&str>| Who::Service {
            name: "config.amazonaws.com".to_owned(),
            source: source.map(str::to_owned),
        };
        for (who, expected) in [
            (Who::Anybody, Standing::Anybody),
            (Who::Account("999999999999".to_owned()), Standing::Outsider),
            (Who::Unresolved("AROAEXAMPLEEXAMPLE12".to_owned()), Standing::Outsider),
            (service(None), Standing::AnySource),
            (service(Some("999999999999")), Standing::NamedSource),
        ] {
            assert_eq!(who.standing(), expected, "{who:?}");
        }
    }

    #[test]
    fn only_an_operator_with_wildcards_reads_a_star_as_every_account() {
        let asset = Asset {
            kind: AssetKind::Topic,
            arn: "arn:aws:sns:us-east-1:111111111111:trails".to_owned(),
            account: "111111111111".to_owned(),
            bucket: "arn:aws:s3:::logs".to_owned(),
            logs: Vec::new(),
        };
        let insiders = Insiders { accounts: ["111111111111".to_owned()].into(), ..Insiders::default() };
        let values = |value: &str| Some(Known::Values(vec![value.to_owned()]));
        for (operator, value, expected) in [
            ("StringEquals", "*", values("*")),
            ("StringEquals", "999999999999", values("999999999999")),
            ("StringLike", "999999999999", values("999999999999")),
            ("StringLike", "9999*", Some(Known::Like("9999*".to_owned()))),
            ("StringLike", "*", None),
            ("StringEquals", "${aws:PrincipalAccount}", None),
            ("StringNotEquals", "999999999999", None),
            ("StringEqualsIfExists", "999999999999", None),
        ] {
            let condition = Condition { operator, key: "aws:PrincipalAccount", values: vec![value.into()] };
            let known = match bound(&[condition], IDENTITY, &asset, &insiders) {
                Bound::Outsiders(bindings) => bindings.first().map(|it| it.known.clone()),
                Bound::Nobody => None,
                Bound::Insiders => panic!("{operator} {value} names an insider"),
            };
            assert_eq!(known, expected, "{operator} {value}");
        }
    }

    #[test]
    fn the_keys_of_a_source_name_the_resource_for_which_a_service_acts() {
        for (key, expected) in [
            ("aws:SourceArn", true),
            ("AWS:SourceAccount", true),
            ("aws:SourceOrgID", true),
            ("kms:EncryptionContext:aws:cloudtrail:arn", true),
            ("aws:PrincipalArn", false),
            ("aws:SourceIp", false),
            ("s3:prefix", false),
        ] {
            assert_eq!(is_source(key), expected, "{key}");
        }
    }
}
