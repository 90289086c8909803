//! A source of objects in a folder: a copy of buckets.
//!
//! The folder contains a folder for each bucket, which contains the objects as files:
//! `FOLDER/BUCKET/KEY`, as `aws s3 sync s3://BUCKET FOLDER/BUCKET` writes them. A copy like this
//! does not contain the metadata of the objects. The metadata of an object is read from the file
//! `KEY.head.json` beside the object: the output of `aws s3api head-object`, from which `Metadata`
//! and `LastModified` are used.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::location::ObjectLocation;
use crate::source::{Body, Listed, Object, ObjectSource, Page, ReadError};

/// A copy of buckets in a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

const HEAD: &str = ".head.json";
const CHUNK: usize = 64 * 1024;
/// The largest `KEY.head.json` that is read. The metadata of an object has at most 2 KB: see
/// "Working with object metadata" in the S3 user guide.
const MAX_HEAD: u64 = 64 * 1024;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ObjectHead {
    metadata: Option<BTreeMap<String, String>>,
    last_modified: Option<String>,
}

impl Folder {
    /// Opens a folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the file of an object; `None` for a key that is not a relative path of plain names,
    /// because such a path can lead out of the folder.
    fn file(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let is_plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains(['\\', '\0', ':']);
        if !is_plain(bucket) || bucket.contains('/') || !key.split('/').all(is_plain) {
            return None;
        }
        Some(self.path.join(bucket).join(key))
    }

