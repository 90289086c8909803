//! Trails that deliver and are not in the spec.

use reconcile_policy::{BucketIntent, Form, Guest, merge};
use serde_json::{Value, json};

use super::{acl_check, adoption, can_deliver, document, intent, ownership, sids, trail, write};

#[test]
fn a_trail_that_delivers_here_and_is_not_in_the_spec_goes_on_to() {
    let guest = Guest { trail: trail("888888888888"), prefix: Some("old".to_owned()), organization: None };
    let live = document(json!([
        acl_check("Acl", Value::Null),
        write("Write", json!("arn:aws:s3:::logs/old/AWSLogs/888888888888/*"), Value::Null),
    ]));
    let intent = BucketIntent { guests: vec![guest], ..intent() };
    let mut adoption = adoption();
    adoption.accounts.insert("888888888888".to_owned());
    for form in [Form::Plain, Form::ByAccount] {
        let desired = intent.compile(&ownership(), form).unwrap();
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());
        assert!(sids(&merged.contracted).iter().all(|sid| sid.starts_with("Sec")), "{form}");
        for document in [&live, &merged.expanded, &merged.contracted] {
            assert!(can_deliver(document, "888888888888", Some("old")), "{form}: {document}");
        }
    }
}
