//! Splits a statement into its single values, each with its place and its identity.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::canonical::{canonical_operator, canonical_principal_id, lowercase, sorted_text};
use crate::json::escape_pointer;
use crate::{Principal, Statement};

/// One value of a statement.
pub(super) struct Leaf<'s> {
    /// Pointer from the statement: `/Resource`, `/Condition/StringEquals/aws:SourceArn`.
    pub(super) path: String,
    pub(super) value: Value,
    identity: Identity<'s>,
}

/// The element, the place inside it (kind of principal, or operator and key), and the value: all
/// canonical.
type Identity<'s> = (&'s str, String, Cow<'s, str>);

impl Leaf<'_> {
    /// The identity of the value. Values with the same meaning in the same place have equal
    /// identities.
    pub(super) fn identity(&self) -> &Identity<'_> {
        &self.identity
    }
}

/// Returns every value of the statement except its Sid.
pub(super) fn leaves(statement: &Statement) -> Vec<Leaf<'_>> {
    let mut leaves = vec![Leaf {
        path: "/Effect".to_owned(),
        value: json!(statement.effect()),
        identity: ("Effect", String::new(), Cow::Borrowed(statement.effect().as_str())),
    }];
    leaves.extend(principals("Principal", statement.principals()));
    leaves.extend(principals("NotPrincipal", statement.not_principals()));
    leaves.extend(texts("Action", statement.actions(), lowercase));
    leaves.extend(texts("NotAction", statement.not_actions(), lowercase));
    leaves.extend(texts("Resource", statement.resources(), Cow::Borrowed));
    leaves.extend(texts("NotResource", statement.not_resources(), Cow::Borrowed));
    leaves.extend(conditions(statement));
    leaves.extend(statement.unknown_elements().map(|(name, value)| Leaf {
        path: format!("/{}", escape_pointer(name)),
        value: value.clone(),
        identity: (name, String::new(), Cow::Owned(sorted_text(value))),
    }));
    leaves
}

fn principals<'s>(element: &'static str, principals: Vec<Principal<'s>>) -> impl Iterator<Item = Leaf<'s>> {
    principals.into_iter().map(move |principal| Leaf {
        path: match principal.kind {
            "" => format!("/{element}"),
            kind => format!("/{element}/{}", escape_pointer(kind)),
        },
        value: json!(principal.id),
        identity: (element, principal.kind.to_owned(), Cow::Borrowed(canonical_principal_id(principal))),
    })
}

fn texts<'s>(
    element: &'static str,
    texts: Vec<&'s str>,
    canonical: impl Fn(&'s str) -> Cow<'s, str>,
) -> impl Iterator<Item = Leaf<'s>> {
    texts.into_iter().map(move |text| Leaf {
        path: format!("/{element}"),
        value: json!(text),
        identity: (element, String::new(), canonical(text)),
    })
}

fn conditions(statement: &Statement) -> impl Iterator<Item = Leaf<'_>> {
    statement.conditions().into_iter().flat_map(|condition| {
        let path =
            format!("/Condition/{}/{}", escape_pointer(condition.operator), escape_pointer(condition.key));
        let place = format!("{} {}", canonical_operator(condition.operator), lowercase(condition.key));
        condition.values.into_iter().map(move |value| Leaf {
            path: path.clone(),
            value: json!(value),
            identity: ("Condition", place.clone(), value),
        })
    })
}
