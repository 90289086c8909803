//! Parses a statement that allows CloudTrail to deliver into grants: one for each source, action
//! and resource.
//!
//! The console, AWS guides, Terraform modules and people write such statements in many ways. All of
//! these statements have the principal (CloudTrail), the actions (read the ACL of the bucket,
//! write, encrypt, notify), and lists whose members each belong to an account. Statements with any
//! other element, such as a condition on the source address, are not parsed, because this module
//! does not know their meaning.

mod grant;
mod owner;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::{canonical_operator, lowercase};
use crate::json::one_or_many;
use crate::pattern::text_matches;
use crate::{Effect, Principal, Statement};
use grant::Texts;
pub(crate) use grant::{Coverage, DeliveryGrant, GrantSource};
pub(crate) use owner::is_of_one_owner;
pub use owner::logs_folder;
use owner::{Owner, is_of_bucket, is_of_objects};

/// The service principal of CloudTrail.
pub const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
/// The condition key of the encryption context that contains the ARN of the trail.
///
/// See "Configure AWS KMS key policies for CloudTrail" in the CloudTrail user guide.
pub(crate) const TRAIL_CONTEXT: &str = "kms:EncryptionContext:aws:cloudtrail:arn";
pub(crate) const SOURCE_ACCOUNT: &str = "aws:SourceAccount";
pub(crate) const SOURCE_ORGANIZATION: &str = "aws:SourceOrgID";
pub(crate) const SOURCE_ACCOUNT_VARIABLE: &str = "${aws:SourceAccount}";

/// The ACL of objects that CloudTrail writes. It makes the bucket owner the owner of the log files.
///
/// See "Amazon S3 bucket policy for CloudTrail" in the CloudTrail user guide.
pub(crate) const OWNERS_ACL: &str = "bucket-owner-full-control";

/// The maximum number of enumerated pieces. A realistic statement of 20 KB has a few hundred.
const LIMIT: usize = 4096;

/// A statement that only allows CloudTrail to deliver.
#[derive(Debug)]
pub(crate) struct TrailStatement<'s> {
    statement: &'s Statement,
    /// At most one list for each part.
    lists: Vec<List<'s>>,
}

/// One list of a statement.
#[derive(Debug)]
struct List<'s> {
    part: Part,
    /// Operator and key of a condition, in their original spelling.
    condition: Option<(&'s str, &'s str)>,
    /// Whether `*` and `?` are wildcards.
    has_wildcards: bool,
    texts: Vec<Cow<'s, str>>,
}

/// The parts of a statement that have lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Action,
    Resource,
    SourceArn,
    SourceAccount,
    Organization,
    Context,
}

/// One member of each list of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The account of the source, if a member names it.
    account: Option<String>,
    /// The index of the member in each list.
    members: Vec<usize>,
}

/// The rest of a statement after the removal of some of its pieces.
#[derive(Debug)]
pub(crate) struct Remainder {
    /// `None` if nothing is left.
    pub(crate) statement: Option<Statement>,
    /// Accounts whose members remain although no piece has them.
    pub(crate) unpaired: BTreeSet<String>,
    /// For each member of each list, whether the member remains. The lists are empty if nothing is
    /// left.
    kept: Vec<Vec<bool>>,
}

