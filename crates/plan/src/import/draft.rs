//! The decisions of an import, and the resulting text of the spec.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, Ownership, Recovered, Region, recover};
use reconcile_spec::{Account, AccountName, Accounts, Installation, OWN_TAGS, SpecName};
use reconcile_text::Hint;

use super::alarm::FoundAlarms;
use super::choice::Aspect;
use super::error::trail as trail_name;
use super::text::Text;
use super::{ImportError, ImportRequest, LeftOut, names};
use crate::observed::{MissingKey, Setup, SetupKey};
use crate::view::{Tags, Trail};

/// The policies that lack permissions that trails need, so that the spec must manage these
/// policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lacking {
    pub(super) bucket: bool,
    pub(super) key: bool,
}

/// Resources that have the tag of the installation, are not in the spec, and must not be deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Undeleted {
    pub(super) trails: bool,
    pub(super) grants: bool,
}

/// The draft of a spec. A revision only leaves more parts unmanaged, except for a policy that lacks
/// permissions.
#[derive(Clone)]
pub(super) struct Draft<'s> {
    pub(super) setup: &'s Setup,
    accounts: &'s Accounts,
    named: &'s BTreeSet<AccountName>,
    /// The name of the installation in the spec.
    pub(super) name: SpecName,
    /// The previous name in the spec, if the installation is renamed.
    pub(super) previous: Option<SpecName>,
    /// The name under which the installation is found in AWS.
    pub(super) found: SpecName,
    pub(super) organization: Option<AccountName>,
    pub(super) prefix: Option<String>,
    /// The key with which all trails of the spec encrypt.
    pub(super) key: Option<&'s SetupKey>,
    /// The settings recovered from the managed statements of the bucket policy; `None` if the
    /// policy has no managed statement.
    pub(super) own_bucket: Option<Recovered>,
    /// The settings recovered from the managed statements of the key policy; `None` if the policy
    /// has no managed statement.
    pub(super) own_key: Option<Recovered>,
    pub(super) aside: BTreeSet<Aspect>,
    pub(super) lacking: Lacking,
    pub(super) undeleted: Undeleted,
    pub(super) alarms: FoundAlarms,
    pub(super) recognized: BTreeSet<String>,
    out: BTreeMap<Arn, LeftOut>,
    dropped: BTreeSet<LeftOut>,
}

impl<'s> Draft<'s> {
    /// Makes the first decisions from the configuration that was found.
    pub(super) fn of(
        setup: &'s Setup,
        accounts: &'s Accounts,
        request: &'s ImportRequest,
    ) -> Result<Self, ImportError> {
        let found = names::found(setup, request)?;
        let mut draft = Self {
            setup,
            accounts,
            named: &request.accounts,
            name: found.clone(),
            previous: None,
            found,
            organization: None,
            prefix: None,
            key: None,
            own_bucket: None,
            own_key: None,
            aside: BTreeSet::new(),
            lacking: Lacking::default(),
            undeleted: Undeleted::default(),
            alarms: FoundAlarms::new(),
            recognized: unknown_regions(setup),
            out: BTreeMap::new(),
            dropped: BTreeSet::new(),
        };
        draft.leave_out_foreign(request)?;
        draft.organization.clone_from(&request.organization);
        Ok(draft)
    }

