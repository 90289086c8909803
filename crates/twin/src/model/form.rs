//! Parses the form of the query protocol into the input of an operation.
//!
//! See "AWS query protocol" in the Smithy documentation.

use serde_json::{Map, Value};

use super::{Member, Model, Shape, Structure};

/// Decodes the input of an operation from a form.
struct FormDecoder<'m> {
    model: &'m Model,
    form: &'m [(String, String)],
}

impl Model {
    /// Returns the input of an operation. Fields that the model does not know are ignored.
    pub(crate) fn input_of_form(&self, operation: &str, form: &[(String, String)]) -> Value {
        let decoder = FormDecoder { model: self, form };
        self.input(operation).map_or(Value::Null, |structure| decoder.structure(structure, ""))
    }
}

impl FormDecoder<'_> {
    fn structure(&self, structure: &Structure, prefix: &str) -> Value {
        let members = structure.members.iter().filter_map(|(name, member)| {
            let value = self.member(member, &format!("{prefix}{}", member.wire_name(name)))?;
            Some((name.clone(), value))
        });
        Value::Object(members.collect())
    }

    /// The value with a name, if there is one.
    fn member(&self, member: &Member, name: &str) -> Option<Value> {
        match self.model.shape(&member.shape)? {
            Shape::Structure(structure) => {
                let prefix = format!("{name}.");
                let is_given = self.form.iter().any(|(key, _)| key.starts_with(&prefix));
                is_given.then(|| self.structure(structure, &prefix))
            }
            Shape::List { member: item, .. } => {
                let prefix = format!("{name}.{}", item.wire_name("member"));
                let items: Vec<Value> =
                    (1..).map_while(|number| self.member(item, &format!("{prefix}.{number}"))).collect();
                // An empty list is sent as an empty text.
                (!items.is_empty() || self.text(name).is_some()).then_some(Value::Array(items))
            }
            Shape::Map { key, value, .. } => {
                let entry = |number: usize| {
                    let prefix = format!("{name}.entry.{number}.");
                    let key = self.text(&format!("{prefix}{}", key.wire_name("key")))?;
                    let value = self.member(value, &format!("{prefix}{}", value.wire_name("value")));
                    Some((key.to_owned(), value.unwrap_or_default()))
                };
                let entries: Map<String, Value> = (1..).map_while(entry).collect();
                (!entries.is_empty()).then_some(Value::Object(entries))
            }
            scalar => self.text(name).map(|text| scalar.parse(text)),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Shape {
    /// Parses a scalar. A text that does not have the type stays a text, which the check of the
    /// input rejects.
    pub(super) fn parse(&self, text: &str) -> Value {
        let parsed = match self {
            Self::Integer { .. } => text.parse::<i64>().ok().map(Value::from),
            Self::Boolean => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        };
        parsed.unwrap_or_else(|| Value::from(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_maps_and_structures_are_parsed() {
        let form = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let role = form(&[
            ("Action", "CreateRole"),
            ("RoleName", "Logs"),
            ("MaxSessionDuration", "3600"),
            ("Tags.member.1.Key", "team"),
            ("Tags.member.1.Value", ""),
            ("Tags.member.2.Key", "owner"),
        ]);
        assert_eq!(
            Model::of("iam").unwrap().input_of_form("CreateRole", &role),
            json!({
                "RoleName": "Logs", "MaxSessionDuration": 3600,
                "Tags": [{ "Key": "team", "Value": "" }, { "Key": "owner" }],
            })
        );
        let topic = form(&[
            ("Name", "topic"),
            ("Attributes.entry.1.key", "KmsMasterKeyId"),
            ("Attributes.entry.1.value", "alias/k"),
        ]);
        assert_eq!(
            Model::of("sns").unwrap().input_of_form("CreateTopic", &topic),
            json!({ "Name": "topic", "Attributes": { "KmsMasterKeyId": "alias/k" } })
        );
        let assumed = form(&[("RoleArn", "arn"), ("DurationSeconds", "soon")]);
        assert_eq!(
            Model::of("sts").unwrap().input_of_form("AssumeRole", &assumed),
            json!({ "RoleArn": "arn", "DurationSeconds": "soon" })
        );
    }
}
