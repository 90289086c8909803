//! What people and programs see of plans, outcomes and drift.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reconcile_apply::{ChangeResult, ChangeStatus, Outcome, OutcomeCounts};
use reconcile_evidence::{Tally, VerificationOutcome};
use reconcile_plan::freshness::DigestTrails;
use reconcile_plan::plan::{ActionKind, Phase};
use reconcile_plan::{Comparison, DriftReport, Finding, FindingCode, FindingKind, Plan, Severity};
use reconcile_report::drift::SpecDrift;
use reconcile_report::error::{CommandError, Details, ErrorCode};
use reconcile_report::verify::{Brief, NamedFinding};
use reconcile_report::{TextOptions, drift, outcome, plan, watch};
use reconcile_text::{Hint, Text, is_hidden, markdown as md};
use serde_json::{Value, json};

const TERSE: TextOptions = TextOptions { verbose: false, sandbox: false };
const VERBOSE: TextOptions = TextOptions { verbose: true, sandbox: false };

/// The text without its colors.
fn plain(text: &Text) -> String {
    anstream::adapter::strip_str(text.as_str()).to_string()
}

/// An error with a message from elsewhere, and without a hint.
#[derive(Debug)]
struct Told(&'static str);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Told {}

impl Hint for Told {
    fn own_hint(&self) -> Option<String> {
        None
    }
}

fn failure(message: &'static str) -> CommandError {
    CommandError::new(ErrorCode::File, &Told(message), Details::None)
}

fn plan_of(changes: &[Value], unreadable: &[Value]) -> Plan {
    let of = |action: &str| changes.iter().filter(|change| change["action"] == action).count();
    let text = json!({
        "format_version": "1.0", "reconcile_version": "0.1.0", "created_at": "2026-11-23T08:00:00Z",
        "spec": { "name": "secprod", "path": "specs/prod.yaml", "sha256": "0" },
        "partial": !unreadable.is_empty(),
        "summary": { "create": of("create"), "update": of("update"), "delete": of("delete"), "unchanged": 4,
                     "unreadable": unreadable.len() },
        "changes": changes, "warnings": [], "unreadable": unreadable,
    });
    Plan::from_json(&text.to_string()).unwrap()
}

fn trail(account: &str, id: &str, action: &str) -> Value {
    let view = |logging: bool| {
        json!({
            "arn": format!("arn:aws:cloudtrail:us-east-1:{id}:trail/SecurityTrail"), "bucket": "logs", "prefix": null,
            "kms_key": { "known_after_apply": "key/master/k" }, "multi_region": true, "global_service_events": true,
            "log_file_validation": true, "logging": logging, "selectors": { "basic": [] }, "tags": {},
        })
    };
    let is_update = action == "update";
    json!({
        "address": format!("trail/{account}/SecurityTrail"), "kind": "trail",
        "account": { "name": account, "id": id }, "region": "us-east-1", "action": action, "phase": "converge",
        "risk": if is_update { "disruptive" } else { "safe" },
        "reasons": [if is_update { "logging is stopped" } else { "the trail does not exist" }],
        "before": if is_update { view(false) } else { Value::Null }, "after": view(true),
        "diff": if is_update {
            json!([{ "op": "replace", "path": "/logging", "from": false, "value": true }])
        } else {
            json!([{ "op": "add", "path": "/kms_key", "value": { "known_after_apply": "key/master/k" } }])
        },
        "observed_fingerprint": "sha256:0", "depends_on": [],
    })
}

fn policy(phase: &str, op: &str, accounts: usize) -> Value {
    let resource = |n: usize| format!("arn:aws:s3:::logs/AWSLogs/{n:012}/*");
    let document = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements });
    let deny = json!({ "Sid": "SecprodDenyInsecureTransport", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
    let mut diff: Vec<Value> = (0..accounts)
        .map(|n| json!({ "op": op, "path": "/Statement/SecprodTrailWrite/Resource", "value": resource(n) }))
        .collect();
    diff.push(json!({ "op": op, "path": "/Statement/SecprodDenyInsecureTransport", "value": deny }));
    json!({
        "address": "bucket_policy/master/logs", "kind": "bucket_policy",
        "account": { "name": "master", "id": "111111111111" }, "region": "us-east-1", "action": "update",
        "phase": phase, "risk": "safe", "reasons": ["account 000000000000 may not write its logs yet"],
        "before": document(json!([])), "after": document(json!([deny])), "diff": diff,
        "observed_fingerprint": "sha256:0", "depends_on": [],
    })
}

#[test]
fn a_plan_of_every_sort() {
    let unreadable = json!({ "account": { "name": "development", "id": "333333333333" },
        "error": "sts:AssumeRole in account 333333333333: AccessDenied: no", "hint": "check that the role exists" });
    let changes = [
        policy("expand", "add", 8),
        trail("master", "111111111111", "create"),
        trail("production", "222222222222", "update"),
        policy("contract", "remove", 1),
    ];
    let plan = plan_of(&changes, &[unreadable]);
    insta::assert_snapshot!("plan_text", plain(&plan::text(&plan, TERSE)));
    insta::assert_snapshot!("plan_text_verbose", plain(&plan::text(&plan, VERBOSE)));
    insta::assert_snapshot!("plan_markdown", plan::markdown(&plan));
    assert!(plan::text(&plan, TERSE).as_str().contains("\u{1b}[32m"), "creations are green");
}

#[test]
fn a_plan_of_a_thousand_accounts_is_folded_into_a_few_lines() {
    let changes: Vec<Value> =
        (0..1000).map(|n| trail(&format!("member-{n:03}"), &format!("{n:012}"), "create")).collect();
    let text = plain(&plan::text(&plan_of(&changes, &[]), TERSE));
    insta::assert_snapshot!("plan_folded", text);
}

#[test]
fn a_plan_without_changes_is_reported_in_one_line() {
    let plan = plan_of(&[], &[]);
    assert_eq!(plan::text(&plan, TERSE).as_str(), "No changes. Live state matches specs/prod.yaml.\n");
    let sandbox = plan::text(&plan, TextOptions { sandbox: true, ..TERSE });
    assert!(plain(&sandbox).starts_with("sandbox: "));
}

#[test]
fn a_plan_is_read_as_it_is_written() {
    let plan = plan_of(&[policy("expand", "add", 2), trail("a", "111111111111", "create")], &[]);
    assert_eq!(Plan::from_json(&plan.to_json().unwrap()).unwrap(), plan);
}

#[test]
fn drift_of_every_sort() {
    let changes = [policy("expand", "add", 1), trail("production", "222222222222", "update")];
    let drifts = [
        SpecDrift {
            spec: "specs/prod.yaml".to_owned(),
            checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            result: Ok(DriftReport::new(&Comparison {
                plan: plan_of(&changes, &[]),
                refusals: Vec::new(),
                undelivered: Vec::new(),
                outsiders: Vec::new(),
                absent: std::collections::BTreeSet::new(),
                unsettled: std::collections::BTreeMap::new(),
                foreign: Vec::new(),
                blocking: ["bucket_policy/master/logs".parse().unwrap()].into(),
                accounts: std::collections::BTreeMap::new(),
                digests: DigestTrails::default(),
            })),
        },
        SpecDrift {
            spec: "specs/test.yaml".to_owned(),
            checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            result: Ok(of_findings(Vec::new())),
        },
        SpecDrift {
            spec: "specs/none.yaml".to_owned(),
            checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            result: Err(failure("cannot read `specs/none.yaml`")),
        },
    ];
    insta::assert_snapshot!("drift_text", plain(&drift::text(&drifts, TERSE)));
    insta::assert_snapshot!("drift_json", drift::json(&drifts[1..]).unwrap());
    insta::assert_snapshot!("drift_markdown", drift::markdown(&drifts));
}

/// Findings about trails that somebody stopped, of many accounts.
fn stopped(accounts: usize) -> Vec<Finding> {
    let finding = |number: usize| {
        let (name, id) = (format!("m{number}"), format!("{number:012}"));
        serde_json::from_value(json!({
            "id": format!("{number:032}"),
            "address": format!("trail/{name}/Trail"),
            "account": { "name": name, "id": id },
            "kind": "changed",
            "code": "changed",
            "severity": "critical",
            "message": format!("logging is stopped in account {id}"),
            "before": { "logging": false },
            "after": { "logging": true },
            "diff": [{ "op": "replace", "path": "/logging", "from": false, "value": true }],
        }))
        .unwrap()
    };
    (0..accounts).map(finding).collect()
}

/// The same finding with its author: a user of the account, in a call of its own.
fn blamed(mut finding: Finding, minute: usize) -> Finding {
    let account = finding.account.clone().unwrap().id;
    finding.blame = serde_json::from_value(json!({
        "calls": [{
            "event_source": "cloudtrail.amazonaws.com",
            "event_name": "StopLogging",
            "event_id": format!("event-{minute}"),
            "event_time": format!("2026-11-23T07:{:02}:00Z", minute % 60),
            "account_id": account,
            "region": "eu-west-1",
            "principal": format!("arn:aws:iam::{account}:user/eve"),
            "source_address": "203.0.113.7",
            "by_reconcile": false,
        }],
        "unknown": ["CloudTrail recorded no UpdateTrail for the resource in the last 90 days"],
    }))
    .unwrap();
    finding
}

#[test]
fn authors_are_shown_and_folded_with_their_findings() {
    let blamed: Vec<Finding> =
        stopped(400).into_iter().enumerate().map(|(minute, it)| blamed(it, minute)).collect();
    let mut all = blamed.clone();
    // Another author: a finding of its own.
    let calls = &mut all[7].blame.as_mut().unwrap().calls;
    "config.amazonaws.com".clone_into(&mut calls[0].principal);
    "config.amazonaws.com".clone_into(&mut calls[0].source_address);
    calls[0].by_reconcile = true;
    let drifts = checked(all);
    insta::assert_snapshot!("drift_blamed_text", plain(&drift::text(&drifts, TERSE)));
    insta::assert_snapshot!("drift_blamed_markdown", drift::markdown(&drifts));
    let html = drift::html(&drifts);
    assert_eq!(html.matches("last changed by").count(), 2);
    let few = checked(blamed[..2].to_vec());
    for document in [
        drift::junit(&few).unwrap(),
        drift::sarif(&few).unwrap(),
        drift::ocsf(&few).unwrap(),
        drift::html(&few),
    ] {
        assert!(document.contains("event-0") && document.contains("user/eve"), "{document}");
    }
}

fn of_findings(findings: Vec<Finding>) -> DriftReport {
    let accounts = findings.iter().filter_map(|it| it.account.clone()).map(|it| (it.name, it.id));
    DriftReport { installation: "prod".to_owned(), accounts: accounts.collect(), findings }
}

fn checked(findings: Vec<Finding>) -> [SpecDrift; 1] {
    [SpecDrift {
        spec: "specs/my prod.yaml".to_owned(),
        checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        result: Ok(of_findings(findings)),
    }]
}

#[test]
fn identical_findings_in_many_accounts_are_reported_once() {
    let drifts = checked(stopped(400));
    insta::assert_snapshot!("drift_folded_text", plain(&drift::text(&drifts, TERSE)));
    insta::assert_snapshot!("drift_folded_markdown", drift::markdown(&drifts));
}

/// A check with an accepted finding, one that is not readable, and a spec that could not be
/// checked.
fn every_sort() -> Vec<SpecDrift> {
    let mut findings = stopped(3);
    findings[1].accepted = Some("a test account".to_owned());
    findings[1].severity = Severity::High;
    findings[2].kind = FindingKind::Unreadable;
    findings[2].code = FindingCode::Unreadable;
    let mut drifts = Vec::from(checked(findings));
    drifts.extend(checked(Vec::new()));
    drifts.push(SpecDrift { result: Err(failure("cannot read `specs/none.yaml`")), ..drifts[1].clone() });
    drifts
}

#[test]
fn sarif_has_a_result_for_each_finding_and_a_notification_for_each_failure() {
    let text = drift::sarif(&every_sort()).unwrap();
    insta::assert_snapshot!("drift_sarif", text);
    // The types come from the schema of OASIS.
    let sarif: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    let results = sarif.runs[0].results.as_ref().unwrap();
    let names = results.iter().map(|it| it.partial_fingerprints.as_ref().unwrap()["finding/v1"].clone());
    let names: std::collections::BTreeSet<String> = names.collect();
    assert_eq!(names.len(), 3);
    assert_eq!(results[1].suppressions.as_ref().unwrap().len(), 1);
}

#[test]
fn html_has_each_account_and_folds_findings() {
    insta::assert_snapshot!("drift_html", without_style(&drift::html(&every_sort())));
    let folded = drift::html(&checked(stopped(400)));
    assert_eq!(folded.matches("class=\"finding critical\"").count(), 1);
    assert!(folded.contains("400 accounts with findings"));
}

/// The pages that `tests/pages/run` opens in a browser: without, with three and with 2,000
/// findings. The status page is opened with and without the authors of `watch --blame`.
#[test]
fn pages_have_no_scripts_and_load_nothing() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    for (number, drifts) in
        [(0, checked(Vec::new()).into()), (3, every_sort()), (2000, Vec::from(checked(different(2000))))]
    {
        let status = status_of(&with_authors(drifts.clone()));
        assert_eq!(status.contains("last changed by"), number > 0);
        let pages =
            [("report", drift::html(&drifts)), ("status", status_of(&drifts)), ("status-authors", status)];
        for (name, page) in pages {
            assert!(page.starts_with("<!DOCTYPE html>"), "{name}");
            for word in ["<script", "src=", "@import", "url("] {
                assert!(!page.contains(word), "{name}: {word}");
            }
            std::fs::write(folder.join(format!("{name}-{number}.html")), page).unwrap();
        }
    }
}

