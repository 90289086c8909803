//! Tests `covers` case by case, and checks that a yes is never wrong.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use reconcile_policy::{Document, Request, covers, equivalent, evaluate};
use serde_json::{Value, json};

fn document(version: Option<&str>, statements: &[Value]) -> Document {
    let mut document = json!({ "Statement": statements });
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    document.to_string().parse().unwrap()
}

fn of_2012(statements: Value) -> Document {
    let one_or_many = json!({ "Version": "2012-10-17", "Statement": statements });
    one_or_many.to_string().parse().unwrap()
}

fn write() -> Value {
    json!({
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": ["s3:PutObject", "s3:GetBucketAcl"],
        "Resource": ["arn:aws:s3:::logs/AWSLogs/111111111111/*", "arn:aws:s3:::logs/AWSLogs/222222222222/*"],
        "Condition": { "StringEquals": { "aws:SourceAccount": ["111111111111", "222222222222"] } },
    })
}

/// Returns `write()` with other elements; null removes an element.
fn with(changes: Value) -> Value {
    let mut statement = write();
    for (element, value) in changes.as_object().unwrap() {
        if value.is_null() {
            statement.as_object_mut().unwrap().remove(element);
        } else {
            statement[element] = value.clone();
        }
    }
    statement
}

#[test]
fn statements_that_cover_a_statement() {
    let deny = |changes: Value| {
        let mut deny = with(json!({ "Effect": "Deny", "Condition": null }));
        for (element, value) in changes.as_object().unwrap() {
            deny[element] = value.clone();
        }
        deny
    };
    for (name, wide, expected) in [
        ("itself", write(), true),
        ("everybody", with(json!({ "Principal": "*" })), true),
        ("another service", with(json!({ "Principal": { "Service": "config.amazonaws.com" } })), false),
        ("a wildcard in the action", with(json!({ "Action": "S3:*" })), true),
        ("one action less", with(json!({ "Action": "s3:PutObject" })), false),
        ("all actions but others", with(json!({ "Action": null, "NotAction": "s3:Delete*" })), true),
        ("all actions but one of them", with(json!({ "Action": null, "NotAction": "s3:Put*" })), false),
        ("a wildcard in the resource", with(json!({ "Resource": "arn:aws:s3:::logs/*" })), true),
        (
            "a wildcard too late",
            with(json!({ "Resource": "arn:aws:s3:::logs/AWSLogs/111111111111/*" })),
            false,
        ),
        (
            "all resources but others",
            with(json!({ "Resource": null, "NotResource": "arn:aws:s3:::b/*" })),
            true,
        ),
        ("no condition", with(json!({ "Condition": null })), true),
        (
            "a value more",
            with(json!({ "Condition": { "StringEquals":
                { "aws:SourceAccount": ["111111111111", "222222222222", "333333333333"] } } })),
            true,
        ),
        (
            "a value less",
            with(json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "111111111111" } } })),
            false,
        ),
        (
            "a pattern for the values",
            with(json!({ "Condition": { "StringLike": { "AWS:sourceAccount": "????????????" } } })),
            true,
        ),
        (
            "another condition",
            with(json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } })),
            false,
        ),
        (
            "if the key is there at all",
            with(json!({ "Condition": { "StringEqualsIfExists":
                { "aws:SourceAccount": ["111111111111", "222222222222"] } } })),
            true,
        ),
        (
            "one statement for each action",
            json!([with(json!({ "Action": "s3:GetBucketAcl" })), with(json!({ "Action": "s3:Put*" }))]),
            true,
        ),
        (
            "one statement for each resource, and one too few",
            json!([
                with(json!({ "Resource": "arn:aws:s3:::logs/AWSLogs/111111111111/*" })),
                with(json!({ "Action": "s3:PutObject" }))
            ]),
            false,
        ),
        ("a Deny of something else", json!([write(), deny(json!({ "Action": "s3:DeleteObject" }))]), true),
        (
            "a Deny for others",
            json!([write(), deny(json!({ "Principal": { "AWS": "111111111111" } }))]),
            true,
        ),
        ("a Deny elsewhere", json!([write(), deny(json!({ "Resource": "arn:aws:s3:::other/*" }))]), true),
        ("a Deny of this", json!([write(), deny(json!({ "Principal": "*" }))]), false),
        (
            "a Deny that depends",
            json!([write(), deny(json!({ "Condition": { "Bool": { "aws:SecureTransport": "false" } } }))]),
            false,
        ),
        (
            "a Deny of everything but this",
            json!([write(), { "Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "Resource": "*" }]),
            true,
        ),
    ] {
        assert_eq!(covers(&of_2012(wide), &of_2012(write())), expected, "{name}");
    }
}

#[test]
fn variables_and_denies_on_both_sides_are_respected() {
    let scoped = with(json!({
        "Resource": "arn:aws:s3:::logs/AWSLogs/${aws:SourceAccount}/*", "Action": "s3:PutObject",
    }));
    let open = with(json!({ "Resource": "arn:aws:s3:::logs/AWSLogs/*" }));
    let tls = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    });
    assert!(covers(&of_2012(open.clone()), &of_2012(scoped.clone())));
    assert!(!covers(&of_2012(scoped.clone()), &of_2012(open)));
    assert!(covers(&of_2012(scoped.clone()), &of_2012(scoped.clone())));
    // Without a value for the variable, the excluded resources are unknown.
    let left_out = |resources: Value| with(json!({ "Resource": null, "NotResource": resources }));
    let (wide, narrow) = (
        left_out(json!(["arn:aws:s3:::a/*", "arn:aws:s3:::a/${aws:SourceAccount}"])),
        left_out(json!("arn:aws:s3:::a/*")),
    );
    assert!(!covers(&of_2012(wide.clone()), &of_2012(narrow.clone())));
    assert!(covers(&of_2012(narrow), &of_2012(wide)));
    // In a document of version 2008-10-17, `${…}` is text.
    assert!(!covers(&of_2012(scoped.clone()), &document(None, &[scoped])));
    assert!(covers(&of_2012(json!([write(), tls])), &of_2012(json!([tls, write()]))));
    assert!(!covers(&of_2012(json!([write(), tls])), &of_2012(write())));
    assert!(covers(&of_2012(write()), &of_2012(json!([write(), tls]))));
}

