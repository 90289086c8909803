//! Decides whether an element of one statement includes the same element of another.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::Arn;
use crate::canonical::Canonical;
use crate::names::is_account_id;
use crate::pattern::{Syntax, are_disjoint, includes, pieces};

/// The dialect of the document that contains a statement: `${…}` is a variable only in version
/// 2012-10-17.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) variables: bool,
}

/// One element of a statement: `Action` or `NotAction`, and so on.
#[derive(Debug)]
pub(super) enum Element<'c> {
    Only(Vec<ElementMember<'c>>),
    AllBut(Vec<ElementMember<'c>>),
    /// The statement has no action, so the element matches nothing.
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ElementMember<'c> {
    /// Kind and id.
    Principal(&'c str, &'c str),
    /// An action in lower case.
    Action(&'c str),
    Resource(&'c str),
    /// The resource to which the policy is attached, and which the policy does not name.
    Bearer,
}

impl<'c> Element<'c> {
    pub(super) fn principal(statement: &'c Canonical<'_>) -> Self {
        let member = |(kind, id): &(&'c str, &'c str)| ElementMember::Principal(kind, id);
        Self::of(statement.principal.as_ref(), statement.rest.not_principal.as_ref(), member).or_bearer()
    }

    pub(super) fn action(statement: &'c Canonical<'_>) -> Self {
        let member = |action: &'c Cow<'_, str>| ElementMember::Action(action);
        Self::of(statement.action.as_ref(), statement.rest.not_action.as_ref(), member)
    }

    pub(super) fn resource(statement: &'c Canonical<'_>) -> Self {
        let member = |resource: &'c &str| ElementMember::Resource(resource);
        Self::of(statement.resource.as_ref(), statement.rest.not_resource.as_ref(), member).or_bearer()
    }

    fn of<T>(
        only: Option<&'c BTreeSet<T>>,
        all_but: Option<&'c BTreeSet<T>>,
        member: impl Fn(&'c T) -> ElementMember<'c>,
    ) -> Self {
        match (only, all_but) {
            (_, Some(members)) => Self::AllBut(members.iter().map(member).collect()),
            (Some(members), None) => Self::Only(members.iter().map(member).collect()),
            (None, None) => Self::Absent,
        }
    }

    /// Replaces an absent element by the bearer of the policy. The policies of a role omit the
    /// element that is implied: a permissions policy has no principal, and the trust policy has no
    /// resource. In any other policy, AWS rejects a statement without the element, or the statement
    /// has no effect.
    ///
    /// See "Policies and permissions in IAM".
    fn or_bearer(self) -> Self {
        match self {
            Self::Absent => Self::Only(vec![ElementMember::Bearer]),
            named => named,
        }
    }

    /// Splits the element into the smallest elements that together have the same meaning.
    pub(super) fn parts(&self) -> Vec<Self> {
        match self {
            Self::Only(members) => members.iter().map(|member| Self::Only(vec![*member])).collect(),
            Self::AllBut(members) => vec![Self::AllBut(members.clone())],
            Self::Absent => Vec::new(),
        }
    }

    /// Returns whether this element matches everything that `narrow` matches.
    pub(super) fn includes(&self, narrow: &Self, (ours, theirs): (Dialect, Dialect)) -> bool {
        match (self, narrow) {
            (_, Self::Absent) => true,
            (Self::Absent, _) => false,
            (Self::Only(wide), Self::Only(narrow)) => all_in(narrow, wide, (ours, theirs)),
            (Self::AllBut(left_out), Self::AllBut(also_left_out)) => left_out.iter().all(|out| {
                let is_certain = !out.has_variable();
                also_left_out.iter().any(|also| {
                    (is_certain && also.includes(out, (theirs, ours)))
                        || (also == out && ours.variables == theirs.variables)
                })
            }),
            (Self::Only(wide), Self::AllBut(_)) => wide.iter().any(ElementMember::is_everything),
            (Self::AllBut(left_out), Self::Only(narrow)) => {
                let is_apart = |out: &ElementMember<'_>, one| {
                    !out.has_variable() && out.is_apart_from(one, (ours, theirs))
                };
                narrow.iter().all(|one| left_out.iter().all(|out| is_apart(out, one)))
            }
        }
    }

    /// Returns whether nothing matches both elements.
    pub(super) fn is_apart_from(&self, other: &Self, (ours, theirs): (Dialect, Dialect)) -> bool {
        match (self, other) {
            (Self::Absent, _) | (_, Self::Absent) => true,
            (Self::Only(a), Self::Only(b)) => {
                a.iter().all(|a| b.iter().all(|b| a.is_apart_from(b, (ours, theirs))))
            }
            (Self::Only(only), Self::AllBut(out)) => all_in(only, out, (theirs, ours)),
            (Self::AllBut(out), Self::Only(only)) => all_in(only, out, (ours, theirs)),
            (Self::AllBut(_), Self::AllBut(_)) => false,
        }
    }
}

/// Returns whether each member of `narrow` is included in a member of `wide`.
fn all_in(narrow: &[ElementMember<'_>], wide: &[ElementMember<'_>], dialects: (Dialect, Dialect)) -> bool {
    let same_dialect = dialects.0.variables == dialects.1.variables;
    narrow.iter().all(|narrow| {
        // The members come from sets, in order; most are in both lists.
        (same_dialect && wide.binary_search(narrow).is_ok())
            || wide.iter().any(|wide| wide.includes(narrow, dialects))
    })
}

impl ElementMember<'_> {
    fn is_everything(&self) -> bool {
        matches!(self, Self::Principal("AWS", "*") | Self::Action("*") | Self::Resource("*"))
    }

    /// Returns whether the element can contain a variable. If so, the excluded values are unknown.
    fn has_variable(&self) -> bool {
        matches!(self, Self::Resource(resource) if resource.contains("${"))
    }

    fn includes(&self, narrow: &Self, (ours, theirs): (Dialect, Dialect)) -> bool {
        match (*self, *narrow) {
            (Self::Principal("AWS", "*"), Self::Principal(..)) | (Self::Bearer, Self::Bearer) => true,
            (Self::Principal(kind, id), Self::Principal(other_kind, other_id)) => {
                kind == other_kind
                    && (id == other_id || (kind == "AWS" && account_of(other_id).as_deref() == Some(id)))
            }
            (Self::Action(wide), Self::Action(narrow)) => {
                text_includes((wide, Syntax::WILDCARDS), (narrow, Syntax::WILDCARDS))
            }
            (Self::Resource(wide), Self::Resource(narrow)) => {
                text_includes((wide, resource_syntax(ours)), (narrow, resource_syntax(theirs)))
            }
            _ => false,
        }
    }

    fn is_apart_from(&self, other: &Self, (ours, theirs): (Dialect, Dialect)) -> bool {
        match (*self, *other) {
            (Self::Bearer, other) | (other, Self::Bearer) => other != Self::Bearer,
            (Self::Principal("AWS", "*"), _) | (_, Self::Principal("AWS", "*")) => false,
            // If two principals belong to one account, one can be a session of the other.
            (Self::Principal("AWS", a), Self::Principal("AWS", b)) => {
                let account = |id: &str| account_of(id).unwrap_or_else(|| id.to_owned());
                is_account_id(&account(a)) && is_account_id(&account(b)) && account(a) != account(b)
            }
            (Self::Principal(kind, id), Self::Principal(other_kind, other_id)) => {
                kind != other_kind || id != other_id
            }
            (Self::Action(a), Self::Action(b)) => {
                are_disjoint(&pieces(a, Syntax::WILDCARDS), &pieces(b, Syntax::WILDCARDS))
            }
            (Self::Resource(a), Self::Resource(b)) => {
                are_disjoint(&pieces(a, resource_syntax(ours)), &pieces(b, resource_syntax(theirs)))
            }
            _ => false,
        }
    }
}

fn resource_syntax(dialect: Dialect) -> Syntax {
    Syntax { wildcards: true, variables: dialect.variables }
}

/// Returns whether a text includes another one, like [`includes`]. Most texts differ before the
/// first wildcard, and are compared without pieces.
pub(super) fn text_includes((wide, ours): (&str, Syntax), (narrow, theirs): (&str, Syntax)) -> bool {
    if wide == narrow && (ours == theirs || !wide.contains(['*', '?', '$'])) {
        return true;
    }
    let is_special = |c: char| (ours.wildcards && matches!(c, '*' | '?')) || c == '$';
    let certain = wide.find(is_special).unwrap_or(wide.len());
    let begins_alike = match narrow.split_at_checked(certain) {
        Some((start, _)) => wide.split_at_checked(certain).is_some_and(|(same, _)| same == start),
        // The text is shorter than the literal start of `wide`. A variable could fill the gap, but
        // its value is unknown.
        None => false,
    };
    begins_alike && includes(&pieces(wide, ours), &pieces(narrow, theirs))
}

/// The account in the ARN of a principal.
fn account_of(id: &str) -> Option<String> {
    let arn: Arn = id.parse().ok()?;
    Some(arn.account().to_owned()).filter(|account| is_account_id(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Dialect = Dialect { variables: true };
    const OLD: Dialect = Dialect { variables: false };
    const ROLE: ElementMember<'static> = ElementMember::Principal("AWS", "arn:aws:iam::111111111111:role/R");
    const ACCOUNT: ElementMember<'static> = ElementMember::Principal("AWS", "111111111111");
    const OTHER: ElementMember<'static> = ElementMember::Principal("AWS", "222222222222");
    const SERVICE: ElementMember<'static> = ElementMember::Principal("Service", "cloudtrail.amazonaws.com");
    const ANYBODY: ElementMember<'static> = ElementMember::Principal("AWS", "*");

    #[test]
    fn a_member_includes_what_it_matches_for_certain() {
        for (wide, narrow, expected) in [
            (ANYBODY, ROLE, true),
            (ANYBODY, SERVICE, true),
            (ACCOUNT, ROLE, true),
            (ACCOUNT, ACCOUNT, true),
            (ROLE, ROLE, true),
            (ROLE, ACCOUNT, false),
            (OTHER, ROLE, false),
            (SERVICE, SERVICE, true),
            (SERVICE, ElementMember::Principal("Service", "config.amazonaws.com"), false),
            (ElementMember::Principal("Federated", "111111111111"), ROLE, false),
            (ElementMember::Principal("Federated", "111111111111"), ACCOUNT, false),
            (ElementMember::Action("s3:get*"), ElementMember::Action("s3:getobject"), true),
            (ElementMember::Action("s3:getobject"), ElementMember::Action("s3:get*"), false),
            (ElementMember::Action("s3:get*"), ElementMember::Action("s3:get*"), true),
            (ElementMember::Action("*"), ElementMember::Resource("a"), false),
            (ElementMember::Resource("a/*"), ElementMember::Resource("a/b"), true),
            (ElementMember::Resource("a/*"), ElementMember::Resource("b"), false),
            (ElementMember::Bearer, ElementMember::Bearer, true),
            (ElementMember::Bearer, ROLE, false),
            (ANYBODY, ElementMember::Bearer, false),
        ] {
            assert_eq!(wide.includes(&narrow, (NEW, NEW)), expected, "{wide:?} {narrow:?}");
        }
        // The same text can have another meaning in the other version.
        for (text, dialects, expected) in [
            ("a/${aws:username}", (NEW, NEW), true),
            ("a/${aws:username}", (NEW, OLD), false),
            ("a/b", (NEW, OLD), true),
            ("a/*", (OLD, NEW), true),
        ] {
            let member = ElementMember::Resource(text);
            assert_eq!(member.includes(&member, dialects), expected, "{text} {dialects:?}");
        }
    }

    #[test]
    fn members_are_apart_only_if_they_never_match_the_same() {
        for (one, other, expected) in [
            (ANYBODY, SERVICE, false),
            (ACCOUNT, ROLE, false),
            (ACCOUNT, OTHER, true),
            (ROLE, OTHER, true),
            (ROLE, ElementMember::Principal("AWS", "arn:aws:iam::111111111111:role/S"), false),
            (ROLE, ElementMember::Principal("AWS", "AROAEXAMPLEEXAMPLE12"), false),
            (ROLE, SERVICE, true),
            (SERVICE, SERVICE, false),
            (SERVICE, ElementMember::Principal("Service", "config.amazonaws.com"), true),
            (ElementMember::Action("s3:get*"), ElementMember::Action("s3:*object"), false),
            (ElementMember::Action("s3:get*"), ElementMember::Action("s3:put*"), true),
            (ElementMember::Resource("a/*"), ElementMember::Resource("*/b"), false),
            (ElementMember::Resource("a/*"), ElementMember::Resource("b/*"), true),
            (ElementMember::Bearer, ElementMember::Bearer, false),
            (ElementMember::Bearer, ROLE, true),
            (ElementMember::Bearer, ANYBODY, true),
        ] {
            assert_eq!(one.is_apart_from(&other, (NEW, NEW)), expected, "{one:?} {other:?}");
            assert_eq!(other.is_apart_from(&one, (NEW, NEW)), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn everything_is_recognized() {
        for (member, expected) in [
            (ANYBODY, true),
            (ElementMember::Principal("Service", "*"), false),
            (ACCOUNT, false),
            (ElementMember::Action("*"), true),
            (ElementMember::Action("s3:*"), false),
            (ElementMember::Resource("*"), true),
            (ElementMember::Resource("a/*"), false),
            (ElementMember::Bearer, false),
        ] {
            assert_eq!(member.is_everything(), expected, "{member:?}");
        }
    }
}
