//! Parses a request of S3 into the input of an operation.
//!
//! See "AWS restXml protocol" in the Smithy documentation.

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

use super::{Location, Member, Model, Shape, Structure};
use crate::request::Request;

/// A body that is not XML, or has elements that the schema does not define.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Model {
    /// Returns the input of an operation on a bucket, or on an object in it.
    pub(crate) fn input_of_rest(
        &self,
        operation: &str,
        request: &Request,
        bucket: &str,
        key: &str,
    ) -> Result<Value, Malformed> {
        let Some(structure) = self.input(operation) else { return Ok(Value::Null) };
        let mut input = Map::new();
        for (name, member) in &structure.members {
            let wire_name = member.wire_name(name);
            let text = match member.location {
                Some(Location::Uri) if name == "Bucket" => Some(bucket),
                Some(Location::Uri) => Some(key),
                Some(Location::QueryString) => request.query(wire_name),
                Some(Location::Header) => request.header(wire_name),
                Some(Location::Headers | Location::Attribute) | None => None,
            };
            if let Some((text, shape)) = text.zip(self.shape(&member.shape)) {
                input.insert(name.clone(), shape.parse(text));
            }
        }
        if let Some((name, member)) = structure.payload()
            && let Some(value) = self.payload(member, member.wire_name(name), &request.body)?
        {
            input.insert(name.to_owned(), value);
        }
        Ok(Value::Object(input))
    }

    /// Parses the member that is the body. An empty body is no value.
    fn payload(&self, member: &Member, root: &str, body: &[u8]) -> Result<Option<Value>, Malformed> {
        let Some(Shape::Structure(structure)) = self.shape(&member.shape) else {
            // A text or bytes: no constraint of a model applies to their content.
            return Ok((!body.is_empty()).then(|| Value::from("")));
        };
        let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
        if text.is_empty() {
            return Ok(None);
        }
        let document = Document::parse(text).map_err(|_| Malformed)?;
        let element = document.root_element();
        if element.tag_name().name() != root {
            return Err(Malformed);
        }
        self.structure(structure, element).map(Some)
    }

    fn structure(&self, structure: &Structure, element: Node<'_, '_>) -> Result<Value, Malformed> {
        let mut value = Map::new();
        for (name, member) in &structure.members {
            if member.location == Some(Location::Attribute) {
                // Namespaces are ignored, as S3 does.
                let local = member.wire_name(name).rsplit(':').next().unwrap_or_default();
                if let Some(attribute) = element.attributes().find(|it| it.name() == local) {
                    value.insert(name.clone(), Value::from(attribute.value()));
                }
            }
        }
        for child in element.children().filter(Node::is_element) {
            let tag = child.tag_name().name();
            let found = structure.members.iter().find(|(name, member)| member.wire_name(name) == tag);
            let (name, member) = found.ok_or(Malformed)?;
            match self.shape(&member.shape) {
                Some(Shape::List { member: item, flattened: true, .. }) => {
                    let item = self.element(item, child)?;
                    match value.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new())) {
                        Value::Array(items) => items.push(item),
                        _ => return Err(Malformed),
                    }
                }
                _ => {
                    value.insert(name.clone(), self.element(member, child)?);
                }
            }
        }
        Ok(Value::Object(value))
    }

    fn element(&self, member: &Member, element: Node<'_, '_>) -> Result<Value, Malformed> {
        match self.shape(&member.shape).ok_or(Malformed)? {
            Shape::Structure(structure) => self.structure(structure, element),
            Shape::List { member: item, .. } => {
                let children = element.children().filter(Node::is_element).map(|child| {
                    let is_item = child.tag_name().name() == item.wire_name("member");
                    if is_item { self.element(item, child) } else { Err(Malformed) }
                });
                children.collect::<Result<_, _>>().map(Value::Array)
            }
            scalar => Ok(scalar.parse(element.text().unwrap_or_default())),
        }
    }
}

impl Structure {
    fn payload(&self) -> Option<(&str, &Member)> {
        let name = self.payload.as_deref()?;
        Some((name, self.members.get(name)?))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn read(operation: &str, body: &'static str) -> Result<Value, Malformed> {
        let request = http::Request::builder()
            .uri("http://localhost/logs?max-keys=1")
            .header("x-amz-acl", "private")
            .body(Bytes::from_static(body.as_bytes()))
            .unwrap();
        Model::of("s3").unwrap().input_of_rest(operation, &Request::new(request, 0), "logs", "")
    }

    #[test]
    fn paths_headers_and_bodies_are_parsed() {
        assert_eq!(read("CreateBucket", ""), Ok(json!({ "Bucket": "logs", "ACL": "private" })));
        assert_eq!(read("ListObjectVersions", ""), Ok(json!({ "Bucket": "logs", "MaxKeys": 1 })));
        let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
        assert_eq!(
            read("PutBucketTagging", tags),
            Ok(json!({ "Bucket": "logs", "Tagging": { "TagSet": [{ "Key": "a", "Value": "b" }] } }))
        );
        let rules = "<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>\
                     <Rule><Status>Disabled</Status></Rule></LifecycleConfiguration>";
        let input = read("PutBucketLifecycleConfiguration", rules).unwrap();
        assert_eq!(
            input["LifecycleConfiguration"]["Rules"],
            json!([{ "Status": "Enabled", "Expiration": { "Days": 1 } }, { "Status": "Disabled" }])
        );
    }

    #[test]
    fn bodies_without_a_schema_are_malformed() {
        for body in
            ["<", "<Other/>", "<Tagging><TagSet><Other/></TagSet></Tagging>", "<Tagging><Set/></Tagging>"]
        {
            assert_eq!(read("PutBucketTagging", body), Err(Malformed), "{body}");
        }
    }
}
