//! Contains the operators of the `Condition` element.

/// The operators, without `ForAllValues:`, `ForAnyValue:` and `IfExists`.
///
/// See "IAM JSON policy elements: Condition operators" in the IAM user guide.
const OPERATORS: [&str; 27] = [
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// Returns whether IAM has the operator. `Null` has no variant with `IfExists`.
pub(crate) fn is_known(operator: &str) -> bool {
    let (set, base) = split(operator);
    let is_exact = OPERATORS.contains(&base);
    let is_conditional =
        base.strip_suffix("IfExists").is_some_and(|it| it != "Null" && OPERATORS.contains(&it));
    (set.is_empty() || SETS.contains(&set)) && (is_exact || is_conditional)
}

/// Returns the operator that is closest to a misspelled one.
pub(crate) fn nearest(operator: &str) -> Option<String> {
    let (set, base) = split(operator);
    let set = if set.is_empty() { "" } else { crate::problems::nearest(set, SETS)? };
    let (base, suffix) = match base.strip_suffix("IfExists") {
        Some(base) => (base, "IfExists"),
        None => (base, ""),
    };
    crate::problems::nearest(base, OPERATORS).map(|base| format!("{set}{base}{suffix}"))
}

/// The prefixes of operators that compare a set of values.
const SETS: [&str; 2] = ["ForAllValues:", "ForAnyValue:"];

/// Splits an operator into the prefix up to the colon, which can be empty, and the rest.
fn split(operator: &str) -> (&str, &str) {
    operator.split_at(operator.find(':').map_or(0, |colon| colon + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_operators_with_their_prefixes_and_suffixes() {
        for operator in
            ["StringEquals", "ForAnyValue:StringLike", "BoolIfExists", "ForAllValues:ArnLikeIfExists", "Null"]
        {
            assert!(is_known(operator), "{operator}");
        }
        for operator in
            ["stringEquals", "NullIfExists", "StringEqual", "ForEachValue:StringLike", "", "IfExists"]
        {
            assert!(!is_known(operator), "{operator}");
        }
    }

    #[test]
    fn suggests_the_closest_operator() {
        assert_eq!(nearest("StringEqual").as_deref(), Some("StringEquals"));
        assert_eq!(
            nearest("ForAnyValues:StringLikIfExists").as_deref(),
            Some("ForAnyValue:StringLikeIfExists")
        );
        assert_eq!(nearest("Something"), None);
    }
}
