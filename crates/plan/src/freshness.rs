//! Reports chains of digests that stopped as findings of drift. Pure.
//!
//! `GetTrailStatus` reports the deliveries of a trail in its home Region. Whether the other Regions
//! and, for an organization trail, the other accounts still deliver is known only from the digests
//! in the bucket, which `reconcile-evidence` judges.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_policy::{AccountId, Region};
use reconcile_spec::{Desired, Trail};

use crate::address::Address;
use crate::drift::{DriftReport, Finding, FindingCode, FindingKind, viewless};
use crate::observed::{LiveOrganization, Observed};
use crate::severity::Severity;

/// A trail of the spec that is logging and delivers digests to the bucket and prefix of the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestTrail {
    /// The address of the trail.
    pub address: Address,
    /// The name of the trail, as in the keys of its digests.
    pub name: String,
    /// The home Region of the trail.
    pub home: Region,
    /// The account of the trail.
    pub account: AccountId,
    /// Whether the trail records all accounts of its organization.
    pub is_organization: bool,
    /// The time of the latest start of logging, if known.
    pub logging_since: Option<Timestamp>,
    /// The latest delivery of a digest in the home Region, if CloudTrail reports one.
    pub latest: Option<Timestamp>,
}

/// The trails whose digests can be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestTrails {
    /// The trails. A trail that is stopped, delivers no digests or differs from the spec already
    /// has a finding, and is not in this list.
    pub trails: Vec<DigestTrail>,
    /// The members of the organization, if they are known.
    pub members: Option<BTreeSet<AccountId>>,
}

impl DigestTrails {
    pub(crate) fn of(desired: &Desired, observed: &Observed) -> Self {
        let trails = desired.trails.iter().filter_map(|trail| digest_trail(desired, trail, observed));
        let members = observed.organization.as_ref().map(LiveOrganization::members);
        Self { trails: trails.collect(), members }
    }

    /// Returns for each trail that its digests could not be listed, for this reason.
    pub fn unread(&self, reason: &str) -> Vec<Staleness> {
        let unlisted = |trail: &DigestTrail| Staleness::Unlisted {
            trail: trail.address.clone(),
            count: None,
            reason: reason.to_owned(),
        };
        self.trails.iter().map(unlisted).collect()
    }
}

fn digest_trail(desired: &Desired, trail: &Trail, observed: &Observed) -> Option<DigestTrail> {
    let live = observed.trails.get(&trail.arn)?.as_ref()?;
    let is_as_wanted = live.bucket == trail.bucket.as_str()
        && live.prefix == trail.prefix
        && live.multi_region == trail.multi_region
        && live.organization == trail.is_organization
        && trail.log_file_validation
        && trail.enabled;
    if !(is_as_wanted && live.logging && live.log_file_validation) {
        return None;
    }
    let deliveries = observed.deliveries.get(&trail.arn);
    Some(DigestTrail {
        address: Address::trail(trail),
        name: trail.name.to_string(),
        home: trail.site.region.clone(),
        account: desired.account(&trail.site.account)?.id.clone(),
        is_organization: trail.is_organization,
        logging_since: deliveries.and_then(|it| it.logging_since),
        latest: deliveries.and_then(|it| it.digest_files.latest),
    })
}

/// A problem of the digests of a trail in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Staleness {
    /// One Region of an account has no new digest, but another Region of the account has one.
    Region {
        /// The trail.
        trail: Address,
        /// The account of the logged events.
        account: AccountId,
        /// The Region of the logged events.
        region: Region,
        /// The newest digest.
        newest: Newest,
        /// Whether no account can disable the Region.
        is_always_enabled: bool,
    },
    /// No Region of an account has a new digest.
    Account {
        /// The trail.
        trail: Address,
        /// The account of the logged events.
        account: AccountId,
        /// The newest digest.
        newest: Newest,
        /// Whether the trail belongs to the account, so that `GetTrailStatus` reports its
        /// deliveries as well.
        is_own: bool,
    },
    /// The digests of some accounts and Regions could not be listed. Nothing is known about them.
    Unlisted {
        /// The trail.
        trail: Address,
        /// The number of pairs of an account and a Region; `None` for all of them.
        count: Option<usize>,
        /// The reason for the first of them.
        reason: String,
    },
}