/// The status page of `watch` after a check.
fn status_of(drifts: &[SpecDrift]) -> String {
    let findings = drifts.iter().map(|drift| drift.findings().len()).sum();
    let record = watch::CheckRecord {
        at: "2026-11-23T08:00:00Z".parse().unwrap(),
        seconds: 1.25,
        status: drift::DriftStatus::Drifted,
        findings,
        new: findings,
        resolved: 0,
        repaired: 0,
    };
    let history = vec![record; 3];
    let unverified: Vec<NamedFinding> = (0..findings.min(200))
        .map(|number| NamedFinding {
            id: format!("{number:032x}"),
            status: if number % 2 == 0 { VerificationOutcome::Wrong } else { VerificationOutcome::Unknown },
            account: Some("production".to_owned()),
            region: Some("eu-west-1".to_owned()),
            message: format!(
                "digest s3://secprod-multiaccount-logs/AWSLogs/222222222222/CloudTrail-Digest/eu-west-1/2026/11/22/\
                 222222222222_CloudTrail-Digest_eu-west-1_SecurityTrail_us-east-1_{number:08}T160000Z.json.gz was deleted"
            ),
        })
        .collect();
    let number = findings.min(1) as u64;
    let brief = Brief {
        digests: Tally { total: 408, verified: 408 - number },
        logs: Tally { total: 816, verified: 816 },
        wrong: number,
        unknown: number,
    };
    let verifications = [Err("AWS does not answer".to_owned()), Ok(brief)].map(|result| {
        watch::VerificationRecord { at: "2026-11-23T08:00:00Z".parse().unwrap(), seconds: 2.5, result }
    });
    let watched = drifts.iter().map(|drift| watch::Watched {
        spec: &drift.spec,
        standby: None,
        drift: Some(drift),
        last_success: Some(history[0].at),
        history: &history,
        verifications: &verifications,
        unverified: &unverified,
    });
    let watched: Vec<watch::Watched<'_>> = watched.collect();
    watch::status_page(&watched, &watch::PageFilter::default(), std::time::Duration::from_mins(5))
}

