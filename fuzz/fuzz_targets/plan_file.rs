//! Any text as a plan file: reading it never panics, what can be read is written so that it reads
//! the same, and no view of it repaints a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reconcile_plan::Plan;
use reconcile_report::{TextOptions, plan};
use reconcile_text::is_hidden;

fuzz_target!(|text: &str| {
    let Ok(read) = Plan::from_json(text) else { return };
    let written = read.to_json().expect("a plan has a form in JSON");
    assert_eq!(Plan::from_json(&written).expect("what we write is a plan"), read);
    // Our own colours are the only control characters.
    let shown = plan::text(&read, TextOptions { verbose: true, sandbox: false });
    let hidden = |letter| !matches!(letter, '\n' | '\u{1b}') && is_hidden(letter);
    assert!(!shown.as_str().contains(hidden), "{shown}");
    let markdown = plan::markdown(&read);
    assert!(!markdown.contains(|letter| letter != '\n' && is_hidden(letter)), "{markdown:?}");
});