    /// The prefixes below which trails deliver. The prefix of the most trails is the first.
    pub(super) fn prefixes(&self) -> Vec<Option<String>> {
        let mut counts: BTreeMap<&Option<String>, usize> = BTreeMap::new();
        for (_, trail) in self.included() {
            *counts.entry(&trail.prefix).or_default() += 1;
        }
        let mut counts: Vec<(&Option<String>, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().map(|(prefix, _)| prefix.clone()).collect()
    }

    /// Makes the decisions for the trails that deliver below a prefix.
    pub(super) fn below(&self, prefix: Option<String>) -> Self {
        let mut draft = Self { prefix, ..self.clone() };
        draft.leave_out_for_prefix();
        draft.leave_out_namesakes();
        if draft.organization.is_none() {
            let of_organization = draft.included().find(|(_, trail)| trail.organization);
            draft.organization = of_organization.map(|(account, _)| account.clone());
        }
        draft.choose_key();
        draft.choose_policies();
        if !draft.is_all_tagged() {
            draft.aside.insert(Aspect::Tags);
        }
        draft
    }

    /// The ownership of the statements of the installation, under the name with which it was found.
    pub(super) fn ownership(&self) -> Ownership {
        Ownership::of(self.found.as_str())
    }

    /// The installation under the name with which it was found.
    pub(super) fn installation(&self) -> Installation {
        Installation::new(self.found.clone(), None)
    }

    /// Returns whether tags contain the tag of the installation.
    pub(super) fn is_own(&self, tags: &Tags) -> bool {
        tags.owner() == Some(self.found.as_str())
    }

    /// Returns whether a trail of the spec has the tag of the installation.
    pub(super) fn is_installation(&self) -> bool {
        self.included().any(|(_, trail)| self.is_own(&trail.tags))
    }

    /// The trails of the spec, with their accounts.
    pub(super) fn included(&self) -> impl Iterator<Item = (&'s AccountName, &'s Trail)> {
        let trails = self.setup.trails.iter().map(|(account, trail)| (account, trail));
        trails.filter(|(_, trail)| !self.out.contains_key(&trail.arn))
    }

    /// Returns the trail with this account and name, if the spec has it.
    pub(super) fn trail(&self, account: &AccountName, name: &str) -> Option<&'s Trail> {
        let mut included = self.included();
        let found = included.find(|(of, trail)| *of == account && trail.arn.resource_name() == name);
        found.map(|(_, trail)| trail)
    }

    /// Leaves a trail out of the spec.
    pub(super) fn leave_out(&mut self, trail: &Arn, why: impl Into<String>, hint: Option<String>) {
        let left_out = LeftOut { what: trail_name(trail), why: why.into(), hint };
        self.out.entry(trail.clone()).or_insert(left_out);
    }

    /// Reports a setting that is not in the spec.
    pub(super) fn report(&mut self, what: impl Into<String>, why: impl Into<String>, hint: Option<String>) {
        self.dropped.insert(LeftOut { what: what.into(), why: why.into(), hint });
    }

