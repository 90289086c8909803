//! Lists of the objects of some days.

use jiff::Timestamp;

use crate::place::{Place, Root, day};
use crate::source::{Listed, ReadError, Source};
use crate::verdict::Finding;

/// A folder that could not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unlisted {
    pub(crate) place: Place,
    pub(crate) reason: String,
}

impl From<Unlisted> for Finding {
    fn from(unlisted: Unlisted) -> Self {
        let Unlisted { place, reason } = unlisted;
        Self::Unlisted { place, reason }
    }
}

/// The folder that an error is about; `None` if the folder does not exist.
pub(crate) fn unlisted(root: &Root, folder: String, error: &ReadError) -> Option<Unlisted> {
    match error {
        // A folder is not an object: it does not exist before the first object is delivered.
        ReadError::NotFound => None,
        ReadError::Unreadable(reason) => Some(Unlisted { place: root.place(folder), reason: reason.clone() }),
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

impl<'a, S: Source> Pages<'a, S> {
    pub(crate) fn new(source: &'a S, root: &'a Root, folder: String, from: Timestamp, to: Timestamp) -> Self {
        let after = Some(format!("{folder}{}", day(from)));
        let end = format!("{folder}{}/{}", day(to), char::MAX);
        Self { source, root, folder, after, end }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Listed>>, Unlisted> {
        let Some(after) = self.after.take() else { return Ok(None) };
        let page = match self.source.list(self.root.bucket(), &self.folder, &after).await {
            Ok(page) => page,
            Err(error) => return unlisted(self.root, self.folder.clone(), &error).map_or(Ok(None), Err),
        };
        let last = page.objects.last().map(|last| last.key.clone()).filter(|last| *last < self.end);
        self.after = last.filter(|_| page.has_more);
        // The console creates empty objects for folders.
        let objects =
            page.objects.into_iter().filter(|object| object.key <= self.end && !object.key.ends_with('/'));
        Ok(Some(objects.collect()))
    }
}
