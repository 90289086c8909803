//! The accounts and Regions in which the trails of a spec log.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use futures::stream;
use reconcile_policy::{AccountId, Region};
use reconcile_spec::Desired;

use crate::cell::{Cell, ExpectedTrail};
use crate::location::{ObjectLocation, Root};
use crate::pages::{ListError, list_error};
use crate::shard::Shard;
use crate::source::ObjectSource;
use crate::verdict::EvidenceFinding;

/// The trails of a spec, with the settings that a validation needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationScope {
    pub(crate) trails: Vec<ScopedTrail>,
    /// The names of accounts and trails whose log files no digest names, because log file
    /// validation is off.
    pub without_digests: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopedTrail {
    pub(crate) name: String,
    pub(crate) home: Region,
    bucket: String,
    prefix: Option<String>,
    pub(crate) accounts: Accounts,
    is_multi_region: bool,
    has_digests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Accounts {
    One(AccountId),
    /// All accounts of the organization. The set contains the known accounts.
    Organization(BTreeSet<AccountId>),
}

/// The accounts and Regions that are validated; all of them if a set is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellSelection {
    /// The accounts.
    pub accounts: BTreeSet<AccountId>,
    /// The Regions.
    pub regions: BTreeSet<Region>,
    /// The shard, if several machines share the accounts and Regions.
    pub shard: Option<Shard>,
}

impl CellSelection {
    fn has_account(&self, account: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    fn has(&self, account: &AccountId, region: &Region) -> bool {
        (self.regions.is_empty() || self.regions.contains(region))
            && self.shard.is_none_or(|shard| shard.has(account, region))
    }
}

impl ValidationScope {
    /// Returns the trails that log.
    ///
    /// `members` are the members of the organization, if they are known. Otherwise, the accounts of
    /// the spec count as members.
    pub fn of(desired: &Desired, members: Option<&BTreeSet<AccountId>>) -> Self {
        let mut scope = Self::default();
        let of_spec = || desired.accounts.iter().map(|account| account.id.clone()).collect();
        for trail in desired.trails.iter().filter(|trail| trail.enabled) {
            let Some(account) = desired.account(&trail.site.account) else { continue };
            let accounts = if trail.is_organization {
                Accounts::Organization(members.cloned().unwrap_or_else(of_spec))
            } else {
                Accounts::One(account.id.clone())
            };
            if !trail.log_file_validation {
                scope.without_digests.push(format!("{}/{}", account.name, trail.name));
            }
            scope.trails.push(ScopedTrail {
                name: trail.name.to_string(),
                home: trail.site.region.clone(),
                bucket: trail.bucket.to_string(),
                prefix: trail.prefix.clone(),
                accounts,
                is_multi_region: trail.multi_region,
                has_digests: trail.log_file_validation,
            });
        }
        scope
    }

    /// Finds the accounts and Regions of the trails. Also returns findings about folders that could
    /// not be listed.
    ///
    /// A multi-Region trail must log in every Region that no account can disable, and can log in
    /// other Regions. The other Regions are those that have a folder in the bucket. An organization
    /// trail logs in the known accounts, and in the accounts that have a folder in the bucket.
    pub async fn cells<S: ObjectSource>(
        &self,
        source: &S,
        only: &CellSelection,
    ) -> (Vec<Cell>, Vec<EvidenceFinding>) {
        let mut findings = Vec::new();
        let mut folders = Vec::new();
        for trail in &self.trails {
            match &trail.accounts {
                Accounts::One(account) => folders.push((trail, account.clone(), vec![trail.root(None)])),
                Accounts::Organization(known) => {
                    let (accounts, roots) = organization(source, trail, known, &mut findings).await;
                    let accounts = accounts.into_iter();
                    folders.extend(accounts.map(|account| (trail, account, roots.clone())));
                }
            }
        }
        folders.retain(|(_, account, _)| only.has_account(account));
        let lists = folders.iter().map(|(trail, account, roots)| regions(source, trail, account, roots));
        let lists: Vec<_> = lists.collect();
        let listed: Vec<_> = stream::iter(lists).buffered(AT_ONCE).collect().await;
        let mut cells = BTreeMap::new();
        for ((trail, account, roots), (regions, list_errors)) in folders.iter().zip(listed) {
            findings.extend(list_errors.into_iter().map(EvidenceFinding::from));
            for region in regions.iter().filter(|region| only.has(account, region)) {
                add(&mut cells, trail, account, region, roots);
            }
        }
        (cells.into_values().collect(), findings)
    }
}

/// The number of folders that are listed at the same time.
const AT_ONCE: usize = 32;

impl ScopedTrail {
    fn root(&self, organization: Option<&str>) -> Root {
        Root::new(&self.bucket, self.prefix.as_deref(), organization)
    }

