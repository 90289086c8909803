//! The bucket of a spec as a source of log and digest files.

use aws_sdk_s3::primitives::DateTime;
use jiff::Timestamp;
use reconcile_evidence::{Listed, Object, ObjectLocation, ObjectSource, Page, ReadError};
use reconcile_operations::{Error, Operation};

use super::body::ObjectBody;
use super::bucket::{LogFiles, unread};
use crate::observe::page::{self, Next};

impl ObjectSource for LogFiles {
    type Body = ObjectBody;

    async fn list(&self, bucket: &str, prefix: &str, after: &str) -> Result<Page, ReadError> {
        let start = Some(after).filter(|after| !after.is_empty()).map(str::to_owned);
        let listed = self.call(Operation::ListLogFiles, bucket, |client, owner| {
            let call = client.list_objects_v2().bucket(bucket).prefix(prefix).set_start_after(start.clone());
            call.set_expected_bucket_owner(owner).send()
        });
        let listed = listed.await.map_err(|error| unread(&error))?;
        let has_more = listed.is_truncated == Some(true);
        let objects: Vec<Listed> = listed
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|object| {
                let size = object.size.and_then(|size| size.try_into().ok());
                Some(Listed { modified: time(object.last_modified), key: object.key?, size })
            })
            .collect();
        // If the last key is not after the requested one, the next call would return the same page,
        // or the list would end early.
        let ends_after = objects.last().is_some_and(|last| last.key.as_str() > after);
        if has_more && !ends_after {
            return Err(ReadError::Unreadable(
                "the answer says that more pages follow, but has no object for the next page".to_owned(),
            ));
        }
        Ok(Page { objects, has_more })
    }

    async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, ReadError> {
        let pages = page::all(self.session(), Operation::ListLogFiles, |token| async move {
            let listed = self.call(Operation::ListLogFiles, bucket, |client, owner| {
                let call = client.list_objects_v2().bucket(bucket).prefix(folder).delimiter("/");
                call.set_continuation_token(token.clone()).set_expected_bucket_owner(owner).send()
            });
            let listed = listed.await?;
            let next = Next::truncated(listed.is_truncated == Some(true), listed.next_continuation_token);
            Ok::<_, Error>((listed.common_prefixes.unwrap_or_default(), next))
        });
        let prefixes = pages.await.map_err(|error| unread(&error))?;
        let names = prefixes.into_iter().filter_map(|prefix| {
            let name = prefix.prefix?.strip_prefix(folder)?.strip_suffix('/')?.to_owned();
            Some(name).filter(|name| !name.is_empty())
        });
        Ok(names.collect())
    }

    async fn get(&self, place: &ObjectLocation) -> Result<Object<ObjectBody>, ReadError> {
        let opened = self.open_object(place, 0, None).await.map_err(|error| unread(&error))?;
        let metadata = opened.metadata.unwrap_or_default().into_iter();
        let metadata = metadata.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let body = ObjectBody::new(self.clone(), place.clone(), opened.e_tag, opened.body);
        Ok(Object { metadata: Some(metadata), body })
    }
}

fn time(time: Option<DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}
