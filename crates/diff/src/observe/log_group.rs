//! Reads log groups.

pub mod access;

use aws_sdk_cloudwatchlogs::types::{
    DataProtectionStatus, InheritedProperty, LogGroup as Described, LogGroupClass,
};
use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{GroupTraits, Masking, ReadError};
use reconcile_plan::view::{AtRest, LogGroup, Tags};
use reconcile_policy::Region;

use super::page;

/// A log group, with the settings that no spec manages.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveLogGroup {
    /// The log group.
    pub view: LogGroup,
    /// The settings that no spec manages.
    pub traits: GroupTraits,
}

/// Reads the log group with a name; `None` if the log group does not exist.
///
/// # Errors
/// Returns an error if a call to CloudWatch Logs fails, or if its answer is incomplete.
pub async fn read(session: &Session, region: &Region, name: &str) -> Result<Option<LogGroup>, ReadError> {
    Ok(read_live(session, region, name).await?.map(|live| live.view))
}

/// Reads the log group with a name, and the settings that no spec manages; `None` if the log group
/// does not exist.
///
/// # Errors
/// Returns an error if a call to CloudWatch Logs fails, or if its answer is incomplete.
pub async fn read_live(
    session: &Session,
    region: &Region,
    name: &str,
) -> Result<Option<LiveLogGroup>, ReadError> {
    let Some(found) = describe(session, region, name).await? else { return Ok(None) };
    // The ARN without `:*`. CloudTrail requires this suffix, but the operations for tags reject it.
    let arn = found.arn.as_deref().unwrap_or_default().trim_end_matches(":*");
    let call = session.logs(region).list_tags_for_resource().resource_arn(arn).send();
    let tags = session.call(Operation::ListLogGroupTags, call).await?.tags;
    let tags = tags.ok_or_else(|| session.incomplete(Operation::ListLogGroupTags, "tags"))?;
    let traits = traits(&found);
    let view = LogGroup {
        retention_days: found.retention_in_days.and_then(|days| u32::try_from(days).ok()),
        encryption: Some(AtRest::of(found.kms_key_id())),
        tags: Tags(tags.into_iter().collect()),
    };
    Ok(Some(LiveLogGroup { view, traits }))
}

/// Returns the settings that no spec manages. See `LogGroup` in the CloudWatch Logs API reference.
fn traits(found: &Described) -> GroupTraits {
    let inherited = found.inherited_properties();
    let masks = [
        (found.data_protection_status() == Some(&DataProtectionStatus::Activated), Masking::Group),
        (inherited.contains(&InheritedProperty::AccountDataProtection), Masking::Account),
    ];
    let class = found.log_group_class().filter(|class| **class != LogGroupClass::Standard);
    GroupTraits {
        masked_by: masks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, masking)| masking).collect(),
        takes_bearer_tokens: found.bearer_token_authentication_enabled() == Some(true),
        class: class.map(|class| class.as_str().to_owned()),
        metric_filters: found
            .metric_filter_count
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or_default(),
    }
}

/// Finds a log group by its name in the list of log groups: CloudWatch Logs lists them only by the
/// beginning of their names.
async fn describe(session: &Session, region: &Region, name: &str) -> Result<Option<Described>, ReadError> {
    let logs = &session.logs(region);
    let groups = page::all(session, Operation::DescribeLogGroups, |token| async move {
        let call = logs.describe_log_groups().log_group_name_prefix(name).set_next_token(token).send();
        let page = session.call(Operation::DescribeLogGroups, call).await?;
        let groups = page.log_groups;
        let groups = groups.ok_or_else(|| session.incomplete(Operation::DescribeLogGroups, "logGroups"))?;
        Ok::<_, ReadError>((groups, page.next_token))
    });
    Ok(groups.await?.into_iter().find(|it| it.log_group_name.as_deref() == Some(name)))
}
