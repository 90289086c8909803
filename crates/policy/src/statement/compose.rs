//! Creates statements from trusted elements.
//!
//! Elements from a user or from AWS must not be passed to this module. They must be parsed, so that
//! their shape is checked.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Effect, Statement};
use crate::Sid;
use crate::json::one_or_many;

impl Statement {
    /// Creates a managed statement, with its elements in the order of the AWS documentation.
    pub(crate) fn compose<const N: usize>(sid: &Sid, effect: Effect, elements: [(&str, Value); N]) -> Self {
        Self::compose_unowned(Some(sid.as_str()), effect, elements)
    }

    /// Creates a statement whose Sid, if it has one, is foreign.
    pub(crate) fn compose_unowned<const N: usize>(
        sid: Option<&str>,
        effect: Effect,
        elements: [(&str, Value); N],
    ) -> Self {
        let sid = sid.map(|sid| ("Sid", Value::from(sid)));
        let head = sid.into_iter().chain([("Effect", Value::from(effect.as_str()))]);
        let elements = head.chain(elements).map(|(name, value)| (name.to_owned(), value));
        Self::of_elements(effect, elements.collect())
    }

    /// Returns the statement under another Sid.
    pub(crate) fn with_sid(&self, sid: &Sid) -> Self {
        let mut elements = self.elements.clone();
        let value = Value::from(sid.as_str());
        match elements.get_mut("Sid") {
            Some(old) => *old = value,
            None => {
                elements.shift_insert(0, "Sid".to_owned(), value);
            }
        }
        Self::of_elements(self.effect, elements)
    }

    /// Returns the statement with some of its elements replaced.
    pub(crate) fn with_elements(&self, elements: Map<String, Value>) -> Self {
        Self::of_elements(self.effect, elements)
    }

    fn of_elements(effect: Effect, elements: Map<String, Value>) -> Self {
        let text = Value::Object(elements.clone()).to_string();
        Self { effect, elements, text }
    }
}

/// Returns distinct texts as the value of an element, in the given order. A single text has no
/// brackets.
pub(crate) fn texts<I: IntoIterator<Item = String>>(texts: I) -> Value {
    let mut seen = HashSet::new();
    one_or_many(texts.into_iter().filter(|text| seen.insert(text.clone())).map(Value::String).collect())
}
