//! The permissions of CloudTrail and of accounts in the organization.

use reconcile_plan::plan::{ActionKind, Plan};
use reconcile_plan::{FindingKind, Severity, findings};
use reconcile_samples::{EditSpec, members};

use crate::installation::Installation;

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// Returns a spec with four members, of which these are delegated administrators.
fn delegating(to: &str) -> String {
    members(4)
        .with("trails.1", "{ name: Everybodys, organization_trail: true }")
        .with("organization", &format!("{{ account: master, delegated_administrator: {to} }}"))
}

fn registered(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().filter(|change| change.action() == ActionKind::Create);
    let addresses = changes.map(|change| change.address.to_string());
    addresses.filter(|address| address.starts_with("delegated_administrator/")).collect()
}

#[tokio::test]
async fn up_to_three_delegated_administrators_are_registered_missed_and_imported() {
    let installation = Installation::new();
    let plan = installation.converge(&delegating("m0")).await;
    assert_eq!(registered(&plan), ["delegated_administrator/master/m0"]);
    let spec = delegating("[m0, m1, m2]");
    let plan = installation.converge(&spec).await;
    let both = ["delegated_administrator/master/m1", "delegated_administrator/master/m2"];
    assert_eq!(registered(&plan), both);
    assert_eq!(findings(&installation.compare(&spec).await), []);

    let installation = Installation::edited(&spec, |state| {
        let registered = &mut state["organization"]["delegated_administrators"][CLOUDTRAIL];
        registered.as_array_mut().unwrap().retain(|id| id != "000000000002");
    })
    .await;
    let found = findings(&installation.compare(&spec).await);
    let found: Vec<_> = found.iter().map(|it| (it.address.as_str(), it.kind, it.severity)).collect();
    assert_eq!(found, [("delegated_administrator/master/m1", FindingKind::Missing, Severity::High)]);
    installation.converge(&spec).await;

    let with_members = spec.with("organization", "{ include: all, role: Role }");
    let imported = crate::import::imported(&installation, &with_members).await.text;
    assert!(imported.contains("delegated_administrator: [m0, m1, m2]"), "{imported}");

    // A destroy deregisters no delegated administrator, because somebody else may rely on it.
    let plan = installation.plan_to_destroy(&spec).await;
    assert!(installation.apply(&spec, &plan).await.is_complete());
    let left = &installation.twin.summary().organization["delegated_administrators"][CLOUDTRAIL];
    assert_eq!(left.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_administrator_for_whom_there_is_no_room_is_a_warning_of_the_plan() {
    let installation = Installation::new();
    installation.converge(&delegating("[m0, m1]")).await;
    let plan = installation.plan(&delegating("[m2, m3]")).await;
    let warned: Vec<String> = plan
        .warnings
        .iter()
        .filter(|it| it.code.as_str() == "administrator-quota")
        .map(|it| format!("{}: {}", it.address, it.message))
        .collect();
    assert_eq!(
        warned,
        [
            "delegated_administrator/master/m3: 3 accounts are or become delegated administrators for CloudTrail, and an \
          organization can have 3: deregister one of them, or AWS rejects this one"
        ]
    );
    let outcome = installation.apply(&delegating("[m2, m3]"), &plan).await;
    assert!(!outcome.is_complete());
    let outcome = format!("{outcome:?}");
    assert!(outcome.contains("DelegatedAdminAccountLimitExceededException"), "{outcome}");
}