    /// Whether the accounts and Regions of the trail are searched in a folder.
    pub(crate) fn is_sought_in(&self, folder: &ObjectLocation) -> bool {
        let outer = self.root(None);
        let is_here = match &self.accounts {
            Accounts::One(account) => folder.key == outer.digests(account),
            Accounts::Organization(_) => {
                let within = folder.key.strip_prefix(outer.folder());
                within.is_some_and(|it| it.is_empty() || it.starts_with(ORGANIZATION))
            }
        };
        is_here && folder.bucket == self.bucket
    }
}

/// The beginning of the ID of an organization.
const ORGANIZATION: &str = "o-";

/// The accounts of an organization trail, and the folders into which it delivers.
async fn organization<S: ObjectSource>(
    source: &S,
    trail: &ScopedTrail,
    known: &BTreeSet<AccountId>,
    findings: &mut Vec<EvidenceFinding>,
) -> (BTreeSet<AccountId>, Vec<Root>) {
    let mut folders = async |root: &Root| match list(source, root, root.folder().to_owned()).await {
        Ok(names) => names,
        Err(list_error) => {
            findings.push(list_error.into());
            Vec::new()
        }
    };
    let ids = folders(&trail.root(None)).await;
    let roots: Vec<Root> =
        ids.iter().filter(|name| name.starts_with(ORGANIZATION)).map(|id| trail.root(Some(id))).collect();
    let mut accounts = known.clone();
    for root in &roots {
        accounts.extend(folders(root).await.iter().filter_map(|name| name.parse().ok()));
    }
    (accounts, roots)
}

/// The Regions in which a trail can log in an account, and the folders that could not be listed.
async fn regions<S: ObjectSource>(
    source: &S,
    trail: &ScopedTrail,
    account: &AccountId,
    roots: &[Root],
) -> (BTreeSet<Region>, Vec<ListError>) {
    let (mut regions, mut list_errors) = (BTreeSet::from([trail.home.clone()]), Vec::new());
    if trail.is_multi_region {
        regions.extend(Region::always_enabled(trail.home.partition()));
        for root in roots {
            match list(source, root, root.digests(account)).await {
                Ok(names) => regions.extend(names.iter().filter_map(|name| name.parse().ok())),
                Err(error) => list_errors.push(error),
            }
        }
    }
    (regions, list_errors)
}

/// Returns the folders in a folder; an empty list if the folder does not exist.
async fn list<S: ObjectSource>(source: &S, root: &Root, folder: String) -> Result<Vec<String>, ListError> {
    let names = source.folders(root.bucket(), &folder).await;
    names.or_else(|error| list_error(root, folder, &error).map_or(Ok(Vec::new()), Err))
}

/// Adds a trail to an account and Region.
fn add(
    cells: &mut BTreeMap<(AccountId, Region), Cell>,
    trail: &ScopedTrail,
    account: &AccountId,
    region: &Region,
    roots: &[Root],
) {
    let cell = cells.entry((account.clone(), region.clone())).or_insert_with(|| Cell {
        account: account.clone(),
        region: region.clone(),
        roots: BTreeSet::new(),
        trails: BTreeSet::new(),
        has_other_logs: false,
    });
    cell.roots.extend(roots.iter().cloned());
    if trail.has_digests {
        let must_log = *region == trail.home || !region.is_opt_in();
        cell.trails.insert(ExpectedTrail { name: trail.name.clone(), home: trail.home.clone(), must_log });
    } else {
        cell.has_other_logs = true;
    }
}

#[cfg(test)]
mod tests {
    use reconcile_samples::{BUCKET, EditSpec, MASTER, members};

