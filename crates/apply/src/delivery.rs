//! Values of a trail in requests to CloudTrail, and the requests of CloudTrail in a delivery.

use reconcile_aws::Session;
use reconcile_diff::observe::trail::Destinations;
use reconcile_policy::{Arn, Delivery, Membership, Region};

use crate::context::Context;

/// Returns the delivery of a trail, with only the requests that every installation must allow.
pub(crate) fn delivery(context: &Context, region: &Region, trail: &Arn, to: &Destinations) -> Delivery {
    Delivery {
        trail: trail.clone(),
        bucket: Arn::new(region.partition(), "s3", "", "", &to.bucket),
        prefix: to.prefix.clone(),
        key: to.kms_key.clone(),
        bucket_key: false,
        digests: to.log_file_validation,
        organization: Membership::Unknown,
        organization_trail: false,
        owner: context.owner(),
        topic: to.topic.as_ref().and_then(|topic| topic.parse().ok()),
        topic_key: None,
    }
}

/// Returns the topic in the form for requests to CloudTrail: the name of a topic in the account and
/// the Region of the trail, and the ARN of every other topic. See `SnsTopicName` in `CreateTrail`
/// in the CloudTrail API reference.
pub(crate) fn topic_name(session: &Session, region: &Region, topic: &str) -> String {
    let arn: Option<Arn> = topic.parse().ok();
    let is_near = |arn: &Arn| arn.account() == session.id().as_str() && arn.region() == region.as_str();
    arn.filter(is_near).map_or(topic.to_owned(), |arn| arn.resource().to_owned())
}
