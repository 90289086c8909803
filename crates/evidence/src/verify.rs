//! The validation of an account and Region: reads the files, and passes them to the parts that decide.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use futures::StreamExt;
use futures::stream::{FuturesOrdered, FuturesUnordered};
use jiff::Timestamp;

use crate::cell::{Cell, CellReport, ChainReport, Concurrency, ExpectedTrail, Tally};
use crate::chain::{Link, Proof, Range, assess};
use crate::check::{CheckedDigest, DigestFile, NamedSignature, check_digest, check_log, read_digest};
use crate::coverage::Coverage;
use crate::digest::{LogFile, Previous};
use crate::keys::PublicKeys;
use crate::pages::{Pages, unlisted};
use crate::place::{ChainId, DIGESTS, DigestKind, Place, Root, hours};
use crate::source::Source;
use crate::verdict::{Finding, ObjectKind, Verdict};

/// Validates all digests and log files of an account and Region.
///
/// The memory does not depend on the sizes of the log files, and on their number only with 16 bytes for each name.
pub async fn verify<S: Source>(
    source: &S,
    keys: &PublicKeys,
    cell: &Cell,
    range: &Range,
    concurrency: Concurrency,
) -> CellReport {
    let mut work = Work {
        source,
        keys,
        cell,
        range,
        concurrency,
        chains: BTreeMap::new(),
        findings: Vec::new(),
        bytes: 0,
    };
    for trail in &cell.trails {
        work.chains.entry(work.hourly(trail)).or_default();
    }
    let mut coverage = Coverage::default();
    let mut is_listed = true;
    let mut roots = cell.roots.clone();
    let mut todo: VecDeque<Root> = roots.iter().cloned().collect();
    while let Some(root) = todo.pop_front() {
        match work.list_digests(&root).await {
            Ok(found) => {
                for (id, digests) in found {
                    work.walk(id, digests, &mut coverage).await;
                }
            }
            Err(finding) => {
                work.findings.push(finding);
                is_listed = false;
            }
        }
        for root in work.earlier_roots() {
            if roots.insert(root.clone()) {
                todo.push_back(root);
            }
        }
    }
    coverage.join();
    for root in &roots {
        work.find_uncovered(root, &coverage).await;
    }
    work.report(is_listed)
}

/// The state of a validation.
struct Work<'a, S> {
    source: &'a S,
    keys: &'a PublicKeys,
    cell: &'a Cell,
    range: &'a Range,
    concurrency: Concurrency,
    chains: BTreeMap<ChainId, Chain>,
    findings: Vec<Finding>,
    bytes: u64,
}

#[derive(Default)]
struct Chain {
    links: Vec<Link>,
    /// The signatures of digests that are validated later.
    named: HashMap<Place, NamedSignature>,
    digests: Tally,
    logs: Tally,
}

/// The digests of a chain with their ends.
type Digests = Vec<(Timestamp, Place)>;

