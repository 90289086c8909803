//! Resolves the extra statements of the spec, and rejects statements that S3 or KMS would reject.
//!
//! See "Grammar of the IAM JSON policy language" in the IAM user guide.

mod actions;
mod conditions;
mod principals;
mod resources;

use reconcile_policy::{AccountId, Arn, Document, Partition, PolicyKind, Region, Statement, exposed};

use super::recognized::Recognized;
use crate::diagnostic::SourceSpan;
use crate::facts::{Service, kms::KMS, s3::S3};
use crate::problems::{Problems, nearest, suggest};
use crate::raw::{Content, Located, Node};

/// The inputs of the checks, other than the statements.
pub(super) struct Context<'c> {
    pub(super) target: PolicyTarget<'c>,
    pub(super) partition: Partition,
    pub(super) recognized: &'c Recognized<'c>,
}

/// The resource whose policy contains the statements.
pub(super) enum PolicyTarget<'t> {
    Bucket {
        name: &'t str,
        /// Whether the spec blocks public access, so that S3 rejects a policy with a public
        /// statement.
        blocks_public: bool,
    },
    Key {
        /// The account and the Region of the key, if they are known.
        site: Option<(&'t AccountId, &'t Region)>,
        /// The ARN of the key, if the spec has it.
        arn: Option<&'t Arn>,
    },
}

/// Returns the statements without problems, and reports the problems of the other statements.
pub(super) fn resolve(raw: &[Node], context: &Context<'_>, problems: &mut Problems) -> Vec<Statement> {
    let (places, statements): (Vec<SourceSpan>, Vec<Statement>) =
        raw.iter().filter_map(|node| Some((node.place, one(node, context, problems)?))).unzip();
    let document = Document::new(statements.clone());
    let (size, limit) = (document.size(), context.target.limit());
    if let Some(first) = places.first().filter(|_| size > limit) {
        problems.add(
            *first,
            format!("the extra statements have {size} bytes, and AWS accepts a policy of {limit} bytes"),
            "remove statements, or shorten their lists with wildcards",
        );
    }
    if let PolicyTarget::Bucket { blocks_public: true, .. } = context.target {
        check_public(&document, &places, problems);
    }
    statements
}

/// Rejects public statements under Block Public Access. If S3 does not document whether a statement
/// is public, the plan warns instead.
///
/// See "Blocking public access to your Amazon S3 storage" in the S3 user guide.
fn check_public(document: &Document, places: &[SourceSpan], problems: &mut Problems) {
    for exposed in exposed(document).into_iter().filter(|exposed| exposed.doubt.is_none()) {
        if let Some(place) = places.get(exposed.statement.index) {
            problems.add(
                *place,
                "the statement is public, and S3 rejects public statements because `block_public_access` is on",
                "name the principals, add a condition such as `aws:SourceAccount`, or set `block_public_access: false`",
            );
        }
    }
}

fn one(node: &Node, context: &Context<'_>, problems: &mut Problems) -> Option<Statement> {
    if !matches!(node.content, Content::Map(_)) {
        problems.add(node.place, format!("expected a statement, which is a map, found {node}"), "");
        return None;
    }
    let before = problems.len();
    check_elements(node, problems);
    check_effect(node, problems);
    if let Some((name, element)) = either(node, ["Principal", "NotPrincipal"], problems) {
        principals::check(name, element, context, problems);
        check_not_principal(node, name, problems);
    }
    let resources = either(node, ["Resource", "NotResource"], problems)
        .map(|(name, element)| (name.value.as_str(), resources::check(name, element, context, problems)));
    if let Some((name, element)) = either(node, ["Action", "NotAction"], problems) {
        let resources = resources.and_then(|(name, levels)| levels.filter(|_| name == "Resource"));
        actions::check(name, element, resources.as_deref(), context, problems);
    }
    if let Some((_, condition)) = node.entry("Condition") {
        conditions::check(condition, context, problems);
    }
    check_characters(node, context, problems);
    if problems.len() > before {
        return None;
    }
    match Statement::from_value(node.to_json()) {
        Ok(statement) => Some(statement),
        Err(error) => {
            let hint = "write it as IAM does: `Effect`, `Principal`, `Action`, `Resource` and `Condition`";
            problems.add(node.place, format!("this is not an IAM statement: {error}"), hint);
            None
        }
    }
}

