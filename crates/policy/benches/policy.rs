//! Measures the operations on policies: `cargo bench -p reconcile-policy`.
//!
//! Prints the median and the minimum of many rounds, in microseconds. Compare only figures of the
//! same machine and run.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use reconcile_policy::{
    Adoption, Arn, BucketIntent, Document, Intent, Ownership, Partition, Request, covers, equivalent,
    evaluate, merge,
};
use serde_json::json;

const ROUNDS: usize = 400;

fn account(number: usize) -> String {
    format!("{:012}", 100_000_000_000_usize + number)
}

fn trail(account: &str) -> Arn {
    format!("arn:aws:cloudtrail:us-east-1:{account}:trail/SecurityTrail").parse().unwrap()
}

fn intent(accounts: usize) -> BucketIntent {
    BucketIntent {
        trails: (0..accounts).map(|number| trail(&account(number))).collect(),
        ..BucketIntent::new(Partition::Aws, "secprod-multiaccount-logs")
    }
}

/// Returns a document of about 20 KB: managed statements for 90 accounts, and statements of other
/// teams.
fn document(ownership: &Ownership) -> String {
    let mut statements: Vec<_> =
        intent(90).statements(ownership).iter().map(|statement| json!(statement)).collect();
    for team in 0..8 {
        statements.push(json!({
            "Sid": format!("Team{team}"), "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{}:role/Team{team}", account(900 + team)) },
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": format!("arn:aws:s3:::secprod-multiaccount-logs/AWSLogs/{}/*", account(team)),
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed()
        })
        .collect();
    times.sort();
    let micros = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
    println!(
        "{name:<58} median {:>8.1} µs, least {:>8.1} µs",
        micros(times.get(ROUNDS / 2)),
        micros(times.first())
    );
}

fn main() {
    let ownership = Ownership::of("secprod");
    let text = document(&ownership);
    let live: Document = text.parse().unwrap();
    let reordered: Document = {
        let mut value = serde_json::to_value(&live).unwrap();
        value["Statement"].as_array_mut().unwrap().reverse();
        value.to_string().parse().unwrap()
    };
    let desired = intent(90).statements(&ownership);
    let accounts: BTreeSet<String> = (0..90).map(account).collect();
    let adoption = Adoption {
        trails: intent(90).trails.into_iter().collect(),
        surveyed: accounts.clone(),
        listed: accounts,
        ..Adoption::default()
    };
    let last = account(89);
    let object = format!("arn:aws:s3:::secprod-multiaccount-logs/AWSLogs/{last}/CloudTrail/x");
    let allowed = Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", &object)
        .with("aws:SourceArn", trail(&last).as_str())
        .with("s3:x-amz-acl", "bucket-owner-full-control");
    let stranger = allowed.clone().with("aws:SourceArn", trail(&account(999)).as_str());

    println!("a document of {} bytes, {} statements", live.size(), live.statements().len());
    measure("parse", || text.parse::<Document>().unwrap());
    measure("parse, canonicalise, merge (nothing to do)", || {
        merge(Some(&text.parse().unwrap()), &desired, &ownership).adopt(&adoption, &ownership)
    });
    let more = intent(91).statements(&ownership);
    measure("parse, canonicalise, merge (one account more)", || {
        merge(Some(&text.parse().unwrap()), &more, &ownership).adopt(&adoption, &ownership)
    });
    measure("evaluate, allowed", || evaluate(&live, &allowed));
    measure("evaluate, not allowed", || evaluate(&live, &stranger));
    measure("equivalent, in another order", || equivalent(&live, &reordered));
    measure("covers, in another order", || covers(&live, &reordered));
}