    /// Returns the account with this ID, if the spec declares it.
    pub(super) fn account(&self, id: &str) -> Option<&'s Account> {
        self.declared().find(|account| account.id.as_str() == id)
    }

    /// The numbers of decisions, and the alarms that were found. They show whether a revision
    /// decided something.
    pub(super) fn decisions(&self) -> (usize, usize, usize, Lacking, Undeleted, FoundAlarms) {
        let alarms = self.alarms.clone();
        (self.aside.len(), self.out.len(), self.recognized.len(), self.lacking, self.undeleted, alarms)
    }

    /// Returns an error if the spec has no trail.
    pub(super) fn require_trails(&self) -> Result<(), ImportError> {
        if self.included().next().is_some() {
            return Ok(());
        }
        let left_out = self.out.values().cloned().collect();
        Err(ImportError::NoTrailLeft { bucket: self.setup.bucket.clone(), left_out })
    }

    /// Renames the installation in the spec, if the user gave a name and a previous name. Returns
    /// whether the installation is renamed.
    pub(super) fn rename(&mut self, request: &ImportRequest) -> bool {
        let (Some(name), Some(previous)) = (&request.name, &request.previous_name) else { return false };
        self.name = name.clone();
        self.previous = Some(previous.clone());
        true
    }

    /// Leaves out trails of other installations. If the spec has trails with the tag of the
    /// installation, also leaves out trails without a tag.
    fn leave_out_foreign(&mut self, request: &ImportRequest) -> Result<(), ImportError> {
        let has_own = self.is_installation();
        let mut owners = BTreeSet::new();
        for (_, trail) in &self.setup.trails {
            let name = &self.found;
            match trail.tags.owner() {
                Some(owner) if owner != name.as_str() => {
                    owners.insert(owner.to_owned());
                    let hint = owner.parse::<SpecName>().ok().map(|owner| {
                        format!(
                            "leave it to that installation, import it with `--name {owner}`, or rename the installation with \
                             `--name {name} --previous-name {owner}`"
                        )
                    });
                    self.leave_out(&trail.arn, format!("installation `{owner}` manages it"), hint);
                }
                None if has_own => {
                    let why = format!("it does not carry the tag of installation `{name}`");
                    // In a spec, the trails of an account have different names.
                    let hint = (!self.has_namesake(trail))
                        .then(|| "add it to `trails` to manage it as well".to_owned());
                    self.leave_out(&trail.arn, why, hint);
                }
                Some(_) | None => {}
            }
        }
        if self.included().next().is_none() && !owners.is_empty() {
            return Err(ImportError::OtherInstallations {
                bucket: self.setup.bucket.clone(),
                owners: owners.into_iter().collect(),
                name: request.name.clone().unwrap_or_else(|| self.found.clone()),
            });
        }
        Ok(())
    }

    fn has_namesake(&self, trail: &Trail) -> bool {
        let (account, name) = (trail.arn.account(), trail.arn.resource_name());
        let mut others = self.setup.trails.iter().map(|(_, other)| &other.arn);
        others.any(|other| *other != trail.arn && other.account() == account && other.resource_name() == name)
    }

    /// Leaves out trails that deliver below another prefix.
    fn leave_out_for_prefix(&mut self) {
        let others: Vec<&Trail> =
            self.included().map(|(_, trail)| trail).filter(|trail| trail.prefix != self.prefix).collect();
        for trail in others {
            let (below, said) = match &trail.prefix {
                Some(prefix) => (format!("below the prefix `{prefix}`"), format!("with `prefix: {prefix}`")),
                None => ("below no prefix".to_owned(), "without a `prefix`".to_owned()),
            };
            let why = format!("it delivers {below}, and a spec has only one prefix");
            let hint = format!("write a separate spec for it, {said} and with another `name`");
            self.leave_out(&trail.arn, why, Some(hint));
        }
    }

    /// Leaves out every trail except the first with the same name in an account.
    fn leave_out_namesakes(&mut self) {
        let mut taken: BTreeSet<(&AccountName, &str)> = BTreeSet::new();
        let namesakes: Vec<&Trail> = self
            .included()
            .filter(|(account, trail)| !taken.insert((account, trail.arn.resource_name())))
            .map(|(_, trail)| trail)
            .collect();
        for trail in namesakes {
            let why = "the spec already has another trail of this name in this account";
            self.leave_out(&trail.arn, why, None);
        }
    }

    /// Chooses the key with which all trails encrypt. Without such a key, every trail keeps its
    /// key.
    fn choose_key(&mut self) {
        let used: BTreeSet<Option<Arn>> =
            self.included().map(|(_, trail)| trail.key_arn().cloned()).collect();
        let used: Vec<Option<Arn>> = used.into_iter().collect();
        match used.as_slice() {
            [None] => {}
            [Some(arn)] => match self.setup.keys.get(arn) {
                Some(Ok(key)) => self.key = Some(key),
                Some(Err(missing)) => {
                    let hint = match missing {
                        MissingKey::Elsewhere => {
                            Some(format!("name its account as well: `--account NAME={}:ROLE`", arn.account()))
                        }
                        MissingKey::Unreadable(error) => error.hint(),
                    };
                    let why =
                        format!("{missing}, so every trail keeps encrypting with it (`key: unmanaged`)");
                    self.report(format!("key {arn}"), why, hint);
                }
                None => {}
            },
            several => {
                let names = several.iter().map(|key| match key {
                    Some(arn) => arn.to_string(),
                    None => "no key".to_owned(),
                });
                let names: Vec<String> = names.collect();
                let why = "the trails encrypt with different keys, and a spec has only one key, so every trail \
                    keeps its key (`key: unmanaged`)";
                self.report(names.join(", "), why, None);
            }
        }
        if self.key.is_none() {
            self.aside.insert(Aspect::Key);
        }
    }

    /// Recovers the settings from the managed statements. A policy without managed statements stays
    /// unmanaged.
    fn choose_policies(&mut self) {
        let (ownership, partition) = (self.ownership(), self.setup.region.partition());
        let policy = self.setup.bucket_policy.as_ref();
        self.own_bucket = policy.and_then(|policy| recover(policy, &ownership, partition));
        self.own_key = self.key.and_then(|key| recover(&key.policy, &ownership, partition));
        if self.own_bucket.is_none() {
            self.aside.insert(Aspect::BucketPolicy);
        }
        if self.own_key.is_none() {
            self.aside.insert(Aspect::KeyPolicy);
        }
    }

    /// Returns whether every resource that can have the tag of an installation has such a tag.
    fn is_all_tagged(&self) -> bool {
        self.tagged().all(|tags| tags.owner().is_some())
    }

    /// The tags of the bucket and the trails, and of the key if the spec names it by its alias.
    fn tagged(&self) -> impl Iterator<Item = &'s Tags> {
        let key = self.key.filter(|_| self.alias().is_some()).map(|key| &key.key.view.tags);
        let trails = self.included().map(|(_, trail)| &trail.tags);
        [&self.setup.bucket_view.tags].into_iter().chain(key).chain(trails)
    }

    /// The tags that all these resources share, without the tags that `reconcile` sets.
    pub(super) fn common_tags(&self) -> BTreeMap<&'s str, &'s str> {
        let mut all = self.tagged();
        let first = all.next().into_iter().flat_map(|tags| &tags.0);
        let is_said = |key: &str, value: &str| {
            !OWN_TAGS.contains(&key) && !key.to_ascii_lowercase().starts_with("aws:") && !value.is_empty()
        };
        let mut common: BTreeMap<&str, &str> = first
            .filter(|(key, value)| is_said(key, value))
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        for tags in all {
            common.retain(|key, value| tags.0.get(*key).map(String::as_str) == Some(*value));
        }
        common
    }

    /// The trails and settings that are left out, trails first.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let decided = self.out.values().chain(&self.dropped).cloned();
        decided.chain(self.destinations_left_out()).collect()
    }

    /// The text of the spec with the current decisions.
    pub(super) fn text(&self) -> Text {
        let mut text = Text::default();
        self.write_head(&mut text);
        self.write_accounts(&mut text);
        self.write_bucket(&mut text);
        self.write_key(&mut text);
        self.write_readers(&mut text);
        self.write_trails(&mut text);
        self.write_left_out(&mut text);
        text
    }

    /// Returns the accounts with resources of the installation, and the accounts that the user
    /// named.
    pub(super) fn declared(&self) -> impl Iterator<Item = &'s Account> {
        let has_part = move |account: &&Account| {
            self.named.contains(&account.name)
                || account.name == self.setup.bucket_account
                || self.key.is_some_and(|key| key.account == account.name)
                || self.organization.as_ref() == Some(&account.name)
                || self.included().any(|(name, _)| *name == account.name)
        };
        self.accounts.iter().filter(has_part)
    }
}

/// Returns the Regions of the configuration that this version does not know.
fn unknown_regions(setup: &Setup) -> BTreeSet<String> {
    let homes = setup.trails.iter().filter_map(|(_, trail)| trail.arn.region().parse::<Region>().ok());
    let regions = homes.chain([setup.region.clone()]);
    regions.filter(|region| !region.is_known()).map(|region| region.to_string()).collect()
}