fn texts(pool: &[&'static str]) -> impl Strategy<Value = Value> + use<> {
    subsequence(pool.to_vec(), 1..=2).prop_map(|texts| json!(texts))
}

/// Generates statements that use the whole grammar with few different values.
fn statement() -> impl Strategy<Value = Value> {
    let principal = select(vec![
        json!({ "AWS": "*" }),
        json!({ "AWS": "111111111111" }),
        json!({ "AWS": ["arn:aws:iam::111111111111:role/r", "arn:aws:iam::222222222222:role/r"] }),
        json!({ "AWS": "222222222222", "Service": "cloudtrail.amazonaws.com" }),
        json!({ "Service": "cloudtrail.amazonaws.com" }),
        json!("nobody"),
    ]);
    let actions = texts(&["s3:PutObject", "s3:GetObject", "s3:Get*", "S3:*Object", "*", "kms:?ecrypt"]);
    let resources = texts(&[
        "arn:aws:s3:::logs/*",
        "arn:aws:s3:::logs/111111111111/*",
        "arn:aws:s3:::logs/${aws:SourceAccount}/*",
        "arn:aws:s3:::logs/${aws:SourceAccount, '111111111111'}/x",
        "arn:aws:s3:::logs/?????/*",
        "*",
        "*/x",
    ]);
    let operator = (
        select(vec!["", "", "ForAllValues:", "ForAnyValue:"]),
        select(vec![
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "ArnLike",
            "ArnNotEquals",
            "NumericLessThan",
            "Bool",
            "Guess",
        ]),
        select(vec!["", "", "IfExists"]),
    )
        .prop_map(|(set, operator, if_exists)| format!("{set}{operator}{if_exists}"));
    let operator = prop_oneof![6 => operator, 1 => Just("Null".to_owned())];
    let values = subsequence(
        vec![
            "111111111111",
            "222222222222",
            "1*",
            "*",
            "${aws:SourceAccount}",
            "${aws:username}x",
            "true",
            "arn:aws:s3:::a*",
            "arn:*",
        ],
        0..=3,
    );
    let key = select(vec!["aws:SourceAccount", "aws:sourceaccount", "aws:TagKeys", "aws:SourceArn"]);
    let conditions = prop::collection::vec((operator, key, values), 0..=2);
    (
        prop::bool::weighted(0.7),
        (principal, prop::bool::weighted(0.15)),
        (actions, prop::bool::weighted(0.15)),
        (resources, prop::bool::weighted(0.15)),
        conditions,
    )
        .prop_map(|(allows, principal, action, resource, conditions)| {
            let mut statement = json!({ "Effect": if allows { "Allow" } else { "Deny" } });
            for (element, (value, is_not)) in
                [("Principal", principal), ("Action", action), ("Resource", resource)]
            {
                let name = if is_not { format!("Not{element}") } else { element.to_owned() };
                statement[name] = value;
            }
            for (operator, key, values) in conditions {
                statement["Condition"][operator][key] = json!(values);
            }
            statement
        })
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(), 1..4)
}

