//! The accounts and Regions whose log files a spec promises.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Region};
use reconcile_spec::Desired;

use crate::cell::{Cell, ExpectedTrail};
use crate::place::Root;
use crate::shard::Shard;
use crate::source::{ReadError, Source};
use crate::verdict::Finding;

/// The trails of a spec, as far as a validation needs them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    trails: Vec<ScopedTrail>,
    /// The names of accounts and trails whose log files no digest names, because log file validation is off.
    pub without_digests: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct ScopedTrail {
    name: String,
    home: Region,
    bucket: String,
    prefix: Option<String>,
    accounts: Accounts,
    is_multi_region: bool,
    has_digests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Accounts {
    One(AccountId),
    /// All accounts of the organization, of which these are known.
    Organization(BTreeSet<AccountId>),
}

/// The accounts and Regions that are validated; all of them if a set is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// The accounts.
    pub accounts: BTreeSet<AccountId>,
    /// The Regions.
    pub regions: BTreeSet<Region>,
    /// The shard, if several machines share the accounts and Regions.
    pub shard: Option<Shard>,
}

impl Only {
    fn has_account(&self, account: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    fn has(&self, account: &AccountId, region: &Region) -> bool {
        (self.regions.is_empty() || self.regions.contains(region))
            && self.shard.is_none_or(|shard| shard.has(account, region))
    }
}

impl Scope {
    /// Returns the trails that log.
    ///
    /// `members` are the members of the organization, if they are known. Otherwise, the accounts of the spec count as members.
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

    /// Finds the accounts and Regions of the trails. Returns folders that could not be listed as well.
    ///
    /// A multi-Region trail must log in every Region that no account can disable, and can log in other Regions, which are
    /// found in the bucket. An organization trail logs in the known accounts, and in accounts that are found in the bucket.
    pub async fn cells<S: Source>(&self, source: &S, only: &Only) -> (Vec<Cell>, Vec<Finding>) {
        let mut finder = Finder { source, only, cells: BTreeMap::new(), findings: Vec::new() };
        for trail in &self.trails {
            match &trail.accounts {
                Accounts::One(account) => {
                    let root = Root::new(&trail.bucket, trail.prefix.as_deref(), None);
                    finder.add(trail, account, &[root]).await;
                }
                Accounts::Organization(known) => finder.add_organization(trail, known).await,
            }
        }
        (finder.cells.into_values().collect(), finder.findings)
    }
}

struct Finder<'a, S> {
    source: &'a S,
    only: &'a Only,
    cells: BTreeMap<(AccountId, Region), Cell>,
    findings: Vec<Finding>,
}

