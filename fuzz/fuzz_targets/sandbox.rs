//! Any bytes as the state of a sandbox: an error or a twin that can be summarized and saved, never
//! a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reconcile_twin::Twin;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let file = FOLDER.path().join("sandbox.json");
    std::fs::write(&file, bytes).expect("the folder can be written");
    match Twin::open(&file) {
        Ok(twin) => drop(twin.summary()),
        Err(error) => drop(error.to_string()),
    }
});
