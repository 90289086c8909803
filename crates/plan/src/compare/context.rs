//! The context of a comparison, which all kinds share.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Hop, PolicyKind, Region};
use reconcile_spec::{self as spec, AccountName, Desired, Organization, Site, Trail};
use reconcile_text::Hint;

use crate::address::Address;
use crate::delivery::{DeliveryPath, live_paths};
use crate::kind::Kind;
use crate::observed::{Inactive, Leftover, Observed, Stray, What, granted};
use crate::plan::{AccountRef, Unreadable, Warning, WarningCode};
use crate::view::{KeyRef, OtherTrail, Tags};

/// The context of a comparison: the spec, live state, and values that several kinds derive from
/// both.
pub(super) struct CompareContext<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
    /// The key of the spec.
    pub(super) key: KeyRef,
    /// The deliveries of the trails of the spec under the live policies.
    pub(super) paths: Vec<DeliveryPath>,
    /// The topics and log groups for which managed statements currently allow the use of the key.
    pub(super) granted: BTreeSet<Arn>,
    /// The IDs of accounts that a destroy waits for: managed statements allow their trails to
    /// deliver, and these trails could not be read.
    pub(super) awaited: BTreeSet<String>,
}

impl<'a> CompareContext<'a> {
    pub(super) fn new(desired: &'a Desired, observed: &'a Observed) -> Self {
        let key = match &observed.key {
            Some(hub) => KeyRef::known(&hub.key.arn),
            None => KeyRef::KnownAfterApply(key_address(desired)),
        };
        Self {
            desired,
            observed,
            key,
            paths: live_paths(desired, observed),
            granted: granted(desired, observed),
            awaited: BTreeSet::new(),
        }
    }

    /// Returns the trails of the spec whose delivery currently fails at one of these hops.
    pub(super) fn blocked(&self, hops: &[Hop]) -> Vec<String> {
        let is_blocked = |path: &&DeliveryPath| path.obstacles().any(|proof| hops.contains(&proof.hop));
        let blocked = self.paths.iter().filter(is_blocked);
        let name = |path: &DeliveryPath| {
            let trail = &path.delivery.trail;
            format!("trail {} of account {}", trail.resource_name(), trail.account())
        };
        blocked.map(name).collect()
    }

