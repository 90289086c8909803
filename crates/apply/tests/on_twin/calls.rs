//! Which calls are made, and how many.

use std::collections::BTreeMap;

use crate::installation::{Installation, MASTER, members};

#[tokio::test]
async fn a_plan_only_reads() {
    let installation = Installation::new();
    let spec = members(3, "");
    installation.plan(&spec).await;
    installation.converge(&spec).await;
    let before = installation.twin.calls().len();
    let plan = installation.plan(&members(3, ", enabled: false")).await;
    assert_eq!(plan.changes.len(), 4);

    let calls = installation.twin.calls();
    let mutating: Vec<_> = calls[before..].iter().filter(|call| call.mutating).collect();
    assert!(mutating.is_empty(), "{mutating:?}");
    // The first plan, of an empty AWS, too.
    let first = calls.iter().position(|call| call.mutating).unwrap();
    assert!(calls[..first].iter().any(|call| call.operation == "kms:ListKeys"));
}

#[tokio::test]
async fn a_plan_without_changes_makes_few_calls() {
    let installation = Installation::new();
    let spec = members(10, "");
    installation.converge(&spec).await;
    let before = installation.twin.calls().len();
    assert!(installation.plan(&spec).await.is_in_sync());

    let mut by_account: BTreeMap<String, usize> = BTreeMap::new();
    let mut assumed = 0;
    for call in &installation.twin.calls()[before..] {
        match call.operation.as_str() {
            "sts:AssumeRole" => assumed += 1,
            _ => *by_account.entry(call.account.clone()).or_default() += 1,
        }
    }
    assert_eq!(assumed, 10);
    assert!(by_account.remove(MASTER).unwrap() <= 20);
    assert!(by_account.values().all(|calls| *calls <= 5), "{by_account:?}");
}

#[tokio::test]
async fn a_key_is_made_once_and_with_its_tags() {
    let installation = Installation::new();
    let spec = members(0, "");
    installation.converge(&spec).await;
    installation.converge(&spec).await;
    let made = installation.twin.calls().into_iter().filter(|call| call.operation == "kms:CreateKey").count();
    assert_eq!(made, 1);
    let tagged = installation.twin.calls().into_iter().any(|call| call.operation == "kms:TagResource");
    assert!(!tagged, "tags come with the key");
}
