//! Reads trails.

pub(super) mod stray;

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{
    self as sdk, AdvancedEventSelector, AdvancedFieldSelector, InsightType, ReadWriteType,
    SourceEventCategory,
};
use futures::future::{join, join_all, join5};
use jiff::Timestamp;
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{Channel, Deliveries, ReadError};
use reconcile_plan::view::{
    CloudWatchLogs, Insight, KeyRef, Notification, OtherTrail, Selectors, Tags, Trail,
};
use reconcile_policy::{Arn, KeyIdentifier, Region};
use reconcile_spec::{AdvancedSelector, DataResource, EventSelector, FieldSelector, Installation, ReadWrite};
use tracing::{Instrument, trace_span};

use super::error::found;
use super::page;

/// The trails of one account that one Region lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trails {
    /// The requested trails, by ARN; `None` if the trail does not exist.
    pub asked: Vec<(Arn, Option<Trail>)>,
    /// The deliveries of the requested trails that exist.
    pub deliveries: Vec<(Arn, Deliveries)>,
    /// All other trails.
    pub others: Vec<OtherTrail>,
}

/// A trail to read, and the optional settings to read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrailQuery<'a> {
    /// The ARN of the trail.
    pub arn: &'a Arn,
    /// Whether the insights of the trail are read, because the spec manages them.
    pub insights: bool,
    /// Whether the aggregation of data events is read, because the spec manages it. The read needs
    /// another request for each trail. Specs that do not manage aggregation do not need it, because
    /// aggregation removes no event.
    pub aggregation: bool,
}