fn check_elements(node: &Node, problems: &mut Problems) {
    for (name, _) in node.entries() {
        if !Statement::ELEMENTS.contains(&name.value.as_str()) {
            let message = format!("unknown element `{}` in a statement", name.value);
            problems.add(name.place, message, suggest(&name.value, Statement::ELEMENTS));
        }
    }
    if let Some(sid) = node.get("Sid").filter(|sid| sid.text().is_none()) {
        problems.add(sid.place, format!("expected a string as `Sid`, found {sid}"), "");
    }
}

/// Checks the effect. Effects are case-sensitive: see "IAM JSON policy elements: Effect".
fn check_effect(node: &Node, problems: &mut Problems) {
    const EFFECTS: [&str; 2] = ["Allow", "Deny"];

    let Some(effect) = node.get("Effect") else {
        problems.add(node.place, "the statement has no `Effect`", "add `Effect: Allow` or `Effect: Deny`");
        return;
    };
    if !effect.text().is_some_and(|text| EFFECTS.contains(&text)) {
        let similar = effect.text().and_then(|text| nearest(text, EFFECTS));
        let hint = similar.map_or("use `Allow` or `Deny`".to_owned(), |it| format!("did you mean `{it}`?"));
        problems.add(effect.place, format!("expected `Allow` or `Deny`, found {effect}"), hint);
    }
}

/// Returns the element that a statement has, out of two alternative elements. Reports a problem if
/// the statement has neither or both.
fn either<'n>(
    node: &'n Node,
    names: [&str; 2],
    problems: &mut Problems,
) -> Option<(&'n Located<String>, &'n Node)> {
    let [positive, negative] = names;
    match (node.entry(positive), node.entry(negative)) {
        (Some((name, value)), None) | (None, Some((name, value))) => Some((name, value)),
        (Some(_), Some((name, _))) => {
            let message = format!("the statement has both `{positive}` and `{negative}`");
            problems.add(name.place, message, "remove one of them");
            None
        }
        (None, None) => {
            let message = format!("the statement has neither `{positive}` nor `{negative}`");
            problems.add(node.place, message, format!("add `{positive}`"));
            None
        }
    }
}

/// Checks `NotPrincipal`. See "IAM JSON policy elements: `NotPrincipal`": it is only valid with
/// Deny.
fn check_not_principal(node: &Node, name: &Located<String>, problems: &mut Problems) {
    if name.value == "NotPrincipal" && node.get("Effect").and_then(Node::text) == Some("Allow") {
        problems.add(
            name.place,
            "`NotPrincipal` with `Effect: Allow` would allow all other principals, and AWS rejects it",
            "name the allowed principals in `Principal`",
        );
    }
}

/// Checks the characters. See the pattern of `PolicyType` in the KMS API reference.
fn check_characters(node: &Node, context: &Context<'_>, problems: &mut Problems) {
    let PolicyTarget::Key { .. } = context.target else { return };
    let text = node.to_json().to_string();
    if let Some(character) = text.chars().find(|c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')) {
        problems.add(
            node.place,
            format!("the statement contains `{character}`, and KMS accepts only characters up to U+00FF"),
            "write the statement in Latin characters",
        );
    }
}

/// Returns the members of a list of texts, or a single text as a list of one. Reports other values
/// as problems.
fn texts<'n>(name: &str, node: &'n Node, problems: &mut Problems) -> Vec<(&'n str, SourceSpan)> {
    if let Content::List(members) = &node.content
        && members.is_empty()
    {
        problems.add(node.place, format!("`{name}` is an empty list"), "add at least one value");
    }
    let mut found = Vec::new();
    for member in node.members() {
        match (&member.content, member.text()) {
            (_, Some(text)) => found.push((text, member.place)),
            (Content::Number(_), None) => problems.add(
                member.place,
                format!("expected a string in `{name}`, found {member}"),
                "put it in quotes: without them, YAML reads a number and drops leading zeros",
            ),
            (_, None) => {
                problems.add(member.place, format!("expected a string in `{name}`, found {member}"), "");
            }
        }
    }
    found
}

impl PolicyTarget<'_> {
    /// The service of the resource.
    fn service(&self) -> &'static Service {
        match self {
            Self::Bucket { .. } => &S3,
            Self::Key { .. } => &KMS,
        }
    }

    /// The size limit of the policy, in bytes.
    fn limit(&self) -> usize {
        match self {
            Self::Bucket { .. } => PolicyKind::Bucket.limit(),
            Self::Key { .. } => PolicyKind::Key.limit(),
        }
    }
}
