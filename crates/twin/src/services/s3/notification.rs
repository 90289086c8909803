//! Validates the destinations of the notifications of a bucket.

use reconcile_policy::Arn;

use super::malformed_xml;
use crate::fault::Fault;
use crate::request::Request;
use crate::state::State;

/// Rejects a topic that does not exist, unless the request skips the validation. The twin has no
/// queues and no functions.
///
/// See `PutBucketNotificationConfiguration` in the S3 API reference, and "Granting permissions to
/// publish event notification messages to a destination" in the S3 user guide.
pub(super) fn check(state: &State, request: &Request, xml: &str) -> Result<(), Fault> {
    if request.header("x-amz-skip-destination-validation") == Some("true") {
        return Ok(());
    }
    let document = roxmltree::Document::parse(xml).map_err(|_| malformed_xml())?;
    let topics = document.descendants().filter(|node| node.tag_name().name() == "Topic");
    for topic in topics.filter_map(|node| node.text()) {
        let exists = topic.parse::<Arn>().is_ok_and(|arn| {
            let region = state.regional_ref(arn.account(), arn.region());
            region.is_some_and(|region| region.topics.contains_key(arn.resource()))
        });
        if !exists {
            let message = "Unable to validate the following destination configurations";
            return Err(Fault::bad("InvalidArgument", message));
        }
    }
    Ok(())
}
