//! Turns a document and a request into the decision that AWS would take, with the statement that it rests on.
//!
//! Looks at the resource policy alone, and at nothing but its two arguments. Where a document says something whose
//! meaning is not known here (an operator that IAM does not have, a variable without a value), it is strict: an Allow
//! does not apply, and a Deny does.
//!
//! See "Policy evaluation logic" in the IAM user guide.

pub(crate) mod condition;
mod request;

use std::borrow::Cow;
use std::fmt;

use crate::canonical::lowercase;
use crate::equivalent::reads_variables;
use crate::pattern::{Syntax, matches, pieces, resolve, text_matches};
use crate::{Condition, Document, Effect, Principal, Statement};
pub use request::Request;

/// What a document says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allowed(StatementRef),
    /// A statement denies it, whatever else allows it.
    Denied(StatementRef),
    /// No statement allows it. With the one that comes nearest, if there is an Allow at all.
    NotAllowed(Option<NearMiss>),
}

impl Decision {
    /// Whether the request may go ahead, as far as this document is concerned.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Names one statement of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
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
                write!(f, "no statement allows it; {} comes nearest, but {}", miss.statement, miss.mismatch)
            }
        }
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
                    "its condition `{operator}` on `{key}` wants {}, not {}",
                    list(wanted),
                    list(actual)
                )
            }
        }
    }
}

/// What the document says to the request.
pub fn evaluate(document: &Document, request: &Request) -> Decision {
    let variables = reads_variables(document);
    let mut allowed = None;
    let mut nearest: Option<(usize, StatementRef, Misfit<'_>)> = None;
    for (index, statement) in document.statements().iter().enumerate() {
        let reference = || StatementRef { index, sid: statement.sid().map(str::to_owned) };
        match (statement.effect(), apply(statement, request, variables)) {
            (Effect::Deny, Ok(())) => return Decision::Denied(reference()),
            (Effect::Allow, Ok(())) => allowed = allowed.or_else(|| Some(reference())),
            (Effect::Allow, Err((fitting, misfit))) => {
                if nearest.as_ref().is_none_or(|(best, ..)| fitting > *best) {
                    nearest = Some((fitting, reference(), misfit));
                }
            }
            (Effect::Deny, Err(_)) => {}
        }
    }
    match allowed {
        Some(statement) => Decision::Allowed(statement),
        None => Decision::NotAllowed(
            nearest.map(|(_, statement, misfit)| NearMiss { statement, mismatch: misfit.against(request) }),
        ),
    }
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

/// Whether the statement applies to the request; else how much of it fits, and the first thing that does not.
fn apply<'s>(
    statement: &'s Statement,
    request: &Request,
    variables: bool,
) -> Result<(), (usize, Misfit<'s>)> {
    let is_deny = statement.effect() == Effect::Deny;
    if !is_principal(statement, request) {
        return Err((0, Misfit::Principal));
    }
    if !is_action(statement, request.action()) {
        return Err((1, Misfit::Action));
    }
    if !is_resource(statement, request, variables).unwrap_or(is_deny) {
        return Err((2, Misfit::Resource));
    }
    for (fitting, condition) in statement.conditions().into_iter().enumerate() {
        if !condition::holds(&condition, request, variables).unwrap_or(is_deny) {
            return Err((3 + fitting, Misfit::Condition(condition)));
        }
    }
    Ok(())
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
fn is_action(statement: &Statement, action: &str) -> bool {
    let action = lowercase(action);
    let among = |patterns: Vec<&str>| {
        patterns.into_iter().any(|pattern| {
            let pattern = lowercase(pattern);
            text_matches(&pattern, &action)
        })
    };
    if statement.has("NotAction") { !among(statement.not_actions()) } else { among(statement.actions()) }
}

/// `None` where a variable without a value decides.
fn is_resource(statement: &Statement, request: &Request, variables: bool) -> Option<bool> {
    let among = |patterns: Vec<&str>| {
        let mut is_known = true;
        for pattern in patterns {
            if !variables || !pattern.contains("${") {
                if text_matches(pattern, request.resource()) {
                    return Some(true);
                }
                continue;
            }
            let pattern = pieces(pattern, Syntax { wildcards: true, variables });
            match resolve(&pattern, |key| request.variable(key)) {
                Some(pattern) if matches(&pattern, request.resource()) => return Some(true),
                Some(_) => {}
                None => is_known = false,
            }
        }
        is_known.then_some(false)
    };
    if statement.has("NotResource") {
        among(statement.not_resources()).map(|is_among| !is_among)
    } else {
        among(statement.resources())
    }
}
