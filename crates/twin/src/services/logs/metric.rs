//! Implements metric filters.
//!
//! See `PutMetricFilter`, `DescribeMetricFilters` and `DeleteMetricFilter` in the CloudWatch Logs
//! API reference.

use std::ops::Bound;

use serde_json::{Value, json};

use super::super::json::{list, optional, required};
use super::super::page;
use super::named;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, now};

/// The maximum number of metric filters of a log group.
const FILTERS: usize = 100;

/// The maximum number of entries of a page.
const PAGE: usize = 50;

fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("InvalidParameterException", message)
}

/// Creates a metric filter, or replaces an existing metric filter completely.
pub(super) fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (group, name) = (required(input, "logGroupName")?, required(input, "filterName")?);
    let pattern = optional(input, "filterPattern").unwrap_or_default();
    let live = named(state, caller, group)?;
    if live.class.is_some() {
        let message = "This operation is not supported on the log class of the log group.";
        return Err(Fault::bad("InvalidOperationException", message));
    }
    if !is_pattern(pattern) {
        return Err(invalid("Invalid metric filter pattern"));
    }
    let has_both = |it: &Value| it.get("dimensions").is_some() && it.get("defaultValue").is_some();
    if list(input, "metricTransformations").iter().any(has_both) {
        return Err(invalid(
            "Invalid metric transformation: dimensions and default value are mutually exclusive.",
        ));
    }
    if !live.metric_filters.contains_key(name) && live.metric_filters.len() >= FILTERS {
        return Err(Fault::bad("LimitExceededException", "Resource limit exceeded."));
    }
    let mut filter = json!({
        "filterName": name,
        "logGroupName": group,
        "filterPattern": pattern,
        "metricTransformations": input["metricTransformations"],
    });
    for setting in ["applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions"] {
        if let Some(value) = input.get(setting).filter(|value| !value.is_null()) {
            filter[setting] = value.clone();
        }
    }
    live.metric_filters.insert(name.to_owned(), filter);
    Ok(json!({}))
}

/// Returns whether the parentheses of a pattern for JSON events are balanced. Patterns without
/// braces are terms, which are always valid.
///
/// See "Filter pattern syntax for metric filters" in the CloudWatch Logs user guide.
fn is_pattern(pattern: &str) -> bool {
    let Some(inner) = pattern.trim().strip_prefix('{') else { return true };
    let Some(inner) = inner.strip_suffix('}').filter(|inner| !inner.trim().is_empty()) else { return false };
    let (mut open, mut is_quoted) = (0_i32, false);
    for letter in inner.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => open += 1,
            ')' if !is_quoted => open -= 1,
            _ => {}
        }
        if open < 0 {
            return false;
        }
    }
    open == 0 && !is_quoted
}

pub(super) fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let filters = &mut named(state, caller, required(input, "logGroupName")?)?.metric_filters;
    filters
        .remove(required(input, "filterName")?)
        .map(|_| json!({}))
        .ok_or_else(|| Fault::bad("ResourceNotFoundException", "The specified metric filter does not exist."))
}

/// Lists the metric filters of a log group, sorted by name. The twin does not support lists without
/// a log group.
pub(super) fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let prefix = optional(input, "filterNamePrefix").unwrap_or_default();
    let group = required(input, "logGroupName").map_err(|fault| invalid(fault.message))?;
    let (start, end) = page::start(optional(input, "nextToken"))
        .map_err(|page::UnknownToken| invalid("The specified nextToken is invalid."))?;
    // Names that begin with the prefix sort after it.
    let start = if start == Bound::Unbounded { Bound::Included(prefix) } else { start };
    let filters = &named(state, caller, group)?.metric_filters;
    let found = filters.range::<str, _>((start, end)).take_while(|(name, _)| name.starts_with(prefix));
    let asked = input["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE);
    let (filters, next) = page::page(found, asked.clamp(1, PAGE), |_, filter| {
        let mut filter = filter.clone();
        filter["creationTime"] = json!(now() * 1000);
        filter
    });
    let mut answer = json!({ "metricFilters": filters });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_for_json_events_is_balanced() {
        for (pattern, is_valid) in [
            ("{ ($.a = \"(\") && ($.b = c) }", true),
            ("{$.a = b}", true),
            ("ERROR", true),
            ("", true),
            ("{ ($.a = b }", false),
            ("{ $.a = b) }", false),
            ("{ $.a = \"b }", false),
            ("{ $.a = b", false),
            ("{}", false),
        ] {
            assert_eq!(is_pattern(pattern), is_valid, "{pattern}");
        }
    }
}