/// The same checks with `--blame`: long names of people who assumed a role, and calls of
/// `reconcile`.
fn with_authors(mut drifts: Vec<SpecDrift>) -> Vec<SpecDrift> {
    for checked in drifts.iter_mut().filter_map(|drift| drift.result.as_mut().ok()) {
        let findings = std::mem::take(&mut checked.findings).into_iter().enumerate();
        checked.findings = findings
            .map(|(number, finding)| {
                let mut finding = blamed(finding, number);
                let call = &mut finding.blame.as_mut().unwrap().calls[0];
                call.by_reconcile = number % 2 == 1;
                call.event_id = format!("4f8b2c1d-0000-4000-8000-{number:012}");
                call.principal = format!(
                    "arn:aws:sts::{}:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/eve.adams@example.com",
                    call.account_id
                );
                finding
            })
            .collect();
    }
    drifts
}

/// Findings that cannot be folded, of each severity.
fn different(number: usize) -> Vec<Finding> {
    let mut findings = stopped(number);
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    for (index, finding) in findings.iter_mut().enumerate() {
        finding.severity = severities[index % 4];
        finding.message =
            format!("`event_selectors` differ at place {index}, and log files of some events are missing");
    }
    findings
}

fn without_style(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    // A line for each element, so that a change is easy to review.
    format!("{head}{body}").replace("><", ">\n<")
}

