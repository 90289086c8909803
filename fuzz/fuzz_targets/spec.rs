//! Any bytes as a spec: reading them never panics, and no diagnostic repaints a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reconcile_operations::{Mode, permissions};
use reconcile_text::is_hidden;

fuzz_target!(|bytes: &[u8]| {
    match reconcile_spec::parse("spec.yaml", bytes) {
        Ok(spec) => {
            let _ = permissions(spec.desired(), Mode::Apply);
            let _ = reconcile_plan::addresses(spec.desired()).count();
        }
        Err(problems) => {
            let text = problems.to_string();
            assert!(!text.contains(|letter| letter != '\n' && is_hidden(letter)), "{text:?}");
        }
    }
});
