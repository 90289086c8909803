//! One trail tests a short form of a policy before any other trail relies on the form.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reconcile_apply::{ChangeStatus, Outcome, PolicyAfter, RefusedTrail};
use reconcile_plan::plan::{Change, Phase};
use reconcile_plan::{Plan, Refusal};
use reconcile_policy::{Document, Obstacle, Ownership, StatementForm};
use reconcile_samples::{BUCKET, EditSpec, MASTER, members};
use reconcile_twin::Disagreement;

use crate::confirm::{apply_and_die, asked, errors, key_policy, obstacles, unknown};
use crate::installation::Installation;

const LIMIT: usize = 20_480;

/// Returns the spec with this form of the policy of the bucket or the key.
fn with_form(spec: &str, of: &str, form: &str) -> String {
    spec.with(&format!("{of}.policy"), &format!("{{ form: {form} }}"))
}

/// Returns a disagreement: the twin does not resolve a variable, although the condition key has a
/// value.
fn unresolved(variable: &str) -> Disagreement {
    Disagreement { unresolved_variables: BTreeSet::from([variable.to_owned()]), ..Disagreement::default() }
}

/// Creates an installation with four trails in the plain form, and foreign statements that leave
/// `room` bytes free.
async fn crowded(room: usize) -> Installation {
    let installation = Installation::new();
    installation.converge(&members(3)).await;
    let policy: Document = installation.twin.bucket_policy(BUCKET).unwrap().parse().unwrap();
    let foreign = |length: usize| {
        format!(
            r#","Statement" : [ {{ "Sid":"Theirs", "Effect":"Allow", "Principal":{{"AWS":"444444444444"}},
            "Action":"s3:GetObject", "Resource":"arn:aws:s3:::{BUCKET}/{}" }}, "#,
            "x".repeat(length)
        )
    };
    let with = |length| policy.to_string().replacen(",\"Statement\":[", &foreign(length), 1);
    let empty: Document = with(0).parse().unwrap();
    installation.twin.set_bucket_policy(BUCKET, &with(LIMIT - room - empty.size()));
    installation
}

fn bucket_policy(installation: &Installation) -> Document {
    installation.twin.bucket_policy(BUCKET).unwrap().parse().unwrap()
}

fn form(document: &Document) -> Option<StatementForm> {
    StatementForm::of(document, &Ownership::of("test"))
}

/// Returns the change of the policy of the bucket or the key in a phase.
fn of<'p>(plan: &'p Plan, kind: &str, phase: Phase) -> &'p Change {
    let is_it = |change: &&Change| change.address.kind.to_string() == kind && change.phase == phase;
    plan.changes.iter().find(is_it).unwrap_or_else(|| panic!("{kind} {phase:?}: {:#?}", plan.changes))
}

/// Returns the accounts of the calls of an operation.
fn calls(installation: &Installation, operation: &str) -> Vec<String> {
    let calls = installation.twin.calls().into_iter();
    calls.filter(|call| call.operation == operation).map(|call| call.account).collect()
}

fn refused(outcome: &Outcome) -> RefusedTrail {
    let refused = outcome.results.iter().find_map(|it| it.confirmation.as_ref()?.refused.clone());
    refused.unwrap_or_else(|| panic!("{:#?}", outcome.results))
}

/// Returns the value of the tag of the bucket.
fn tag(installation: &Installation) -> Option<String> {
    let summary = installation.twin.summary();
    let tags =
        summary.buckets[0].configuration.values().find(|text| text.contains("reconcile:refused-forms"))?;
    let (_, after) = tags.split_once("reconcile:refused-forms</Key><Value>")?;
    Some(after.split('<').next()?.to_owned())
}