#[test]
fn junit_and_ocsf_have_each_finding() {
    insta::assert_snapshot!("drift_junit", drift::junit(&every_sort()).unwrap());
    insta::assert_snapshot!("drift_ocsf", drift::ocsf(&every_sort()[..1]).unwrap());
}

#[test]
fn an_outcome_of_every_sort() {
    let results = vec![
        result("a", ChangeStatus::Applied),
        result("b", ChangeStatus::Unchanged),
        result("c", ChangeStatus::Failed { error: "denied".to_owned(), hint: Some("allow it".to_owned()) }),
        result("d", ChangeStatus::Skipped { error: "depends on c".to_owned() }),
    ];
    let mut outcome = Outcome {
        spec: plan_of(&[], &[]).spec,
        summary: OutcomeCounts::of(&results),
        results,
        journal: "journal.jsonl".into(),
    };
    insta::assert_snapshot!("outcome_text", plain(&outcome::text(&outcome, TERSE)));
    insta::assert_snapshot!("outcome_json", outcome::json(&outcome, &[], &[], None).unwrap());
    insta::assert_snapshot!("outcome_markdown", outcome::markdown(&outcome));

    outcome.results = vec![result("e", ChangeStatus::Stale { error: "the resource now exists".to_owned() })];
    outcome.summary = OutcomeCounts::of(&outcome.results);
    insta::assert_snapshot!("outcome_stale", plain(&outcome::text(&outcome, TERSE)));
    outcome.results.clear();
    assert_eq!(outcome::text(&outcome, TERSE).as_str(), "Nothing to do.\n");
}

