//! Reads log groups.

use aws_sdk_cloudwatchlogs::types::LogGroup as Described;
use reconcile_aws::{Operation, Session};
use reconcile_policy::Region;

use super::error::ReadError;
use super::page;
use crate::view::{AtRest, LogGroup, Tags};

/// The log group of this name; `None` where there is none.
///
/// # Errors
/// Whatever CloudWatch Logs answered.
pub async fn read(session: &Session, region: &Region, name: &str) -> Result<Option<LogGroup>, ReadError> {
    let Some(found) = describe(session, region, name).await? else { return Ok(None) };
    // Without `:*`, which CloudTrail asks for and tags do not take.
    let arn = found.arn.as_deref().unwrap_or_default().trim_end_matches(":*");
    let call = session.logs(region).list_tags_for_resource().resource_arn(arn).send();
    let tags = session.call(Operation::ListLogGroupTags, call).await?.tags;
    let tags = tags.ok_or_else(|| session.incomplete(Operation::ListLogGroupTags, "tags"))?;
    Ok(Some(LogGroup {
        retention_days: found.retention_in_days.and_then(|days| u32::try_from(days).ok()),
        encryption: Some(AtRest::of(found.kms_key_id)),
        tags: Tags(tags.into_iter().collect()),
    }))
}

/// They can be asked for by the beginning of their names only.
async fn describe(session: &Session, region: &Region, name: &str) -> Result<Option<Described>, ReadError> {
    let logs = &session.logs(region);
    let groups = page::all(|token| async move {
        let call = logs.describe_log_groups().log_group_name_prefix(name).set_next_token(token).send();
        let page = session.call(Operation::DescribeLogGroups, call).await?;
        let groups = page.log_groups;
        let groups = groups.ok_or_else(|| session.incomplete(Operation::DescribeLogGroups, "logGroups"))?;
        Ok::<_, ReadError>((groups, page.next_token))
    });
    Ok(groups.await?.into_iter().find(|it| it.log_group_name.as_deref() == Some(name)))
}