impl<'s> TrailStatement<'s> {
    /// Parses a statement; `None` if the statement allows anything other than delivery.
    pub(crate) fn of(statement: &'s Statement) -> Option<Self> {
        let is_plain = statement.effect() == Effect::Allow
            && statement.unknown_elements().next().is_none()
            && !["NotPrincipal", "NotAction", "NotResource"].iter().any(|element| statement.has(element));
        let principals = statement.principals();
        let is_of_cloudtrail = !principals.is_empty() && principals.iter().all(is_cloudtrail);
        let actions = statement.actions();
        let is_delivery = !actions.is_empty()
            && actions.iter().all(|action| ActionPurpose::of(&lowercase(action)).is_some());
        if !is_plain || !is_of_cloudtrail || !is_delivery {
            return None;
        }
        let list = |part, texts: Vec<&'s str>| List {
            part,
            condition: None,
            has_wildcards: true,
            texts: texts.into_iter().map(Cow::Borrowed).collect(),
        };
        let mut lists = vec![list(Part::Action, actions), list(Part::Resource, statement.resources())];
        for condition in statement.conditions() {
            let part = match lowercase(condition.key).as_ref() {
                // CloudTrail always writes with this ACL, even if the policy does not require it.
                "s3:x-amz-acl" if condition.values.iter().all(|acl| acl == OWNERS_ACL) => continue,
                "aws:sourcearn" => Part::SourceArn,
                "aws:sourceaccount" => Part::SourceAccount,
                "kms:encryptioncontext:aws:cloudtrail:arn" => Part::Context,
                "aws:sourceorgid" => Part::Organization,
                _ => return None,
            };
            let has_wildcards = match canonical_operator(condition.operator).as_ref() {
                "StringEquals" => false,
                "StringLike" | "ArnLike" => true,
                _ => return None,
            };
            // With two conditions on one key, it is unknown which values belong together.
            if lists.iter().any(|list| list.part == part) {
                return None;
            }
            let condition_of = Some((condition.operator, condition.key));
            lists.push(List { part, condition: condition_of, has_wildcards, texts: condition.values });
        }
        Some(Self { statement, lists })
    }

    /// Returns the pieces that match a request that CloudTrail can make: members of different
    /// accounts never occur in one request. `managers` has the management accounts of
    /// organizations. Returns `None` if there are too many pieces.
    ///
    /// The account in the key of a log file is the account of the trail, except below the folder of
    /// an organization. The encryption context is the ARN of the trail. See "Finding your
    /// CloudTrail log files" and "Configure AWS KMS key policies for CloudTrail" in the CloudTrail
    /// user guide.
    pub(crate) fn pieces(&self, managers: &BTreeMap<String, String>) -> Option<Vec<Piece>> {
        let none = || vec![Vec::new(); self.lists.len()];
        let (mut open, mut bound) = (none(), BTreeMap::<&str, Vec<Vec<usize>>>::new());
        for (at, list) in self.lists.iter().enumerate() {
            for (index, text) in list.texts.iter().enumerate() {
                let members = match list.owner(text).account(managers) {
                    Some(account) => bound.entry(account).or_insert_with(none).get_mut(at),
                    None => open.get_mut(at),
                };
                if let Some(members) = members {
                    members.push(index);
                }
            }
        }
        let mut pieces = Vec::new();
        let is_possible = |piece: &Piece| self.is_possible(piece);
        let without = product(&open, LIMIT)?.into_iter();
        pieces.extend(without.map(|members| Piece { account: None, members }).filter(is_possible));
        for (account, own) in bound {
            let both: Vec<Vec<usize>> =
                own.iter().zip(&open).map(|(own, open)| [own.as_slice(), open].concat()).collect();
            let is_bound =
                |members: &Vec<usize>| own.iter().zip(members).any(|(own, index)| own.contains(index));
            let products = product(&both, LIMIT.checked_sub(pieces.len())?)?.into_iter().filter(is_bound);
            let of_account = products.map(|members| Piece { account: Some(account.to_owned()), members });
            pieces.extend(of_account.filter(is_possible));
        }
        Some(pieces)
    }

    /// Returns whether action, resource and conditions can occur in one request: objects are
    /// written, the ACL of a bucket is read, and a key is described without an encryption context.
    ///
    /// See "AWS KMS condition keys" in the KMS developer guide: only cryptographic operations have
    /// an encryption context.
    fn is_possible(&self, piece: &Piece) -> bool {
        let (Some(action), Some(resource)) =
            (self.text(piece, Part::Action), self.text(piece, Part::Resource))
        else {
            return false;
        };
        match lowercase(action).as_ref() {
            "s3:getbucketacl" => is_of_bucket(resource),
            "s3:putobject" => is_of_objects(resource),
            "kms:describekey" => !self.lists.iter().any(|list| list.part == Part::Context),
            _ => true,
        }
    }

    fn text(&self, piece: &Piece, part: Part) -> Option<&str> {
        let at = self.lists.iter().position(|list| list.part == part)?;
        let index = *piece.members.get(at)?;
        self.lists.get(at)?.texts.get(index).map(AsRef::as_ref)
    }

    /// The grant of a piece.
    pub(crate) fn grant<'t>(&'t self, piece: &'t Piece) -> DeliveryGrant<'t> {
        let text = |part| {
            let list = self.lists.iter().find(|list| list.part == part)?;
            Some((self.text(piece, part)?, list.has_wildcards))
        };
        let texts = Texts {
            action: self.text(piece, Part::Action).unwrap_or_default(),
            resource: self.text(piece, Part::Resource).unwrap_or_default(),
            source: text(Part::SourceArn),
            context: text(Part::Context),
            organization: text(Part::Organization),
            is_scoped: self.lists.iter().any(|list| list.condition.is_some()),
        };
        DeliveryGrant::new(piece.account.as_deref(), &texts)
    }

    /// Every combination of an action and a resource, in their original spelling.
    pub(crate) fn actions_and_resources(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts =
            |part| self.lists.iter().filter(move |list| list.part == part).flat_map(|list| &list.texts);
        texts(Part::Action)
            .flat_map(move |action| texts(Part::Resource).map(|it| (action.as_ref(), it.as_ref())))
    }

    /// Returns the statement with only the members of the pieces that remain. If lists cannot
    /// express exactly these pieces, the statement keeps more pieces.
    ///
    /// Members without a piece are removed if their account is known, and kept otherwise.
    pub(crate) fn keep(
        &self,
        pieces: &[(&Piece, bool)],
        managers: &BTreeMap<String, String>,
        is_known: impl Fn(&str) -> bool,
    ) -> Remainder {
        let flags = |list: &List<'_>| vec![false; list.texts.len()];
        let mut kept: Vec<Vec<bool>> = self.lists.iter().map(flags).collect();
        let mut paired = kept.clone();
        for (piece, stays) in pieces {
            for (at, index) in piece.members.iter().enumerate() {
                set(&mut paired, at, *index);
                if *stays {
                    set(&mut kept, at, *index);
                }
            }
        }
        let mut unpaired = BTreeSet::new();
        for (at, list) in self.lists.iter().enumerate() {
            for (index, text) in list.texts.iter().enumerate() {
                if paired.get(at).and_then(|list| list.get(index)) == Some(&false) {
                    let account = list.owner(text).account(managers);
                    let is_useless = account.is_some_and(&is_known);
                    unpaired.extend(account.filter(|_| !is_useless).map(str::to_owned));
                    if !is_useless {
                        set(&mut kept, at, index);
                    }
                }
            }
        }
        if !pieces.iter().any(|(_, stays)| *stays) {
            if unpaired.is_empty() {
                return Remainder { statement: None, unpaired, kept: Vec::new() };
            }
            // The remaining members have no effect without the others, so the whole statement is
            // kept, whatever its author intended.
            for list in &mut kept {
                list.fill(true);
            }
        }
        let mut statement = self.statement.clone();
        for (list, kept) in self.lists.iter().zip(&kept).filter(|(_, kept)| kept.contains(&false)) {
            statement = list.with_only(&statement, kept);
        }
        Remainder { statement: Some(statement), unpaired, kept }
    }
}