fn result(name: &str, status: ChangeStatus) -> ChangeResult {
    ChangeResult {
        address: format!("trail/{name}/SecurityTrail").parse().unwrap(),
        action: ActionKind::Create,
        phase: Phase::Converge,
        status,
        calls: 7,
        duration_ms: 12,
        confirmation: None,
    }
}

/// Text from elsewhere that would clear the screen, forge a line, and reverse what follows.
const HOSTILE: &str = "x\u{1b}[2J\n  + trail/forged/Forged\u{202e}<img src=x>|`@everyone";

#[test]
fn no_value_repaints_a_terminal_or_forges_a_line() {
    let mut change = trail("payments", "222222222222", "update");
    change["reasons"] = json!([HOSTILE]);
    change["diff"] = json!([
        { "op": "replace", "path": format!("/{HOSTILE}"), "from": HOSTILE, "value": [HOSTILE] },
        { "op": "add", "path": "/Statement/0", "value": { "Sid": HOSTILE, "Effect": HOSTILE, "Principal": HOSTILE } },
    ]);
    let unreadable = json!({
        "account": { "name": "payments", "id": "222222222222" }, "error": HOSTILE, "hint": HOSTILE,
    });
    let mut plan = plan_of(&[change], &[unreadable]);
    plan.spec.path = HOSTILE.to_owned();
    plan.warnings = serde_json::from_value(json!([
        { "code": "x", "address": "trail/payments/SecurityTrail", "message": HOSTILE }
    ]))
    .unwrap();
    let failed = ChangeStatus::Failed { error: HOSTILE.to_owned(), hint: Some(HOSTILE.to_owned()) };
    let outcome = Outcome {
        spec: plan.spec.clone(),
        results: vec![result("payments", failed)],
        summary: OutcomeCounts::default(),
        journal: HOSTILE.into(),
    };
    let check = SpecDrift {
        spec: HOSTILE.to_owned(),
        checked_at: "2026-11-23T08:00:00Z".parse().unwrap(),
        result: Err(failure(HOSTILE)),
    };
    let drifts = [check];

    let texts = [plan::text(&plan, TERSE), plan::text(&plan, VERBOSE), outcome::text(&outcome, TERSE)];
    for text in texts.iter().chain([&drift::text(&drifts, TERSE)]) {
        let text = plain(text);
        assert!(text.contains("\\u{1b}[2J\\n"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("  + trail/forged")), "{text}");
        assert!(!text.contains(|letter| letter != '\n' && is_hidden(letter)), "{text}");
    }
    let code = [md::code(HOSTILE), md::block(Text::of(HOSTILE).as_str())];
    for text in [plan::markdown(&plan), outcome::markdown(&outcome), drift::markdown(&drifts)] {
        assert!(!text.lines().any(|line| line.starts_with("  + trail/forged")), "{text}");
        assert!(!text.contains(|letter| letter != '\n' && is_hidden(letter)), "{text}");
        let outside_of_blocks = without_blocks(&text);
        let outside_of_code = code.iter().fold(outside_of_blocks, |text, code| text.replace(code, ""));
        assert!(!outside_of_code.contains("<img"), "{text}");
    }
}

