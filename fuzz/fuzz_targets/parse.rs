//! Any text: reading it never panics, and what can be read is printed so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reconcile_policy::{Document, equivalent};

fuzz_target!(|text: &str| {
    if let Ok(document) = text.parse::<Document>() {
        let printed = document.to_string();
        let again: Document = printed.parse().expect("what we print is a policy");
        assert_eq!(again.to_string(), printed);
        assert!(equivalent(&document, &again));
        let _ = (document.warnings(), document.size());
    }
});
