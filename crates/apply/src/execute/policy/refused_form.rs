//! Records refused forms of a policy in a tag of the bucket, key or topic.
//!
//! [`TAG`] explains why the record is a tag.

use reconcile_aws::Session;
use reconcile_diff::observe::bucket::read_tags;
use reconcile_diff::observe::{key, topic};
use reconcile_operations::Operation;
use reconcile_plan::Address;
use reconcile_plan::plan::FormTrial;
use reconcile_plan::refused_forms::{TAG, refused_forms, text};
use reconcile_plan::view::Tags;
use reconcile_policy::{Arn, PolicyKind, Region};
use reconcile_spec::BucketName;

use super::super::bucket::add_tags;
use crate::context::Context;
use crate::error::ApplyError;

/// The resource that has the policy.
enum TaggedResource {
    Bucket(BucketName),
    Key(Arn),
    Topic(Arn),
}

/// Records whether CloudTrail refuses the form of the trial. Writes nothing if the tag already has
/// this value.
pub(crate) async fn record(context: &Context, trial: &FormTrial, is_refused: bool) -> Result<(), ApplyError> {
    let (address, region) = (&trial.policy, &trial.region);
    let session = context.session_of(&address.account).await?;
    let resource = tagged_resource(context, session, address, region).await?;
    let tags = match &resource {
        TaggedResource::Bucket(name) => read_tags(session, region, name).await?,
        TaggedResource::Key(arn) => key::tags(session, region, arn.as_str()).await?,
        TaggedResource::Topic(arn) => topic::tags(session, region, arn).await?,
    };
    let mut forms = refused_forms(&tags);
    let is_changed = if is_refused { forms.insert(trial.form) } else { forms.remove(&trial.form) };
    if !is_changed {
        return Ok(());
    }
    write(session, region, &resource, &text(&forms)).await
}

async fn tagged_resource(
    context: &Context,
    session: &Session,
    address: &Address,
    region: &Region,
) -> Result<TaggedResource, ApplyError> {
    let bad = || ApplyError::BadAddress(address.clone());
    Ok(match address.kind.policy().ok_or_else(bad)? {
        PolicyKind::Bucket => TaggedResource::Bucket(address.name.parse().map_err(|_| bad())?),
        PolicyKind::Key => TaggedResource::Key(context.existing_key(session, address).await?),
        PolicyKind::Topic | PolicyKind::TopicKey => {
            let (partition, id) = (region.partition(), session.id().as_str());
            TaggedResource::Topic(Arn::new(partition, "sns", region.as_str(), id, &address.name))
        }
    })
}

async fn write(
    session: &Session,
    region: &Region,
    resource: &TaggedResource,
    value: &str,
) -> Result<(), ApplyError> {
    match resource {
        TaggedResource::Bucket(name) => {
            let tag = Tags([(TAG.to_owned(), value.to_owned())].into());
            add_tags(session, region, name, &tag).await?;
        }
        TaggedResource::Key(arn) => {
            let tag = aws_sdk_kms::types::Tag::builder().tag_key(TAG).tag_value(value).build().ok();
            let call = session
                .kms(region)
                .tag_resource()
                .key_id(arn.as_str())
                .set_tags(tag.map(|it| vec![it]))
                .send();
            session.call(Operation::TagKey, call).await.map(drop)?;
        }
        TaggedResource::Topic(arn) => {
            let tag = aws_sdk_sns::types::Tag::builder().key(TAG).value(value).build().ok();
            let call = session.sns(region).tag_resource().resource_arn(arn.as_str());
            let call = call.set_tags(tag.map(|it| vec![it])).send();
            session.call(Operation::TagTopic, call).await.map(drop)?;
        }
    }
    Ok(())
}
