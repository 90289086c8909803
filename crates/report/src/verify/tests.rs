use reconcile_evidence::{ChainReport, DigestKind, ObjectLocation};

use super::*;

fn cell(account: &str, region: &str, findings: Vec<EvidenceFinding>) -> CellReport {
    CellReport {
        account: account.parse().unwrap(),
        region: region.parse().unwrap(),
        chains: vec![ChainReport {
            trail: "Audit".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            kind: DigestKind::Hourly,
            is_expected: true,
            digests: Tally { total: 24, verified: 24 },
            logs: Tally { total: 48, verified: 47 },
            from: None,
            to: None,
        }],
        bytes: 1000,
        findings,
    }
}

fn object(kind: ObjectKind, verdict: Verdict) -> EvidenceFinding {
    EvidenceFinding::Object {
        kind,
        place: ObjectLocation { bucket: "logs".to_owned(), key: "a\u{1b}[2J/b.json.gz".to_owned() },
        verdict,
    }
}

pub(super) fn verification() -> Verification {
    let hole = EvidenceFinding::Hole {
        trail: "Audit".to_owned(),
        is_expected: true,
        from: "2026-01-01T05:00:00Z".parse().unwrap(),
        to: "2026-01-01T07:00:00Z".parse().unwrap(),
        cause: HoleCause::DigestsDeleted,
    };
    let unlisted = EvidenceFinding::Unlisted {
        place: ObjectLocation { bucket: "logs".to_owned(), key: "AWSLogs/".to_owned() },
        reason: "access denied".to_owned(),
    };
    Verification {
        spec: "prod.yaml".to_owned(),
        from: "2026-01-01T00:00:00Z".parse().unwrap(),
        to: "2026-01-02T00:00:00Z".parse().unwrap(),
        names: BTreeMap::from([("222222222222".parse().unwrap(), "production".to_owned())]),
        cells: vec![
            cell("111111111111", "eu-west-1", Vec::new()),
            cell("111111111111", "us-east-1", vec![object(ObjectKind::Digest, Verdict::NoKeys)]),
            cell("222222222222", "eu-west-1", vec![hole, object(ObjectKind::Log, Verdict::Changed)]),
            cell("222222222222", "us-east-2", Vec::new()),
        ],
        unlisted: vec![unlisted],
        without_digests: vec!["production/Data".to_owned()],
        shard: None,
    }
}

fn plain(verification: &Verification, verbose: bool) -> String {
    let text = text(verification, TextOptions { verbose, sandbox: false });
    anstream::adapter::strip_str(text.as_str()).to_string()
}

#[test]
fn what_is_wrong_is_first() {
    insta::assert_snapshot!(plain(&verification(), false));
}

#[test]
fn a_clean_validation_is_one_table() {
    let mut clean = verification();
    clean.cells.retain(|cell| cell.findings.is_empty());
    (clean.unlisted, clean.without_digests) = (Vec::new(), Vec::new());
    insta::assert_snapshot!(plain(&clean, false));
    assert_eq!(clean.outcome(), VerificationOutcome::Verified);
}

#[test]
fn long_lists_are_cut_without_verbose() {
    let mut long = verification();
    long.cells = vec![cell("111111111111", "eu-west-1", vec![object(ObjectKind::Log, Verdict::Deleted); 12])];
    for number in 0..25_u64 {
        long.cells.push(cell(&format!("{number:012}"), "eu-west-1", Vec::new()));
    }
    let text = plain(&long, false);
    assert!(text.contains("  … 2 findings more (-v shows all)"), "{text}");
    assert!(text.contains("  … 6 accounts more, verified (-v shows all)"), "{text}");
    assert!(!plain(&long, true).contains('…'));
}

#[test]
fn json_has_every_finding_with_its_status_and_message() {
    insta::assert_snapshot!(json(&verification()).unwrap());
}

#[test]
fn junit_has_a_test_for_each_account_and_region() {
    insta::assert_snapshot!(junit(&verification()).unwrap());
}

#[test]
fn a_trail_without_digests_is_not_verified() {
    let mut only = verification();
    (only.cells, only.unlisted) = (Vec::new(), Vec::new());
    assert_eq!(only.outcome(), VerificationOutcome::Unknown);
}
