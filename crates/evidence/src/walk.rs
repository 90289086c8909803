//! The walk along a chain of digests, from the newest to the oldest, with the log files that they
//! name.

use std::collections::{HashMap, VecDeque};

use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered};
use jiff::Timestamp;

use crate::chain::{DigestClaims, Link};
use crate::check::{CheckedDigest, DigestFile, check_digest, check_log, read_digest};
use crate::coverage::Coverage;
use crate::digest::LogFile;
use crate::ledger::{DigestRecord, Ledger, identity};
use crate::location::{ChainId, DigestKind, ObjectLocation};
use crate::source::ObjectSource;
use crate::verdict::{ObjectKind, Verdict};
use crate::verify::{Chain, Digests, Job, Work};

/// A digest that was read, or that an earlier run verified.
enum Read {
    File(Result<DigestFile, Verdict>),
    Before(Box<DigestRecord>),
}

/// A log file that waits for its validation, with the number of its digest.
type Waiting = (usize, LogFile);

/// The digests whose log files are not all validated, by their number.
#[derive(Default)]
struct Open {
    last: usize,
    digests: HashMap<usize, OpenDigest>,
}

struct OpenDigest {
    place: ObjectLocation,
    /// The record, if everything is verified so far.
    record: Option<DigestRecord>,
    left: usize,
}

impl<S: ObjectSource> Work<'_, S> {
    /// Validates the digests of a chain from the newest to the oldest, and the log files that they
    /// name.
    ///
    /// Reads digests ahead of the log files. Stops reading digests while as many log files wait as
    /// are read at the same time.
    pub(crate) async fn walk(&mut self, id: ChainId, mut digests: Digests, coverage: &mut Coverage) {
        digests.sort_unstable_by(|a, b| b.cmp(a));
        let job = self.job;
        let (most_digests, most_logs) = (job.concurrency.digests.max(1), job.concurrency.logs.max(1));
        let mut chain = self.chains.remove(&id).unwrap_or_default();
        let mut digests = digests.into_iter();
        let mut reading = FuturesOrdered::new();
        let mut hashing = FuturesUnordered::new();
        let mut logs: VecDeque<Waiting> = VecDeque::new();
        let mut open = Open::default();
        loop {
            while reading.len() < most_digests
                && logs.len() < most_logs
                && let Some((end, place)) = digests.next()
            {
                reading.push_back(read(job, end, place));
            }
            while hashing.len() < most_logs
                && let Some(log) = logs.pop_front()
            {
                hashing.push(check(job, log));
            }
            futures::select_biased! {
                (digest, place, verdict, bytes) = hashing.select_next_some() => {
                    chain.logs.add(&verdict);
                    self.bytes += bytes;
                    open.close(digest, &verdict, bytes, job.ledger.as_ref());
                    self.note(ObjectKind::Log, place, verdict);
                }
                (end, place, read) = reading.select_next_some() => {
                    let named = chain.named.remove(&place);
                    match read {
                        Read::Before(record) => self.take_before(&id, &mut chain, end, place, *record, coverage),
                        Read::File(file) => {
                            let checked = match file {
                                Ok(file) => check_digest(&id, &place, &file, named.as_ref(), &job.keys),
                                Err(verdict) => verdict.into(),
                            };
                            let (number, named) = self.take(&id, &mut chain, &mut open, (end, place), checked, coverage);
                            logs.extend(named.into_iter().map(|log| (number, log)));
                        }
                    }
                }
                complete => break,
            }
        }
        self.chains.insert(id, chain);
    }

    /// Adds a digest to its chain. Returns the number of the digest and the log files that it
    /// names.
    fn take(
        &mut self,
        id: &ChainId,
        chain: &mut Chain,
        open: &mut Open,
        (end, place): (Timestamp, ObjectLocation),
        checked: CheckedDigest,
        coverage: &mut Coverage,
    ) -> (usize, Vec<LogFile>) {
        chain.digests.add(&checked.verdict);
        if let Some(previous) = checked.previous {
            chain.name(previous, checked.signed.is_some());
        }
        let mut link = Link { place: place.clone(), end, proof: None };
        let (mut number, mut logs) = (0, Vec::new());
        if let Some((digest, signature)) = checked.signed {
            let proof = DigestClaims::new(&digest, signature);
            // A backfill digest names only some log files of its time.
            if id.kind == DigestKind::Hourly {
                coverage.cover(digest.start, digest.end);
            }
            logs = digest.logs;
            let named: Vec<_> = logs.iter().map(|log| identity(&log.place)).collect();
            for log in &named {
                coverage.name(*log);
            }
            if let Some(ledger) = &self.job.ledger {
                let is_verified = checked.verdict == Verdict::Verified;
                let record =
                    is_verified.then(|| DigestRecord { proof: proof.clone(), logs: named, bytes: 0 });
                let left = logs.len();
                number = open.add(OpenDigest { place: place.clone(), record, left }, ledger);
            }
            link.proof = Some(proof);
        }
        chain.links.push(link);
        self.note(id.kind.into(), place, checked.verdict);
        (number, logs)
    }

    /// Adds a digest that an earlier run verified, with its log files.
    fn take_before(
        &mut self,
        id: &ChainId,
        chain: &mut Chain,
        end: Timestamp,
        place: ObjectLocation,
        record: DigestRecord,
        coverage: &mut Coverage,
    ) {
        let DigestRecord { proof, logs, bytes } = record;
        chain.digests.add(&Verdict::Verified);
        if let Some(previous) = proof.previous.clone() {
            chain.name(previous, true);
        }
        if id.kind == DigestKind::Hourly {
            coverage.cover(proof.start, proof.end);
        }
        for log in logs {
            chain.logs.add(&Verdict::Verified);
            coverage.name(log);
        }
        self.bytes += bytes;
        chain.links.push(Link { place, end, proof: Some(proof) });
    }
}

