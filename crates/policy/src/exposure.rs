//! Determines what the statements of a resource policy allow to principals outside of the known
//! accounts.
//!
//! A statement is judged together with every Deny of its document. In doubt, the access is
//! reported: a condition that depends on unknown values is assumed to hold. A caller is assumed to
//! choose everything that a caller can choose (headers, tags, the time) so that the statement
//! applies. This module must not know what a plan is, or how severe a capability is.
//!
//! See "Policy evaluation logic" and "The confused deputy problem" in the IAM user guide.

mod assume;
mod capability;
mod grant;
mod reach;
mod who;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::canonical::canonical_principal_id;
use crate::equivalent::reads_variables;
use crate::evaluate::is_action;
use crate::pattern::text_matches;
use crate::trail_statement::CLOUDTRAIL;
use crate::{Decision, Document, Effect, Partition, Statement, StatementRef, evaluate};
pub use capability::Capability;
use capability::{On, RiskyAction};
pub use grant::{KeyGrant, granted, granted_by_acl};
use who::Candidate;
pub use who::{Standing, Who, outsider};

/// A kind of resource whose policy is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetKind {
    /// The bucket of the log files.
    Bucket,
    /// The key that encrypts the log files.
    Key,
    /// A topic to which notifications of log files are published.
    Topic,
    /// A log group that receives the events of a trail.
    LogGroup,
}

/// The resource that a policy protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The kind of the resource.
    pub kind: AssetKind,
    /// The ARN of the resource.
    pub arn: String,
    /// The account that owns the resource.
    pub account: String,
    /// The ARN of the bucket of the log files.
    pub bucket: String,
    /// Patterns of the ARNs of log files.
    pub logs: Vec<String>,
}

/// The accounts and principals that are not outsiders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Insiders {
    /// Account ids: the accounts of the spec and of its organization.
    pub accounts: BTreeSet<String>,
    /// The id of the organization, if it is known.
    pub organization: Option<String>,
    /// Principals that are intended to read and decrypt log files, as ARNs or account ids.
    pub readers: BTreeSet<String>,
}

impl Insiders {
    /// Adds the account of a resource, because the owner of the resource decides about the
    /// principals of its own account.
    #[must_use]
    pub fn with(&self, account: &str) -> Cow<'_, Self> {
        if self.has(account) {
            return Cow::Borrowed(self);
        }
        let mut insiders = self.clone();
        insiders.accounts.insert(account.to_owned());
        Cow::Owned(insiders)
    }

    /// Returns whether the account is an insider.
    fn has(&self, account: &str) -> bool {
        self.accounts.contains(account)
    }

    fn has_reader(&self, who: &Who) -> bool {
        let (Who::Account(id) | Who::Principal(id)) = who else { return false };
        let same = |reader: &String| {
            canonical_principal_id(crate::Principal { kind: "AWS", id: reader }) == id.as_str()
        };
        self.readers.contains(id) || self.readers.iter().any(same)
    }
}

/// The access that a statement allows to outsiders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The statement.
    pub statement: StatementRef,
    /// The capabilities that the statement allows; at least one.
    pub allowed: Vec<Allowed>,
}

impl Exposure {
    /// The text about the exposure: `lets account 444455556666 read every log file`.
    pub fn sentence(&self) -> String {
        words::sentence(&self.allowed)
    }
}

/// A capability of an outsider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// The outsider.
    pub who: Who,
    /// The capability of the outsider.
    pub capability: Capability,
    /// Patterns of the object keys, if the capability does not concern every log file.
    pub files: Option<Vec<String>>,
    /// Whether the capability certainly takes effect.
    pub holds: Holds,
}

/// Whether a capability takes effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// The capability always takes effect.
    Always,
    /// The effect depends on these condition keys, about which too little is known. The list is
    /// empty if the effect depends on something else, such as the existence of the principal.
    Under(Vec<String>),
    /// The capability has no effect as long as the outsider is in another account: AWS accepts the
    /// action only from the account of the resource.
    OwnAccountOnly,
    /// The capability has no effect: CloudWatch Logs enforces resource policies only for AWS
    /// services that write events.
    NotEnforced,
}

impl Allowed {
    /// The text about a list of capabilities.
    pub fn sentence(allowed: &[Self]) -> String {
        words::sentence(allowed)
    }
}

/// Returns the statements of a policy that allow something to outsiders, in document order.
/// Statements that `is_judged` does not select are skipped.
pub fn exposures(
    document: &Document,
    asset: &Asset,
    insiders: &Insiders,
    is_judged: impl Fn(&Statement) -> bool,
) -> Vec<Exposure> {
    let denies: Vec<&Statement> =
        document.statements().iter().filter(|it| it.effect() == Effect::Deny).collect();
    let judge = ExposureAnalysis { document, asset, insiders, denies, variables: reads_variables(document) };
    let statements = document.statements().iter().enumerate();
    statements
        .filter(|(_, statement)| statement.effect() == Effect::Allow && is_judged(statement))
        .filter_map(|(index, statement)| {
            let allowed = judge.allowed(statement);
            let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
            (!allowed.is_empty()).then_some(Exposure { statement, allowed })
        })
        .collect()
}

