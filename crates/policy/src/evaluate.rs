//! Turns a document and a request into the decision that AWS would take, with the statement that decides.
//!
//! Reads the resource policy alone, and nothing but its two arguments. Not every condition key of a request is known:
//! the decision is [`Decision::Unknown`] where it depends on one that is not, and certain where every value of the
//! unknown keys leads to the same decision. Where a document says something that has no known meaning (an operator
//! that IAM does not have, a variable without a value), evaluation is strict: an Allow does not apply, a Deny does.
//!
//! See "Policy evaluation logic" in the IAM user guide.

pub(crate) mod condition;
mod keys;
mod known;
mod request;
mod way;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::canonical::lowercase;
use crate::equivalent::reads_variables;
use crate::pattern::{Syntax, matches, text_matches};
use crate::{Condition, Document, Effect, Principal, Statement};
use condition::{Truth, resolved};
pub use known::Known;
pub use request::Request;
pub use way::{Way, way};

/// The decision of a document on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allowed(StatementRef),
    /// A statement denies it, whatever else allows it.
    Denied(StatementRef),
    /// No statement allows it. With the Allow that comes nearest, if there is one.
    NotAllowed(Option<NearMiss>),
    /// Whether it is allowed depends on condition keys that are not known. With the statements that may apply and
    /// decide, at least one.
    Unknown(Vec<Doubt>),
}

impl Decision {
    /// Whether the document certainly allows the request.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// Whether the document certainly does not allow the request.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::NotAllowed(_))
    }
}

/// A statement of which it is not known whether it applies to a request.
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
    /// Its place in the document, from 0.
    pub index: usize,
    /// Its Sid, if it has one.
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

/// An Allow that would apply, but for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// Which statement.
    pub statement: StatementRef,
    /// What of it did not fit.
    pub mismatch: Mismatch,
}

/// The part of a statement that did not match a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It is for somebody else.
    Principal,
    /// It is for another action.
    Action,
    /// It is for another resource.
    Resource,
    /// It is under a condition that does not hold.
    Condition {
        /// Such as `StringEquals`.
        operator: String,
        /// Such as `aws:SourceArn`.
        key: String,
        /// What the statement asks for.
        wanted: Vec<String>,
        /// What the request has; empty if it does not have the key.
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
        /// A list of hundreds of accounts tells nobody anything.
        const SHOWN: usize = 3;

        match self {
            Self::Principal => f.write_str("is for another principal"),
            Self::Action => f.write_str("is for another action"),
            Self::Resource => f.write_str("is for another resource"),
            Self::Condition { operator, key, wanted, actual } => {
                let list = |values: &[String]| {
                    let shown: Vec<String> = values.iter().take(SHOWN).map(|it| format!("`{it}`")).collect();
                    match values.len() {
                        0 => "nothing".to_owned(),
                        many if many > SHOWN => format!("{} and {} more", shown.join(", "), many - SHOWN),
                        _ => shown.join(" or "),
                    }
                };
                write!(
                    f,
                    "its condition `{operator}` on `{key}` requires {}, not {}",
                    list(wanted),
                    list(actual)
                )
            }
        }
    }
}

/// The decision of the document on the request.
pub fn evaluate(document: &Document, request: &Request) -> Decision {
    let Applying { denied, may_deny, allowed, may_allow, nearest } = applying(document, request);
    match (denied, allowed) {
        (Some(statement), _) => Decision::Denied(statement),
        (None, Some(statement)) if may_deny.is_empty() => Decision::Allowed(statement),
        (None, Some(_)) => Decision::Unknown(may_deny),
        // A Deny that may apply changes nothing for a request that nothing allows.
        (None, None) if may_allow.is_empty() => Decision::NotAllowed(
            nearest.map(|(_, statement, misfit)| NearMiss { statement, mismatch: misfit.against(request) }),
        ),
        (None, None) => Decision::Unknown(may_deny.into_iter().chain(may_allow).collect()),
    }
}

/// Whether a document denies a request that another policy allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// No statement denies it.
    None,
    /// These statements may deny it.
    Unknown(Vec<Doubt>),
    /// This statement denies it.
    By(StatementRef),
}

/// Whether the document denies the request, whatever it allows.
pub fn denial(document: &Document, request: &Request) -> Denial {
    let Applying { denied, may_deny, .. } = applying(document, request);
    match denied {
        Some(statement) => Denial::By(statement),
        None if may_deny.is_empty() => Denial::None,
        None => Denial::Unknown(may_deny),
    }
}

/// The statements of a document that apply to a request, or may.
#[derive(Default)]
struct Applying<'d> {
    /// The first Deny that applies. The statements after it are not read.
    denied: Option<StatementRef>,
    may_deny: Vec<Doubt>,
    /// The first Allow that applies.
    allowed: Option<StatementRef>,
    may_allow: Vec<Doubt>,
    /// The Allow that comes nearest, with how much of it fits.
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
    /// It depends on these condition keys.
    Perhaps(Vec<String>),
    /// With how much of the statement fits, and the first part that does not.
    No(usize, Misfit<'s>),
}

/// A [`Mismatch`] that still stands in the statement: most are never told.
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

/// The prefix and the name of an action are not case-sensitive. See "IAM JSON policy elements: Action".
pub(crate) fn is_action(statement: &Statement, action: &str) -> bool {
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