/// The newest digest of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Newest {
    /// The digest ends at this time.
    At(Timestamp),
    /// There is no digest since this time. Older digests were not listed.
    NoneSince(Timestamp),
}

impl std::fmt::Display for Newest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(time) => write!(f, "the newest digest ends at {time:.0}"),
            Self::NoneSince(time) => write!(f, "there is no digest since {time:.0}"),
        }
    }
}

impl DriftReport {
    /// Adds the findings about stale digests, and sorts the findings again.
    ///
    /// A stopped account is skipped if the trail belongs to the account and already has a finding
    /// about its deliveries.
    pub fn add_freshness(&mut self, stale: &[Staleness]) {
        let deliveries = self.findings.iter().filter(|finding| finding.kind == FindingKind::Delivery);
        let reported: BTreeSet<&str> = deliveries.map(|finding| finding.address.as_str()).collect();
        let is_reported = |stale: &&Staleness| {
            matches!(stale, Staleness::Account { is_own: true, .. })
                && reported.contains(stale.trail().to_string().as_str())
        };
        let stale = stale.iter().filter(|stale| !is_reported(stale));
        let found = stale.map(|stale| (stale.subject(), self.finding(stale))).collect();
        self.add(found);
    }

    fn finding(&self, stale: &Staleness) -> Finding {
        let (kind, severity, code, message) = match stale {
            Staleness::Region { account, region, newest, is_always_enabled, .. } => {
                let account = self.named(account);
                let (severity, unless) = match is_always_enabled {
                    true => (Severity::High, ""),
                    false => (Severity::Medium, ", unless the account has disabled the Region"),
                };
                let message = format!(
                    "digests of account {account} in {region} stopped: {newest}, and other Regions have newer ones. CloudTrail delivers \
                     one every hour{unless}"
                );
                (FindingKind::Delivery, severity, FindingCode::StaleDigests, message)
            }
            Staleness::Account { account, newest, is_own, .. } => {
                let account = self.named(account);
                let (severity, unless) = match (newest, is_own) {
                    // CloudTrail reports the start of deliveries only for the account of the trail.
                    (Newest::NoneSince(_), false) => {
                        (Severity::Medium, ", unless the account has just joined the organization")
                    }
                    (Newest::At(_) | Newest::NoneSince(_), _) => (Severity::High, ""),
                };
                let message = format!(
                    "digests of account {account} stopped in all Regions: {newest}. CloudTrail delivers one every hour in each \
                     Region{unless}"
                );
                (FindingKind::Delivery, severity, FindingCode::StaleDigests, message)
            }
            Staleness::Unlisted { count, reason, .. } => {
                let message = format!(
                    "the digests{} cannot be listed, so it is not known whether they still arrive: {reason}",
                    match count {
                        None => String::new(),
                        Some(1) => " of one account and Region".to_owned(),
                        Some(count) => format!(" of {count} accounts and Regions"),
                    }
                );
                (FindingKind::Unreadable, Severity::High, FindingCode::UnreadableDigests, message)
            }
        };
        Finding { kind, severity, ..viewless(stale.trail().to_string(), code, message) }
    }

    /// Returns the ID of an account, with the name of the account if it is known.
    fn named(&self, account: &AccountId) -> String {
        let name = self.accounts.iter().find(|(_, id)| *id == account).map(|(name, _)| name);
        name.map_or_else(|| account.to_string(), |name| format!("{name} ({account})"))
    }
}

impl Staleness {
    /// Whether the digests could be listed.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unlisted { .. })
    }

    /// The trail.
    pub fn trail(&self) -> &Address {
        match self {
            Self::Region { trail, .. } | Self::Account { trail, .. } | Self::Unlisted { trail, .. } => trail,
        }
    }

    /// The subject of the finding besides the trail. A baseline that accepts the finding about one
    /// Region does not accept findings about other Regions.
    fn subject(&self) -> String {
        match self {
            Self::Region { account, region, .. } => format!("{account}/{region}"),
            Self::Account { account, .. } => account.to_string(),
            Self::Unlisted { .. } => String::new(),
        }
    }
}
