//! The search for authors: the lists of events to read, and the answers of these lists.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Region};
use reconcile_spec::{AccountName, Desired};

use super::query::{BlameQuery, EventSubject, queries};
use super::{Blame, EventRecord, RecordedCall};
use crate::drift::{Finding, FindingKind};

/// The recorded events of one operation in an account and Region, which are listed together for all
/// findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listing {
    /// The account.
    pub account: AccountName,
    /// The Region.
    pub region: Region,
    /// The name of the events.
    pub event: &'static str,
}

/// The search for the authors of some findings.
#[derive(Debug)]
pub struct Search {
    /// The ID of each finding with its queries, or with the reason why no query can name an author.
    asked: Vec<(String, Result<Vec<BlameQuery>, String>)>,
    accounts: BTreeMap<AccountName, AccountId>,
}

impl Search {
    /// Starts a search. `key` is the key of the installation. A finding about an unreadable
    /// resource has no author, because the resource may not have changed.
    pub fn new(desired: &Desired, key: Option<&Arn>, findings: &[Finding]) -> Self {
        let has_author = |finding: &&Finding| finding.kind != FindingKind::Unreadable;
        let asked = findings.iter().filter(has_author);
        Self {
            asked: asked.map(|finding| (finding.id.clone(), queries(desired, key, finding))).collect(),
            accounts: desired.accounts.iter().map(|it| (it.name.clone(), it.id.clone())).collect(),
        }
    }

    fn queries(&self) -> impl Iterator<Item = &BlameQuery> {
        self.asked.iter().filter_map(|(_, queries)| queries.as_ref().ok()).flatten()
    }

    /// Returns the scans of all lists that the search needs.
    pub fn scans(&self) -> Vec<EventScan> {
        let mut wanted: BTreeMap<Listing, BTreeSet<EventSubject>> = BTreeMap::new();
        for query in self.queries() {
            for listing in query.listings() {
                wanted.entry(listing).or_default().insert(query.subject.clone());
            }
        }
        wanted
            .into_iter()
            .map(|(listing, wanted)| EventScan {
                listing,
                wanted,
                newest: BTreeMap::new(),
                read: 0,
                failure: None,
            })
            .collect()
    }

    /// Adds the authors that the scans found to the findings.
    pub fn name_authors(self, scans: impl IntoIterator<Item = EventScan>, findings: &mut [Finding]) {
        let scans: BTreeMap<Listing, EventScan> =
            scans.into_iter().map(|scan| (scan.listing.clone(), scan)).collect();
        let Self { asked, accounts } = self;
        let mut blames: BTreeMap<String, Blame> =
            asked.into_iter().map(|(id, queries)| (id, blame(queries, &scans, &accounts))).collect();
        for finding in findings {
            finding.blame = blames.remove(&finding.id);
        }
    }
}

fn blame(
    queries: Result<Vec<BlameQuery>, String>,
    scans: &BTreeMap<Listing, EventScan>,
    accounts: &BTreeMap<AccountName, AccountId>,
) -> Blame {
    let mut blame = Blame::default();
    let queries = match queries {
        Ok(queries) => queries,
        Err(reason) => return Blame { unknown: vec![reason], ..blame },
    };
    for query in queries {
        match answer(&query, scans, accounts) {
            Ok(call) if blame.calls.contains(&call) => {}
            Ok(call) => blame.calls.push(call),
            Err(reason) if blame.unknown.contains(&reason) => {}
            Err(reason) => blame.unknown.push(reason),
        }
    }
    blame.calls.sort_by_key(|call| std::cmp::Reverse(call.event_time));
    blame
}

/// Returns the newest call, if it can cause the finding.
fn answer(
    query: &BlameQuery,
    scans: &BTreeMap<Listing, EventScan>,
    accounts: &BTreeMap<AccountName, AccountId>,
) -> Result<RecordedCall, String> {
    // The times of events are in seconds. Among the calls in one second, the creation of the
    // resource came first. A call that can cause the finding came last, because the finding exists.
    // Calls of others came after calls of `reconcile`, which writes only what the spec says.
    let is_cause = |record: &EventRecord| query.causes.contains(&record.event_name.as_str());
    let order = |record: &EventRecord| {
        (!record.event_name.starts_with("Create"), is_cause(record), !record.is_of_reconcile())
    };
    let mut newest: Option<&EventRecord> = None;
    for listing in query.listings() {
        let scan = scans.get(&listing).ok_or("the recorded events were not read")?;
        if let Some(failure) = &scan.failure {
            return Err(failure.clone());
        }
        let found = scan.newest.get(&query.subject);
        newest = newest.into_iter().chain(found).max_by_key(|record| (record.event_time, order(record)));
    }
    let Some(record) = newest else {
        let calls = query.causes.join(" or ");
        return Err(format!("CloudTrail recorded no {calls} for the resource in the last 90 days"));
    };
    if !is_cause(record) {
        return Err(format!(
            "the last recorded call is {} at {}; CloudTrail can take up to 15 minutes to record a call",
            record.event_name, record.event_time
        ));
    }
    let account_id = accounts.get(&query.account).ok_or("the spec does not have the account")?.clone();
    let principal = record.principal().ok_or_else(|| {
        format!("event {} ({}) does not say who made the call", record.event_id, record.event_name)
    })?;
    Ok(RecordedCall {
        event_source: record.event_source.clone(),
        event_name: record.event_name.clone(),
        event_id: record.event_id.clone(),
        event_time: record.event_time,
        account_id,
        region: query.region.clone(),
        principal: principal.to_owned(),
        source_address: record.source_address().to_owned(),
        by_reconcile: record.is_of_reconcile(),
    })
}

/// Reads a list of events, the newest first, until it knows the newest call on each resource.
#[derive(Debug, Clone)]
pub struct EventScan {
    listing: Listing,
    wanted: BTreeSet<EventSubject>,
    newest: BTreeMap<EventSubject, EventRecord>,
    /// The number of events so far.
    read: usize,
    failure: Option<String>,
}

impl EventScan {
    /// The number of events after which a scan gives up: 20 calls of `LookupEvents`, which take ten
    /// seconds.
    const MOST: usize = 1_000;

    /// Returns the list that the scan reads.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Reads a page, in which `None` is an event that cannot be parsed. Returns whether the scan
    /// needs the next page.
    pub fn read(&mut self, page: Vec<Option<EventRecord>>) -> bool {
        self.read += page.len();
        for record in page {
            let Some(record) = record else {
                self.fail(format!("an event of {} cannot be read", self.listing.event));
                return false;
            };
            if !record.is_success() || record.event_name != self.listing.event {
                continue;
            }
            for subject in self.wanted.iter().filter(|subject| subject.is_of(&record)) {
                let newest = self.newest.entry(subject.clone()).or_insert_with(|| record.clone());
                if newest.event_time < record.event_time {
                    newest.clone_from(&record);
                }
            }
        }
        let needs_more = self.newest.len() < self.wanted.len();
        if needs_more && self.read >= Self::MOST {
            let event = self.listing.event;
            self.fail(format!("none of the last {} events of {event} is about the resource", self.read));
            return false;
        }
        needs_more
    }

    /// Records that the list could not be read.
    pub fn fail(&mut self, reason: String) {
        self.failure = Some(reason);
    }
}