/// Reads the trails with these ARNs in their home Region, and all other trails of that Region, in
/// one round trip.
///
/// A trail is always addressed by its ARN: a trail that a delegated administrator created cannot be
/// found by its name.
///
/// # Errors
/// Returns [`ReadError::HomeRegion`] if a trail with the name of a requested trail has another home
/// Region, or another error if a call to CloudTrail fails or its answer is incomplete.
pub async fn read(session: &Session, region: &Region, asked: &[TrailQuery<'_>]) -> Result<Trails, ReadError> {
    read_region(session, region, asked).instrument(trace_span!("region", cloud.region = %region)).await
}

async fn read_region(
    session: &Session,
    region: &Region,
    asked: &[TrailQuery<'_>],
) -> Result<Trails, ReadError> {
    let reader = TrailReader { session, cloudtrail: session.cloudtrail(region) };
    // Shadow trails are included, because only they show a trail of the same name with another home
    // Region.
    let describe = reader.cloudtrail.describe_trails().include_shadow_trails(true).send();
    let details = join_all(asked.iter().map(|asked| reader.details(asked)));
    let (described, details) = join(session.call(Operation::DescribeTrails, describe), details).await;

    let described = described?.trail_list;
    let described = described.ok_or_else(|| session.incomplete(Operation::DescribeTrails, "trailList"))?;
    let others = described
        .iter()
        .filter_map(other)
        .filter(|other| asked.iter().all(|asked| *asked.arn != other.arn))
        .collect();
    let mut deliveries = Vec::new();
    let asked = asked
        .iter()
        .zip(details)
        .map(|(TrailQuery { arn, .. }, details)| {
            let arn = *arn;
            if let Some(trail) = described.iter().find(|trail| trail.trail_arn() == Some(arn.as_str())) {
                let (details, status) = details?;
                deliveries.push((arn.clone(), status));
                return Ok((arn.clone(), Some(view(arn, trail, details))));
            }
            let name = arn.resource_name();
            let elsewhere = described
                .iter()
                .find(|trail| trail.name() == Some(name) && trail.home_region() != Some(region.as_str()));
            match elsewhere.and_then(sdk::Trail::home_region) {
                Some(actual) => Err(ReadError::HomeRegion {
                    name: name.to_owned(),
                    actual: actual.to_owned(),
                    wanted: region.to_string(),
                }),
                None => Ok((arn.clone(), None)),
            }
        })
        .collect::<Result<_, ReadError>>()?;
    Ok(Trails { asked, deliveries, others })
}

/// Reads the templates by which CloudTrail aggregates the data events of a trail in its home
/// Region, sorted.
///
/// # Errors
/// Returns an error if a call to CloudTrail fails, or if its answer is incomplete.
pub async fn aggregation(session: &Session, region: &Region, arn: &Arn) -> Result<Vec<String>, Error> {
    TrailReader { session, cloudtrail: session.cloudtrail(region) }.aggregation(arn).await
}

/// The destinations of a live trail, as CloudTrail returns them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destinations {
    /// The bucket.
    pub bucket: String,
    /// The key prefix of the log files.
    pub prefix: Option<String>,
    /// The KMS key that encrypts the log files.
    pub kms_key: Option<KeyIdentifier>,
    /// The ARN of the topic.
    pub topic: Option<String>,
    /// Whether CloudTrail also delivers digest files.
    pub log_file_validation: bool,
}

/// Reads the destinations of a trail in its home Region; `None` if the trail does not exist.
///
/// # Errors
/// Returns an error if `DescribeTrails` fails, or if its answer is incomplete.
pub async fn destinations(
    session: &Session,
    region: &Region,
    arn: &Arn,
) -> Result<Option<Destinations>, ReadError> {
    let call = session.cloudtrail(region).describe_trails().trail_name_list(arn.as_str()).send();
    let trails = session.call(Operation::DescribeTrails, call).await?.trail_list;
    let trails = trails.ok_or_else(|| session.incomplete(Operation::DescribeTrails, "trailList"))?;
    let trail = trails.iter().find(|trail| trail.trail_arn() == Some(arn.as_str()));
    Ok(trail.map(|trail| Destinations {
        bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
        prefix: prefix(trail),
        kms_key: KeyIdentifier::returned(trail.kms_key_id()),
        topic: trail.sns_topic_arn().filter(|arn| !arn.is_empty()).map(str::to_owned),
        log_file_validation: trail.log_file_validation_enabled().unwrap_or(false),
    }))
}

/// Reads the ARNs of all trails of the account, in all home Regions.
///
/// See `ListTrails` in the CloudTrail API reference.
///
/// # Errors
/// Returns an error if `ListTrails` fails, or if its answer is incomplete or does not end.
pub async fn list(session: &Session, region: &Region) -> Result<Vec<Arn>, ReadError> {
    let cloudtrail = session.cloudtrail(region);
    let trails = page::all(session, Operation::ListTrails, |token| {
        let call = cloudtrail.list_trails().set_next_token(token).send();
        async move {
            let page = session.call(Operation::ListTrails, call).await?;
            let trails = page.trails.ok_or_else(|| session.incomplete(Operation::ListTrails, "Trails"))?;
            Ok::<_, Error>((trails, page.next_token))
        }
    });
    Ok(trails.await?.iter().filter_map(|trail| trail.trail_arn()?.parse().ok()).collect())
}

/// Returns the trails with these ARNs that have the tag of an installation. `region` is their home
/// Region.
///
/// # Errors
/// Returns an error if the tags cannot be read.
pub async fn owned(
    session: &Session,
    region: &Region,
    arns: &[Arn],
    installation: &Installation,
) -> Result<Vec<Arn>, ReadError> {
    let reader = TrailReader { session, cloudtrail: session.cloudtrail(region) };
    let tags = join_all(arns.iter().map(|arn| reader.tags(arn))).await;
    let mut owned = Vec::new();
    for (arn, tags) in arns.iter().zip(tags) {
        match tags {
            Ok(tags) if tags.belong_to(installation) => owned.push(arn.clone()),
            Ok(_) => {}
            // The trail was deleted in the meantime.
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(owned)
}

/// Returns the deliveries in a status. Ignores times that are outside of the range of the calendar.
fn deliveries(status: &GetTrailStatusOutput) -> Deliveries {
    let time = |time: Option<&DateTime>| Timestamp::from_second(time?.secs()).ok();
    let channel = |latest: Option<&DateTime>, error: Option<&str>| Channel {
        latest: time(latest),
        error: error.filter(|error| !error.is_empty()).map(str::to_owned),
    };
    Deliveries {
        logging_since: time(status.start_logging_time()),
        log_files: channel(status.latest_delivery_time(), status.latest_delivery_error()),
        digest_files: channel(status.latest_digest_delivery_time(), status.latest_digest_delivery_error()),
        events: channel(
            status.latest_cloud_watch_logs_delivery_time(),
            status.latest_cloud_watch_logs_delivery_error(),
        ),
        notifications: channel(status.latest_notification_time(), status.latest_notification_error()),
    }
}

fn other(trail: &sdk::Trail) -> Option<OtherTrail> {
    Some(OtherTrail {
        arn: trail.trail_arn()?.parse().ok()?,
        bucket: trail.s3_bucket_name()?.to_owned(),
        prefix: prefix(trail),
        kms_key: KeyIdentifier::returned(trail.kms_key_id()),
        topic: trail.sns_topic_arn().filter(|arn| !arn.is_empty()).map(str::to_owned),
        log_file_validation: trail.log_file_validation_enabled().unwrap_or(false),
        home_region: trail.home_region().unwrap_or_default().to_owned(),
        multi_region: trail.is_multi_region_trail().unwrap_or(false),
        organization: trail.is_organization_trail().unwrap_or(false),
    })
}

fn prefix(trail: &sdk::Trail) -> Option<String> {
    trail.s3_key_prefix().filter(|prefix| !prefix.is_empty()).map(str::to_owned)
}

/// The settings that `DescribeTrails` does not return. If the trail does not exist, they are
/// errors.
struct Details {
    logging: bool,
    selectors: Selectors,
    insights: Option<Vec<String>>,
    event_aggregation: Option<Vec<String>>,
    tags: Tags,
}

/// Reads the trails of one Region.
struct TrailReader<'a> {
    session: &'a Session,
    cloudtrail: aws_sdk_cloudtrail::Client,
}

impl TrailReader<'_> {
    async fn details(
        &self,
        TrailQuery { arn, insights, aggregation }: &TrailQuery<'_>,
    ) -> Result<(Details, Deliveries), Error> {
        let insights = async { if *insights { self.insights(arn).await.map(Some) } else { Ok(None) } };
        let aggregation =
            async { if *aggregation { self.aggregation(arn).await.map(Some) } else { Ok(None) } };
        let (status, selectors, insights, aggregation, tags) =
            join5(self.status(arn), self.selectors(arn), insights, aggregation, self.tags(arn)).await;
        let (logging, deliveries) = status?;
        let details = Details {
            logging,
            selectors: selectors?,
            insights: insights?,
            event_aggregation: aggregation?,
            tags: tags?,
        };
        Ok((details, deliveries))
    }

    async fn aggregation(&self, arn: &Arn) -> Result<Vec<String>, Error> {
        let call = self.cloudtrail.get_event_configuration().trail_name(arn.as_str()).send();
        let answer = found(self.session.call(Operation::GetEventConfiguration, call).await)?;
        let configurations = answer.and_then(|it| it.aggregation_configurations).unwrap_or_default();
        let templates = configurations.iter().flat_map(|it| &it.templates);
        let mut templates: Vec<String> = templates.map(|it| it.as_str().to_owned()).collect();
        templates.sort();
        Ok(templates)
    }

    async fn insights(&self, arn: &Arn) -> Result<Vec<String>, Error> {
        let call = self.cloudtrail.get_insight_selectors().trail_name(arn.as_str()).send();
        let Some(answer) = found(self.session.call(Operation::GetInsightSelectors, call).await)? else {
            return Ok(Vec::new());
        };
        answer
            .trail_arn
            .ok_or_else(|| self.session.incomplete(Operation::GetInsightSelectors, "TrailARN"))?;
        let selectors = answer.insight_selectors.unwrap_or_default();
        let mut names: Vec<String> = selectors.iter().flat_map(insight_names).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Returns whether the trail is logging, and its deliveries.
    async fn status(&self, arn: &Arn) -> Result<(bool, Deliveries), Error> {
        let call = self.cloudtrail.get_trail_status().name(arn.as_str()).send();
        let status = self.session.call(Operation::GetTrailStatus, call).await?;
        let logging = status.is_logging;
        let logging =
            logging.ok_or_else(|| self.session.incomplete(Operation::GetTrailStatus, "IsLogging"))?;
        Ok((logging, deliveries(&status)))
    }

    async fn selectors(&self, arn: &Arn) -> Result<Selectors, Error> {
        let call = self.cloudtrail.get_event_selectors().trail_name(arn.as_str()).send();
        let answer = self.session.call(Operation::GetEventSelectors, call).await?;
        if answer.trail_arn.is_none() {
            return Err(self.session.incomplete(Operation::GetEventSelectors, "TrailARN"));
        }
        Ok(selectors(answer))
    }

    async fn tags(&self, arn: &Arn) -> Result<Tags, Error> {
        let resources = page::all(self.session, Operation::ListTags, |token| async move {
            let call = self.cloudtrail.list_tags().resource_id_list(arn.as_str()).set_next_token(token);
            let page = self.session.call(Operation::ListTags, call.send()).await?;
            let tags = page.resource_tag_list;
            let tags = tags.ok_or_else(|| self.session.incomplete(Operation::ListTags, "ResourceTagList"))?;
            Ok::<_, Error>((tags, page.next_token))
        });
        let tags = resources.await?.into_iter().flat_map(|it| it.tags_list.unwrap_or_default());
        Ok(Tags(tags.map(|tag| (tag.key, tag.value.unwrap_or_default())).collect()))
    }
}

/// Returns the names of the insights that a selector enables, one for each event category. A
/// selector without a category is about management events.
///
/// See
/// [`InsightSelector`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_InsightSelector.html).
fn insight_names(selector: &sdk::InsightSelector) -> Vec<String> {
    let Some(kind) = selector.insight_type().map(InsightType::as_str) else { return Vec::new() };
    let name = |category: &SourceEventCategory| Insight { kind, category: category.as_str() }.to_string();
    match selector.event_categories() {
        [] => vec![name(&SourceEventCategory::Management)],
        categories => categories.iter().map(name).collect(),
    }
}

fn view(arn: &Arn, trail: &sdk::Trail, details: Details) -> Trail {
    Trail {
        arn: arn.clone(),
        bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
        prefix: prefix(trail),
        kms_key: KeyIdentifier::returned(trail.kms_key_id()).map(KeyRef::Known),
        multi_region: trail.is_multi_region_trail().unwrap_or(false),
        global_service_events: trail.include_global_service_events().unwrap_or(false),
        log_file_validation: trail.log_file_validation_enabled().unwrap_or(false),
        organization: trail.is_organization_trail().unwrap_or(false),
        logging: details.logging,
        selectors: details.selectors,
        recursive_logging: trail.recursive_logging(),
        insights: details.insights,
        event_aggregation: details.event_aggregation,
        cloudwatch_logs: Some(cloudwatch_logs(trail)),
        notification: Some(notification(trail)),
        tags: details.tags,
    }
}

fn cloudwatch_logs(trail: &sdk::Trail) -> CloudWatchLogs {
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    match (given(trail.cloud_watch_logs_log_group_arn()), given(trail.cloud_watch_logs_role_arn())) {
        (Some(group), Some(role)) => CloudWatchLogs::To { group, role },
        _ => CloudWatchLogs::Off,
    }
}

fn notification(trail: &sdk::Trail) -> Notification {
    match trail.sns_topic_arn().filter(|arn| !arn.is_empty()) {
        Some(topic) => Notification::To { topic: topic.to_owned() },
        None => Notification::Off,
    }
}

fn selectors(answer: GetEventSelectorsOutput) -> Selectors {
    let advanced = answer.advanced_event_selectors.unwrap_or_default();
    if advanced.is_empty() {
        let mut selectors: Vec<_> =
            answer.event_selectors.unwrap_or_default().into_iter().map(basic).collect();
        if selectors.is_empty() {
            selectors.push(by_default());
        }
        Selectors::basic(selectors)
    } else {
        Selectors::advanced(advanced.into_iter().map(self::advanced).collect())
    }
}

/// Returns the selector of a new trail. See "Logging management events" in the CloudTrail user
/// guide.
fn by_default() -> EventSelector {
    EventSelector {
        read_write: ReadWrite::All,
        management_events: true,
        exclude_management_sources: Vec::new(),
        data_resources: Vec::new(),
    }
}

fn basic(selector: sdk::EventSelector) -> EventSelector {
    let resources = selector.data_resources.unwrap_or_default().into_iter();
    EventSelector {
        read_write: match selector.read_write_type {
            Some(ReadWriteType::ReadOnly) => ReadWrite::ReadOnly,
            Some(ReadWriteType::WriteOnly) => ReadWrite::WriteOnly,
            _ => ReadWrite::All,
        },
        // CloudTrail includes management events by default. See `EventSelector` in its API
        // reference.
        management_events: selector.include_management_events.unwrap_or(true),
        exclude_management_sources: selector.exclude_management_event_sources.unwrap_or_default(),
        data_resources: resources
            .map(|resource| DataResource {
                kind: resource.r#type.unwrap_or_default(),
                values: resource.values.unwrap_or_default(),
            })
            .collect(),
    }
}

fn advanced(selector: AdvancedEventSelector) -> AdvancedSelector {
    AdvancedSelector {
        name: selector.name,
        field_selectors: selector.field_selectors.into_iter().map(field).collect(),
    }
}

fn field(selector: AdvancedFieldSelector) -> FieldSelector {
    FieldSelector {
        field: selector.field,
        equals: selector.equals.unwrap_or_default(),
        starts_with: selector.starts_with.unwrap_or_default(),
        ends_with: selector.ends_with.unwrap_or_default(),
        not_equals: selector.not_equals.unwrap_or_default(),
        not_starts_with: selector.not_starts_with.unwrap_or_default(),
        not_ends_with: selector.not_ends_with.unwrap_or_default(),
    }
}
