use anstream::adapter::strip_str;
use reconcile_plan::compliance::{CONTROLS, ControlVerdict};
use reconcile_plan::plan::AccountRef;

use super::*;

fn result(id: &str, resource: &str, verdict: ControlVerdict) -> Assessed {
    let name = resource.split('/').nth(1).unwrap();
    let number = if name == "security" { "111111111111" } else { "222222222222" };
    Assessed {
        control: CONTROLS.iter().find(|control| control.id == id).unwrap(),
        resource: resource.to_owned(),
        account: Some(AccountRef { name: name.parse().unwrap(), id: number.parse().unwrap() }),
        verdict,
    }
}

fn failed(why: &str, fix: Fix) -> ControlVerdict {
    ControlVerdict::Failed { why: why.to_owned(), fix }
}

fn compliance(results: Vec<Assessed>) -> Compliance {
    Compliance {
        spec: "specs/prod.yaml".to_owned(),
        checked_at: "2026-11-27T08:00:00Z".parse().unwrap(),
        frameworks: vec![Framework::Cis50, Framework::Fsbp],
        results,
    }
}

/// One result of each status, and results that several accounts and controls share.
fn example() -> Compliance {
    let retention = |account: &str| {
        let (key, value) = ("trails[Audit].cloudwatch_logs".to_owned(), "{ log_group: NAME }".to_owned());
        let resource = format!("trail/{account}/Audit");
        result(
            "CloudTrail.5",
            &resource,
            failed("it does not deliver to `CloudWatch` Logs", Fix::Spec { key, value, unmanaged: None }),
        )
    };
    let filters = |id: &str| {
        let advice = Fix::Outside("create the | filter".to_owned());
        result(id, "account/security", failed("there are no metric filters", advice))
    };
    let escape = "the key \u{1b}[2J cannot be read".to_owned();
    compliance(vec![
        result("CloudTrail.2", "trail/security/Audit", ControlVerdict::Passed),
        result("CloudTrail.2", "trail/production/Audit", ControlVerdict::Passed),
        result("CloudTrail.4", "trail/security/Audit", failed("it delivers no digest files", Fix::Apply)),
        retention("security"),
        retention("production"),
        result("KMS.4", "key/security/logs", ControlVerdict::Unreadable(escape)),
        result("S3.1", "account/security", ControlVerdict::Manual("look at account 111111111111".to_owned())),
        result("S3.8", "bucket/security/logs", ControlVerdict::Passed),
        result(
            "S3.20",
            "bucket/security/logs",
            ControlVerdict::NotApplicable("it has lifecycle rules".to_owned()),
        ),
        filters("CloudWatch.1"),
        filters("CloudWatch.2"),
    ])
}

fn plain(compliance: &Compliance, verbose: bool) -> String {
    let text = text(compliance, TextOptions { verbose, sandbox: false });
    strip_str(text.as_str()).to_string()
}

#[test]
fn what_failed_is_first_and_results_that_say_the_same_are_together() {
    insta::assert_snapshot!(plain(&example(), false));
}

#[test]
fn verbose_text_lists_every_resource() {
    let text = plain(&example(), true);
    for line in ["  CloudTrail.2  trail/*/Audit in 2 accounts", "      in security, production"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn json_has_every_result_with_the_requirements_of_the_checked_frameworks() {
    insta::assert_snapshot!(json(&example()).unwrap());
}

/// The value `unmanaged` of the second key prevents the first setting.
#[test]
fn a_fix_names_the_key_that_must_not_be_unmanaged() {
    let of = |unmanaged| {
        let fix = Fix::Spec { key: "bucket.require_tls".to_owned(), value: "true".to_owned(), unmanaged };
        let assessed =
            compliance(vec![result("S3.5", "bucket/security/logs", failed("TLS is not required", fix))]);
        let json: Value = serde_json::from_str(&json(&assessed).unwrap()).unwrap();
        (super::fix(&assessed.results[0]), json["results"][0]["fix"]["unmanaged"].clone())
    };
    assert_eq!(of(None), ("set `bucket.require_tls: true` in the spec".to_owned(), Value::Null));
    assert_eq!(
        of(Some("bucket.policy")),
        (
            "remove `bucket.policy: unmanaged` from the spec, and set `bucket.require_tls: true`".to_owned(),
            "bucket.policy".into()
        )
    );
}

#[test]
fn junit_has_a_suite_for_each_framework() {
    insta::assert_snapshot!(junit(&example()).unwrap());
}

#[test]
fn markdown_has_a_row_for_each_control() {
    insta::assert_snapshot!(markdown(&example()));
}

#[test]
fn html_is_one_file_and_shows_no_value_as_an_element() {
    let page = html(&example());
    insta::assert_snapshot!(page.split_once("<body>").unwrap().1);
    assert!(!page.contains("<script") && !page.contains('\u{1b}'));
}

#[test]
fn the_status_is_that_of_the_worst_result_that_somebody_can_act_on() {
    let of = |verdicts: Vec<ControlVerdict>| {
        let results = verdicts.into_iter().map(|it| result("S3.8", "bucket/security/logs", it));
        compliance(results.collect()).status()
    };
    let (unreadable, manual) =
        (ControlVerdict::Unreadable(String::new()), ControlVerdict::Manual(String::new()));
    for (verdicts, expected) in [
        (vec![], ControlStatus::Passed),
        (vec![ControlVerdict::Passed, manual.clone()], ControlStatus::Passed),
        (vec![ControlVerdict::NotApplicable(String::new())], ControlStatus::Passed),
        (vec![ControlVerdict::Passed, unreadable.clone(), manual], ControlStatus::Unreadable),
        (vec![unreadable, failed("", Fix::Apply)], ControlStatus::Failed),
    ] {
        assert_eq!(of(verdicts), expected);
    }
}
