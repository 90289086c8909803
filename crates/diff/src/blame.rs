//! Reads the recorded events that show the authors of findings.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use reconcile_aws::{Aws, Session};
use reconcile_operations::{Error, Operation};
use reconcile_plan::Finding;
use reconcile_plan::blame::{EventRecord, EventScan, Search};
use reconcile_policy::Arn;
use reconcile_spec::{Account, AccountName, Desired};
use tokio::task::JoinSet;
use tracing::{Instrument, trace_span};

use crate::observe::page;

/// Adds the authors to findings. `key` is the key of the installation. If an author cannot be read,
/// the author is unknown, and the finding has the reason.
///
/// CloudTrail answers two calls per second in an account and Region. The lists of an account are
/// therefore read one after the other, and the accounts at the same time.
pub async fn blame(aws: &Aws, desired: &Desired, key: Option<&Arn>, findings: &mut [Finding]) {
    let search = Search::new(desired, key, findings);
    let mut by_account: BTreeMap<AccountName, Vec<EventScan>> = BTreeMap::new();
    for scan in search.scans() {
        by_account.entry(scan.listing().account.clone()).or_default().push(scan);
    }
    let mut tasks = JoinSet::new();
    for (name, scans) in by_account {
        let Some(account) = desired.account(&name).cloned() else { continue };
        let aws = aws.clone();
        let span = trace_span!("account", account = %name);
        let read = async move { read_account(&aws, &account, scans).await };
        tasks.spawn(read.instrument(span));
    }
    let mut scans = Vec::new();
    while let Some(read) = tasks.join_next().await {
        scans.extend(read.unwrap_or_default());
    }
    search.name_authors(scans, findings);
}

async fn read_account(aws: &Aws, account: &Account, mut scans: Vec<EventScan>) -> Vec<EventScan> {
    let session = Session::open_to_look_up_events(aws, account).await;
    for scan in &mut scans {
        let read = match &session {
            Ok(session) => read(session, scan).await,
            Err(error) => Err(error.clone()),
        };
        if let Err(error) = read {
            scan.fail(format!("the recorded events cannot be read: {error}"));
        }
    }
    scans
}

/// Reads the events of a list, the newest first, until the scan needs no more events.
async fn read(session: &Session, scan: &mut EventScan) -> Result<(), Error> {
    const OPERATION: Operation = Operation::LookupEvents;

    let listing = scan.listing().clone();
    let cloudtrail = &session.cloudtrail(&listing.region);
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::EventName)
        .attribute_value(listing.event)
        .build()
        .map_err(|error| session.implausible(OPERATION, &error.to_string()))?;
    let page = |token| {
        let call = cloudtrail
            .lookup_events()
            .lookup_attributes(attribute.clone())
            .max_results(50)
            .set_next_token(token)
            .send();
        async move {
            let page = session.call(OPERATION, call).await?;
            let events = page.events.ok_or_else(|| session.incomplete(OPERATION, "Events"))?;
            let records = events.iter().map(|event| EventRecord::parse(event.cloud_trail_event()?));
            Ok::<_, Error>((records.collect(), page.next_token))
        }
    };
    page::each(session, OPERATION, page, |records| scan.read(records)).await
}
