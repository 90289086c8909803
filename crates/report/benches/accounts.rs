//! How a plan and an apply grow with the accounts: `cargo bench -p reconcile-report`.
//!
//! One organization on the twin, of a hundred to ten thousand accounts. Prints for each stage the
//! least of some rounds and what that is for one account, which has to stay the same as the
//! accounts grow. Compare figures of one machine and one run only.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops at the first surprise"
)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reconcile_apply::{ApplyOptions, ConfirmationPauses, Interrupt, Journal, Propagation, apply};
use reconcile_aws::{Aws, Embedded};
use reconcile_diff::{Progress, read};
use reconcile_plan::compare;
use reconcile_plan::observed::Live;
use reconcile_report::{TextOptions, plan};
use reconcile_spec::{Desired, Spec, parse};
use reconcile_twin::{Setup, SetupAccount, Twin};

const ROUNDS: usize = 3;
const MANAGEMENT: &str = "111111111111";
const SPEC: &str = r#"
version: 1
name: bench
accounts:
  management: { id: "111111111111" }
organization: { account: management, include: all, role: Role }
bucket: { name: bench-logs, account: management, region: eu-west-1 }
key: { alias: bench }
trails:
  - { name: SecurityTrail, accounts: all, data_events: { s3: all, lambda: all } }
"#;

/// What is measured for one number of accounts.
struct Table {
    accounts: usize,
}

impl Table {
    fn row(&self, stage: &str, took: Duration) {
        let accounts = u32::try_from(self.accounts).unwrap();
        let for_one = took.as_secs_f64() * 1e6 / f64::from(accounts);
        println!("{:>6}  {stage:<32} {:>9.1} ms {for_one:>8.1} µs", self.accounts, took.as_secs_f64() * 1e3);
    }

    fn measure<T>(&self, stage: &str, mut work: impl FnMut() -> T) -> T {
        let mut round = || {
            let begun = Instant::now();
            let done = black_box(work());
            (begun.elapsed(), done)
        };
        let (mut least, mut done) = round();
        for _ in 1..ROUNDS {
            let (took, again) = round();
            (least, done) = (least.min(took), again);
        }
        self.row(stage, least);
        done
    }
}

fn organization(accounts: usize) -> Twin {
    let account =
        |id: String| SetupAccount { name: format!("account-{id}"), id, roles: vec!["Role".to_owned()] };
    let members = (1..accounts).map(|number| account(format!("{number:012}")));
    let twin = Twin::in_memory();
    twin.provision(Setup {
        ambient: Some(MANAGEMENT.to_owned()),
        accounts: std::iter::once(account(MANAGEMENT.to_owned())).chain(members).collect(),
        ..Setup::default()
    });
    twin
}

fn connect(twin: &Twin, desired: &Desired) -> Aws {
    Aws::new(reconcile_aws::ConnectOptions {
        profile: None,
        region: desired.bucket.site.region.clone(),
        endpoint_url: None,
        concurrency: NonZeroUsize::new(64).unwrap(),
        session_policies: true,
        embedded: Some(Embedded {
            http_client: twin.http_client(),
            credentials: twin.credentials_for(MANAGEMENT),
            profiles: std::collections::HashMap::new(),
            counts_time: false,
        }),
    })
}

async fn live(aws: &Aws, spec: &Spec) -> Live {
    read(aws, spec.clone(), &Arc::new(Progress::default())).await.unwrap()
}

async fn bench(accounts: usize) {
    let table = Table { accounts };
    let written = parse("bench.yaml", SPEC.as_bytes()).unwrap();
    let twin = organization(accounts);
    let aws = connect(&twin, written.desired());
    let nothing = live(&aws, &written).await.observed;
    let roster = &nothing.organization.as_ref().unwrap().roster;
    let spec = table.measure("resolve", || written.in_organization(roster).unwrap());

    let first = table.measure("compare, all to create", || compare(&spec, &nothing, Timestamp::now())).plan;
    assert!(first.changes.len() > accounts);
    table.measure("render, all to create", || plan::text(&first, TextOptions::default()));
    table.measure("render as JSON, all to create", || first.to_json().unwrap());

    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), &first).unwrap();
    let options = ApplyOptions {
        propagation: Propagation::within(Duration::from_millis(1)),
        confirm: Some(ConfirmationPauses::AT_ONCE),
        in_flight: NonZeroUsize::new(64).unwrap(),
        interrupt: Interrupt::default(),
        observer: Arc::new(()),
    };
    let begun = Instant::now();
    let outcome = apply(&aws, spec.desired(), &first, journal, options).await;
    table.row("apply, all to create", begun.elapsed());
    assert!(outcome.is_complete());

    let begun = Instant::now();
    let Live { spec, observed } = live(&aws, &written).await;
    table.row("observe", begun.elapsed());
    let again = table.measure("compare, no change", || compare(&spec, &observed, Timestamp::now())).plan;
    assert!(again.is_in_sync());
    table.measure("render, no change", || plan::text(&again, TextOptions::default()));
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for accounts in [100, 1_000, 10_000] {
        runtime.block_on(bench(accounts));
    }
}