impl Open {
    /// Adds a digest, and returns its number.
    fn add(&mut self, digest: OpenDigest, ledger: &Ledger) -> usize {
        self.last += 1;
        self.digests.insert(self.last, digest);
        self.finish(self.last, ledger);
        self.last
    }

    /// Records the verdict on a log file of a digest.
    fn close(&mut self, number: usize, verdict: &Verdict, bytes: u64, ledger: Option<&Ledger>) {
        let (Some(ledger), Some(digest)) = (ledger, self.digests.get_mut(&number)) else { return };
        digest.left = digest.left.saturating_sub(1);
        match &mut digest.record {
            Some(record) if *verdict == Verdict::Verified => record.bytes += bytes,
            record => *record = None,
        }
        self.finish(number, ledger);
    }

    /// Writes a digest to the ledger after all its log files are verified.
    fn finish(&mut self, number: usize, ledger: &Ledger) {
        if self.digests.get(&number).is_some_and(|digest| digest.left == 0)
            && let Some(OpenDigest { place, record: Some(record), .. }) = self.digests.remove(&number)
        {
            ledger.add_digest(&place, record);
        }
    }
}

async fn read<S: ObjectSource>(
    job: &Job<S>,
    end: Timestamp,
    place: ObjectLocation,
) -> (Timestamp, ObjectLocation, Read) {
    let before = job.ledger.as_ref().and_then(|ledger| ledger.digest(&place));
    let read = match before {
        Some(record) => Read::Before(Box::new(record)),
        None => Read::File(read_digest(&job.source, &place).await),
    };
    (end, place, read)
}

async fn check<S: ObjectSource>(
    job: &Job<S>,
    (digest, log): Waiting,
) -> (usize, ObjectLocation, Verdict, u64) {
    let Some(ledger) = &job.ledger else {
        let (verdict, bytes) = check_log(&job.source, &log).await;
        return (digest, log.place, verdict, bytes);
    };
    let id = identity(&log.place);
    if let Some(bytes) = ledger.log(&id) {
        return (digest, log.place, Verdict::Verified, bytes);
    }
    let (verdict, bytes) = check_log(&job.source, &log).await;
    if verdict == Verdict::Verified {
        ledger.add_log(id, bytes);
    }
    (digest, log.place, verdict, bytes)
}
