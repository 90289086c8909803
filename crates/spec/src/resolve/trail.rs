//! Resolves the trails: one for every account of each trail in the spec.

mod insights;
mod selectors;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, Partition, Region};

use super::at_rest::KeyFacts;
use super::bucket::Bucket;
use super::destinations::Destinations;
use super::{Resolver, destinations};
use crate::desired::{
    Alarm, ExistingTopic, Insights, LogGroup, LogRole, Selectors, Site, Tags, Topic, Trail,
};
use crate::diagnostic::SourceSpan;
use crate::names::{AccountName, BucketName, TrailName};
use crate::problems::Problems;
use crate::raw::{Located, RawAccountsWord, RawSpec, RawTrail, WordOr};

/// The maximum number of trails in a Region. See "Quotas in CloudTrail".
const PER_REGION: usize = 5;

/// The trails, and the resources that are created for them.
pub(super) struct Trails {
    pub(super) trails: Vec<Trail>,
    pub(super) log_groups: Vec<LogGroup>,
    pub(super) alarms: Vec<Alarm>,
    pub(super) log_roles: Vec<LogRole>,
    pub(super) topics: Vec<Topic>,
    pub(super) existing_topics: Vec<ExistingTopic>,
}

pub(super) fn resolve(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    bucket: Option<&Bucket>,
    problems: &mut Problems,
) -> Option<Trails> {
    if raw.trails.value.is_empty() {
        problems.add(raw.trails.place, "the spec has no trails", "add at least one trail");
    }
    let mut trails = Vec::new();
    let mut quota = Quota::default();
    let mut destinations = Destinations::default();
    let key = KeyFacts::of(raw, bucket.map(|bucket| &bucket.bucket.site.region));
    for trail in &raw.trails.value {
        let accounts = accounts(raw, trail, resolver, problems);
        let settings = resolve_one(trail, resolver, bucket, problems);
        let region = settings.as_ref().map(|(_, region)| region);
        let wanted = destinations::resolve(raw, &trail.value, region, resolver, &key, problems);
        let (Some(accounts), Some((trail, region)), Some(wanted)) = (accounts, settings, wanted) else {
            continue;
        };
        for account in accounts {
            quota.add(&account, &trail, &region, problems);
            // An organization trail belongs to the management account, even if another account
            // creates it.
            let owner = resolver.roster.map(|roster| &roster.management).filter(|_| trail.is_organization);
            let Some(id) = owner.or_else(|| resolver.id(&account)) else { continue };
            let resource = format!("trail/{}", trail.name);
            let site = Site { account, region: region.clone() };
            let arn = Arn::new(region.partition(), "cloudtrail", region.as_str(), id.as_str(), &resource);
            let mut one = trail.in_account(site, arn, resolver.tags.clone());
            destinations.add(&wanted, &mut one, resolver, problems);
            trails.push(one);
        }
    }
    bucket?;
    let Destinations { log_groups, alarms, roles, topics } = destinations;
    let alarms = alarms.resolve(&topics.managed, problems);
    Some(Trails {
        trails,
        log_groups: log_groups.0,
        alarms,
        log_roles: roles.0,
        topics: topics.managed,
        existing_topics: topics.existing,
    })
}

/// The common properties of a trail in all of its accounts.
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
struct Template {
    place: SourceSpan,
    name: TrailName,
    bucket: BucketName,
    prefix: Option<String>,
    is_organization: bool,
    enabled: bool,
    multi_region: bool,
    global_service_events: bool,
    log_file_validation: bool,
    recursive_logging: Option<bool>,
    selectors: Selectors,
    insights: Insights,
    event_aggregation: Option<Vec<String>>,
}

impl Template {
    /// Returns the trail in an account, without a log group and a topic.
    fn in_account(&self, site: Site, arn: Arn, tags: Tags) -> Trail {
        Trail {
            site,
            name: self.name.clone(),
            arn,
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            is_organization: self.is_organization,
            enabled: self.enabled,
            multi_region: self.multi_region,
            global_service_events: self.global_service_events,
            log_file_validation: self.log_file_validation,
            selectors: self.selectors.clone(),
            recursive_logging: self.recursive_logging,
            insights: self.insights.clone(),
            event_aggregation: self.event_aggregation.clone(),
            logs: None,
            topic: None,
            tags,
        }
    }
}

