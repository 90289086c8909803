//! Tests every operator on known, partly known and unknown values.

use super::*;
use crate::Known;

/// Returns the result of one condition: `+` if it holds, `-` if it does not hold, `?` if too little
/// is known, or `!` if the condition has no meaning.
fn truth(operator: &str, wanted: &str, known: Known) -> char {
    let request =
        Request::by_anybody("s3:GetObject", "arn:aws:s3:::logs/a").with_known("aws:x", known).complete();
    let condition = Condition { operator, key: "aws:x", values: vec![wanted.into()] };
    match holds(&[condition], 0, &request, true) {
        Truth::True => '+',
        Truth::False => '-',
        Truth::Unknown(_) => '?',
        Truth::Undefined => '!',
    }
}

fn value(value: &str) -> Known {
    Known::Values(vec![value.to_owned()])
}

#[test]
fn every_operator_compares_its_kind_of_value() {
    const ARN: &str = "arn:aws:s3:us-east-1:111111111111:a/b";
    for (operator, wanted, expected) in [
        ("StringEquals", "a", [("a", '+'), ("A", '-'), ("b", '-')].as_slice()),
        ("StringEquals", "a*", &[("a*", '+'), ("ab", '-')]),
        ("StringNotEquals", "a", &[("a", '-'), ("A", '+')]),
        ("StringEqualsIgnoreCase", "a", &[("A", '+'), ("b", '-')]),
        ("StringNotEqualsIgnoreCase", "a", &[("A", '-'), ("b", '+')]),
        ("StringLike", "a*c?", &[("abbcd", '+'), ("ac", '-'), ("Abcd", '-')]),
        ("StringNotLike", "a*", &[("ab", '-'), ("b", '+')]),
        ("ArnEquals", ARN, &[(ARN, '+'), ("arn:aws:s3:us-east-1:111111111111:a/c", '-')]),
        ("ArnLike", "arn:aws:s3:*:111111111111:a*", &[(ARN, '+'), ("arn:aws:s3:1:1:111111111111:a", '-')]),
        ("ArnLike", "arn:aws:s3:*", &[(ARN, '-')]),
        ("ArnLike", "*", &[(ARN, '+'), ("a", '+')]),
        ("ArnNotEquals", ARN, &[(ARN, '-'), ("a", '+')]),
        ("ArnNotLike", "arn:aws:s3:*:*:*", &[(ARN, '-'), ("arn:aws:sns:us-east-1:1:a", '+')]),
        ("NumericEquals", "2", &[("1", '-'), ("2", '+'), ("2.0", '+'), ("x", '-')]),
        ("NumericNotEquals", "2", &[("1", '+'), ("2", '-')]),
        ("NumericLessThan", "2", &[("1", '+'), ("2", '-'), ("3", '-')]),
        ("NumericLessThanEquals", "2", &[("1", '+'), ("2", '+'), ("3", '-')]),
        ("NumericGreaterThan", "2", &[("1", '-'), ("2", '-'), ("3", '+')]),
        ("NumericGreaterThanEquals", "2", &[("1", '-'), ("2", '+'), ("3", '+')]),
        ("DateEquals", "2026-01-02", &[("2026-01-02T00:00:00Z", '+'), ("2026-01-02T00:00:01Z", '-')]),
        ("DateNotEquals", "2026-01-02", &[("1767312000", '-'), ("1767312001", '+')]),
        ("DateLessThan", "2026-01-02", &[("2026-01-01", '+'), ("2026-01-02", '-')]),
        ("DateLessThanEquals", "2026-01-02", &[("2026-01-02", '+'), ("2026-01-03", '-')]),
        ("DateGreaterThan", "2026-01-02", &[("2026-01-02", '-'), ("2026-01-03", '+')]),
        ("DateGreaterThanEquals", "2026-01-02", &[("2026-01-01", '-'), ("2026-01-02", '+')]),
        ("Bool", "TRUE", &[("true", '+'), ("false", '-'), ("1", '-')]),
        ("BinaryEquals", "QUI=", &[("QUI=", '+'), ("QUM=", '-')]),
        ("IpAddress", "10.1.0.0/16", &[("10.1.2.3", '+'), ("10.2.0.0", '-'), ("::1", '-')]),
        ("IpAddress", "0.0.0.0/0", &[("255.1.2.3", '+')]),
        ("IpAddress", "2001:db8::/33", &[("2001:db8:7fff::1", '+'), ("2001:db8:8000::", '-')]),
        ("IpAddress", "::/0", &[("ffff::1", '+')]),
        ("NotIpAddress", "10.1.2.3", &[("10.1.2.3", '-'), ("10.1.2.4", '+')]),
        ("Null", "true", &[("a", '-')]),
        ("Null", "false", &[("a", '+')]),
        ("NullIfExists", "true", &[("a", '!')]),
        ("StringMatches", "a", &[("a", '!')]),
        ("ForSomeValue:StringEquals", "a", &[("a", '!')]),
    ] {
        for (actual, expected) in expected {
            assert_eq!(truth(operator, wanted, value(actual)), *expected, "{operator} {wanted}: {actual}");
        }
    }
}

