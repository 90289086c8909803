//! Checks the laws of adoption for random documents.

use std::collections::BTreeSet;

use proptest::prelude::*;
use reconcile_policy::{Adoption, Document, Effect, Intent, Keep, Statement, merge};
use serde_json::{Value, json};

use super::organization::{
    ORGANIZATION, adoption_of, can_deliver_for_organization, intent_of, request_for_organization,
};
use super::{OURS, acl_check, can_deliver, document, folder, ownership, source, trail, write};
use crate::generate::{change, statement};

/// Generates statements that allow CloudTrail to deliver, for accounts of the spec and other
/// accounts.
fn delivery_statement() -> impl Strategy<Value = Value> {
    let accounts = || {
        prop::sample::subsequence(vec!["111111111111", "222222222222", "888888888888", "999999999999"], 1..=4)
    };
    (accounts(), prop::option::of(accounts()), 0..6_usize).prop_map(|(accounts, sources, shape)| {
        let sources = sources.map_or(Value::Null, |it| json!(it.into_iter().map(trail).collect::<Vec<_>>()));
        let folders: Vec<String> = accounts.iter().map(|account| folder(account)).collect();
        match shape {
            0 => acl_check("A", source(&accounts)),
            1 => acl_check("B", Value::Null),
            2 => write("C", json!("arn:aws:s3:::logs/AWSLogs/*"), sources),
            3 => write("Organization", json!(folder(ORGANIZATION)), sources),
            4 => {
                let owners = folders.into_iter().chain([folder(ORGANIZATION)]).collect::<Vec<_>>();
                write("Both", json!(owners), sources)
            }
            _ => write("D", json!(folders), sources),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn laws_of_adoption(
        (live, desired) in change(),
        more in prop::collection::vec(prop_oneof![delivery_statement(), statement()], 0..5),
        unlisted in prop_oneof![Just(Keep::Keep), Just(Keep::Remove)],
        organizations in prop::sample::select(vec![&[][..], &[ORGANIZATION], &["o-other"]]),
    ) {
        let mut live = live;
        live["Statement"].as_array_mut().unwrap().extend(more);
        let live: Document = live.to_string().parse().unwrap();
        let mut desired: Vec<Statement> =
            desired.into_iter().map(|value| Statement::from_value(value).unwrap()).collect();
        let ours = intent_of(organizations).statements(&ownership());
        desired.retain(|it| ours.iter().all(|our| our.sid() != it.sid()));
        desired.extend(ours);
        let adoption = Adoption { unlisted_accounts: unlisted, ..adoption_of(organizations) };
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());

        // Adoption is idempotent.
        let again = merge(Some(&merged.contracted), &desired, &ownership()).adopt(&adoption, &ownership());
        prop_assert!(again.expand().is_none() && again.contract().is_none(), "{}\n{}", merged.contracted, again.contracted);

        // No foreign statement changes before the contraction.
        for statement in live.statements().iter().filter(|it| !it.sid().is_some_and(|sid| ownership().owns(sid))) {
            prop_assert!(merged.expanded.statements().contains(statement));
        }

        // A trail that can deliver, and is not excluded explicitly, can deliver in every step.
        let accounts: BTreeSet<&str> = match unlisted {
            Keep::Keep => ["111111111111", "222222222222", "888888888888", "999999999999"].into(),
            Keep::Remove => OURS.into(),
        };
        let is_denied = live.statements().iter().any(|it| it.effect() == Effect::Deny)
            || desired.iter().any(|it| it.effect() == Effect::Deny && it.sid() != Some("SecDenyInsecureTransport"));
        let is_foreign = |it: &&Statement| !it.sid().is_some_and(|sid| ownership().owns(sid));
        let foreign: Vec<Value> =
            live.statements().iter().filter(is_foreign).map(|it| serde_json::to_value(it).unwrap()).collect();
        let foreign = document(json!(foreign));
        let keeps_organization = unlisted == Keep::Keep || organizations.contains(&ORGANIZATION);
        let is_named = merged.adopted.iter().flat_map(|it| &it.ended).any(|it| it.names(&request_for_organization()));
        if keeps_organization && !is_named && !is_denied && can_deliver_for_organization(&foreign) {
            prop_assert!(can_deliver_for_organization(&merged.expanded), "{}", merged.expanded);
            prop_assert!(can_deliver_for_organization(&merged.contracted), "{live}\n{}", merged.contracted);
        }
        for account in accounts.into_iter().filter(|_| !is_denied) {
            if can_deliver(&foreign, account, None) {
                prop_assert!(can_deliver(&merged.expanded, account, None), "{account}: {}", merged.expanded);
                prop_assert!(can_deliver(&merged.contracted, account, None), "{account}: {live}\n{}", merged.contracted);
            }
        }
    }
}
