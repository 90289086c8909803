//! A source of objects in memory, for tests and rehearsals.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;

use crate::location::ObjectLocation;
use crate::source::{Body, Listed, Object, ObjectSource, Page, ReadError};

/// Objects in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    objects: BTreeMap<ObjectLocation, Stored>,
    unreadable: BTreeSet<ObjectLocation>,
}

/// An object in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The content.
    pub body: Vec<u8>,
    /// The user-defined metadata; `None` if it is not known.
    pub metadata: Option<BTreeMap<String, String>>,
    /// The time at which the object was written; `None` if it is not known.
    pub modified: Option<Timestamp>,
}

impl Memory {
    /// Stores an object.
    pub fn put(&mut self, place: ObjectLocation, object: Stored) {
        self.objects.insert(place, object);
    }

    /// Deletes an object, and returns it.
    pub fn delete(&mut self, place: &ObjectLocation) -> Option<Stored> {
        self.objects.remove(place)
    }

    /// Makes an object unreadable from now on.
    pub fn deny(&mut self, place: ObjectLocation) {
        self.unreadable.insert(place);
    }

    /// Returns an object to change it.
    pub fn get_mut(&mut self, place: &ObjectLocation) -> Option<&mut Stored> {
        self.objects.get_mut(place)
    }

    /// Returns the locations of all objects.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = &ObjectLocation> {
        self.objects.keys()
    }

    fn with_prefix<'a>(&'a self, bucket: &str, prefix: &str) -> impl Iterator<Item = (&'a str, &'a Stored)> {
        let first = ObjectLocation { bucket: bucket.to_owned(), key: prefix.to_owned() };
        let end = first.clone();
        let objects = self.objects.range(first..);
        objects
            .take_while(move |(place, _)| place.bucket == end.bucket && place.key.starts_with(&end.key))
            .map(|(place, object)| (&*place.key, object))
    }
}

/// The number of objects of a page, which is small so that tests read several pages.
const PAGE: usize = 100;

impl ObjectSource for Memory {
    type Body = Option<Bytes>;

    async fn list(&self, bucket: &str, prefix: &str, after: &str) -> Result<Page, ReadError> {
        let mut found = self.with_prefix(bucket, prefix).skip_while(|(key, _)| *key <= after);
        let objects = found.by_ref().take(PAGE);
        let objects = objects.map(|(key, object)| Listed {
            key: key.to_owned(),
            modified: object.modified,
            size: Some(object.body.len() as u64),
        });
        let objects = objects.collect();
        Ok(Page { objects, has_more: found.next().is_some() })
    }

    async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, ReadError> {
        let names = self.with_prefix(bucket, folder).filter_map(|(key, _)| {
            let (name, _) = key.get(folder.len()..)?.split_once('/')?;
            Some(name.to_owned())
        });
        Ok(names.collect::<BTreeSet<_>>().into_iter().collect())
    }

    async fn get(&self, place: &ObjectLocation) -> Result<Object<Self::Body>, ReadError> {
        if self.unreadable.contains(place) {
            return Err(ReadError::Unreadable("access denied".to_owned()));
        }
        let stored = self.objects.get(place).ok_or(ReadError::NotFound)?;
        let body = Some(Bytes::copy_from_slice(&stored.body));
        Ok(Object { metadata: stored.metadata.clone(), body })
    }
}

impl Body for Option<Bytes> {
    async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        Ok(self.take())
    }
}
