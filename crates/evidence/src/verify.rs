//! The validation of an account and Region: reads the files, and passes them to the modules that
//! decide.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;

use crate::cell::{Cell, CellReport, ChainReport, Concurrency, ExpectedTrail, Tally};
use crate::chain::{Link, Range, assess};
use crate::check::NamedSignature;
use crate::coverage::Coverage;
use crate::digest::Previous;
use crate::keys::PublicKeys;
use crate::ledger::Ledger;
use crate::location::{ChainId, DIGESTS, DigestKind, ObjectLocation, Root, hours};
use crate::pages::{ListError, Pages, list_error};
use crate::source::ObjectSource;
use crate::verdict::{EvidenceFinding, ObjectKind, Verdict};

/// The common input for all accounts and Regions of a validation.
#[derive(Debug)]
pub struct Job<S> {
    /// The source of the files.
    pub source: S,
    /// The public keys of CloudTrail.
    pub keys: PublicKeys,
    /// The time in which to validate.
    pub range: Range,
    /// The number of files of an account and Region that are read at the same time.
    pub concurrency: Concurrency,
    /// The ledger, if the validation continues an interrupted validation or can be continued
    /// itself.
    pub ledger: Option<Ledger>,
}

/// Validates all digests and log files of an account and Region.
///
/// The memory does not depend on the sizes of the log files. It depends on their number, with 16
/// bytes for each name.
pub async fn verify<S: ObjectSource>(job: &Job<S>, cell: &Cell) -> CellReport {
    let mut work = Work { job, cell, chains: BTreeMap::new(), findings: Vec::new(), bytes: 0 };
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
pub(crate) struct Work<'a, S> {
    pub(crate) job: &'a Job<S>,
    cell: &'a Cell,
    pub(crate) chains: BTreeMap<ChainId, Chain>,
    findings: Vec<EvidenceFinding>,
    pub(crate) bytes: u64,
}

#[derive(Default)]
pub(crate) struct Chain {
    pub(crate) links: Vec<Link>,
    /// The signatures of digests that are validated later.
    pub(crate) named: HashMap<ObjectLocation, NamedSignature>,
    pub(crate) digests: Tally,
    pub(crate) logs: Tally,
}

/// The digests of a chain with their ends.
pub(crate) type Digests = Vec<(Timestamp, ObjectLocation)>;

impl<S: ObjectSource> Work<'_, S> {
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
    async fn list_digests(&mut self, root: &Root) -> Result<BTreeMap<ChainId, Digests>, EvidenceFinding> {
        let folder = format!("{}{}/", root.digests(&self.cell.account), self.cell.region);
        let mut chains: BTreeMap<ChainId, Digests> = BTreeMap::new();
        let mut pages =
            Pages::new(&self.job.source, root, folder, self.job.range.from, hours(self.job.range.to, 1));
        while let Some(objects) = pages.next().await? {
            for object in objects {
                let place = root.place(object.key);
                match ChainId::parse(&self.cell.account, &self.cell.region, &place.key) {
                    Some((id, end)) if self.job.range.has_digest(end) => {
                        chains.entry(id).or_default().push((end, place));
                    }
                    Some(_) => {}
                    None => {
                        self.findings.push(EvidenceFinding::object(
                            DigestKind::Hourly,
                            place,
                            Verdict::Added,
                        ));
                    }
                }
            }
        }
        Ok(chains)
    }

    pub(crate) fn note(&mut self, kind: ObjectKind, place: ObjectLocation, verdict: Verdict) {
        if verdict != Verdict::Verified {
            self.findings.push(EvidenceFinding::object(kind, place, verdict));
        }
    }

    /// The folders of earlier digests of the range. When the bucket of a trail changes, its chain
    /// continues in the new bucket.
    fn earlier_roots(&self) -> Vec<Root> {
        let proofs =
            self.chains.values().flat_map(|chain| &chain.links).filter_map(|link| link.proof.as_ref());
        let earlier = proofs.filter_map(|proof| {
            let previous = proof.previous.as_ref().filter(|_| proof.start > self.job.range.from)?;
            Root::from_digest(&previous.place, &self.cell.account)
        });
        earlier.collect()
    }

    /// Finds log files that no digest names.
    async fn find_uncovered(&mut self, root: &Root, coverage: &Coverage) {
        let folders = match log_folders(&self.job.source, root, self.cell).await {
            Ok(folders) => folders,
            Err(list_error) => {
                self.findings.extend(list_error.map(EvidenceFinding::from));
                return;
            }
        };
        for folder in folders {
            let mut pages =
                Pages::new(&self.job.source, root, folder, self.job.range.from, self.job.range.to);
            loop {
                match pages.next().await {
                    Ok(Some(objects)) => {
                        for object in objects {
                            let place = root.place(object.key.clone());
                            match coverage.judge(&place, &object, &self.job.range) {
                                Some(Verdict::Added) if self.cell.has_other_logs => {
                                    self.note(ObjectKind::Log, place, Verdict::NotCovered);
                                }
                                Some(verdict) => self.note(ObjectKind::Log, place, verdict),
                                None => {}
                            }
                        }
                    }
                    Ok(None) => break,
                    Err(list_error) => {
                        self.findings.push(list_error.into());
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
            // If the digests could not be listed, a digest that was not found can still exist.
            if is_listed {
                let findings = assess(&id, &chain.links, &self.job.range, is_expected);
                let is_deleted = |finding: &&EvidenceFinding| {
                    matches!(finding, EvidenceFinding::Object { verdict: Verdict::Deleted, .. })
                };
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

/// The folders of the log files of an account and Region. Insights events, for example, have a
/// separate folder beside `CloudTrail`.
pub(crate) async fn log_folders<S: ObjectSource>(
    source: &S,
    root: &Root,
    cell: &Cell,
) -> Result<Vec<String>, Option<ListError>> {
    let account = root.account_folder(&cell.account);
    let kinds = source.folders(root.bucket(), &account).await;
    let kinds = kinds.map_err(|error| list_error(root, account.clone(), &error))?;
    let of_logs = kinds.iter().filter(|kind| kind.starts_with("CloudTrail") && *kind != DIGESTS);
    Ok(of_logs.map(|kind| format!("{account}{kind}/{}/", cell.region)).collect())
}

impl Chain {
    /// Stores the signature that a digest names. A signature that a verified digest names has
    /// precedence.
    pub(crate) fn name(&mut self, previous: Previous, is_proven: bool) {
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