impl Remainder {
    /// Returns whether the rest still allows a piece.
    pub(crate) fn has(&self, piece: &Piece) -> bool {
        self.statement.is_some()
            && piece.members.iter().zip(&self.kept).all(|(index, list)| list.get(*index) == Some(&true))
    }
}

impl List<'_> {
    fn owner<'t>(&self, text: &'t str) -> Owner<'t> {
        match self.part {
            Part::Action | Part::Organization => Owner::Open,
            Part::Resource => Owner::of_resource(text),
            Part::SourceAccount => Owner::of_account(text),
            Part::SourceArn | Part::Context => Owner::of_account(text.split(':').nth(4).unwrap_or_default()),
        }
    }

    /// Returns the statement with only some of the members of this list.
    fn with_only(&self, statement: &Statement, kept: &[bool]) -> Statement {
        let mut elements = statement.elements().clone();
        let place = match (self.part, self.condition) {
            (_, Some((operator, key))) => elements
                .get_mut("Condition")
                .and_then(|it| it.get_mut(operator))
                .and_then(|it| it.get_mut(key)),
            (Part::Action, None) => elements.get_mut("Action"),
            (_, None) => elements.get_mut("Resource"),
        };
        let texts = self.texts.iter().zip(kept).filter(|(_, kept)| **kept);
        let texts = texts.map(|(text, _)| Value::from(text.as_ref())).collect();
        if let Some(place) = place {
            *place = one_or_many(texts);
        }
        statement.with_elements(elements)
    }
}

fn set(flags: &mut [Vec<bool>], at: usize, index: usize) {
    if let Some(flag) = flags.get_mut(at).and_then(|list| list.get_mut(index)) {
        *flag = true;
    }
}

