//! Splits a policy into documents that IAM accepts.

use serde_json::{Value, json};

/// The maximum number of characters of a managed policy, without white space. All inline policies
/// of a role together can have 10,240. See "IAM and AWS STS quotas" in the IAM user guide.
const LIMIT: usize = 6144;

/// Whether IAM accepts a policy as one managed policy.
pub(super) fn fits(policy: &Value) -> bool {
    policy.to_string().len() <= LIMIT
}

/// Splits the statements of a policy into as many documents as needed, in their order. A statement
/// with more resources than a document can contain is repeated, each time with a part of the
/// resources.
pub(super) fn documents(policy: &Value) -> Vec<Value> {
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let mut documents: Vec<Vec<Value>> = vec![Vec::new()];
    for statement in statements.into_iter().flat_map(parts) {
        let fitting = documents.last_mut().filter(|last| {
            let mut with = (*last).clone();
            with.push(statement.clone());
            last.is_empty() || fits(&document(&with))
        });
        match fitting {
            Some(last) => last.push(statement),
            None => documents.push(vec![statement]),
        }
    }
    documents.iter().map(|statements| document(statements)).collect()
}

fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Splits the resources of a statement in halves until each part fits a document.
fn parts(statement: Value) -> Vec<Value> {
    let resources = statement["Resource"].as_array().map_or(&[][..], Vec::as_slice);
    if resources.len() < 2 || fits(&document(std::slice::from_ref(&statement))) {
        return vec![statement];
    }
    let halves = resources.split_at(resources.len() / 2);
    let half = |resources: &[Value]| {
        let mut part = statement.clone();
        part["Resource"] = json!(resources);
        parts(part)
    };
    [half(halves.0), half(halves.1)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(action: &str, resources: usize) -> Value {
        let resources: Vec<String> =
            (0..resources).map(|n| format!("arn:aws:iam::{n:012}:role/reconcile-{n}")).collect();
        json!({ "Effect": "Allow", "Action": [action], "Resource": resources })
    }

    #[test]
    fn a_policy_is_split_into_documents_that_fit_and_allow_the_same() {
        for (statements, count) in [
            (vec![statement("sts:AssumeRole", 1)], 1),
            (vec![statement("a:B", 60), statement("c:D", 60)], 2),
            (vec![statement("sts:AssumeRole", 1200), statement("a:B", 1)], 17),
        ] {
            let policy = document(&statements);
            let split = documents(&policy);
            assert!(split.iter().all(fits));
            assert!(split.len() <= count, "{} documents", split.len());
            let allowed = |policies: &[Value]| -> Vec<Value> {
                let statements = policies.iter().flat_map(|it| it["Statement"].as_array().unwrap().clone());
                statements.flat_map(|it| it["Resource"].as_array().unwrap().clone()).collect()
            };
            assert_eq!(allowed(&split), allowed(&[policy]));
        }
    }
}