#[tokio::test]
async fn one_trail_tries_the_form_beside_the_old_one_and_then_all_follow() {
    let installation = crowded(700).await;
    let before = bucket_policy(&installation);
    let spec = members(9);
    let plan = installation.plan(&spec).await;
    let (expand, contract) =
        (of(&plan, "bucket_policy", Phase::Expand), of(&plan, "bucket_policy", Phase::Contract));
    assert_eq!(asked(expand), ["trail/master/Trail"], "{:#?}", expand.reasons);
    assert_eq!(expand.trials[0].form, StatementForm::ByAccount);
    assert_eq!(expand.trials[0].trail, expand.confirm[0].address);
    let all = ["trail/master/Trail", "trail/m0/Trail", "trail/m1/Trail", "trail/m2/Trail"];
    assert_eq!(asked(contract), all);

    // The live forms when CloudTrail is asked about a trail or a trail is created.
    let (twin, seen) = (installation.twin.clone(), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&seen);
    installation.twin.observe(move |summary| {
        let policy = twin.bucket_policy(BUCKET).unwrap();
        let number: usize = summary.accounts.iter().map(|account| account.trails.len()).sum();
        log.lock().unwrap().push((policy.contains("TrailWritePrevious"), number));
    });
    let start = calls(&installation, "cloudtrail:UpdateTrail").len();
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    let asked = calls(&installation, "cloudtrail:UpdateTrail").split_off(start);
    // CloudTrail is first asked about the trail that tests the form: after the first write, before
    // the second write, and after it.
    assert_eq!(asked[..2], [MASTER, MASTER]);
    assert_eq!((asked.len(), asked[5].as_str()), (9, MASTER));
    let seen = seen.lock().unwrap().clone();
    assert!(
        seen.contains(&(true, 4)) && seen.contains(&(true, 10)) && !seen.contains(&(false, 5)),
        "{seen:?}"
    );

    let after = bucket_policy(&installation);
    assert_eq!(form(&after), Some(StatementForm::ByAccount));
    assert!(!after.to_string().contains("Previous"));
    assert_eq!(after.statements()[0], before.statements()[0], "the foreign statement stays as it is");
    assert!(installation.plan(&spec).await.is_in_sync());
    assert_eq!((obstacles(&installation), tag(&installation)), (Vec::new(), None));
}

