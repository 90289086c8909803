//! Trails that deliver but are not in the spec.

use reconcile_policy::{BucketIntent, Guest, Intent, Ownership, StatementForm, merge};
use serde_json::{Value, json};

use super::{acl_check, adopt, adoption, can_deliver, document, intent, ownership, sids, trail, write};

#[test]
fn a_trail_outside_of_the_spec_can_still_deliver() {
    let guest = Guest { trail: trail("888888888888"), prefix: Some("old".to_owned()), organization: None };
    let live = document(json!([
        acl_check("Acl", Value::Null),
        write("Write", json!("arn:aws:s3:::logs/old/AWSLogs/888888888888/*"), Value::Null),
    ]));
    let intent = BucketIntent { guests: vec![guest], ..intent() };
    let mut adoption = adoption();
    adoption.surveyed.insert("888888888888".to_owned());
    adoption.trails.insert(trail("888888888888"));
    for form in [StatementForm::Plain, StatementForm::ByAccount] {
        let desired = intent.compile(&ownership(), form).unwrap();
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());
        assert!(sids(&merged.contracted).iter().all(|sid| sid.starts_with("Sec")), "{form}");
        for document in [&live, &merged.expanded, &merged.contracted] {
            assert!(can_deliver(document, "888888888888", Some("old")), "{form}: {document}");
        }
    }
}

#[test]
fn statements_of_another_installation_are_not_adopted() {
    let ours = merge(None, &intent().statements(&ownership()), &ownership()).contracted;
    let theirs = Ownership::of("another-one");
    let both = merge(Some(&ours), &intent().statements(&theirs), &theirs).adopt(&adoption(), &theirs);
    assert!(both.adopted.is_empty(), "{:?}", both.adopted);
    for sid in ["TrailAclCheck", "TrailWrite"] {
        for of in [ownership(), theirs.clone()] {
            assert!(both.contracted.to_string().contains(&format!("{}{sid}", prefix_of(&of))), "{sid}");
        }
    }
    let again = adopt(&both.contracted, &intent(), &adoption());
    assert!(again.expand().is_none() && again.contract().is_none() && again.adopted.is_empty());
}

fn prefix_of(ownership: &Ownership) -> String {
    ownership.sid(reconcile_policy::StatementRole::TrailWrite).as_str().replace("TrailWrite", "")
}
