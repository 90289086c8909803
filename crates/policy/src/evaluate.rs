//! Evaluates a request under a document as AWS does, and names the statement that decides.
//!
//! The evaluation reads only the resource policy and the request. Some condition keys of a request
//! are unknown: the decision is [`Decision::Unknown`] if it depends on one of these keys, and
//! certain if every value of the unknown keys leads to the same decision. If a document contains
//! something without a known meaning (an operator that IAM does not have, a variable without a
//! value), the evaluation is strict: an Allow does not apply, and a Deny applies.
//!
//! See "Policy evaluation logic" in the IAM user guide.

pub(crate) mod condition;
mod justification;
mod keys;
mod known;
mod request;
mod requester;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::lowercase;
use crate::equivalent::reads_variables;
use crate::pattern::{Syntax, matches, text_matches};
use crate::{Condition, Document, Effect, Principal, Statement};
use condition::{Operator, Truth, resolved};
pub use justification::{Justification, justification};
pub use known::Known;
pub use request::Request;

/// The decision of a document on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and no statement denies it.
    Allowed(StatementRef),
    /// A statement denies the request, regardless of other statements that allow it.
    Denied(StatementRef),
    /// No statement allows the request. The value is the Allow that is closest to a match, if there
    /// is an Allow.
    NotAllowed(Option<NearMiss>),
    /// The decision depends on unknown condition keys. The value is the list of the statements that
    /// can decide, at least one.
    Unknown(Vec<Doubt>),
}

impl Decision {
    /// Returns whether the document certainly allows the request.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// Returns whether the document certainly does not allow the request.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::NotAllowed(_))
    }
}

/// A statement for which it is unknown whether it applies to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The statement.
    pub statement: StatementRef,
    /// Its effect.
    pub effect: Effect,
    /// The condition keys that decide, as the statement spells them.
    pub keys: Vec<String>,
}

/// Names one statement of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRef {
    /// The index of the statement in the document, from 0.
    pub index: usize,
    /// The Sid of the statement, if it has one.
    pub sid: Option<String>,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement `{sid}`"),
            None => write!(f, "statement {} (it has no Sid)", self.index + 1),
        }
    }
}

/// An Allow that does not apply because of a single mismatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementRef,
    /// The part of the statement that does not match.
    pub mismatch: Mismatch,
}

/// The first part of a statement that does not match a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The statement does not apply to the principal of the request.
    Principal,
    /// The statement does not apply to the action of the request.
    Action,
    /// The statement does not apply to the resource of the request.
    Resource,
    /// A condition of the statement does not hold.
    Condition {
        /// The condition operator, such as `StringEquals`.
        operator: String,
        /// The condition key, such as `aws:SourceArn`.
        key: String,
        /// The values of the condition. A negated operator excludes these values.
        wanted: Vec<String>,
        /// The values of the request; empty if the request does not have the key.
        actual: Vec<String>,
    },
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(by) => write!(f, "allowed by {by}"),
            Self::Denied(by) => write!(f, "denied by {by}"),
            Self::NotAllowed(None) => f.write_str("no statement allows anything"),
            Self::NotAllowed(Some(miss)) => {
                write!(
                    f,
                    "no statement allows it; {} is the closest match, but {}",
                    miss.statement, miss.mismatch
                )
            }
            Self::Unknown(doubts) => {
                f.write_str("it is not known whether ")?;
                for (index, doubt) in doubts.iter().enumerate() {
                    write!(f, "{}{doubt}", if index == 0 { "" } else { ", and whether " })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        write!(f, "{} {verb} the request: this depends on `{}`", self.statement, self.keys.join("` and `"))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => f.write_str("is for another principal"),
            Self::Action => f.write_str("is for another action"),
            Self::Resource => f.write_str("is for another resource"),
            Self::Condition { operator, key, wanted, actual } => {
                write!(f, "its condition `{operator}` on `{key}` ")?;
                let parsed = Operator::parse(operator);
                let is_negated = parsed.is_some_and(|it| it.is_negated);
                match (parsed.is_some_and(Operator::is_null), actual.as_slice()) {
                    (true, []) => write!(f, "requires a request that has `{key}`"),
                    (true, actual) => {
                        write!(f, "requires a request without `{key}`, but the request has {}", list(actual))
                    }
                    (false, []) if is_negated => {
                        write!(f, "excludes {}, and requires a request that has `{key}`", list(wanted))
                    }
                    (false, []) => write!(f, "requires {}, but the request has no `{key}`", list(wanted)),
                    (false, actual) if is_negated => {
                        write!(f, "excludes {}, but the request has {}", list(wanted), list(actual))
                    }
                    (false, actual) => write!(f, "requires {}, not {}", list(wanted), list(actual)),
                }
            }
        }
    }
}