#[tokio::test]
async fn a_refused_form_harms_nobody_and_the_next_plan_keeps_the_longer_form() {
    for disagreement in [unresolved("aws:SourceAccount"), unknown("aws:SourceAccount")] {
        let installation = crowded(700).await;
        let before = installation.twin.bucket_policy(BUCKET).unwrap();
        installation.twin.disagree(disagreement);
        let (spec, start) = (members(9), calls(&installation, "cloudtrail:UpdateTrail").len());
        let plan = installation.plan(&spec).await;
        let outcome = installation.apply(&spec, &plan).await;

        assert_eq!(installation.twin.bucket_policy(BUCKET).unwrap(), before, "byte for byte");
        let asked = calls(&installation, "cloudtrail:UpdateTrail").split_off(start);
        assert!(asked.iter().all(|account| account == MASTER), "{asked:?}");
        assert_eq!(installation.trails().len(), 4, "no trail is created");
        assert_eq!(obstacles(&installation), Vec::<String>::new());
        let refused = refused(&outcome);
        assert_eq!(refused.policy, PolicyAfter::Restored { accepted: Some(true) });
        assert_eq!(refused.form.unwrap().unrecorded, None);
        assert_eq!(tag(&installation).as_deref(), Some("by_account"));
        let error = &errors(&outcome)[0];
        assert!(
            error.contains("this was the first use of the form `by account` in bucket_policy/"),
            "{error}"
        );

        // Nine accounts do not fit into the longer form: the plan lists the alternatives.
        let next = installation.compare(&spec).await;
        let [refusal @ Refusal::TooLarge { error, .. }] = next.refusals.as_slice() else {
            panic!("{:?}", next.refusals);
        };
        assert_eq!(error.obstacle, Some(Obstacle::Refused(StatementForm::ByAccount)));
        let hint = refusal.hint();
        for part in ["organization_trail: true", "reconcile:refused-forms", "bucket.policy.form: by_account"]
        {
            assert!(hint.contains(part), "{hint}");
        }
        // Five accounts fit.
        installation.converge(&members(4)).await;
        assert_eq!(form(&bucket_policy(&installation)), Some(StatementForm::Plain));
        assert_eq!(obstacles(&installation), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_form_that_the_spec_names_is_tried_again_and_the_tag_is_cleared() {
    let installation = Installation::new();
    installation.converge(&members(2)).await;
    installation.twin.disagree(unresolved("aws:SourceAccount"));
    let spec = with_form(&members(2), "bucket", "by_account");
    let plan = installation.plan(&spec).await;
    assert!(!installation.apply(&spec, &plan).await.is_complete());
    assert_eq!(tag(&installation).as_deref(), Some("by_account"));
    installation.twin.disagree(Disagreement::default());
    installation.converge(&spec).await;
    assert_eq!(form(&bucket_policy(&installation)), Some(StatementForm::ByAccount));
    assert_eq!(tag(&installation).as_deref(), Some("none"));
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_refused_organization_keeps_the_list_of_accounts() {
    let organization = |spec: &str| spec.with("organization", "{ account: master }");
    let by_account = organization(&with_form(&members(3), "bucket", "by_account"));
    let installation = Installation::new();
    installation.converge(&by_account).await;
    let before = installation.twin.bucket_policy(BUCKET).unwrap();
    installation.twin.disagree(unknown("aws:SourceOrgID"));

    let spec = organization(&with_form(&members(3), "bucket", "by_organization"));
    let plan = installation.plan(&spec).await;
    assert_eq!(asked(of(&plan, "bucket_policy", Phase::Expand)), ["trail/master/Trail"]);
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(refused(&outcome).form.unwrap().form, StatementForm::ByOrganization);
    assert_eq!(installation.twin.bucket_policy(BUCKET).unwrap(), before);
    assert_eq!(
        (obstacles(&installation), tag(&installation)),
        (Vec::new(), Some("by_organization".to_owned()))
    );

    installation.twin.disagree(Disagreement::default());
    installation.converge(&spec).await;
    assert_eq!(form(&bucket_policy(&installation)), Some(StatementForm::ByOrganization));
}

#[tokio::test]
async fn the_key_policy_is_tried_by_one_trail_as_well() {
    let installation = Installation::new();
    installation.converge(&members(3)).await;
    let before = key_policy(&installation);
    let spec = with_form(&members(3), "key", "by_account");
    installation.twin.disagree(unresolved("aws:SourceAccount"));
    let plan = installation.plan(&spec).await;
    assert_eq!(asked(of(&plan, "key_policy", Phase::Expand)), ["trail/master/Trail"]);
    let start = calls(&installation, "cloudtrail:UpdateTrail").len();
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(key_policy(&installation), before);
    let asked = calls(&installation, "cloudtrail:UpdateTrail").split_off(start);
    assert!(asked.iter().all(|account| account == MASTER), "{asked:?}");
    let form_of = refused(&outcome).form.unwrap();
    assert_eq!((form_of.form, form_of.unrecorded), (StatementForm::ByAccount, None));

    installation.twin.disagree(Disagreement::default());
    installation.converge(&spec).await;
    assert_eq!(form(&key_policy(&installation).parse().unwrap()), Some(StatementForm::ByAccount));
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_new_installation_creates_one_trail_first() {
    let spec = with_form(&with_form(&members(3), "bucket", "by_account"), "key", "by_account");
    let installation = Installation::new();
    installation.twin.disagree(unresolved("aws:SourceAccount"));
    let plan = installation.plan(&spec).await;
    let first = plan.changes.iter().find(|change| !change.trials.is_empty()).unwrap();
    assert_eq!((first.address.to_string().as_str(), first.trials.len()), ("trail/master/Trail", 2));
    let outcome = installation.apply(&spec, &plan).await;
    let failed: Vec<_> =
        outcome.results.iter().filter(|it| matches!(it.status, ChangeStatus::Failed { .. })).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!((outcome.summary.skipped, installation.trails().len()), (3, 0));
    let created = calls(&installation, "cloudtrail:CreateTrail");
    assert!(!created.is_empty() && created.iter().all(|account| account == MASTER), "{created:?}");
    assert_eq!(refused(&outcome).form.unwrap().form, StatementForm::ByAccount);
    assert_eq!(tag(&installation).as_deref(), Some("by_account"));

    // Without the line in the spec, the plain form fits, and the twin accepts it.
    installation.converge(&members(3)).await;
    assert_eq!(form(&bucket_policy(&installation)), Some(StatementForm::Plain));
    assert_eq!(installation.trails().len(), 4);

    let agreeing = Installation::new();
    agreeing.converge(&spec).await;
    assert_eq!(calls(&agreeing, "cloudtrail:CreateTrail")[0], MASTER);
    assert!(agreeing.plan(&spec).await.is_in_sync());
}

/// The parameters: the call after which the apply is killed, whether the journals are lost, and
/// whether AWS accepts the form.
#[tokio::test]
async fn the_next_apply_completes_or_reverts_a_killed_first_use_of_a_form() {
    let spec = with_form(&members(1), "bucket", "by_account");
    for (is_lost, is_accepted) in [(false, false), (true, false), (true, true)] {
        for after in 1.. {
            let mut installation = Installation::new();
            installation.converge(&members(1)).await;
            let plan = installation.plan(&spec).await;
            if !is_accepted {
                installation.twin.disagree(unresolved("aws:SourceAccount"));
            }
            let was_killed = apply_and_die(&installation, &spec, &plan, after).await;
            if is_lost {
                installation.lose_journals();
            }
            let plan = installation.plan(&spec).await;
            let outcome = installation.apply(&spec, &plan).await;
            assert_eq!(outcome.is_complete(), is_accepted, "{is_lost} {after}: {:#?}", outcome.results);
            assert_eq!(obstacles(&installation), Vec::<String>::new(), "{is_lost} {is_accepted} {after}");
            if !was_killed {
                assert!(after > 3, "{after}");
                break;
            }
        }
    }
}
