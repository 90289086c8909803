//! Any text as the journal of an earlier apply: opening the next one reads it, and never panics.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use reconcile_apply::Journal;
use reconcile_plan::Plan;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    Plan::from_json(include_str!("../seeds/plan_file/first_apply.json")).expect("the seed is a plan")
});

fuzz_target!(|text: &str| {
    let earlier = FOLDER.path().join(format!("{}-20261123T080000000Z.jsonl", PLAN.spec.name));
    std::fs::write(&earlier, text).expect("the folder can be written");
    let journal = Journal::open(FOLDER.path(), &PLAN).expect("a journal is read, whatever is in it");
    let path = journal.path().to_owned();
    drop(journal);
    if path != earlier {
        let _ = std::fs::remove_file(path);
    }
});
