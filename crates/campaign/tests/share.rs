//! A share of the campaign; `cargo run -p reconcile-campaign` runs all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reconcile_campaign::campaign::{run_crash_points, run_garbage, run_seed, run_seeds};
use reconcile_campaign::scenario::scenarios;

/// Of the crash points of each scenario, one of so many is run.
const EVERY: usize = 50;
const SEEDS: u64 = 12;

fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn wherever_an_apply_is_killed_the_next_one_reaches_the_same_state() {
    let results = run_crash_points(&scenarios().unwrap(), EVERY, jobs(), |_, _| {});
    let mut broken = Vec::new();
    let (mut calls, mut reruns) = (0, 0);
    for result in results {
        let crashes = result.unwrap();
        (calls, reruns) = (calls + crashes.calls, reruns + crashes.reruns);
        broken.extend(crashes.broken);
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    assert!(calls > 300 && reruns > 20, "{calls} calls, {reruns} reruns");
}

#[test]
fn random_specs_on_random_live_state_in_random_weather_keep_every_promise() {
    let figures = run_seeds(0..SEEDS, jobs(), |_| {});
    assert_eq!(figures.seeds, SEEDS);
    assert!(figures.weather > 0 && figures.kills > 0 && figures.writes > 0, "{figures:?}");
    assert!(figures.broken.is_empty(), "{:#?}", figures.broken);
}

#[test]
fn a_seed_is_replayed_call_by_call() {
    for seed in [2, 5] {
        let (first, second) = (run_seed(seed).1.unwrap(), run_seed(seed).1.unwrap());
        assert_eq!(first, second, "seed {seed}");
    }
}

#[test]
fn an_apply_whose_reads_are_answered_with_garbage_loses_nothing() {
    let result = run_garbage(25).unwrap();
    assert!(result.operations >= 28 && result.applies >= 15, "{result:?}");
    assert!(result.broken.is_empty(), "{}", result.broken.join("\n\n"));
}