    use super::*;
    use crate::memory::{Memory, Stored};

    const MEMBER: &str = "000000000001";

    fn scope(text: &str) -> ValidationScope {
        let spec = reconcile_spec::parse("test.yaml", text.as_bytes()).unwrap();
        ValidationScope::of(spec.desired(), None)
    }

    fn bucket(keys: &[&str]) -> Memory {
        let mut memory = Memory::default();
        for key in keys {
            let place = ObjectLocation { bucket: BUCKET.to_owned(), key: (*key).to_owned() };
            memory.put(place, Stored { body: Vec::new(), metadata: None, modified: None });
        }
        memory
    }

    async fn cells(scope: &ValidationScope, source: &Memory, only: &CellSelection) -> Vec<Cell> {
        let (cells, findings) = scope.cells(source, only).await;
        assert_eq!(findings, []);
        cells
    }

    #[tokio::test]
    async fn a_multi_region_trail_must_log_in_every_region_that_is_always_enabled() {
        let source = bucket(&["AWSLogs/000000000001/CloudTrail-Digest/eu-south-1/2026/01/01/x.json.gz"]);
        let cells = cells(&scope(&members(1)), &source, &CellSelection::default()).await;
        assert_eq!(cells.len(), 17 + 18);
        let may_log: Vec<&Cell> =
            cells.iter().filter(|cell| cell.trails.iter().any(|trail| !trail.must_log)).collect();
        let [found] = may_log[..] else { panic!("{may_log:?}") };
        assert_eq!((found.account.as_str(), found.region.as_str()), (MEMBER, "eu-south-1"));
    }

    #[tokio::test]
    async fn accounts_and_regions_can_be_selected() {
        let only = CellSelection {
            accounts: BTreeSet::from([MASTER.parse().unwrap()]),
            regions: BTreeSet::from(["us-east-1".parse().unwrap(), "eu-west-1".parse().unwrap()]),
            shard: None,
        };
        let cells = cells(&scope(&members(1)), &bucket(&[]), &only).await;
        let found: Vec<&str> = cells.iter().map(|cell| cell.region.as_str()).collect();
        assert_eq!(found, ["eu-west-1", "us-east-1"]);
        assert_eq!(cells[0].roots, BTreeSet::from([Root::new(BUCKET, None, None)]));
    }

    #[tokio::test]
    async fn an_organization_trail_logs_in_accounts_that_are_found() {
        let text = members(1)
            .with("organization", "{ account: master }")
            .with("trails.0", "{ accounts: null, organization_trail: true, multi_region: false }");
        let scope = scope(&text);
        let source = bucket(&["AWSLogs/o-abcdefghij/333333333333/CloudTrail-Digest/eu-west-1/x"]);
        let cells = cells(&scope, &source, &CellSelection::default()).await;
        let found: Vec<&str> = cells.iter().map(|cell| cell.account.as_str()).collect();
        assert_eq!(found, [MEMBER, MASTER, "333333333333"]);
        let root = Root::new(BUCKET, None, Some("o-abcdefghij"));
        assert!(cells.iter().all(|cell| cell.roots == BTreeSet::from([root.clone()])));
    }

    #[tokio::test]
    async fn a_trail_without_digests_is_named_and_expected_nowhere() {
        let scope = scope(&members(1).with("trails.0", "{ log_file_validation: false }"));
        assert_eq!(scope.without_digests, ["master/Trail", "m0/Trail"]);
        let cells = cells(&scope, &bucket(&[]), &CellSelection::default()).await;
        assert!(cells.iter().all(|cell| cell.trails.is_empty() && cell.has_other_logs));
    }
}
