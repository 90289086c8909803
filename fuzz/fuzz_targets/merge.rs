//! Any live document: what is desired ends up in it, nothing foreign is lost on the way, and
//! merging again changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reconcile_policy::{
    Adoption, BucketIntent, Document, Intent, Merged, Ownership, Partition, canonical_text, merge, owned,
};

fuzz_target!(|text: &str| {
    let Ok(live) = text.parse::<Document>() else { return };
    let ownership = Ownership::of("sec");
    let intent = BucketIntent {
        trails: vec!["arn:aws:cloudtrail:us-east-1:111111111111:trail/T".parse().expect("an ARN")],
        ..BucketIntent::new(Partition::Aws, "logs")
    };
    let desired = intent.statements(&ownership);
    let account = || ["111111111111".to_owned()].into();
    let adoption = Adoption {
        trails: intent.trails.iter().cloned().collect(),
        surveyed: account(),
        listed: account(),
        ..Adoption::default()
    };
    let run =
        |live: &Document| -> Merged { merge(Some(live), &desired, &ownership).adopt(&adoption, &ownership) };
    let merged = run(&live);
    assert_eq!(canonical_text(&owned(&merged.contracted, &ownership)), canonical_text(&desired));
    for statement in live.statements() {
        let is_ours = statement.sid().is_some_and(|sid| ownership.owns(sid));
        assert!(is_ours || merged.expanded.statements().contains(statement));
    }
    let again = run(&merged.contracted);
    assert!(again.expand().is_none() && again.contract().is_none());
});
