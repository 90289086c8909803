//! Sources of objects: a bucket, or a copy of a bucket.

use std::collections::BTreeMap;
use std::future::Future;

use bytes::Bytes;
use jiff::Timestamp;

use crate::location::ObjectLocation;

/// A source of objects.
///
/// A source reads, and decides nothing. Its errors distinguish objects that do not exist from
/// objects that cannot be read.
pub trait ObjectSource: Sync {
    /// The content of an object, in chunks.
    type Body: Body + Send;

    /// Returns objects whose keys begin with a prefix and are greater than `after`, in the order of
    /// their keys.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = Result<Page, ReadError>> + Send;

    /// Returns the names of the folders within a folder, without slashes. The folder ends with a
    /// slash, or is empty.
    fn folders(
        &self,
        bucket: &str,
        folder: &str,
    ) -> impl Future<Output = Result<Vec<String>, ReadError>> + Send;

    /// Opens an object.
    fn get(
        &self,
        place: &ObjectLocation,
    ) -> impl Future<Output = Result<Object<Self::Body>, ReadError>> + Send;
}

/// The content of an object, in chunks.
pub trait Body {
    /// Returns the next chunk; `None` after the last chunk.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, ReadError>> + Send;
}

/// An object that was opened.
#[derive(Debug)]
pub struct Object<B> {
    /// The user-defined metadata, with names in lower case and without `x-amz-meta-`; `None` if the
    /// source does not know it.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The content.
    pub body: B,
}

/// A part of a list of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects, in the order of their keys.
    pub objects: Vec<Listed>,
    /// Whether there are more objects after the last object of this page.
    pub has_more: bool,
}

/// An object in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key of the object.
    pub key: String,
    /// The time at which the object was written; `None` if the source does not know it.
    pub modified: Option<Timestamp>,
    /// The size of the object; `None` if the source does not know it.
    pub size: Option<u64>,
}

/// The reason why an object or a list could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The object does not exist.
    #[error("does not exist")]
    NotFound,
    /// The object or the list could not be read, so its content is unknown.
    #[error("{0}")]
    Unreadable(String),
}