/// Generates a document that resembles another: the same statements, some with an element of
/// another statement.
fn relative(statements: Vec<Value>) -> impl Strategy<Value = Vec<Value>> {
    let donors = prop::collection::vec(
        (statement(), select(vec!["Principal", "Action", "Resource", "Condition", ""])),
        statements.len(),
    );
    let more = prop::collection::vec(statement(), 0..2);
    (donors, more, any::<bool>()).prop_map(move |(donors, more, without_denies)| {
        let related = statements.iter().zip(donors).map(|(statement, (donor, element))| {
            let mut statement = statement.clone();
            if let Some(value) = donor.get(element) {
                statement.as_object_mut().unwrap().remove(&format!("Not{element}"));
                statement[element] = value.clone();
            }
            statement
        });
        related.chain(more).filter(|it| !without_denies || it["Effect"] == "Allow").collect()
    })
}

fn version() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![4 => Just(Some("2012-10-17")), 1 => Just(Some("2008-10-17")), 1 => Just(None)]
}

/// Returns requests with all values that statements can have, and with values that they never have.
fn requests() -> Vec<Request> {
    let mut requests = Vec::new();
    for action in ["s3:PutObject", "s3:GetObject", "kms:Decrypt", "s3:ListBucket"] {
        for resource in [
            "arn:aws:s3:::logs/111111111111/x",
            "arn:aws:s3:::logs/222222222222/y",
            "arn:aws:s3:::logs/${aws:SourceAccount}/x",
            "arn:aws:s3:::other",
        ] {
            let by = [
                Request::by_service("cloudtrail.amazonaws.com", action, resource),
                Request::by_principal(&"arn:aws:iam::111111111111:role/r".parse().unwrap(), action, resource),
                Request::by_principal(&"arn:aws:iam::333333333333:root".parse().unwrap(), action, resource),
                Request::by_anybody(action, resource),
            ];
            for request in by {
                let from = |account: &str| request.clone().with("aws:SourceAccount", account);
                requests.extend([
                    request.clone(),
                    from("111111111111"),
                    from("222222222222").with("aws:SourceArn", "arn:aws:s3:::abc"),
                    from("true").with_each("aws:TagKeys", ["111111111111", "true"]),
                    from("1*").with("aws:username", "u").with_each("aws:TagKeys", ["ux"]),
                ]);
            }
        }
    }
    requests
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_yes_is_never_wrong(
        (ours, theirs) in statements().prop_flat_map(|it| (Just(it.clone()), relative(it))),
        versions in (version(), version()),
    ) {
        let (a, b) = (document(versions.0, &ours), document(versions.1, &theirs));
        prop_assert!(covers(&a, &a) && covers(&b, &b), "a document covers itself\n{a}\n{b}");
        for (wide, narrow) in [(&a, &b), (&b, &a)] {
            if covers(wide, narrow) {
                for request in requests() {
                    if evaluate(narrow, &request).is_allowed() {
                        prop_assert!(evaluate(wide, &request).is_allowed(), "{request:?}\n{wide}\n{narrow}");
                    }
                }
            }
        }
    }

    #[test]
    fn equivalent_documents_decide_alike(
        (ours, theirs) in statements().prop_flat_map(|it| (Just(it.clone()), relative(it))),
        element in select(vec!["Action", "Resource"]),
        version in version(),
    ) {
        let a = document(version, &ours);
        let split: Vec<Value> = ours
            .iter()
            .flat_map(|statement| {
                let members = statement.get(element).and_then(Value::as_array).cloned();
                members.map_or_else(|| vec![statement.clone()], |members| {
                    members.into_iter().map(|member| {
                        let mut part = statement.clone();
                        part[element] = member;
                        part
                    }).collect()
                })
            })
            .rev()
            .collect();
        let b = document(version, &split);
        prop_assert!(equivalent(&a, &b));
        let other = document(version, &theirs);
        for (a, b) in [(&a, &b), (&a, &other)] {
            if equivalent(a, b) {
                for request in requests() {
                    let same = evaluate(a, &request).is_allowed() == evaluate(b, &request).is_allowed();
                    prop_assert!(same, "{request:?}\n{a}\n{b}");
                }
            }
        }
    }
}
