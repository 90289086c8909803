//! Lists of the objects of a range of days.

use jiff::Timestamp;

use crate::location::{ObjectLocation, Root, day};
use crate::source::{Listed, ObjectSource, ReadError};
use crate::verdict::EvidenceFinding;

/// A folder that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListError {
    pub(crate) place: ObjectLocation,
    pub(crate) reason: String,
}

impl From<ListError> for EvidenceFinding {
    fn from(list_error: ListError) -> Self {
        let ListError { place, reason } = list_error;
        Self::Unlisted { place, reason }
    }
}

/// The folder that an error is about; `None` if the folder does not exist.
pub(crate) fn list_error(root: &Root, folder: String, error: &ReadError) -> Option<ListError> {
    match error {
        // A folder is not an object: it does not exist before the first object is delivered.
        ReadError::NotFound => None,
        ReadError::Unreadable(reason) => {
            Some(ListError { place: root.place(folder), reason: reason.clone() })
        }
    }
}

/// The objects of a folder whose day folders are in a range, page by page.
pub(crate) struct Pages<'a, S> {
    source: &'a S,
    root: &'a Root,
    folder: String,
    after: Option<String>,
    end: String,
}

impl<'a, S: ObjectSource> Pages<'a, S> {
    pub(crate) fn new(source: &'a S, root: &'a Root, folder: String, from: Timestamp, to: Timestamp) -> Self {
        let after = Some(format!("{folder}{}", day(from)));
        let end = format!("{folder}{}/{}", day(to), char::MAX);
        Self { source, root, folder, after, end }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Listed>>, ListError> {
        let Some(after) = self.after.take() else { return Ok(None) };
        let page = match self.source.list(self.root.bucket(), &self.folder, &after).await {
            Ok(page) => page,
            Err(error) => return list_error(self.root, self.folder.clone(), &error).map_or(Ok(None), Err),
        };
        let last = page.objects.last().map(|last| last.key.clone()).filter(|last| *last < self.end);
        self.after = last.filter(|_| page.has_more);
        // The S3 console creates empty objects for folders.
        let objects =
            page.objects.into_iter().filter(|object| object.key <= self.end && !object.key.ends_with('/'));
        Ok(Some(objects.collect()))
    }
}
