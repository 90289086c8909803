//! Generates random documents, and random spellings of a document.
//!
//! All values come from small pools, so that two random values often have much in common.

pub(crate) mod trails;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

const ACTIONS: [&str; 3] = ["s3:PutObject", "s3:GetObject", "kms:Decrypt"];
const RESOURCES: [&str; 3] = ["arn:aws:s3:::logs/a/*", "arn:aws:s3:::logs/b/*", "arn:aws:s3:::logs/c/*"];
const SOURCES: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const OWN_SIDS: [&str; 5] =
    ["SecTrailWrite", "SecTrailAclCheck", "SecDenyInsecureTransport", "SecExtraOne", "SecExtraTwo"];
const OTHER_SIDS: [&str; 6] = [
    "Foreign",
    "SecprodTrailWrite",
    "SecExtraTrailWrite",
    "SecTrailWritePrevious",
    "SecExtraOnePrevious",
    "Sec",
];

/// Generates statements whose elements are lists. [`respelled`] writes them in other ways.
pub(crate) fn statement() -> impl Strategy<Value = Value> {
    let principal = select(vec![
        json!({ "AWS": "*" }),
        json!({ "AWS": ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/r"] }),
        json!({ "Service": "cloudtrail.amazonaws.com" }),
    ]);
    let operator = select(vec!["StringEquals", "StringNotEquals"]);
    let condition = (operator, subsequence(SOURCES.to_vec(), 1..=3))
        .prop_map(|(operator, values)| json!({ operator: { "aws:SourceAccount": values } }));
    (
        prop::bool::weighted(0.8),
        principal,
        subsequence(ACTIONS.to_vec(), 1..=2),
        subsequence(RESOURCES.to_vec(), 1..=3),
        prop::option::weighted(0.7, condition),
    )
        .prop_map(|(allows, principal, actions, resources, condition)| {
            let effect = if allows { "Allow" } else { "Deny" };
            let mut statement = json!({
                "Effect": effect,
                "Principal": principal,
                "Action": actions,
                "Resource": resources,
            });
            if let Some(condition) = condition {
                statement["Condition"] = condition;
            }
            statement
        })
}

fn with_sid(sid: impl Strategy<Value = Option<&'static str>>) -> impl Strategy<Value = Value> {
    (sid, statement()).prop_map(|(sid, mut statement)| {
        if let Some(sid) = sid {
            statement["Sid"] = json!(sid);
        }
        statement
    })
}

/// Generates live documents: managed statements, former versions of them, foreign statements,
/// repeated Sids.
pub(crate) fn document() -> impl Strategy<Value = Value> {
    let sids: Vec<_> = OWN_SIDS.into_iter().chain(OTHER_SIDS).collect();
    let statements = prop::collection::vec(with_sid(prop::option::weighted(0.9, select(sids))), 0..7);
    let version = select(vec![None, Some("2008-10-17"), Some("2012-10-17")]);
    (version, statements).prop_map(|(version, statements)| {
        let mut document = Map::new();
        if let Some(version) = version {
            document.insert("Version".to_owned(), json!(version));
        }
        document.insert("Statement".to_owned(), json!(statements));
        Value::Object(document)
    })
}

/// Generates statements with unique managed Sids.
pub(crate) fn desired() -> impl Strategy<Value = Vec<Value>> {
    subsequence(OWN_SIDS.to_vec(), 0..=5)
        .prop_flat_map(|sids| sids.into_iter().map(|sid| with_sid(Just(Some(sid)))).collect::<Vec<_>>())
}

/// Generates a live document and desired statements, most of which are live in a similar version.
pub(crate) fn change() -> impl Strategy<Value = (Value, Vec<Value>)> {
    (document(), desired())
        .prop_flat_map(|(document, desired)| {
            let relatives: Vec<_> =
                desired.iter().map(|statement| prop::option::weighted(0.8, relative(statement))).collect();
            (Just(document), relatives, Just(desired))
        })
        .prop_flat_map(|(mut document, relatives, desired)| {
            let statements = document["Statement"].as_array_mut().unwrap();
            statements.splice(0..0, relatives.into_iter().flatten());
            let statements = Just(statements.clone()).prop_shuffle();
            (Just(document), statements, Just(desired))
        })
        .prop_map(|(mut document, statements, desired)| {
            document["Statement"] = json!(statements);
            (document, desired)
        })
}

/// Generates the statement with other members in its lists.
fn relative(statement: &Value) -> impl Strategy<Value = Value> + use<> {
    let statement = statement.clone();
    (subsequence(RESOURCES.to_vec(), 1..=3), subsequence(SOURCES.to_vec(), 1..=3)).prop_map(
        move |(resources, sources)| {
            let mut statement = statement.clone();
            statement["Resource"] = json!(resources);
            for operator in ["StringEquals", "StringNotEquals"] {
                if let Some(values) =
                    statement.pointer_mut(&format!("/Condition/{operator}/aws:SourceAccount"))
                {
                    *values = json!(sources);
                }
            }
            statement
        },
    )
}

/// Generates names of installations that begin alike and end like managed Sids.
pub(crate) fn installation() -> impl Strategy<Value = String> {
    let word = select(vec![
        "sec",
        "prod",
        "extra",
        "trail",
        "write",
        "read",
        "0123abcd",
        "previous",
        "administration",
        "extra1",
        "a",
    ]);
    prop::collection::vec(word, 1..4).prop_map(|words| words.join("-"))
}

/// Returns the `document` in another spelling with the same meaning. The `seed` determines the
/// spelling.
pub(crate) fn respelled(document: &Value, seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut document = document.clone();
    for statement in document["Statement"].as_array_mut().unwrap() {
        respell_statement(statement, &mut dice);
    }
    if dice.roll() {
        document["Id"] = json!("an id");
    }
    if dice.roll() { serde_json::to_string_pretty(&document).unwrap() } else { document.to_string() }
}

fn respell_statement(statement: &mut Value, dice: &mut Dice) {
    let mut elements: Vec<_> = statement.as_object().unwrap().clone().into_iter().collect();
    for (name, value) in &mut elements {
        match name.as_str() {
            "Action" => {
                for action in value.as_array_mut().unwrap().iter_mut().filter(|_| dice.roll()) {
                    *action = json!(action.as_str().unwrap().to_uppercase());
                }
                respell_list(value, dice);
            }
            "Resource" => respell_list(value, dice),
            "Principal" => respell_principal(value, dice),
            "Condition" => {
                let (operator, keys) = value.as_object().unwrap().iter().next().unwrap();
                let (_, values) = keys.as_object().unwrap().iter().next().unwrap();
                let mut values = values.clone();
                for value in values.as_array_mut().unwrap().iter_mut().filter(|_| dice.roll()) {
                    *value = json!(value.as_str().unwrap().parse::<u64>().unwrap());
                }
                respell_list(&mut values, dice);
                let key = if dice.roll() { "AWS:sourceAccount" } else { "aws:SourceAccount" };
                *value = json!({ operator: { key: values } });
            }
            _ => {}
        }
    }
    if !statement.as_object().unwrap().contains_key("Condition") && dice.roll() {
        elements.push(("Condition".to_owned(), json!({})));
    }
    dice.shuffle(&mut elements);
    *statement = Value::Object(elements.into_iter().collect());
}

fn respell_principal(principal: &mut Value, dice: &mut Dice) {
    if *principal == json!({ "AWS": "*" }) && dice.roll() {
        *principal = json!("*");
    } else if let Some(Value::Array(ids)) = principal.get_mut("AWS") {
        if dice.roll() {
            ids[0] = json!("123456789012");
        }
        dice.shuffle(ids);
    }
}

fn respell_list(value: &mut Value, dice: &mut Dice) {
    let members = value.as_array_mut().unwrap();
    if dice.roll() {
        members.push(members[0].clone());
    }
    dice.shuffle(members);
    if let [only] = members.as_slice()
        && dice.roll()
    {
        *value = only.clone();
    }
}

/// Splitmix64: the seed determines the choices, so that a failing case stays the same while it
/// shrinks.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn roll(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.next() % (u64::try_from(last).unwrap() + 1);
            items.swap(last, usize::try_from(other).unwrap());
        }
    }
}
