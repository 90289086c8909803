//! Decides whether the conditions of one statement follow from the conditions of another.

use super::element::{Dialect, text_includes};
use crate::canonical::{Canonical, CanonicalCondition};
use crate::evaluate::condition::Operator;
use crate::pattern::{Piece, Syntax, includes, pieces};

/// Returns whether every condition of `wide` holds for all requests for which the conditions of
/// `narrow` hold.
pub(super) fn all_implied(
    wide: &Canonical<'_>,
    narrow: &Canonical<'_>,
    dialects: (Dialect, Dialect),
) -> bool {
    let conditions = &narrow.rest.conditions;
    wide.rest.conditions.iter().all(|needed| {
        conditions.iter().any(|given| needed.key == given.key && implies(given, needed, dialects))
    })
}

/// Returns whether `needed` holds for all requests for which `given` holds. Both conditions have
/// the same key.
fn implies(
    given: &CanonicalCondition<'_>,
    needed: &CanonicalCondition<'_>,
    (ours, theirs): (Dialect, Dialect),
) -> bool {
    let same_dialect = ours.variables == theirs.variables;
    let (Some(strong), Some(weak)) = (Operator::parse(&given.operator), Operator::parse(&needed.operator))
    else {
        // The operator is unknown to IAM, so its meaning is unknown.
        return same_dialect && given == needed;
    };
    let fits = weak.strict() == strong.strict() || weak.strict() == strong.strict().like();
    if !fits || (!weak.allows_absence() && strong.allows_absence()) {
        return false;
    }
    let value_includes =
        |(wide, wide_operator, wide_dialect): (&str, Operator, Dialect),
         (narrow, narrow_operator, narrow_dialect): (&str, Operator, Dialect)| {
            let syntax = |operator: Operator, dialect: Dialect| Syntax {
                wildcards: operator.has_wildcards(),
                variables: dialect.variables,
            };
            if wide == narrow && wide_operator.strict() == narrow_operator.strict() {
                return same_dialect || !wide.contains("${");
            }
            if wide_operator.is_of_text() {
                return text_includes(
                    (wide, syntax(wide_operator, wide_dialect)),
                    (narrow, syntax(narrow_operator, narrow_dialect)),
                );
            }
            wide_operator.is_of_arns()
                && arn_includes(
                    &pieces(wide, syntax(wide_operator, wide_dialect)),
                    &pieces(narrow, syntax(narrow_operator, narrow_dialect)),
                )
        };
    if weak.is_negated {
        // A negated operator: each value in the list allows less. The values that an unresolved
        // variable excludes are unknown.
        needed.values.iter().all(|needed| {
            given.values.iter().any(|given| {
                (given == needed || !needed.contains("${"))
                    && value_includes((given, strong, theirs), (needed, weak, ours))
            })
        })
    } else {
        let same_operator = same_dialect && weak.strict() == strong.strict();
        given.values.iter().all(|given| {
            // The fast path: most values are in both lists.
            (same_operator && needed.values.contains(given))
                || needed
                    .values
                    .iter()
                    .any(|needed| value_includes((needed, weak, ours), (given, strong, theirs)))
        })
    }
}

/// Compares ARNs component by component.
fn arn_includes(wide: &[Piece<'_>], narrow: &[Piece<'_>]) -> bool {
    let parts = |pattern| <[Piece<'_>]>::splitn(pattern, 6, |piece| *piece == Piece::Char(':'));
    let (ours, theirs): (Vec<_>, Vec<_>) = (parts(wide).collect(), parts(narrow).collect());
    // The value of a variable can contain colons.
    let is_certain = |pattern: &[Piece<'_>]| !pattern.iter().any(|it| matches!(it, Piece::Variable(_)));
    is_certain(wide)
        && is_certain(narrow)
        && ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(wide, narrow)| includes(wide, narrow))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_condition_follows_from_a_condition_that_allows_less() {
        const NEW: Dialect = Dialect { variables: true };
        const OLD: Dialect = Dialect { variables: false };
        let of = |operator: &'static str, values: &[&'static str]| CanonicalCondition {
            operator: Cow::Borrowed(operator),
            key: Cow::Borrowed("aws:x"),
            values: values.iter().map(|it| Cow::Borrowed(*it)).collect(),
        };
        for ((given, values), (needed, wanted), expected) in [
            (("StringEquals", ["a"].as_slice()), ("StringEquals", ["a", "b"].as_slice()), true),
            (("StringEquals", &["a", "b"]), ("StringEquals", &["a"]), false),
            (("StringEquals", &["ab"]), ("StringLike", &["a*"]), true),
            (("StringEquals", &["b"]), ("StringLike", &["a*"]), false),
            (("StringLike", &["ab*"]), ("StringLike", &["a*"]), true),
            (("StringLike", &["a*"]), ("StringEquals", &["a*"]), false),
            (("StringEquals", &["a"]), ("StringEqualsIfExists", &["a"]), true),
            (("StringEqualsIfExists", &["a"]), ("StringEquals", &["a"]), false),
            (("StringEqualsIfExists", &["a"]), ("StringLikeIfExists", &["*"]), true),
            (("StringNotEquals", &["a", "b"]), ("StringNotEquals", &["a"]), true),
            (("StringNotEquals", &["a"]), ("StringNotEquals", &["a", "b"]), false),
            (("StringNotLike", &["a*"]), ("StringNotLike", &["ab*"]), true),
            (("StringNotLike", &["ab*"]), ("StringNotLike", &["a*"]), false),
            (("ArnLike", &["arn:aws:s3:::a/*"]), ("ArnLike", &["arn:aws:s3:*:*:a*"]), true),
            (("ArnLike", &["arn:aws:s3:::a/*"]), ("ArnLike", &["arn:aws:s3:*"]), false),
            (("ArnLike", &["arn:aws:s3:::b"]), ("ArnLike", &["arn:aws:s3:::a"]), false),
            (("NumericEquals", &["1"]), ("NumericEquals", &["1", "2"]), true),
            (("NumericLessThan", &["1"]), ("NumericLessThan", &["2"]), false),
            (("Bool", &["true"]), ("Bool", &["true"]), true),
            (("Bool", &["true"]), ("Null", &["true"]), false),
            (("ForAnyValue:StringEquals", &["a"]), ("StringEquals", &["a"]), false),
            (("Strange", &["a"]), ("Strange", &["a"]), true),
            (("Strange", &["a"]), ("Strange", &["a", "b"]), false),
        ] {
            let (given, needed) = (of(given, values), of(needed, wanted));
            assert_eq!(implies(&given, &needed, (NEW, NEW)), expected, "{given:?} {needed:?}");
            // None of the values has a variable, so IAM interprets the condition alike in both
            // versions.
            let is_known = Operator::parse(&given.operator).is_some();
            assert_eq!(implies(&given, &needed, (NEW, OLD)), expected && is_known, "{given:?} {needed:?}");
        }
        let variable = of("StringEquals", &["${aws:y}"]);
        assert!(implies(&variable, &variable, (NEW, NEW)) && !implies(&variable, &variable, (NEW, OLD)));
    }
}