impl<S: Source> Work<'_, S> {
    fn hourly(&self, trail: &ExpectedTrail) -> ChainId {
        ChainId {
            account: self.cell.account.clone(),
            region: self.cell.region.clone(),
            trail: trail.name.clone(),
            home: trail.home.clone(),
            kind: DigestKind::Hourly,
        }
    }

    fn is_expected(&self, id: &ChainId) -> bool {
        self.cell.trails.iter().any(|trail| trail.must_log && trail.name == id.trail && trail.home == id.home)
    }

    /// Lists the digests of the range.
    async fn list_digests(&mut self, root: &Root) -> Result<BTreeMap<ChainId, Digests>, Finding> {
        let folder = format!("{}{}/", root.digests(&self.cell.account), self.cell.region);
        let mut chains: BTreeMap<ChainId, Digests> = BTreeMap::new();
        let mut pages = Pages::new(self.source, root, folder, self.range.from, hours(self.range.to, 1));
        while let Some(objects) = pages.next().await? {
            for object in objects {
                let place = root.place(object.key);
                match ChainId::parse(&self.cell.account, &self.cell.region, &place.key) {
                    Some((id, end)) if self.range.has_digest(end) => {
                        chains.entry(id).or_default().push((end, place));
                    }
                    Some(_) => {}
                    None => self.findings.push(Finding::object(DigestKind::Hourly, place, Verdict::Added)),
                }
            }
        }
        Ok(chains)
    }

    /// Validates the digests of a chain from the newest to the oldest, and the log files that they name.
    ///
    /// The digests do not wait for the log files, but the log files that wait are bounded: the next digest is read
    /// only when few of them are left.
    async fn walk(&mut self, id: ChainId, mut digests: Digests, coverage: &mut Coverage) {
        digests.sort_unstable_by(|a, b| b.cmp(a));
        let mut chain = self.chains.remove(&id).unwrap_or_default();
        let mut digests = digests.into_iter();
        let mut reading = FuturesOrdered::new();
        let mut hashing = FuturesUnordered::new();
        let mut logs: VecDeque<LogFile> = VecDeque::new();
        loop {
            while reading.len() < self.concurrency.digests.max(1)
                && logs.len() < self.concurrency.logs.max(1)
                && let Some((end, place)) = digests.next()
            {
                reading.push_back(read_with_place(self.source, end, place));
            }
            while hashing.len() < self.concurrency.logs.max(1)
                && let Some(log) = logs.pop_front()
            {
                hashing.push(check_with_place(self.source, log));
            }
            futures::select_biased! {
                (place, verdict, bytes) = hashing.select_next_some() => {
                    chain.logs.add(&verdict);
                    self.bytes += bytes;
                    self.note(ObjectKind::Log, place, verdict);
                }
                (end, place, file) = reading.select_next_some() => {
                    let named = chain.named.remove(&place);
                    let checked = match file {
                        Ok(file) => check_digest(&id, &place, &file, named.as_ref(), self.keys),
                        Err(verdict) => verdict.into(),
                    };
                    logs.extend(self.take(&id, &mut chain, end, place, checked, coverage));
                }
                complete => break,
            }
        }
        self.chains.insert(id, chain);
    }

    /// Adds a digest to its chain, and returns the log files that it names.
    fn take(
        &mut self,
        id: &ChainId,
        chain: &mut Chain,
        end: Timestamp,
        place: Place,
        checked: CheckedDigest,
        coverage: &mut Coverage,
    ) -> Vec<LogFile> {
        chain.digests.add(&checked.verdict);
        if let Some(previous) = checked.previous {
            chain.name(previous, checked.signed.is_some());
        }
        let mut link = Link { place: place.clone(), end, proof: None };
        let mut logs = Vec::new();
        if let Some((digest, signature)) = checked.signed {
            link.proof = Some(Proof::new(&digest, signature));
            // A backfill digest names only some log files of its time.
            if id.kind == DigestKind::Hourly {
                coverage.cover(digest.start, digest.end);
            }
            logs = digest.logs;
            for log in &logs {
                coverage.name(&log.place);
            }
        }
        chain.links.push(link);
        self.note(id.kind.into(), place, checked.verdict);
        logs
    }

    fn note(&mut self, kind: ObjectKind, place: Place, verdict: Verdict) {
        if verdict != Verdict::Verified {
            self.findings.push(Finding::object(kind, place, verdict));
        }
    }

    /// The folders of earlier digests of the range: the bucket of a trail can change, and the chain continues.
    fn earlier_roots(&self) -> Vec<Root> {
        let proofs =
            self.chains.values().flat_map(|chain| &chain.links).filter_map(|link| link.proof.as_ref());
        let earlier = proofs.filter_map(|proof| {
            let previous = proof.previous.as_ref().filter(|_| proof.start > self.range.from)?;
            Root::of_digest(&previous.place, &self.cell.account)
        });
        earlier.collect()
    }

    /// Finds log files that no digest names.
    async fn find_uncovered(&mut self, root: &Root, coverage: &Coverage) {
        let account = root.of_account(&self.cell.account);
        let kinds = match self.source.folders(root.bucket(), &account).await {
            Ok(kinds) => kinds,
            Err(error) => {
                self.findings.extend(unlisted(root, account, &error));
                return;
            }
        };
        // Insights events, for example, have a folder of their own beside `CloudTrail`.
        for kind in kinds.iter().filter(|kind| kind.starts_with("CloudTrail") && *kind != DIGESTS) {
            let folder = format!("{account}{kind}/{}/", self.cell.region);
            let mut pages = Pages::new(self.source, root, folder, self.range.from, self.range.to);
            loop {
                match pages.next().await {
                    Ok(Some(objects)) => {
                        for object in objects {
                            let place = root.place(object.key.clone());
                            match coverage.judge(&place, &object, self.range) {
                                Some(Verdict::Added) if self.cell.has_other_logs => {
                                    self.note(ObjectKind::Log, place, Verdict::NotCovered);
                                }
                                Some(verdict) => self.note(ObjectKind::Log, place, verdict),
                                None => {}
                            }
                        }
                    }
                    Ok(None) => break,
                    Err(finding) => {
                        self.findings.push(finding);
                        break;
                    }
                }
            }
        }
    }

    fn report(mut self, is_listed: bool) -> CellReport {
        let mut reports = Vec::new();
        for (id, mut chain) in std::mem::take(&mut self.chains) {
            let is_expected = self.is_expected(&id);
            // Without a list of the digests, an absent digest is not known to be deleted.
            if is_listed {
                let findings = assess(&id, &chain.links, self.range, is_expected);
                let is_deleted =
                    |finding: &&Finding| matches!(finding, Finding::Object { verdict: Verdict::Deleted, .. });
                chain.digests.total += findings.iter().filter(is_deleted).count() as u64;
                self.findings.extend(findings);
            }
            let proofs = || chain.links.iter().filter_map(|link| link.proof.as_ref());
            reports.push(ChainReport {
                is_expected,
                digests: chain.digests,
                logs: chain.logs,
                from: proofs().map(|proof| proof.start).min(),
                to: proofs().map(|proof| proof.end).max(),
                trail: id.trail,
                home: id.home,
                kind: id.kind,
            });
        }
        self.findings.sort_by(|a, b| a.rank().cmp(&b.rank()));
        CellReport {
            account: self.cell.account.clone(),
            region: self.cell.region.clone(),
            chains: reports,
            bytes: self.bytes,
            findings: self.findings,
        }
    }
}

impl Chain {
    /// Notes the signature that a digest names. What a verified digest names has precedence.
    fn name(&mut self, previous: Previous, is_proven: bool) {
        let named = NamedSignature { signature: previous.signature, is_proven };
        match self.named.entry(previous.place) {
            Entry::Occupied(mut entry) if is_proven => {
                entry.insert(named);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(entry) => {
                entry.insert(named);
            }
        }
    }
}

async fn read_with_place<S: Source>(
    source: &S,
    end: Timestamp,
    place: Place,
) -> (Timestamp, Place, Result<DigestFile, Verdict>) {
    let file = read_digest(source, &place).await;
    (end, place, file)
}

async fn check_with_place<S: Source>(source: &S, log: LogFile) -> (Place, Verdict, u64) {
    let (verdict, bytes) = check_log(source, &log).await;
    (log.place, verdict, bytes)
}