/// Markdown without its code blocks, in which nothing has a meaning.
fn without_blocks(markdown: &str) -> String {
    let mut fence = None;
    let mut kept = Vec::new();
    for line in markdown.lines() {
        let is_fence = line.starts_with("```") && line.chars().all(|letter| letter == '`');
        match fence {
            None if is_fence => fence = Some(line),
            Some(begun) if line == begun => fence = None,
            None => kept.push(line),
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a code block is not ended");
    kept.join("\n")
}

#[test]
fn a_plan_that_rewrites_a_policy_names_the_window_that_remains() {
    let policy = |action: &str| {
        let document = json!({ "Version": "2012-10-17", "Statement": [] });
        let before = if action == "create" { Value::Null } else { document.clone() };
        json!({
            "address": "bucket_policy/master/logs", "kind": "bucket_policy",
            "account": { "name": "master", "id": "111111111111" }, "region": "us-east-1", "action": action,
            "phase": "expand", "risk": "safe", "reasons": [], "before": before, "after": document, "diff": [],
            "observed_fingerprint": "sha256:0", "depends_on": [],
        })
    };
    for (action, is_named) in [("create", false), ("update", true)] {
        let text = plan::text(&plan_of(&[policy(action)], &[]), TERSE);
        assert_eq!(text.as_str().contains("no conditional write for policies"), is_named, "{text}");
    }
}
