//! Parses values that can also be a word: `unmanaged`, `all`, `own`, …
//!
//! The types inspect the value before they choose a case. Therefore errors are about this case, and
//! nested values keep their places.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A value, or the word `unmanaged`, which keeps the live setting.
#[derive(Debug, Clone)]
pub(crate) enum OrUnmanaged<T> {
    Unmanaged,
    Value(T),
}

/// A word, or a list or map in its place.
#[derive(Debug, Clone)]
pub(crate) enum WordOr<W, T> {
    Word(W),
    Value(T),
}

/// A list, or a map with more settings.
#[derive(Debug, Clone)]
pub(crate) enum ListOr<L, M> {
    List(L),
    Map(M),
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum All {
    /// Everything.
    All,
}

struct Managed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Managed<T> {
    type Value = OrUnmanaged<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or `unmanaged`")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OrUnmanaged::Value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OrUnmanaged::Value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OrUnmanaged::Value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        T::deserialize(value.into_deserializer()).map(OrUnmanaged::Value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        match value {
            "unmanaged" => Ok(OrUnmanaged::Unmanaged),
            value => T::deserialize(value.into_deserializer()).map(OrUnmanaged::Value),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OrUnmanaged::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrUnmanaged<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Managed(PhantomData))
    }
}

struct Worded<W, T>(PhantomData<(W, T)>);

impl<'de, W: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for Worded<W, T> {
    type Value = WordOr<W, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word, a list or a map")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        W::deserialize(value.into_deserializer()).map(WordOr::Word)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(seq)).map(WordOr::Value)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(WordOr::Value)
    }
}

impl<'de, W: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for WordOr<W, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Worded(PhantomData))
    }
}

struct Listed<L, M>(PhantomData<(L, M)>);

impl<'de, L: Deserialize<'de>, M: Deserialize<'de>> Visitor<'de> for Listed<L, M> {
    type Value = ListOr<L, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        L::deserialize(SeqAccessDeserializer::new(seq)).map(ListOr::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(ListOr::Map)
    }
}

impl<'de, L: Deserialize<'de>, M: Deserialize<'de>> Deserialize<'de> for ListOr<L, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Listed(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OrUnmanaged<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrUnmanaged", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "unmanaged" }, generator.subschema_for::<T>()] })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl<W: JsonSchema, T: JsonSchema> JsonSchema for WordOr<W, T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", W::schema_name(), T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<W>(), generator.subschema_for::<T>()] })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl<L: JsonSchema, M: JsonSchema> JsonSchema for ListOr<L, M> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Or{}", L::schema_name(), M::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<L>(), generator.subschema_for::<M>()] })
    }

    fn inline_schema() -> bool {
        true
    }
}