    /// Returns the policies that currently prevent a trail of the spec from delivering.
    pub(super) fn blocking(&self) -> BTreeSet<Address> {
        let of_path = |path: &'_ DeliveryPath| -> Vec<Address> {
            let kinds: BTreeSet<PolicyKind> = path.obstacles().map(|proof| proof.hop.policy()).collect();
            kinds.into_iter().filter_map(|kind| self.policy_address(kind, &path.delivery)).collect()
        };
        self.paths.iter().flat_map(of_path).collect()
    }

    /// Returns the IDs of accounts and organizations whose trails are all known.
    pub(super) fn surveyed(&self) -> BTreeSet<String> {
        let is_known = |name: &AccountName| {
            !self.observed.unreadable.contains_key(name) && !self.observed.unsurveyed.contains_key(name)
        };
        let known = self.desired.accounts.iter().filter(|account| is_known(&account.name));
        let mut surveyed: BTreeSet<String> = known.map(|account| account.id.to_string()).collect();
        // The organization trails belong to the management account.
        if let Some(organization) = &self.observed.organization
            && surveyed.contains(organization.roster.management.as_str())
        {
            surveyed.insert(organization.roster.id.clone());
        }
        surveyed
    }

    pub(super) fn key_address(&self) -> Address {
        key_address(self.desired)
    }

    pub(super) fn alias_address(&self) -> Address {
        Address::new(Kind::Alias, &self.desired.key.site.account, &self.desired.key.identity)
    }

    pub(super) fn key_policy_address(&self) -> Address {
        Address::new(Kind::KeyPolicy, &self.desired.key.site.account, &self.desired.key.identity)
    }

    pub(super) fn bucket_address(&self) -> Address {
        Address::new(Kind::Bucket, &self.desired.bucket.site.account, &self.desired.bucket.name)
    }

    pub(super) fn bucket_policy_address(&self) -> Address {
        Address::new(Kind::BucketPolicy, &self.desired.bucket.site.account, &self.desired.bucket.name)
    }

    /// Returns the IDs of accounts in which trails of these patterns could not be read, sorted.
    pub(super) fn unseen_accounts(&self, patterns: &BTreeSet<Arn>) -> Vec<String> {
        let is_of = |pattern: &Arn, trail: &Arn| {
            pattern.region() == trail.region() && pattern.resource() == trail.resource()
        };
        let unseen = self.observed.departed.unseen.keys();
        let unseen = unseen.filter(|trail| patterns.iter().any(|pattern| is_of(pattern, trail)));
        let ids: BTreeSet<String> = unseen.map(|trail| trail.account().to_owned()).collect();
        ids.into_iter().collect()
    }

    /// Returns the addresses of all trails of the spec.
    pub(super) fn trail_addresses(&self) -> impl Iterator<Item = Address> {
        self.desired.trails.iter().map(Address::trail)
    }

    /// Returns the managed trails that are deleted.
    pub(super) fn stray_addresses(&self) -> impl Iterator<Item = Address> {
        self.observed
            .strays
            .iter()
            .map(|(arn, stray)| Address::new(Kind::Trail, &stray.account, arn.resource_name()))
    }

    /// Returns the addresses of all trails that the plan can change.
    pub(super) fn all_trail_addresses(&self) -> impl Iterator<Item = Address> {
        self.trail_addresses().chain(self.stray_addresses())
    }

    /// Returns the destinations of a trail besides the bucket.
    pub(super) fn destination_addresses(&self, trail: &Trail) -> Vec<Address> {
        let mut addresses = Vec::new();
        if let Some(wanted) = self.desired.organization.as_ref().filter(|_| trail.is_organization) {
            addresses.push(Address::service_access(wanted));
        }
        if let Some(logs) = &trail.logs {
            let groups = self.desired.log_groups.iter();
            let group = groups.filter(|it| logs.group.as_str().strip_suffix(":*") == Some(it.arn.as_str()));
            addresses.extend(group.map(Address::log_group));
            let roles = self.desired.log_roles.iter().filter(|it| it.arn == logs.role);
            addresses.extend(roles.map(Address::role));
        }
        for topic in self.desired.topics.iter().filter(|it| Some(&it.arn) == trail.topic.as_ref()) {
            addresses.extend([Address::topic(topic), Address::topic_policy(topic)]);
        }
        addresses
    }

    /// Returns the account from which the organization is read. The Region only determines the
    /// partition.
    pub(super) fn organization_site(&self, organization: &Organization) -> Site {
        Site { account: organization.account.clone(), region: self.desired.bucket.site.region.clone() }
    }

    /// Returns the trails that deliver to the bucket, are not in the spec, and are kept.
    pub(super) fn guests(&self) -> impl Iterator<Item = &'a OtherTrail> {
        let bucket = self.desired.bucket.name.as_str();
        self.others_that_stay().filter(move |it| it.bucket == bucket)
    }

    /// Returns the trails that are not in the spec and are kept. Each trail is listed once.
    pub(super) fn others_that_stay(&self) -> impl Iterator<Item = &'a OtherTrail> {
        let stays = |arn: &Arn| match self.observed.strays.get(arn) {
            Some(stray) => !self.desired.deletion.trails || self.hidden_destination(stray).is_some(),
            None => true,
        };
        let others = self.observed.others.values().flatten().filter(|it| stays(&it.arn));
        let others: BTreeMap<&Arn, &OtherTrail> = others.map(|it| (&it.arn, it)).collect();
        others.into_values()
    }

    /// Returns a destination of a managed trail that could not be read. The trail is kept, because
    /// nothing else references the destination.
    pub(super) fn hidden_destination(&self, stray: &Stray) -> Option<Arn> {
        stray.trail.named().find(|arn| self.observed.hidden.contains_key(arn))
    }

    /// Returns whether the trails of this installation stop using a log group, role or topic: the
    /// resource is managed, and no longer in the spec.
    pub(super) fn ends_use(&self, arn: &str) -> bool {
        self.leftover(arn).is_some_and(|leftover| self.ends_use_of(leftover))
    }

    fn ends_use_of(&self, leftover: &Leftover) -> bool {
        self.desired.deletion.trails && !self.is_withheld(leftover)
    }

    /// Returns whether the log group, role or topic with this ARN is deleted: no trail of the spec
    /// and nobody else uses it.
    pub(super) fn is_deleted(&self, arn: &str) -> bool {
        let is_deleted = |leftover: &Leftover| self.ends_use_of(leftover) && leftover.additions.is_empty();
        self.leftover(arn).is_some_and(is_deleted)
    }

    /// Returns whether a trail records all accounts of an organization, or is replaced by such a
    /// trail.
    pub(super) fn is_of_organization(&self, stray: &Stray) -> bool {
        stray.trail.organization || self.desired.trails.iter().any(|trail| trail.is_organization)
    }

    /// Returns the reason why this plan does not delete a trail that the spec no longer has; `None`
    /// if it deletes the trail.
    pub(super) fn withholds_stray(&self, address: &Address, stray: &Stray) -> Option<Warning> {
        let leads_to_topic = || {
            let mut named = stray.trail.named().filter_map(|arn| self.observed.leftovers.get(&arn));
            named.any(|leftover| self.is_withheld(leftover))
        };
        if (self.is_of_organization(stray) || leads_to_topic())
            && let Some(warning) = self.withholds(address, "its deletion")
        {
            return Some(warning);
        }
        let hidden = self.hidden_destination(stray)?;
        Some(Warning {
            code: WarningCode::Withheld,
            address: address.clone(),
            message: format!("its deletion is withheld until {hidden} can be read"),
        })
    }

    /// Returns whether accounts that could not be read may still use a leftover. Only trails of the
    /// same account, which are known, use a log group or role.
    pub(super) fn is_withheld(&self, leftover: &Leftover) -> bool {
        matches!(leftover.what, What::Topic(_)) && !self.observed.unreadable.is_empty()
    }

    fn leftover(&self, arn: &str) -> Option<&'a Leftover> {
        let mut leftovers = self.observed.leftovers.iter();
        leftovers.find(|(it, _)| it.as_str() == arn).map(|(_, leftover)| leftover)
    }

    /// Returns the wanted tags of a resource that may be foreign. An existing resource without the
    /// tag of the installation gets no tags: with the tag, it would count as managed and could be
    /// deleted later.
    pub(super) fn tags_of_made(&self, desired: &spec::Tags, live: Option<&Tags>) -> Tags {
        match live {
            Some(live) if !live.belong_to(&self.desired.installation) => Tags::default(),
            live => Tags::wanted(desired, live),
        }
    }

    /// Returns an account of the spec, or an account that left and could be read.
    pub(super) fn account(&self, name: &AccountName) -> Option<AccountRef> {
        let account = self.desired.account(name).or_else(|| self.observed.departed.accounts.get(name));
        account.map(|account| AccountRef { name: account.name.clone(), id: account.id.clone() })
    }

    /// Returns the name of the account with this ID in the spec, or the ID, which is a valid name.
    pub(super) fn account_named(&self, id: &str) -> Option<AccountName> {
        let known = self.desired.accounts.iter().find(|account| account.id.as_str() == id);
        known.map(|account| account.name.clone()).or_else(|| id.parse().ok())
    }

    /// Returns the accounts of the spec, and the accounts that left the spec and could be read.
    pub(super) fn accounts(&self) -> BTreeMap<AccountName, AccountId> {
        let accounts = self.desired.accounts.iter().chain(&self.observed.departed.accounts);
        accounts.map(|account| (account.name.clone(), account.id.clone())).collect()
    }

    /// Returns the name of an account in the organization.
    pub(super) fn name_in_organization(&self, id: &str) -> Option<&str> {
        let live = self.observed.organization.as_ref()?;
        Some(live.account(id)?.name.as_str()).filter(|name| !name.is_empty())
    }

    /// Returns the account and the Region of a resource. A parsed spec declares every account that
    /// it names.
    pub(super) fn place(&self, site: &Site) -> Option<(AccountRef, Region)> {
        Some((self.account(&site.account)?, site.region.clone()))
    }

    /// Returns the ARN of the key in use, if `key` is its ID; otherwise `key` unchanged.
    pub(super) fn same_key(&self, key: KeyRef) -> KeyRef {
        let own = self.observed.key.as_ref().map(|hub| &hub.key.arn);
        let is_own = |own| key.identifier().is_some_and(|named| named.is_of(own));
        if own.is_some_and(is_own) { self.key.clone() } else { key }
    }

    pub(super) fn unreadable(&self) -> Vec<Unreadable> {
        self.observed
            .unreadable
            .iter()
            .filter_map(|(name, error)| {
                Some(Unreadable {
                    account: self.account(name)?,
                    error: error.to_string(),
                    hint: error.hint(),
                })
            })
            .collect()
    }

    /// Returns a warning about accounts of the organization that get no trails because they are not
    /// active.
    pub(super) fn inactive(&self) -> Option<Warning> {
        let joining = self.desired.organization.as_ref().map(|it| &it.joining)?;
        let live = self.observed.organization.as_ref()?;
        // The units and tags of an inactive account are not read.
        let is_out = |id: &AccountId| joining.include.is_none() || joining.exclude.contains(id);
        let inactive = live.inactive.iter().filter(|it| !is_out(&it.member.id));
        let names: Vec<String> = inactive
            .map(|Inactive { member, state }| {
                let state = state.as_deref().unwrap_or("no state");
                format!("`{}` ({}, {state})", member.name, member.id)
            })
            .collect();
        (!names.is_empty()).then(|| Warning {
            code: WarningCode::SuspendedAccount,
            address: self.bucket_address(),
            message: format!(
                "these accounts of the organization get no trails, because they are not active: {}",
                names.join(", ")
            ),
        })
    }

    /// Returns a warning about a selection without candidates: the organization has only its
    /// management account.
    pub(super) fn nobody_joins(&self) -> Option<Warning> {
        let include = self.desired.organization.as_ref()?.joining.include.as_ref();
        let roster = &self.observed.organization.as_ref()?.roster;
        let is_alone = roster.members().iter().all(|member| member.id == roster.management);
        (include.is_some() && is_alone).then(|| Warning {
            code: WarningCode::NobodyJoins,
            address: self.bucket_address(),
            message:
                "`organization.include` adds no account: the organization has only its management account"
                    .to_owned(),
        })
    }

    /// Returns the organization of the accounts of all these trails; `None` if an account is not in
    /// the organization, or no organization is known.
    pub(super) fn organization_of<'t>(&self, mut trails: impl Iterator<Item = &'t Arn>) -> Option<String> {
        let roster = &self.observed.organization.as_ref()?.roster;
        trails.all(|trail| roster.has(trail.account())).then(|| roster.id.clone())
    }

    /// Returns the reason why the spec accepts the finding with this name, if it does.
    pub(super) fn reviewed(&self, name: &str) -> Option<&'a str> {
        let reviewed = self.desired.reviewed.iter().find(|it| it.finding == name);
        reviewed.map(|it| it.reason.as_str())
    }

    /// Returns the warning that a change is withheld, if an account that may rely on the resource
    /// could not be read.
    pub(super) fn withholds(&self, address: &Address, what: &str) -> Option<Warning> {
        let unreadable = self.observed.unreadable.keys().map(|name| format!("`{name}`"));
        let awaited = self.awaited.iter().map(|id| format!("account {id}"));
        let names: Vec<String> = unreadable.chain(awaited).collect();
        if names.is_empty() {
            return None;
        }
        let mut message = format!("{what} is withheld until {} can be read", names.join(", "));
        if !self.awaited.is_empty() {
            message += "; to destroy without waiting for accounts that left the spec, set `bucket.policy.unlisted_accounts: remove`";
        }
        Some(Warning { code: WarningCode::Withheld, address: address.clone(), message })
    }
}

