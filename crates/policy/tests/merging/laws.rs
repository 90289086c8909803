//! Checks the laws of every document, every merge and every pair of installations.

use proptest::prelude::*;
use reconcile_policy::{
    Arn, BucketIntent, Document, Intent, KeyIntent, Logs, OrganizationTrail, Ownership, Partition, Reader,
    Statement, TopicIntent, canonical_text, differences, equivalent, merge, owned,
};
use serde_json::{Value, json};

use crate::generate::{change, document, installation, respelled, statement};
use crate::model::{Request, allowed_by_ours};

fn parsed(value: &Value) -> Document {
    value.to_string().parse().unwrap()
}

fn statements(values: &[Value]) -> Vec<Statement> {
    values.iter().cloned().map(|value| Statement::from_value(value).unwrap()).collect()
}

fn foreign_texts(document: &Document, ownership: &Ownership) -> Vec<String> {
    let is_foreign = |statement: &&Statement| !statement.sid().is_some_and(|sid| ownership.owns(sid));
    document.statements().iter().filter(is_foreign).map(ToString::to_string).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn reading_never_panics(text in ".*") {
        // A text that is not JSON is not a policy either.
        if text.parse::<Document>().is_ok() {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    #[test]
    fn reading_a_damaged_policy_never_panics(
        document in document(),
        at in any::<prop::sample::Index>(),
        character in any::<char>(),
    ) {
        let mut characters: Vec<char> = document.to_string().chars().collect();
        let index = at.index(characters.len());
        characters[index] = character;
        let text: String = characters.into_iter().collect();
        if let Ok(document) = text.parse::<Document>() {
            // Every parsed document can be evaluated.
            let _ = reconcile_policy::evaluate(&document, &reconcile_policy::Request::by_anybody("s3:GetObject", "arn:aws:s3:::logs/a/*"));
            let printed = document.to_string();
            prop_assert_eq!(printed.parse::<Document>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn parsing_a_printed_document_returns_the_same_document(document in document(), spelling in any::<u64>()) {
        let document: Document = respelled(&document, spelling).parse().unwrap();
        let printed = document.to_string();
        let again: Document = printed.parse().unwrap();
        prop_assert_eq!(again.to_string(), printed);
        prop_assert_eq!(&again, &document);
        let value = serde_json::to_value(&document).unwrap();
        prop_assert_eq!(serde_json::from_value::<Document>(value).unwrap(), document);
    }

    #[test]
    fn another_spelling_is_equivalent(document in document(), spelling in any::<u64>()) {
        let ownership = Ownership::of("sec");
        let (a, b) = (parsed(&document), respelled(&document, spelling).parse::<Document>().unwrap());
        prop_assert!(equivalent(&a, &a));
        prop_assert!(equivalent(&a, &b) && equivalent(&b, &a), "{a}\n{b}");
        prop_assert_eq!(canonical_text(a.statements()), canonical_text(b.statements()));
        prop_assert_eq!(canonical_text(&owned(&a, &ownership)), canonical_text(&owned(&b, &ownership)));
        prop_assert_eq!(differences(Some(&a), Some(&b)), vec![]);
    }

    #[test]
    fn equivalent_documents_are_equivalent_to_the_same_documents(
        first in document(),
        second in document(),
        spelling in any::<u64>(),
    ) {
        let (a, other) = (parsed(&first), parsed(&second));
        let b: Document = respelled(&first, spelling).parse().unwrap();
        prop_assert_eq!(equivalent(&a, &other), equivalent(&b, &other));
        prop_assert_eq!(equivalent(&a, &other), equivalent(&other, &b));
    }

    #[test]
    fn an_additional_resource_is_a_difference(mut document in document(), at in any::<prop::sample::Index>()) {
        let before = parsed(&document);
        let statements = document["Statement"].as_array_mut().unwrap();
        prop_assume!(!statements.is_empty());
        let index = at.index(statements.len());
        statements[index]["Resource"].as_array_mut().unwrap().push(json!("another"));
        let after = parsed(&document);
        prop_assert!(!equivalent(&before, &after));
        prop_assert!(canonical_text(before.statements()) != canonical_text(after.statements()));
        prop_assert!(!differences(Some(&before), Some(&after)).is_empty());
    }

    #[test]
    fn a_split_statement_is_equivalent(statement in statement(), element in 0..2_usize) {
        let element = ["Action", "Resource"][element];
        let parts: Vec<Value> = statement[element]
            .as_array()
            .unwrap()
            .iter()
            .map(|member| {
                let mut part = statement.clone();
                part[element] = member.clone();
                part
            })
            .collect();
        let (whole, split) = (parsed(&json!({ "Statement": statement })), parsed(&json!({ "Statement": parts })));
        prop_assert!(equivalent(&whole, &split));
    }

    #[test]
    fn merging_again_changes_nothing((live, desired) in change(), spelling in any::<u64>()) {
        let ownership = Ownership::of("sec");
        let live: Document = respelled(&live, spelling).parse().unwrap();
        let desired = statements(&desired);
        let first = merge(Some(&live), &desired, &ownership);

        let after_all = merge(Some(&first.contracted), &desired, &ownership);
        prop_assert_eq!(after_all.contracted.to_string(), first.contracted.to_string());
        prop_assert!(after_all.expand().is_none() && after_all.contract().is_none());

        let half_way = merge(Some(&first.expanded), &desired, &ownership);
        prop_assert!(half_way.expand().is_none(), "{}\n{}", first.expanded, half_way.expanded);
        prop_assert_eq!(half_way.contracted.to_string(), first.contracted.to_string());
    }

    #[test]
    fn foreign_statements_are_not_changed((live, desired) in change(), spelling in any::<u64>()) {
        let ownership = Ownership::of("sec");
        let live: Document = respelled(&live, spelling).parse().unwrap();
        let merged = merge(Some(&live), &statements(&desired), &ownership);
        prop_assert_eq!(foreign_texts(&merged.expanded, &ownership), foreign_texts(&live, &ownership));
        prop_assert_eq!(foreign_texts(&merged.contracted, &ownership), foreign_texts(&live, &ownership));
        prop_assert_eq!(merged.contracted.version(), live.version());
    }

    #[test]
    fn a_contracted_document_has_exactly_the_desired_managed_statements((live, desired) in change()) {
        let ownership = Ownership::of("sec");
        let desired = statements(&desired);
        let merged = merge(Some(&parsed(&live)), &desired, &ownership);
        prop_assert_eq!(canonical_text(&owned(&merged.contracted, &ownership)), canonical_text(&desired));
        prop_assert_eq!(owned(&merged.contracted, &ownership).len(), desired.len());
    }

    #[test]
    fn a_write_is_required_exactly_if_the_documents_differ((live, desired) in change()) {
        let live = parsed(&live);
        let merged = merge(Some(&live), &statements(&desired), &Ownership::of("sec"));
        prop_assert_eq!(merged.expand().is_some(), !differences(Some(&live), Some(&merged.expanded)).is_empty());
        let contraction = differences(Some(&merged.expanded), Some(&merged.contracted));
        prop_assert_eq!(merged.contract().is_some(), !contraction.is_empty());
    }

    #[test]
    fn no_managed_permission_is_missing_between_the_two_writes((live, desired) in change()) {
        let ownership = Ownership::of("sec");
        let (live, desired) = (parsed(&live), statements(&desired));
        let merged = merge(Some(&live), &desired, &ownership);
        let wanted = Document::new(desired);
        for request in Request::all() {
            let is_due = allowed_by_ours(&live, &request) || allowed_by_ours(&wanted, &request);
            if is_due {
                prop_assert!(allowed_by_ours(&merged.expanded, &request), "{request:?}: {}", merged.expanded);
            }
            prop_assert_eq!(allowed_by_ours(&merged.contracted, &request), allowed_by_ours(&wanted, &request));
        }
    }

    #[test]
    fn extra_statements_are_never_united((live, desired) in change()) {
        let extras_of = |statements: &[Statement]| {
            let is_extra = |s: &&Statement| s.sid().is_some_and(|sid| sid.starts_with("SecExtra"));
            Document::new(statements.iter().filter(is_extra).cloned().collect())
        };
        let desired = statements(&desired);
        let live = parsed(&live);
        let merged = merge(Some(&live), &desired, &Ownership::of("sec"));
        let (before, wanted) = (extras_of(live.statements()), extras_of(&desired));
        let between = extras_of(merged.expanded.statements());
        for request in Request::all() {
            if allowed_by_ours(&between, &request) {
                prop_assert!(allowed_by_ours(&before, &request) || allowed_by_ours(&wanted, &request), "{request:?}");
            }
        }
    }

    #[test]
    fn no_installation_claims_the_statements_of_another(
        (mine, theirs) in (installation(), installation()),
        names in prop::collection::vec("[A-Za-z0-9]{0,12}", 0..4),
    ) {
        let extra = |name: &String| {
            let value = json!({ "Sid": name, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" });
            Statement::from_value(value).unwrap()
        };
        let ownership = Ownership::of(&theirs);
        let trail: Arn = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/T".parse().unwrap();
        let trails = vec![trail.clone()];
        let topic = TopicIntent {
            topic: "arn:aws:sns:eu-west-1:111111111111:trails".parse().unwrap(),
            trails: trails.clone(),
        };
        let bucket = BucketIntent {
            trails: trails.clone(),
            organization_trails: vec![OrganizationTrail { trail, organization: "o-exampleorgid".to_owned() }],
            extra: names.iter().map(extra).collect(),
            ..BucketIntent::new(Partition::Aws, "logs")
        };
        let key = KeyIntent {
            partition: Partition::Aws,
            administrators: vec![],
            trails,
            organization_trails: Vec::new(),
            guests: vec![],
            topics: Vec::new(),
            log_groups: Vec::new(),
            organization: None,
            readers: vec![Reader {
                mark: "0123abcd".to_owned(),
                principal: "arn:aws:iam::111111111111:root".parse().unwrap(),
                logs: Logs::All,
            }],
            extra: vec![],
        };
        let is_same = Ownership::of(&mine) == ownership;
        let statements = [bucket.statements(&ownership), key.statements(&ownership), topic.statements(&ownership)];
        for statement in statements.concat() {
            let sid = statement.sid().unwrap();
            prop_assert!(ownership.owns(sid), "{sid}");
            prop_assert!(is_same || !Ownership::of(&mine).owns(sid), "{mine} claims {sid} of {theirs}");
            for form in ["Previous", "Previous2"] {
                let sid = format!("{sid}{form}");
                prop_assert!(ownership.owns(&sid), "{sid}");
                prop_assert!(is_same || !Ownership::of(&mine).owns(&sid), "{mine} claims {sid} of {theirs}");
            }
        }
    }
}