/// Returns the first values of a list for a message, because a list of hundreds of accounts is not
/// useful to a reader.
fn list(values: &[String]) -> String {
    const SHOWN: usize = 3;

    let shown: Vec<String> = values.iter().take(SHOWN).map(|it| format!("`{it}`")).collect();
    match values.len() {
        0 => "nothing".to_owned(),
        many if many > SHOWN => format!("{} and {} more", shown.join(", "), many - SHOWN),
        _ => shown.join(" or "),
    }
}

/// Evaluates a request under a document.
pub fn evaluate(document: &Document, request: &Request) -> Decision {
    let Applying { denied, may_deny, allowed, may_allow, nearest } = applying(document, request);
    match (denied, allowed) {
        (Some(statement), _) => Decision::Denied(statement),
        (None, Some(statement)) if may_deny.is_empty() => Decision::Allowed(statement),
        (None, Some(_)) => Decision::Unknown(may_deny),
        // A Deny that may apply is irrelevant if no statement allows the request.
        (None, None) if may_allow.is_empty() => Decision::NotAllowed(
            nearest.map(|(_, statement, misfit)| NearMiss { statement, mismatch: misfit.against(request) }),
        ),
        (None, None) => Decision::Unknown(may_deny.into_iter().chain(may_allow).collect()),
    }
}

/// Whether a document denies a request that another policy allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenyDecision {
    /// No statement denies the request.
    None,
    /// These statements may deny the request.
    Unknown(Vec<Doubt>),
    /// This statement denies the request.
    By(StatementRef),
}

/// Returns whether the document denies the request, regardless of what the document allows.
pub fn denial(document: &Document, request: &Request) -> DenyDecision {
    let Applying { denied, may_deny, .. } = applying(document, request);
    match denied {
        Some(statement) => DenyDecision::By(statement),
        None if may_deny.is_empty() => DenyDecision::None,
        None => DenyDecision::Unknown(may_deny),
    }
}

/// The statements of a document that apply, or may apply, to a request.
#[derive(Default)]
struct Applying<'d> {
    /// The first Deny that applies. The statements after it are not read.
    denied: Option<StatementRef>,
    may_deny: Vec<Doubt>,
    /// The first Allow that applies.
    allowed: Option<StatementRef>,
    may_allow: Vec<Doubt>,
    /// The Allow that is closest to a match, with the number of its parts that match.
    nearest: Option<(usize, StatementRef, Misfit<'d>)>,
}

fn applying<'d>(document: &'d Document, request: &Request) -> Applying<'d> {
    let variables = reads_variables(document);
    let mut applying = Applying::default();
    for (index, statement) in document.statements().iter().enumerate() {
        let reference = || StatementRef { index, sid: statement.sid().map(str::to_owned) };
        match (statement.effect(), apply(statement, request, variables)) {
            (Effect::Deny, Applies::Yes) => {
                applying.denied = Some(reference());
                break;
            }
            (Effect::Allow, Applies::Yes) => {
                applying.allowed = applying.allowed.or_else(|| Some(reference()));
            }
            (effect, Applies::Perhaps(keys)) => {
                let doubts =
                    if effect == Effect::Deny { &mut applying.may_deny } else { &mut applying.may_allow };
                doubts.push(Doubt { statement: reference(), effect, keys });
            }
            (Effect::Allow, Applies::No(fitting, misfit)) => {
                if applying.nearest.as_ref().is_none_or(|(best, ..)| fitting > *best) {
                    applying.nearest = Some((fitting, reference(), misfit));
                }
            }
            (Effect::Deny, Applies::No(..)) => {}
        }
    }
    applying
}

