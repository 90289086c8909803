//! The case of a seed: live state, a task, a kill and weather.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reconcile_samples::{EditSpec, organization};
use reconcile_twin::Weather;

use crate::edit::ForeignEdit;
use crate::specs::{Said, specs};
use crate::test_bed::Task;

/// The members of the organization. Specs without an organization declare the first three.
pub const MEMBERS: [&str; 4] = ["000000000001", "000000000002", "000000000003", "000000000004"];

/// A case of the campaign. The seed determines everything in the case.
#[derive(Debug, Clone)]
pub struct Case {
    /// The seed.
    pub seed: u64,
    /// The apply that created the live state, if there was one.
    pub earlier: Option<Earlier>,
    /// The later edits of other teams.
    pub edits: Vec<ForeignEdit>,
    /// The task.
    pub task: Task,
    /// The number of the call after which the apply of the task is killed, if the apply makes so
    /// many calls.
    pub kill: Option<usize>,
    /// The seed of the weather; `None` for calm weather.
    pub weather: Option<u64>,
}

/// An apply before the task.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The spec.
    pub spec: String,
    /// The number of the call after which the apply was killed, if it was killed.
    pub kill: Option<usize>,
}

impl Case {
    /// The case of a seed.
    ///
    /// # Errors
    /// Fails if the generator gives up, which happens for no seed.
    pub fn of(seed: u64) -> Result<Self, String> {
        let mut bytes = [0; 32];
        for (byte, value) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *byte = value;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let tree = cases(seed).new_tree(&mut runner).map_err(|reason| reason.to_string())?;
        Ok(tree.current())
    }

    /// The weather; `None` for calm weather.
    pub fn weather(&self) -> Option<Weather> {
        self.weather.map(Weather::from_seed)
    }
}

fn cases(seed: u64) -> impl Strategy<Value = Case> {
    let earlier = (any_spec(), prop::option::weighted(0.25, 1..40_usize));
    let earlier = prop::option::weighted(0.75, earlier.prop_map(|(spec, kill)| Earlier { spec, kill }));
    let edits = subsequence(ForeignEdit::ALL.to_vec(), 0..=4);
    let task = (any_spec(), prop::bool::weighted(0.12));
    let kill = prop::option::weighted(0.4, 1..50_usize);
    let weather = prop::bool::weighted(0.75).prop_map(move |is_bad| is_bad.then_some(seed));
    (earlier, edits, task, kill, weather).prop_map(move |(earlier, edits, (spec, destroy), kill, weather)| {
        Case { seed, earlier, edits, task: Task { spec, destroy }, kill, weather }
    })
}

fn any_spec() -> impl Strategy<Value = String> {
    prop_oneof![5 => specs(Said::Some), 1 => organizations()]
}

/// Specs whose accounts are members of the organization.
fn organizations() -> impl Strategy<Value = String> {
    let exclude = subsequence(MEMBERS.to_vec(), 0..=2);
    let trail = select(vec![
        None,
        Some("{ enabled: false }"),
        Some("{ sns_topic: { name: t } }"),
        Some("{ cloudwatch_logs: { log_group: a, retention_days: 30 } }"),
        Some("{ data_events: { s3: all } }"),
    ]);
    let everybodys = select(vec![None, Some("{ name: Everybodys, organization_trail: true }")]);
    let deletion = select(vec![None, Some("{ bucket: true, key: true }")]);
    (exclude, trail, everybodys, deletion).prop_map(|(exclude, trail, everybodys, deletion)| {
        let edits = [("trails.0", trail), ("trails.1", everybodys), ("deletion", deletion)];
        let edits = edits.into_iter().filter_map(|(path, change)| Some((path, change?)));
        edits.fold(organization(&exclude), |spec, (path, change)| spec.with(path, change))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_means_the_same_and_seeds_differ() {
        let text = |seed| format!("{:?}", Case::of(seed).unwrap());
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn every_seed_has_a_spec_that_is_accepted() {
        for seed in 0..200 {
            let case = Case::of(seed).unwrap();
            assert_eq!(case.task.parse().err().map(|it| it.to_string()), None, "{}", case.task.spec);
        }
    }
}
