//! The number of files of a validation, counted before the validation starts.

use jiff::Timestamp;
use serde::Serialize;

use crate::cell::Cell;
use crate::chain::Range;
use crate::location::{ChainId, Root, hours};
use crate::pages::Pages;
use crate::source::{Listed, ObjectSource};
use crate::verdict::EvidenceFinding;
use crate::verify::log_folders;

/// The files of a validation. The counts contain neither files that a digest names but that do not
/// exist, nor files in earlier buckets of a trail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The digests.
    pub digests: u64,
    /// The log files.
    pub logs: u64,
    /// The size of digests and log files, as far as it is known.
    pub bytes: u64,
    /// The requests that list objects.
    pub lists: u64,
}

impl Estimate {
    /// Adds another part of the same validation.
    pub fn add(&mut self, other: Self) {
        self.digests += other.digests;
        self.logs += other.logs;
        self.bytes += other.bytes;
        self.lists += other.lists;
    }
}

/// Counts the files of an account and Region. Folders that cannot be listed are findings.
pub async fn estimate<S: ObjectSource>(
    source: &S,
    cell: &Cell,
    range: &Range,
) -> (Estimate, Vec<EvidenceFinding>) {
    let mut counter = Counter { source, range, estimate: Estimate::default(), findings: Vec::new() };
    for root in &cell.roots {
        let folder = format!("{}{}/", root.digests(&cell.account), cell.region);
        let is_digest = |object: &Listed| {
            let parsed = ChainId::parse(&cell.account, &cell.region, &object.key);
            parsed.is_some_and(|(_, end)| range.has_digest(end))
        };
        let digests = counter.count(root, folder, hours(range.to, 1), is_digest).await;
        counter.estimate.digests += digests;
        counter.estimate.lists += 1;
        match log_folders(source, root, cell).await {
            Ok(folders) => {
                for folder in folders {
                    // Only the digests say which log files belong to the range, so the first and
                    // the last day count as whole days.
                    let logs = counter.count(root, folder, range.to, |_| true).await;
                    counter.estimate.logs += logs;
                }
            }
            Err(unlisted) => counter.findings.extend(unlisted.map(EvidenceFinding::from)),
        }
    }
    (counter.estimate, counter.findings)
}

struct Counter<'a, S> {
    source: &'a S,
    range: &'a Range,
    estimate: Estimate,
    findings: Vec<EvidenceFinding>,
}

impl<S: ObjectSource> Counter<'_, S> {
    /// Counts the wanted objects of a folder. Adds their sizes and the number of requests.
    async fn count(
        &mut self,
        root: &Root,
        folder: String,
        to: Timestamp,
        is_wanted: impl Fn(&Listed) -> bool + Send,
    ) -> u64 {
        let mut count = 0;
        let mut pages = Pages::new(self.source, root, folder, self.range.from, to);
        loop {
            match pages.next().await {
                Ok(Some(objects)) => {
                    self.estimate.lists += 1;
                    for object in objects.iter().filter(|object| is_wanted(object)) {
                        count += 1;
                        self.estimate.bytes += object.size.unwrap_or(0);
                    }
                }
                Ok(None) => return count,
                Err(unlisted) => {
                    self.findings.push(unlisted.into());
                    return count;
                }
            }
        }
    }
}