/// Whether a statement applies to a request.
enum Applies<'s> {
    Yes,
    /// The answer depends on these condition keys.
    Perhaps(Vec<String>),
    /// The statement does not apply. The values are the number of its parts that match, and the
    /// first part that does not.
    No(usize, Misfit<'s>),
}

/// A [`Mismatch`] that borrows from the statement, because most mismatches are never reported.
enum Misfit<'s> {
    Principal,
    Action,
    Resource,
    Condition(Condition<'s>),
}

impl Misfit<'_> {
    fn against(self, request: &Request) -> Mismatch {
        match self {
            Self::Principal => Mismatch::Principal,
            Self::Action => Mismatch::Action,
            Self::Resource => Mismatch::Resource,
            Self::Condition(condition) => Mismatch::Condition {
                operator: condition.operator.to_owned(),
                key: condition.key.to_owned(),
                wanted: condition.values.into_iter().map(Cow::into_owned).collect(),
                actual: request.values(condition.key).to_vec(),
            },
        }
    }
}

fn apply<'s>(statement: &'s Statement, request: &Request, variables: bool) -> Applies<'s> {
    let is_deny = statement.effect() == Effect::Deny;
    if !is_principal(statement, request) {
        return Applies::No(0, Misfit::Principal);
    }
    if !is_action(statement, request.action()) {
        return Applies::No(1, Misfit::Action);
    }
    let mut unknown: Vec<String> = Vec::new();
    let mut may_hold = |truth| match truth {
        Truth::True => true,
        Truth::False => false,
        Truth::Undefined => is_deny,
        Truth::Unknown(key) => {
            if !unknown.contains(&key) {
                unknown.push(key);
            }
            true
        }
    };
    if !may_hold(is_resource(statement, request, variables)) {
        return Applies::No(2, Misfit::Resource);
    }
    let mut conditions = statement.conditions();
    for index in 0..conditions.len() {
        if !may_hold(condition::holds(&conditions, index, request, variables)) {
            return Applies::No(3 + index, Misfit::Condition(conditions.swap_remove(index)));
        }
    }
    if unknown.is_empty() { Applies::Yes } else { Applies::Perhaps(unknown) }
}

fn is_principal(statement: &Statement, request: &Request) -> bool {
    let among = |principals: Vec<Principal<'_>>| principals.into_iter().any(|it| request.is_by(it));
    if statement.has("NotPrincipal") {
        !among(statement.not_principals())
    } else {
        among(statement.principals())
    }
}

/// Returns whether the statement applies to the action. The prefix and the name of an action are
/// not case-sensitive. See "IAM JSON policy elements: Action".
pub fn is_action(statement: &Statement, action: &str) -> bool {
    let action = lowercase(action);
    let among = |patterns: Vec<&str>| {
        patterns.into_iter().any(|pattern| {
            let pattern = lowercase(pattern);
            text_matches(&pattern, &action)
        })
    };
    if statement.has("NotAction") { !among(statement.not_actions()) } else { among(statement.actions()) }
}

fn is_resource(statement: &Statement, request: &Request, variables: bool) -> Truth {
    let among = |patterns: Vec<&str>| {
        Truth::any(patterns.into_iter().map(|pattern| resource_matches(pattern, request, variables)))
    };
    if statement.has("NotResource") {
        among(statement.not_resources()).not()
    } else {
        among(statement.resources())
    }
}

fn resource_matches(pattern: &str, request: &Request, variables: bool) -> Truth {
    if !variables || !pattern.contains("${") {
        return Truth::of(text_matches(pattern, request.resource()));
    }
    match resolved(pattern, Syntax { wildcards: true, variables }, request) {
        Ok(pattern) => Truth::of(matches(&pattern, request.resource())),
        Err(truth) => truth,
    }
}