#[test]
fn an_absent_key_satisfies_only_what_allows_absence() {
    for (operator, wanted, expected) in [
        ("StringEquals", "a", '-'),
        ("StringEqualsIfExists", "a", '+'),
        ("StringNotEquals", "a", '+'),
        ("ForAllValues:StringEquals", "a", '+'),
        ("ForAnyValue:StringEquals", "a", '-'),
        ("ForAnyValue:StringNotEquals", "a", '-'),
        ("Null", "true", '+'),
        ("Null", "false", '-'),
    ] {
        assert_eq!(truth(operator, wanted, Known::Absent), expected, "{operator} {wanted}");
    }
    for (operator, allows_absence, may_lack_the_key) in [
        ("StringEquals", false, false),
        ("StringEqualsIfExists", true, true),
        ("ForAllValues:StringEquals", false, true),
        ("ForAnyValue:StringEquals", false, false),
    ] {
        let parsed = Operator::parse(operator).unwrap();
        assert_eq!(parsed.allows_absence(), allows_absence, "{operator}");
        assert_eq!(parsed.may_lack_the_key(), may_lack_the_key, "{operator}");
    }
}

#[test]
fn partly_known_values_decide_a_condition_only_if_every_such_value_does() {
    let like = |pattern: &str| Known::Like(pattern.to_owned());
    let none_of = |value: &str| Known::NoneOf(vec![value.to_owned()]);
    let not_before = |date: &str| Known::NotBefore(parse_date(date).unwrap());
    for (operator, wanted, known, expected) in [
        ("StringEquals", "ab", like("a*"), '?'),
        ("StringEquals", "b", like("a*"), '-'),
        ("StringLike", "a*", like("ab*"), '+'),
        ("StringLike", "ab*", like("a*"), '?'),
        ("StringLike", "b*", like("a*"), '-'),
        ("StringLike", "a${aws:y, 'b'}*", like("abc*"), '+'),
        ("StringNotLike", "a*", like("ab*"), '-'),
        ("StringNotLike", "b*", like("a*"), '+'),
        ("ArnLike", "*", like("arn:aws:s3:::*"), '+'),
        ("ArnLike", "arn:aws:s3:*:*:*", like("arn:aws:s3:::a*"), '+'),
        ("ArnLike", "arn:aws:s3:::a*", like("arn:aws:s3:::*"), '?'),
        ("ArnLike", "arn:aws:s3:::a*", like("arn:aws:s3:::b*"), '-'),
        ("ArnLike", "arn:aws:s3:::${aws:y, 'a'}*", like("arn:aws:s3:::ab*"), '+'),
        ("ArnLike", "arn:aws:s3:*", like("arn:aws:s3:::a*"), '?'),
        ("StringEquals", "a", none_of("a"), '-'),
        ("StringEquals", "b", none_of("a"), '?'),
        ("StringNotEquals", "a", none_of("a"), '+'),
        ("DateGreaterThan", "2026-01-02", not_before("2026-01-01"), '?'),
        ("DateGreaterThan", "2026-01-02", not_before("2026-01-02"), '?'),
        ("DateGreaterThan", "2026-01-02", not_before("2026-01-03"), '+'),
        ("DateGreaterThanEquals", "2026-01-02", not_before("2026-01-01"), '?'),
        ("DateGreaterThanEquals", "2026-01-02", not_before("2026-01-02"), '+'),
        ("DateLessThan", "2026-01-02", not_before("2026-01-01"), '?'),
        ("DateLessThan", "2026-01-02", not_before("2026-01-02"), '-'),
        ("DateLessThanEquals", "2026-01-02", not_before("2026-01-02"), '?'),
        ("DateLessThanEquals", "2026-01-02", not_before("2026-01-03"), '-'),
        ("DateEquals", "2026-01-02", not_before("2026-01-02"), '?'),
        ("DateEquals", "2026-01-02", not_before("2026-01-03"), '-'),
        ("NumericGreaterThan", "1", not_before("2026-01-02"), '+'),
        ("IpAddress", "10.0.0.0/8", Known::AddressOfAws, '-'),
        ("IpAddress", "0.0.0.0/0", Known::AddressOfAws, '?'),
        ("StringLike", "*", Known::Nothing, '?'),
        ("StringLikeIfExists", "*", Known::Nothing, '+'),
        ("StringLike", "*", Known::AtLeast(Vec::new()), '+'),
        ("StringLike", "a", Known::AtLeast(Vec::new()), '?'),
    ] {
        let description = format!("{operator} {wanted}: {known:?}");
        assert_eq!(truth(operator, wanted, known), expected, "{description}");
    }
}
