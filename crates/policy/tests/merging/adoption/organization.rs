//! Tests organization trails, and the bucket that the console creates for an organization trail.

use std::collections::BTreeSet;

use reconcile_policy::{
    BucketIntent, Delivery, Document, Hop, Intent, Membership, OrganizationTrail, Request, evaluate,
};
use serde_json::{Value, json};

use super::{
    acl_check, adopt, adoption, document, folder, intent, ownership, sids, source, told, trail, write,
};

pub(super) const ORGANIZATION: &str = "o-exampleorgid";
pub(super) const MANAGEMENT: &str = "111111111111";

/// Returns the managed statements, with organization trails or without.
pub(super) fn intent_of(organizations: &[&str]) -> BucketIntent {
    let of = |id: &&str| OrganizationTrail { trail: trail(MANAGEMENT), organization: (*id).to_owned() };
    BucketIntent { organization_trails: organizations.iter().map(of).collect(), ..intent() }
}

/// Returns the adoption, with organization trails or without.
pub(super) fn adoption_of(organizations: &[&str]) -> reconcile_policy::Adoption {
    let mut adoption = adoption();
    adoption.surveyed.extend(organizations.iter().map(|id| (*id).to_owned()));
    adoption.managers.extend(organizations.iter().map(|id| ((*id).to_owned(), MANAGEMENT.to_owned())));
    adoption
}

/// Returns whether the organization trail can write log files of the other accounts.
pub(super) fn can_deliver_for_organization(policy: &Document) -> bool {
    evaluate(policy, &request_for_organization()).is_allowed()
}

/// Returns the request with which the organization trail writes log files of the other accounts.
pub(super) fn request_for_organization() -> Request {
    let delivery = Delivery {
        trail: trail(MANAGEMENT),
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: None,
        key: None,
        bucket_key: false,
        topic: None,
        topic_key: None,
        digests: false,
        organization: Membership::In { id: ORGANIZATION.to_owned(), path: None },
        organization_trail: true,
        owner: None,
    };
    let requests = delivery.requests().into_iter();
    requests.filter(|(hop, _)| *hop == Hop::WriteOrganizationLogs).map(|(_, request)| request).next().unwrap()
}

fn fates_of(live: &Document, organizations: &[&str]) -> Vec<(String, String)> {
    let merged = adopt(live, &intent_of(organizations), &adoption_of(organizations));
    for policy in [&merged.expanded, &merged.contracted] {
        let is_able = can_deliver_for_organization(live) || organizations.contains(&ORGANIZATION);
        assert_eq!(can_deliver_for_organization(policy), is_able, "{policy}");
    }
    let again = adopt(&merged.contracted, &intent_of(organizations), &adoption_of(organizations));
    assert!(again.expand().is_none() && again.contract().is_none(), "{}", again.contracted);
    let left: BTreeSet<&str> = sids(&merged.contracted).into_iter().collect();
    let fates: Vec<_> = merged.adopted.iter().map(told).collect();
    for (sid, fate) in &fates {
        assert_eq!(left.contains(sid.as_str()), fate != "replaced", "{sid} {fate}");
    }
    fates
}

#[test]
fn organization_statements_of_the_console_are_removed_once_covered() {
    let own = json!(trail(MANAGEMENT));
    let [ours, of_organization] = [MANAGEMENT, ORGANIZATION].map(folder);
    let apart = [
        acl_check("Acl", source(&[MANAGEMENT])),
        write("Write", json!(ours), own.clone()),
        write("OrganizationWrite", json!(of_organization), own.clone()),
    ];
    let together =
        [acl_check("Acl", Value::Null), write("Both", json!([ours, of_organization]), own.clone())];
    let unscoped =
        [acl_check("Acl", Value::Null), write("OrganizationWrite", json!(of_organization), Value::Null)];
    let narrowed = format!("narrowed to {ORGANIZATION}");
    let unlisted = format!("kept for {ORGANIZATION}");
    for (live, organizations, expected) in [
        (&apart[..], &[ORGANIZATION][..], ["replaced"; 3].as_slice()),
        (&apart, &[], &["replaced", "replaced", &unlisted]),
        (&apart, &["o-other"], &["replaced", "replaced", &unlisted]),
        (&together, &[ORGANIZATION], &["replaced", "replaced"]),
        (&together, &[], &["replaced", &narrowed]),
        (&unscoped, &[ORGANIZATION], &["replaced", "replaced"]),
        (&unscoped, &[], &["kept for everyone", &unlisted]),
    ] {
        let fates = fates_of(&document(json!(live)), organizations);
        let fates: Vec<&str> = fates.iter().map(|(_, fate)| fate.as_str()).collect();
        assert_eq!(fates, expected, "{organizations:?}");
    }
}

#[test]
fn statements_beside_an_organization_keep_the_trails_that_need_them() {
    let sources = json!([MANAGEMENT, "999999999999"].map(trail));
    let live = |owners: &[&str]| {
        let folders: Vec<String> = owners.iter().map(|owner| folder(owner)).collect();
        document(json!([acl_check("Acl", Value::Null), write("Write", json!(folders), sources.clone())]))
    };
    for (owners, left) in [
        (
            [ORGANIZATION, "999999999999"],
            write("Write", json!(folder("999999999999")), json!(trail("999999999999"))),
        ),
        // It is unknown which trails belong to another organization.
        ([MANAGEMENT, "o-other"], write("Write", json!(folder("o-other")), sources.clone())),
    ] {
        let merged = adopt(&live(&owners), &intent_of(&[ORGANIZATION]), &adoption_of(&[ORGANIZATION]));
        let kept = merged.contracted.statements().iter().find(|it| it.sid() == Some("Write")).unwrap();
        assert_eq!(serde_json::to_value(kept).unwrap(), left, "{owners:?}");
    }
}

#[test]
fn the_folders_of_organizations_end_with_a_statement_of_an_account_that_may_manage_one() {
    let live =
        document(json!([write("All", json!("arn:aws:s3:::logs/AWSLogs/*"), json!(trail(MANAGEMENT)))]));
    for (management, is_ended) in [
        // Without knowledge of the organization, any account may be its management account.
        (None, true),
        (Some(MANAGEMENT), true),
        (Some("222222222222"), false),
    ] {
        let mut adoption = adoption();
        adoption.managers.extend(management.map(|account| (ORGANIZATION.to_owned(), account.to_owned())));
        let merged = adopt(&live, &intent(), &adoption);
        assert_eq!(merged.adopted.iter().map(|it| told(it).1).collect::<Vec<_>>(), ["replaced"]);
        let ended = merged.adopted[0].ended.iter().flat_map(|it| &it.resources);
        let expected: Vec<String> = is_ended.then(|| folder("o-*")).into_iter().collect();
        assert_eq!(ended.cloned().collect::<Vec<_>>(), expected, "{management:?}");
        let of_organization = |policy: &Document| can_deliver_for_organization(policy);
        assert!(of_organization(&merged.expanded) && !of_organization(&merged.contracted), "{management:?}");
    }
}

#[test]
fn a_former_organization_trail_loses_its_prefix_only_in_the_contraction() {
    let live = Document::new(intent_of(&[ORGANIZATION]).statements(&ownership()));
    let merged = adopt(&live, &intent(), &adoption());
    assert!(can_deliver_for_organization(&merged.expanded));
    assert!(!can_deliver_for_organization(&merged.contracted));
}
