//! Settings of a trail.

use aws_sdk_cloudtrail::operation::update_trail::builders::UpdateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, InsightSelector, InsightType, ReadWriteType,
    Tag,
};

use super::World;

const ARN: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let cloudtrail = &world.cloudtrail;
    Some(match setting {
        "the trail" => {
            cloudtrail.delete_trail().name(ARN).send().await.unwrap();
            "the trail does not exist"
        }
        "logging" => {
            cloudtrail.stop_logging().name(ARN).send().await.unwrap();
            "logging is stopped: somebody stopped it, or an earlier apply ended before it started logging"
        }
        "bucket" => {
            update(world, |trail| trail.s3_bucket_name("elsewhere")).await;
            "it delivers to bucket elsewhere"
        }
        "prefix" => {
            update(world, |trail| trail.s3_key_prefix("elsewhere")).await;
            "it delivers under another prefix"
        }
        "encryption of log files" => {
            update(world, |trail| trail.kms_key_id("")).await;
            "not encrypted with a KMS key"
        }
        "Regions" => {
            update(world, |trail| trail.is_multi_region_trail(false)).await;
            "does not record all Regions"
        }
        "global services" => {
            update(world, |trail| trail.is_multi_region_trail(false).include_global_service_events(false))
                .await;
            "does not record global services"
        }
        "log file validation" => {
            update(world, |trail| trail.enable_log_file_validation(false)).await;
            "log file validation is off"
        }
        "organization" => {
            update(world, |trail| trail.name("Everybodys").is_organization_trail(false)).await;
            "does not record the accounts of the organization"
        }
        "log group and its role" => {
            update(world, |trail| trail.cloud_watch_logs_log_group_arn("").cloud_watch_logs_role_arn(""))
                .await;
            "does not deliver to the log group"
        }
        "topic" => {
            update(world, |trail| trail.sns_topic_name("")).await;
            "does not send notifications to the topic"
        }
        "recursive logging" => {
            update(world, |trail| trail.recursive_logging(true)).await;
            "recursive logging is on"
        }
        "event selectors" => {
            let selector = EventSelector::builder().read_write_type(ReadWriteType::ReadOnly);
            let selector = selector.include_management_events(true).build();
            cloudtrail.put_event_selectors().trail_name(ARN).event_selectors(selector).send().await.unwrap();
            "the recorded events differ"
        }
        "advanced event selectors" => {
            let field =
                AdvancedFieldSelector::builder().field("eventCategory").equals("Data").build().unwrap();
            let kind = AdvancedFieldSelector::builder().field("resources.type").equals("AWS::S3::Object");
            let selector = AdvancedEventSelector::builder().field_selectors(field);
            let selector = selector.field_selectors(kind.build().unwrap()).build().unwrap();
            let call = cloudtrail.put_event_selectors().trail_name(ARN);
            call.advanced_event_selectors(selector).send().await.unwrap();
            "the recorded events differ"
        }
        "insights" => {
            let selector = InsightSelector::builder().insight_type(InsightType::ApiErrorRateInsight).build();
            let call = cloudtrail.put_insight_selectors().trail_name(ARN).insight_selectors(selector);
            call.send().await.unwrap();
            "the recorded insights differ"
        }
        "event aggregation" => {
            let call = cloudtrail.put_event_configuration().trail_name(ARN);
            call.set_aggregation_configurations(Some(Vec::new())).send().await.unwrap();
            "the templates for the aggregation of data events differ"
        }
        "tags" => {
            let tag = Tag::builder().key("team").value("another").build().unwrap();
            cloudtrail.add_tags().resource_id(ARN).tags_list(tag).send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

/// Changes a trail as on an AWS where another bucket or an organization allows the trail to
/// deliver.
async fn update(world: &World, change: impl Fn(UpdateTrailFluentBuilder) -> UpdateTrailFluentBuilder) {
    world.installation.twin.trust(true);
    change(world.cloudtrail.update_trail().name(ARN)).send().await.unwrap();
    world.installation.twin.trust(false);
}
