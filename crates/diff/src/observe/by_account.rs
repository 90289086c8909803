//! Finds the resources of a spec by their account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use reconcile_policy::Arn;
use reconcile_spec::{AccountName, Alarm, Desired, ExistingTopic, LogGroup, LogRole, Topic, Trail};

/// A desired state, indexed by account.
///
/// The index is created once. Without it, a spec with a trail in each of 10,000 accounts would need
/// 100 million comparisons of names.
#[derive(Debug)]
pub(super) struct ByAccount {
    pub(super) desired: Arc<Desired>,
    trail_arns: BTreeSet<Arn>,
    trails: Places,
    log_groups: Places,
    alarms: Places,
    log_roles: Places,
    topics: Places,
    existing_topics: Places,
}

/// The indexes of resources in their list, for each account.
type Places = BTreeMap<AccountName, Vec<usize>>;

impl ByAccount {
    pub(super) fn of(desired: &Arc<Desired>) -> Self {
        Self {
            trail_arns: desired.trails.iter().map(|trail| trail.arn.clone()).collect(),
            trails: places(&desired.trails, |it| &it.site.account),
            log_groups: places(&desired.log_groups, |it| &it.site.account),
            alarms: places(&desired.alarms, |it| &it.site.account),
            log_roles: places(&desired.log_roles, |it| &it.site.account),
            topics: places(&desired.topics, |it| &it.site.account),
            existing_topics: places(&desired.existing_topics, |it| &it.reader),
            desired: Arc::clone(desired),
        }
    }

    /// Returns whether the spec has a trail with this ARN, in any account.
    pub(super) fn has_trail(&self, arn: &Arn) -> bool {
        self.trail_arns.contains(arn)
    }

    pub(super) fn trails(&self, account: &AccountName) -> impl Iterator<Item = &Trail> {
        at(&self.desired.trails, &self.trails, account)
    }

    pub(super) fn log_groups(&self, account: &AccountName) -> impl Iterator<Item = &LogGroup> {
        at(&self.desired.log_groups, &self.log_groups, account)
    }

    pub(super) fn alarms(&self, account: &AccountName) -> impl Iterator<Item = &Alarm> {
        at(&self.desired.alarms, &self.alarms, account)
    }

    pub(super) fn log_roles(&self, account: &AccountName) -> impl Iterator<Item = &LogRole> {
        at(&self.desired.log_roles, &self.log_roles, account)
    }

    pub(super) fn topics(&self, account: &AccountName) -> impl Iterator<Item = &Topic> {
        at(&self.desired.topics, &self.topics, account)
    }

    /// Returns the unmanaged topics that are read with the session of the account.
    pub(super) fn existing_topics(&self, account: &AccountName) -> impl Iterator<Item = &ExistingTopic> {
        at(&self.desired.existing_topics, &self.existing_topics, account)
    }
}

fn places<T>(all: &[T], account: impl Fn(&T) -> &AccountName) -> Places {
    let mut places = Places::new();
    for (index, it) in all.iter().enumerate() {
        places.entry(account(it).clone()).or_default().push(index);
    }
    places
}

fn at<'d, T>(
    all: &'d [T],
    places: &'d Places,
    account: &AccountName,
) -> impl Iterator<Item = &'d T> + use<'d, T> {
    places.get(account).into_iter().flatten().filter_map(|index| all.get(*index))
}