    /// Returns the keys of the objects that begin with a prefix.
    fn walk(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, ReadError> {
        let (folder, _) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let mut keys = Vec::new();
        let mut todo = vec![folder.to_owned()];
        while let Some(folder) = todo.pop() {
            for (name, is_folder) in self.entries(bucket, &folder)? {
                let key = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let is_wanted = if is_folder {
                    prefix.starts_with(&key) || key.starts_with(prefix)
                } else {
                    key.starts_with(prefix)
                };
                match is_folder {
                    true if is_wanted => todo.push(key),
                    false if is_wanted && !key.ends_with(HEAD) => keys.push(key),
                    true | false => {}
                }
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }

    /// Returns the names of the files and folders in a folder, and whether each name is a folder.
    /// Skips symbolic links.
    fn entries(&self, bucket: &str, folder: &str) -> Result<Vec<(String, bool)>, ReadError> {
        let path = match folder {
            "" => self.file(bucket, "x").and_then(|file| file.parent().map(Path::to_owned)),
            folder => self.file(bucket, folder),
        };
        let path = path.ok_or(ReadError::NotFound)?;
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.join(bucket).is_dir() => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&path, &error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|_| {
                ReadError::Unreadable(format!("{} has a name that is not UTF-8", path.display()))
            })?;
            if kind.is_dir() || kind.is_file() {
                names.push((name, kind.is_dir()));
            }
        }
        Ok(names)
    }

    /// Returns the saved metadata of an object; `None` if there is none.
    fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, ReadError> {
        let Some(path) = self.file(bucket, &format!("{key}{HEAD}")) else { return Ok(None) };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let mut json = Vec::new();
        file.take(MAX_HEAD).read_to_end(&mut json).map_err(|error| unreadable(&path, &error))?;
        let head = serde_json::from_slice(&json);
        head.map(Some)
            .map_err(|error| ReadError::Unreadable(format!("cannot parse {}: {error}", path.display())))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> ReadError {
    ReadError::Unreadable(format!("cannot read {}: {error}", path.display()))
}

impl ObjectSource for Folder {
    type Body = FileBody;

    async fn list(&self, bucket: &str, prefix: &str, after: &str) -> Result<Page, ReadError> {
        let mut objects = Vec::new();
        for key in self.walk(bucket, prefix)?.into_iter().filter(|key| key.as_str() > after) {
            let modified = self.head(bucket, &key)?.and_then(|head| head.last_modified);
            let modified = match modified {
                Some(text) => Some(text.parse::<Timestamp>().map_err(|_| {
                    ReadError::Unreadable(format!("`LastModified` of {key}{HEAD} is not a time"))
                })?),
                None => None,
            };
            let size = self.file(bucket, &key).and_then(|file| file.metadata().ok()).map(|it| it.len());
            objects.push(Listed { key, modified, size });
        }
        Ok(Page { objects, has_more: false })
    }

    async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, ReadError> {
        let entries = self.entries(bucket, folder.trim_end_matches('/'))?;
        let mut names: Vec<String> =
            entries.into_iter().filter(|entry| entry.1).map(|entry| entry.0).collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn get(&self, place: &ObjectLocation) -> Result<Object<FileBody>, ReadError> {
        let ObjectLocation { bucket, key } = place;
        let path = self.file(bucket, key).ok_or(ReadError::NotFound)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && self.path.join(bucket).is_dir() => {
                return Err(ReadError::NotFound);
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let metadata = self.head(bucket, key)?.and_then(|head| head.metadata);
        Ok(Object { metadata, body: FileBody { file, path } })
    }
}

/// The content of a file, in chunks.
#[derive(Debug)]
pub struct FileBody {
    file: File,
    path: PathBuf,
}

impl Body for FileBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        let mut chunk = vec![0; CHUNK];
        let length = self.file.read(&mut chunk).map_err(|error| unreadable(&self.path, &error))?;
        chunk.truncate(length);
        Ok((length > 0).then(|| chunk.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy() -> (tempfile::TempDir, Folder) {
        let folder = tempfile::tempdir().unwrap();
        for key in
            ["logs/a/b/1.gz", "logs/a/b/2.gz", "logs/a/c/3.gz", "logs/d.gz", "other/a/b/4.gz", "secret"]
        {
            let path = folder.path().join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        let head =
            r#"{"LastModified":"2026-01-01T00:00:00+00:00","Metadata":{"signature":"00"},"ContentLength":1}"#;
        fs::write(folder.path().join("logs/a/b/1.gz.head.json"), head).unwrap();
        let source = Folder::new(folder.path());
        (folder, source)
    }

    fn place(bucket: &str, key: &str) -> ObjectLocation {
        ObjectLocation { bucket: bucket.to_owned(), key: key.to_owned() }
    }

    #[tokio::test]
    async fn objects_are_listed_by_prefix_in_order() {
        let (_folder, source) = copy();
        let list = async |prefix, after| {
            let page = source.list("logs", prefix, after).await.unwrap();
            page.objects.into_iter().map(|object| object.key).collect::<Vec<_>>()
        };
        assert_eq!(list("", "").await, ["a/b/1.gz", "a/b/2.gz", "a/c/3.gz", "d.gz"]);
        assert_eq!(list("a/b", "a/b/1.gz").await, ["a/b/2.gz"]);
        assert_eq!(list("a/c/", "").await, ["a/c/3.gz"]);
        assert_eq!(list("x/", "").await, [""; 0]);
        assert_eq!(source.folders("logs", "a/").await.unwrap(), ["b", "c"]);
        assert_eq!(source.folders("logs", "x/").await.unwrap(), [""; 0]);
    }

    #[tokio::test]
    async fn metadata_that_was_not_saved_is_unknown_and_not_empty() {
        let (_folder, source) = copy();
        let mut saved = source.get(&place("logs", "a/b/1.gz")).await.unwrap();
        assert_eq!(saved.metadata, Some(BTreeMap::from([("signature".to_owned(), "00".to_owned())])));
        assert_eq!(saved.body.chunk().await.unwrap().unwrap(), "logs/a/b/1.gz");
        assert_eq!(saved.body.chunk().await.unwrap(), None);
        assert_eq!(source.get(&place("logs", "a/b/2.gz")).await.unwrap().metadata, None);
        let listed = source.list("logs", "a/b/", "").await.unwrap().objects;
        assert_eq!(listed[0].modified, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(listed[1].modified, None);
    }

    #[tokio::test]
    async fn an_absent_bucket_is_unreadable_and_an_absent_object_does_not_exist() {
        let (_folder, source) = copy();
        assert_eq!(source.get(&place("logs", "a/b/9.gz")).await.unwrap_err(), ReadError::NotFound);
        assert!(matches!(source.get(&place("else", "a")).await, Err(ReadError::Unreadable(_))));
        assert!(matches!(source.list("else", "a/", "").await, Err(ReadError::Unreadable(_))));
    }

    #[tokio::test]
    async fn no_key_leads_out_of_the_folder() {
        let (_folder, source) = copy();
        for (bucket, key) in
            [("logs", "../secret"), ("logs", "/etc/passwd"), ("..", "x"), ("logs", "a//b"), ("", "secret")]
        {
            assert_eq!(source.get(&place(bucket, key)).await.unwrap_err(), ReadError::NotFound, "{key}");
        }
    }

    #[tokio::test]
    async fn wrong_metadata_is_unreadable() {
        let (folder, source) = copy();
        fs::write(folder.path().join("logs/a/b/1.gz.head.json"), "{").unwrap();
        assert!(matches!(source.get(&place("logs", "a/b/1.gz")).await, Err(ReadError::Unreadable(_))));
    }
}
