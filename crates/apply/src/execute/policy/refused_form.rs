//! Records refused forms of a policy as a tag of the bucket, key or topic.
//!
//! [`TAG`] explains why the record is a tag.

use reconcile_aws::Session;
use reconcile_diff::observe::bucket::read_tags;
use reconcile_diff::observe::{key, topic};
use reconcile_operations::Operation;
use reconcile_plan::Address;
use reconcile_plan::plan::Trial;
use reconcile_plan::refused_forms::{TAG, refused_forms, text};
use reconcile_plan::view::Tags;
use reconcile_policy::{Arn, PolicyKind, Region};
use reconcile_spec::BucketName;

use super::super::bucket::add_tags;
use crate::context::Context;
use crate::error::ApplyError;

/// The resource that has the policy.
enum Holder {
    Bucket(BucketName),
    Key(Arn),
    Topic(Arn),
}

/// Records whether CloudTrail refuses the form of the trial. Writes nothing if the tag already says so.
pub(crate) async fn record(context: &Context, trial: &Trial, is_refused: bool) -> Result<(), ApplyError> {
    let (address, region) = (&trial.policy, &trial.region);
    let session = context.session_of(&address.account).await?;
    let holder = holder(context, session, address, region).await?;
    let tags = match &holder {
        Holder::Bucket(name) => read_tags(session, region, name).await?,
        Holder::Key(arn) => key::tags(session, region, arn.as_str()).await?,
        Holder::Topic(arn) => topic::tags(session, region, arn).await?,
    };
    let mut forms = refused_forms(&tags);
    let is_changed = if is_refused { forms.insert(trial.form) } else { forms.remove(&trial.form) };
    if !is_changed {
        return Ok(());
    }
    write(session, region, &holder, &text(&forms)).await
}

async fn holder(
    context: &Context,
    session: &Session,
    address: &Address,
    region: &Region,
) -> Result<Holder, ApplyError> {
    let bad = || ApplyError::BadAddress(address.clone());
    Ok(match address.kind.policy().ok_or_else(bad)? {
        PolicyKind::Bucket => Holder::Bucket(address.name.parse().map_err(|_| bad())?),
        PolicyKind::Key => Holder::Key(context.existing_key(session, address).await?),
        PolicyKind::Topic | PolicyKind::TopicKey => {
            let (partition, id) = (region.partition(), session.id().as_str());
            Holder::Topic(Arn::new(partition, "sns", region.as_str(), id, &address.name))
        }
    })
}

async fn write(session: &Session, region: &Region, holder: &Holder, value: &str) -> Result<(), ApplyError> {
    match holder {
        Holder::Bucket(name) => {
            let tag = Tags([(TAG.to_owned(), value.to_owned())].into());
            add_tags(session, region, name, &tag).await?;
        }
        Holder::Key(arn) => {
            let tag = aws_sdk_kms::types::Tag::builder().tag_key(TAG).tag_value(value).build().ok();
            let call = session
                .kms(region)
                .tag_resource()
                .key_id(arn.as_str())
                .set_tags(tag.map(|it| vec![it]))
                .send();
            session.call(Operation::TagKey, call).await.map(drop)?;
        }
        Holder::Topic(arn) => {
            let tag = aws_sdk_sns::types::Tag::builder().key(TAG).value(value).build().ok();
            let call = session.sns(region).tag_resource().resource_arn(arn.as_str());
            let call = call.set_tags(tag.map(|it| vec![it])).send();
            session.call(Operation::TagTopic, call).await.map(drop)?;
        }
    }
    Ok(())
}
