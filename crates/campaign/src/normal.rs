//! The state of an AWS in a form that can be compared with the state of another AWS.

use reconcile_twin::{BucketSummary, KeySummary, StateSummary};
use serde_json::{Value, json};

/// Returns everything that a spec decides: without the IDs of keys, the order of lists, empty
/// Regions and keys that are pending deletion.
pub fn normal(summary: &StateSummary) -> Value {
    let keys = summary.accounts.iter().flat_map(|account| &account.keys);
    let names: Vec<(&str, String)> = keys.clone().map(|key| (id(key), name(key))).collect();
    let accounts = summary.accounts.iter().map(|account| {
        let keys: Vec<&KeySummary> =
            account.keys.iter().filter(|key| key.state != "PendingDeletion").collect();
        // A Region whose resources were all deleted is omitted.
        let regions = |of: &Value| -> Value {
            let all = of.as_object().into_iter().flatten().map(|(region, it)| (region.clone(), it.clone()));
            Value::Object(all.filter(|(_, it)| it.as_object().is_some_and(|it| !it.is_empty())).collect())
        };
        json!({
            "id": account.id, "keys": keys, "trails": account.trails, "roles": account.iam_roles,
            "log_groups": regions(&account.log_groups), "topics": regions(&account.topics),
            "alarms": regions(&account.alarms),
        })
    });
    let all = json!({
        "accounts": accounts.collect::<Vec<_>>(), "buckets": summary.buckets.iter().map(bucket).collect::<Vec<_>>(),
        "organization": summary.organization,
    });
    sorted(&all, &names)
}

fn id(key: &KeySummary) -> &str {
    key.arn.rsplit('/').next().unwrap_or_default()
}

/// A name of a key that does not depend on the time of its creation.
fn name(key: &KeySummary) -> String {
    format!(
        "key {} {}",
        key.aliases.join(" "),
        if key.state == "PendingDeletion" { "(pending deletion)" } else { "" }
    )
}

/// Returns a value with sorted lists and members. Texts that contain JSON become documents, and
/// texts in `keys` get other names.
pub fn sorted(value: &Value, keys: &[(&str, String)]) -> Value {
    match value {
        Value::Array(members) => {
            let mut members: Vec<Value> = members.iter().map(|it| sorted(it, keys)).collect();
            members.sort_by_key(Value::to_string);
            Value::Array(members)
        }
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.iter().map(|(name, value)| (name.clone(), sorted(value, keys))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(document @ Value::Object(_)) => sorted(&document, keys),
            _ => {
                let text = without_namespace(text);
                Value::String(keys.iter().fold(text, |text, (id, name)| text.replace(id, name)))
            }
        },
        other => other.clone(),
    }
}

/// Removes the namespace of S3, which SDKs write and S3 does not keep.
fn without_namespace(text: &str) -> String {
    text.replace(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"", "")
}

/// Returns a bucket without suspended versioning. A bucket whose versioning was enabled once always
/// has a versioning status.
fn bucket(bucket: &BucketSummary) -> BucketSummary {
    const SUSPENDED: &str = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    let mut bucket = bucket.clone();
    bucket.configuration.retain(|_, text| without_namespace(text) != SUSPENDED);
    bucket
}

/// Returns the first difference of two values, in words.
pub fn first_difference(a: &Value, b: &Value) -> Option<String> {
    difference("", a, b)
}

fn difference(place: &str, a: &Value, b: &Value) -> Option<String> {
    match (a, b) {
        _ if a == b => None,
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            let mut pairs = x.iter().zip(y).enumerate();
            pairs.find_map(|(at, (x, y))| difference(&format!("{place}/{at}"), x, y))
        }
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            x.iter().find_map(|(name, x)| difference(&format!("{place}/{name}"), x, &y[name]))
        }
        (a, b) => Some(format!("{place}:\n  {a}\n  {b}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_lists_and_the_spelling_of_documents_make_no_difference() {
        let a = json!({ "policy": "{\"Statement\": [2, 1]}", "tags": ["b", "a"] });
        let b = json!({ "tags": ["a", "b"], "policy": "{\"Statement\":[1,2]}" });
        assert_eq!(sorted(&a, &[]), sorted(&b, &[]));
        let c = json!({ "policy": "{\"Statement\":[1,3]}", "tags": ["a", "b"] });
        let difference = first_difference(&sorted(&a, &[]), &sorted(&c, &[])).unwrap();
        assert_eq!(difference, "/policy/Statement/1:\n  2\n  3");
    }
}