impl<S: Source> Finder<'_, S> {
    async fn add_organization(&mut self, trail: &ScopedTrail, known: &BTreeSet<AccountId>) {
        let outer = Root::new(&trail.bucket, trail.prefix.as_deref(), None);
        let organizations = self.folders(&outer, outer.folder().to_owned()).await;
        let roots: Vec<Root> = organizations
            .iter()
            .filter(|name| name.starts_with("o-"))
            .map(|id| Root::new(&trail.bucket, trail.prefix.as_deref(), Some(id)))
            .collect();
        let mut accounts = known.clone();
        for root in &roots {
            let found = self.folders(root, root.folder().to_owned()).await;
            accounts.extend(found.iter().filter_map(|name| name.parse().ok()));
        }
        for account in accounts {
            self.add(trail, &account, &roots).await;
        }
    }

    async fn add(&mut self, trail: &ScopedTrail, account: &AccountId, roots: &[Root]) {
        if !self.only.has_account(account) {
            return;
        }
        let mut regions = BTreeSet::from([trail.home.clone()]);
        if trail.is_multi_region {
            regions.extend(Region::always_enabled(trail.home.partition()));
            for root in roots {
                let found = self.folders(root, root.digests(account)).await;
                regions.extend(found.iter().filter_map(|name| name.parse().ok()));
            }
        }
        for region in regions.into_iter().filter(|region| self.only.has(account, region)) {
            let key = (account.clone(), region.clone());
            let cell = self.cells.entry(key).or_insert_with(|| Cell {
                account: account.clone(),
                region: region.clone(),
                roots: BTreeSet::new(),
                trails: BTreeSet::new(),
                has_other_logs: false,
            });
            cell.roots.extend(roots.iter().cloned());
            if trail.has_digests {
                let must_log = region == trail.home || !region.is_opt_in();
                cell.trails.insert(ExpectedTrail {
                    name: trail.name.clone(),
                    home: trail.home.clone(),
                    must_log,
                });
            } else {
                cell.has_other_logs = true;
            }
        }
    }

    /// Returns the folders in a folder, and notes a folder that cannot be listed.
    async fn folders(&mut self, root: &Root, folder: String) -> Vec<String> {
        match self.source.folders(root.bucket(), &folder).await {
            Ok(names) => names,
            Err(ReadError::NotFound) => Vec::new(),
            Err(ReadError::Unreadable(reason)) => {
                self.findings.push(Finding::Unlisted { place: root.place(folder), reason });
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, Stored};

    const SPEC: &str = "
version: 1
name: test
accounts:
  security: { id: '111111111111' }
  production: { id: '222222222222', role: Audit }
bucket: { name: central-logs, account: security, region: eu-west-1 }
key: { alias: central-logs }
trails:
  - name: Audit
    accounts: all
";

    fn scope_with(change: impl Fn(String) -> String, members: Option<&BTreeSet<AccountId>>) -> Scope {
        let spec = reconcile_spec::parse("test.yaml", change(SPEC.to_owned()).as_bytes()).unwrap();
        Scope::of(spec.desired(), members)
    }

    fn scope(change: impl Fn(String) -> String) -> Scope {
        scope_with(change, None)
    }

    fn bucket(keys: &[&str]) -> Memory {
        let mut memory = Memory::default();
        for key in keys {
            let place = crate::Place { bucket: "central-logs".to_owned(), key: (*key).to_owned() };
            memory.put(place, Stored { body: Vec::new(), metadata: None, modified: None });
        }
        memory
    }

    async fn cells(scope: &Scope, source: &Memory, only: &Only) -> Vec<Cell> {
        let (cells, findings) = scope.cells(source, only).await;
        assert_eq!(findings, []);
        cells
    }

    #[tokio::test]
    async fn a_multi_region_trail_must_log_in_every_region_that_is_always_enabled() {
        let source = bucket(&["AWSLogs/222222222222/CloudTrail-Digest/eu-south-1/2026/01/01/x.json.gz"]);
        let cells = cells(&scope(|spec| spec), &source, &Only::default()).await;
        assert_eq!(cells.len(), 17 + 18);
        let may_log: Vec<&Cell> =
            cells.iter().filter(|cell| cell.trails.iter().any(|trail| !trail.must_log)).collect();
        let [found] = may_log[..] else { panic!("{may_log:?}") };
        assert_eq!((found.account.as_str(), found.region.as_str()), ("222222222222", "eu-south-1"));
    }

    #[tokio::test]
    async fn accounts_and_regions_can_be_selected() {
        let only = Only {
            accounts: BTreeSet::from(["111111111111".parse().unwrap()]),
            regions: BTreeSet::from(["us-east-1".parse().unwrap(), "eu-west-1".parse().unwrap()]),
            shard: None,
        };
        let cells = cells(&scope(|spec| spec), &bucket(&[]), &only).await;
        let found: Vec<&str> = cells.iter().map(|cell| cell.region.as_str()).collect();
        assert_eq!(found, ["eu-west-1", "us-east-1"]);
        assert_eq!(cells[0].roots, BTreeSet::from([Root::new("central-logs", None, None)]));
    }

    #[tokio::test]
    async fn an_organization_trail_logs_in_accounts_that_are_found() {
        let scope = scope(|spec| {
            spec.replace("    accounts: all", "    organization_trail: true\n    multi_region: false")
                .replace("trails:", "organization: { account: security }\ntrails:")
        });
        let source = bucket(&["AWSLogs/o-abcdefghij/333333333333/CloudTrail-Digest/eu-west-1/x"]);
        let cells = cells(&scope, &source, &Only::default()).await;
        let found: Vec<&str> = cells.iter().map(|cell| cell.account.as_str()).collect();
        assert_eq!(found, ["111111111111", "222222222222", "333333333333"]);
        let root = Root::new("central-logs", None, Some("o-abcdefghij"));
        assert!(cells.iter().all(|cell| cell.roots == BTreeSet::from([root.clone()])));
    }

    #[tokio::test]
    async fn a_trail_without_digests_is_named_and_expected_nowhere() {
        let scope = scope(|spec| spec.replace("  - name", "  - log_file_validation: false\n    name"));
        assert_eq!(scope.without_digests, ["security/Audit", "production/Audit"]);
        let cells = cells(&scope, &bucket(&[]), &Only::default()).await;
        assert!(cells.iter().all(|cell| cell.trails.is_empty() && cell.has_other_logs));
    }
}