struct ExposureAnalysis<'a> {
    document: &'a Document,
    asset: &'a Asset,
    insiders: &'a Insiders,
    denies: Vec<&'a Statement>,
    variables: bool,
}

/// A capability that a statement gives to its principals.
struct CandidateCapability<'a> {
    action: &'a RiskyAction,
    /// The resource of the request to evaluate.
    resource: String,
    files: Option<Vec<String>>,
}

impl ExposureAnalysis<'_> {
    fn allowed(&self, statement: &Statement) -> Vec<Allowed> {
        let grants = self.grants(statement);
        if grants.is_empty() {
            return Vec::new();
        }
        let Some(asked) = self.asked(statement) else { return Vec::new() };
        let mut allowed: Vec<Allowed> = Vec::new();
        for group in who::groups(statement, self.asset, self.insiders) {
            let of = |candidate: &Candidate| self.capabilities(candidate, &grants, statement, &asked);
            let mut found: Vec<Allowed> = group.candidates.iter().flat_map(of).collect();
            if found.is_empty() {
                found.extend(group.otherwise.iter().flat_map(of));
            }
            for one in found {
                add(&mut allowed, one);
            }
        }
        allowed
    }

    /// Returns the actions of a statement that endanger the logs, with the resources that the
    /// statement allows for them.
    fn grants(&self, statement: &Statement) -> Vec<CandidateCapability<'static>> {
        let of_kind = capability::ACTIONS.iter().filter(|action| action.kind == self.asset.kind);
        of_kind
            .filter(|action| is_action(statement, action.name))
            .filter_map(|action| {
                let Asset { arn, logs, .. } = self.asset;
                let (resource, files) = match action.on {
                    On::Objects => {
                        let files = reach::files(statement, logs, self.variables)?;
                        (logs.first()?.replace('*', "x"), files)
                    }
                    On::Resource => {
                        reach::is_of(statement, arn, self.variables).then(|| (arn.clone(), None))?
                    }
                    On::Streams => reach::is_of_streams(statement, arn, self.variables)
                        .then(|| (format!("{arn}:log-stream:x"), None))?,
                };
                Some(CandidateCapability { action, resource, files })
            })
            .collect()
    }

    /// Returns the document to evaluate: the conditions of the statement, and every Deny. The
    /// principals, actions and resources of the statement have already been checked.
    fn asked(&self, statement: &Statement) -> Option<Document> {
        let mut elements = serde_json::json!({
            "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
        });
        if let Some(condition) = statement.elements().get("Condition") {
            elements["Condition"] = condition.clone();
        }
        let allow = Statement::from_value(elements).ok()?;
        let denies = self.denies.iter().map(|deny| (*deny).clone());
        Some(self.document.with_statements(std::iter::once(allow).chain(denies).collect()))
    }

    fn capabilities(
        &self,
        candidate: &Candidate,
        grants: &[CandidateCapability<'_>],
        statement: &Statement,
        asked: &Document,
    ) -> Vec<Allowed> {
        let partition = self.partition();
        let mut found = Vec::new();
        for CandidateCapability { action, resource, files } in grants {
            let capability = action.capability;
            if capability.is_reading() && self.insiders.has_reader(&candidate.who) {
                continue;
            }
            // A trail of a named account writes and decrypts only its own log files.
            if matches!(&candidate.who, Who::Service { name, source: Some(_) } if name == CLOUDTRAIL) {
                continue;
            }
            if candidate.is_indifferent_to(action) {
                continue;
            }
            let request = candidate.request(action.name, resource, self.insiders, partition);
            let request = assume::assume(request, statement, &self.denies, self.asset, self.insiders, action);
            let request = candidate.bind(request);
            let holds = match evaluate(asked, &request) {
                Decision::Allowed(_) => candidate.holds(action),
                Decision::Unknown(doubts) => {
                    let mut keys: Vec<String> = Vec::new();
                    for key in doubts.into_iter().flat_map(|doubt| doubt.keys) {
                        if !keys.iter().any(|it| it.eq_ignore_ascii_case(&key)) {
                            keys.push(key);
                        }
                    }
                    match candidate.holds(action) {
                        Holds::Always => Holds::Under(keys),
                        other => other,
                    }
                }
                Decision::Denied(_) | Decision::NotAllowed(_) => continue,
            };
            found.push(Allowed { who: candidate.who.clone(), capability, files: files.clone(), holds });
        }
        found
    }

    fn partition(&self) -> Partition {
        let name = self.asset.arn.split(':').nth(1).unwrap_or_default();
        Partition::ALL.iter().copied().find(|it| it.as_str() == name).unwrap_or(Partition::Aws)
    }
}

/// Adds a capability. If several actions give the same capability, an action that takes effect has
/// priority.
fn add(allowed: &mut Vec<Allowed>, one: Allowed) {
    let same = |it: &&mut Allowed| it.who == one.who && it.capability == one.capability;
    match allowed.iter_mut().find(same) {
        Some(known) => {
            known.holds = known.holds.clone().min(one.holds);
            if known.files.is_some() {
                known.files = one.files;
            }
        }
        None => allowed.push(one),
    }
}

/// Returns whether a text matches a pattern in which `*` and `?` are wildcards.
fn is_like(pattern: &str, text: &str) -> bool {
    text_matches(pattern, text)
}

#[cfg(test)]
mod tests;