fn key_address(desired: &Desired) -> Address {
    Address::new(Kind::Key, &desired.key.site.account, &desired.key.identity)
}

#[cfg(test)]
mod tests {
    use reconcile_samples::members;
    use reconcile_spec::parse;

    use super::*;
    use crate::observed::UnreadableReason;

    #[test]
    fn an_account_is_unseen_if_a_trail_of_the_name_in_the_region_could_not_be_read() {
        let spec = parse("spec.yaml", members(0).as_bytes()).unwrap();
        let trail = |region: &str, account: &str, name: &str| -> Arn {
            format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}").parse().unwrap()
        };
        let unread = [
            trail("eu-west-1", "333333333333", "Trail"),
            trail("eu-west-1", "222222222222", "Trail"),
            trail("us-east-1", "444444444444", "Trail"),
            trail("eu-west-1", "555555555555", "Other"),
        ];
        let mut observed = Observed::default();
        observed.departed.unseen = unread.into_iter().map(|arn| (arn, UnreadableReason::NoRole)).collect();
        let context = CompareContext::new(spec.desired(), &observed);
        let patterns = BTreeSet::from([trail("eu-west-1", "*", "Trail")]);
        assert_eq!(context.unseen_accounts(&patterns), ["222222222222", "333333333333"]);
        assert_eq!(context.unseen_accounts(&BTreeSet::new()), [""; 0]);
    }
}
