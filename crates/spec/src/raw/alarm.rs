use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Located, WordOr};
use crate::facts::alarm::{CIS_ALARMS, CisAlarm};

/// Metric filters on the log group, and alarms on their metrics.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Alarms")]
pub(crate) struct RawAlarms {
    /// The alarms of section 4 of the CIS AWS Foundations Benchmark: `cis` (all of them), or a list
    /// such as `[CIS 4.3]`. Default: cis.
    #[serde(default)]
    pub(crate) controls: Option<Located<WordOr<RawCis, Vec<Located<RawCisAlarm>>>>>,
    /// The topic that the alarms notify: the name of a topic in the account and Region of the log
    /// group, or the ARN of a topic in this Region. `reconcile` does not create or change the
    /// topic.
    pub(crate) topic: Located<String>,
}

/// The word `cis`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Cis")]
pub(crate) enum RawCis {
    /// Every alarm of the benchmark.
    Cis,
}

/// An alarm of the benchmark, by its recommendation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawCisAlarm(pub(crate) &'static CisAlarm);

impl<'de> Deserialize<'de> for RawCisAlarm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        CisAlarm::by_id(&id).map(Self).ok_or_else(|| D::Error::custom(format!("`{id}` is not an alarm")))
    }
}

impl JsonSchema for RawCisAlarm {
    fn schema_name() -> Cow<'static, str> {
        "CisAlarm".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = CIS_ALARMS.iter().map(|alarm| {
            json_schema!({ "const": alarm.id, "description": format!("{}.", capitalized(alarm.detects)), "type": "string" })
        });
        json_schema!({
            "description": "A recommendation of the CIS AWS Foundations Benchmark.",
            "oneOf": words.collect::<Vec<_>>(),
        })
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