/// Returns every choice of one member from each list; `None` if there are more than `limit`.
fn product(lists: &[Vec<usize>], limit: usize) -> Option<Vec<Vec<usize>>> {
    let count = lists.iter().map(Vec::len).try_fold(1_usize, usize::checked_mul)?;
    if count > limit {
        return None;
    }
    let mut choices = vec![Vec::with_capacity(lists.len())];
    for list in lists {
        let longer = |choice: &Vec<usize>| {
            let choice = choice.clone();
            list.iter().map(move |index| choice.iter().copied().chain([*index]).collect())
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    Some(choices)
}

fn is_cloudtrail(principal: &Principal<'_>) -> bool {
    principal.kind == "Service" && principal.id == CLOUDTRAIL
}

/// The purpose of an action in the statements of trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionPurpose {
    /// The action only reads metadata, and reveals no log files.
    ReadMetadata,
    /// The action is part of a delivery.
    Deliver,
    /// AWS guides contain the action, but AWS does not document why CloudTrail would use it.
    Undocumented,
}

impl ActionPurpose {
    /// Returns the purpose of an action in lower case; `None` if the action is not related to
    /// delivery.
    ///
    /// See "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for
    /// CloudTrail" and "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide.
    pub(crate) fn of(action: &str) -> Option<Self> {
        Some(match action {
            "s3:getbucketacl" | "kms:describekey" => Self::ReadMetadata,
            "s3:putobject"
            | "sns:publish"
            | "kms:generatedatakey*"
            | "kms:generatedatakey"
            | "kms:decrypt" => Self::Deliver,
            "kms:encrypt" => Self::Undocumented,
            _ => return None,
        })
    }
}

/// Returns whether a statement of any form may allow CloudTrail to write, encrypt or notify.
pub(crate) fn may_deliver(statement: &Statement) -> bool {
    const ACTIONS: [&str; 5] =
        ["s3:putobject", "kms:generatedatakey", "kms:decrypt", "kms:encrypt", "sns:publish"];
    let is_of = |principal: Principal<'_>| is_cloudtrail(&principal) || principal == EVERYBODY;
    let matches = |pattern: &str| ACTIONS.iter().any(|action| text_matches(pattern, action));
    statement.effect() == Effect::Allow
        && (statement.has("NotPrincipal") || statement.principals().into_iter().any(is_of))
        && (statement.has("NotAction") || statement.actions().iter().any(|it| matches(&lowercase(it))))
}

const EVERYBODY: Principal<'_> = Principal { kind: "AWS", id: "*" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_statement_about_delivery_alone_is_split() {
        let usual = serde_json::json!({
            "Effect": "Allow", "Principal": { "Service": CLOUDTRAIL }, "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::logs/AWSLogs/*",
        });
        let condition =
            |operator: &str, key: &str, value: &str| serde_json::json!({ operator: { key: value } });
        let is_split = |element: &str, value: Value| {
            let mut statement = usual.clone();
            statement[element] = value;
            TrailStatement::of(&Statement::from_value(statement).unwrap()).is_some()
        };
        for (element, value, expected) in [
            ("Sid", "Any".into(), true),
            ("Effect", "Deny".into(), false),
            ("Comment", "Any".into(), false),
            ("NotAction", "s3:GetObject".into(), false),
            ("NotResource", "arn:aws:s3:::logs/a".into(), false),
            ("Principal", "*".into(), false),
            ("Principal", serde_json::json!({ "Service": [CLOUDTRAIL, "config.amazonaws.com"] }), false),
            ("Principal", serde_json::json!({ "AWS": CLOUDTRAIL }), false),
            ("Action", serde_json::json!(["s3:PutObject", "s3:GetBucketAcl"]), true),
            ("Action", "S3:putobject".into(), true),
            ("Action", serde_json::json!(["s3:PutObject", "s3:DeleteObject"]), false),
            ("Condition", condition("StringEquals", "s3:x-amz-acl", OWNERS_ACL), true),
            ("Condition", condition("StringEquals", "s3:x-amz-acl", "private"), false),
            ("Condition", condition("StringEquals", "AWS:SourceArn", "a"), true),
            ("Condition", condition("ArnLike", "aws:SourceArn", "a"), true),
            ("Condition", condition("StringEquals", "aws:SourceAccount", "111111111111"), true),
            ("Condition", condition("StringEquals", "aws:SourceOrgID", "o-a"), true),
            ("Condition", condition("StringLike", TRAIL_CONTEXT, "a*"), true),
            ("Condition", condition("StringNotEquals", "aws:SourceArn", "a"), false),
            ("Condition", condition("Bool", "aws:SecureTransport", "true"), false),
            (
                "Condition",
                serde_json::json!({
                    "StringEquals": { "aws:SourceArn": "a" }, "StringLike": { "aws:SourceArn": "b" },
                }),
                false,
            ),
        ] {
            assert_eq!(is_split(element, value.clone()), expected, "{element}: {value}");
        }
    }

    #[test]
    fn a_product_has_every_choice_unless_there_are_too_many() {
        let lists = [vec![1, 2], vec![3, 4]];
        let all = vec![vec![1, 3], vec![1, 4], vec![2, 3], vec![2, 4]];
        for (limit, expected) in [(5, Some(&all)), (4, Some(&all)), (3, None)] {
            assert_eq!(product(&lists, limit).as_ref(), expected, "{limit}");
        }
        assert_eq!(product(&[vec![1], Vec::new()], 9), Some(Vec::new()));
    }
}