/// Returns the names of the accounts that have the trail.
fn accounts(
    raw: &RawSpec,
    trail: &Located<RawTrail>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Option<Vec<AccountName>> {
    match (&trail.value.accounts, trail.value.is_organization()) {
        (Some(accounts), false) => match &accounts.value {
            WordOr::Word(word) => {
                let names = raw.accounts.0.iter().map(|(name, _)| name.as_str());
                let of_bucket = raw.bucket.account.value.as_str();
                let all = *word == RawAccountsWord::All;
                let joined = resolver.joined.iter().map(|account| account.name.clone());
                Some(
                    names
                        .filter(|name| all || *name != of_bucket)
                        .filter_map(|name| name.parse().ok())
                        .chain(joined)
                        .collect(),
                )
            }
            WordOr::Value(names) => {
                if names.is_empty() {
                    problems.add(
                        accounts.place,
                        "the trail is in no account",
                        "name at least one account, or write `all`",
                    );
                }
                Some(names.iter().filter_map(|name| resolver.account(name, problems)).collect())
            }
        },
        (Some(accounts), true) => {
            let message = "an organization trail is in every account, so `accounts` has no effect";
            problems.add(accounts.place, message, "remove `accounts`");
            None
        }
        (None, false) => {
            problems.add(
                trail.value.name.place,
                format!("trail `{}` has no `accounts`", trail.value.name.value),
                "set `accounts` to `all`, `members` or a list of accounts",
            );
            None
        }
        (None, true) => {
            let Some(organization) = &raw.organization else {
                problems.add(
                    trail.value.name.place,
                    format!("trail `{}` is an organization trail, but the spec has no \
                        `organization`", trail.value.name.value),
                    "add `organization: { account: … }` with the management account or a delegated administrator",
                );
                return None;
            };
            // A problem of that account is reported with the organization.
            organization.value.account.value.parse().ok().map(|account| vec![account])
        }
    }
}

fn resolve_one(
    raw: &Located<RawTrail>,
    resolver: &Resolver<'_>,
    bucket: Option<&Bucket>,
    problems: &mut Problems,
) -> Option<(Template, Region)> {
    let trail = &raw.value;
    let name: Option<TrailName> = problems.name(&trail.name, "");
    let region = match &trail.home_region {
        Some(region) => resolver.recognized.region(region, problems),
        None => bucket.map(|bucket| bucket.bucket.site.region.clone()),
    };
    if let (Some(raw), Some(region), Some(bucket)) = (&trail.home_region, &region, bucket)
        && region.partition() != bucket.bucket.site.region.partition()
    {
        let message = format!("{region} and the bucket are in different AWS partitions");
        problems.add(raw.place, message, "write a separate spec for each partition");
    }
    let multi_region = trail.multi_region.unwrap_or(true);
    if let Some(Located { value: false, place }) = trail.global_service_events
        && multi_region
    {
        problems.add(
            place,
            "a trail of all Regions must record global service events",
            "also set `multi_region: false`, or remove this setting",
        );
    }
    let partition = region.as_ref().map_or(Partition::Aws, Region::partition);
    let context = selectors::Context { partition, recognized: &resolver.recognized };
    let selectors = selectors::resolve(trail, &context, problems);
    let insights = insights::resolve(trail.insights.as_ref(), selectors.as_ref(), problems);
    let event_aggregation = aggregation(trail, selectors.as_ref(), problems);
    let (name, region, bucket, selectors) = (name?, region?, bucket?, selectors?);
    let has_log_group = trail.cloudwatch_logs.is_some();
    let records_deliveries =
        selectors.may_record_deliveries(bucket.bucket.name.as_str(), bucket.prefix.as_deref(), has_log_group);
    let template = Template {
        place: trail.name.place,
        name,
        bucket: bucket.bucket.name.clone(),
        prefix: bucket.prefix.clone(),
        is_organization: trail.is_organization(),
        enabled: trail.enabled.unwrap_or(true),
        multi_region,
        global_service_events: trail.global_service_events.as_ref().is_none_or(|it| it.value),
        log_file_validation: trail.log_file_validation.unwrap_or(true),
        recursive_logging: trail.recursive_logging.or(records_deliveries.then_some(false)),
        selectors,
        insights,
        event_aggregation,
    };
    Some((template, region))
}

/// Resolves the aggregation templates. CloudTrail aggregates only data events that the trail
/// records. See [Aggregating data
/// events](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html).
fn aggregation(
    trail: &RawTrail,
    selectors: Option<&Selectors>,
    problems: &mut Problems,
) -> Option<Vec<String>> {
    let raw = trail.event_aggregation.as_ref()?;
    if !raw.value.is_empty() && selectors.is_some_and(|selectors| !selectors.has_data_events()) {
        problems.add(
            raw.place,
            "CloudTrail aggregates data events, but the trail records none",
            "record them with `data_events`, or remove `event_aggregation`",
        );
    }
    let templates: BTreeSet<&str> = raw.value.iter().map(|template| template.as_str()).collect();
    Some(templates.into_iter().map(str::to_owned).collect())
}

/// Counts trails as CloudTrail does, and finds two trails with the same name.
#[derive(Default)]
struct Quota {
    /// The trails of each account. A multi-Region trail counts in every Region, any other trail
    /// only in its home Region.
    seen: BTreeMap<AccountName, Vec<(TrailName, Region, bool)>>,
}

impl Quota {
    fn add(&mut self, account: &AccountName, trail: &Template, region: &Region, problems: &mut Problems) {
        let seen = self.seen.entry(account.clone()).or_default();
        if seen.iter().any(|(name, ..)| *name == trail.name) {
            let message = format!("account `{account}` has two trails `{}`", trail.name);
            problems.add(trail.place, message, "rename one of them, or name the account only once");
        }
        seen.push((trail.name.clone(), region.clone(), trail.multi_region));
        let here = seen.iter().filter(|(_, home, multi)| home == region || *multi).count();
        if here == PER_REGION + 1 {
            problems.add(
                trail.place,
                format!("account `{account}` has more than {PER_REGION} trails in {region}"),
                "AWS allows five in a Region, and this quota cannot be raised",
            );
        }
    }
}
