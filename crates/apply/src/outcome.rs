//! The outcome of an apply, as data.

use std::path::PathBuf;

use reconcile_plan::Address;
use reconcile_plan::plan::{ActionKind, Change, Phase, SpecRef};
use reconcile_policy::StatementForm;
use serde::Serialize;

/// The outcome of an apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The spec that the plan was made from.
    pub spec: SpecRef,
    /// The results of all changes, in the order of the plan.
    pub results: Vec<ChangeResult>,
    /// Counts.
    pub summary: OutcomeCounts,
    /// The path of the journal.
    pub journal: PathBuf,
}

/// The result of one change.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeResult {
    /// The resource.
    pub address: Address,
    /// The action of the change.
    pub action: ActionKind,
    /// The phase of the change.
    pub phase: Phase,
    /// The status of the change.
    pub status: ChangeStatus,
    /// The number of AWS calls of the change.
    pub calls: u64,
    /// The duration, in milliseconds.
    pub duration_ms: u64,
    /// The answers of CloudTrail about the trails of this change.
    pub confirmation: Option<Confirmation>,
}

/// The answers of CloudTrail about trails after a policy was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Confirmation {
    /// Trails that CloudTrail accepts.
    pub confirmed: Vec<Address>,
    /// Trails that CloudTrail could not be asked about, or that it rejected for a reason other than
    /// the policy.
    pub unconfirmed: Vec<Unconfirmed>,
    /// The trail that CloudTrail refused. After the refusal, `apply` asked about no other trail.
    pub refused: Option<RefusedTrail>,
}

/// A trail that CloudTrail neither confirmed nor refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unconfirmed {
    /// The trail.
    pub trail: Address,
    /// The reason.
    pub error: String,
}

/// A trail that CloudTrail refused because of a policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedTrail {
    /// The trail.
    pub trail: Address,
    /// The answer of AWS.
    pub error: String,
    /// The time during which `apply` asked CloudTrail, in seconds.
    pub waited_seconds: u64,
    /// The result of the proof for the same policy; `None` if the policies could not be read.
    pub proof: Option<String>,
    /// The outcome for the policy.
    pub policy: PolicyAfter,
    /// The short form that the policy used for the first time, if CloudTrail refused the trail
    /// because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<RefusedForm>,
}

/// A short form under which CloudTrail refused a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedForm {
    /// The form.
    pub form: StatementForm,
    /// The policy.
    pub policy: Address,
    /// The reason why the refusal could not be recorded for the next plan; `None` if it was
    /// recorded.
    pub unrecorded: Option<String>,
}

/// The outcome for a policy under which CloudTrail refused a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PolicyAfter {
    /// The policy had not been written yet.
    Unwritten,
    /// The previous document was restored.
    Restored {
        /// Whether CloudTrail accepts the trail with this document; `None` if this is unknown.
        accepted: Option<bool>,
    },
    /// The policy had not been written yet, and the longer form was restored for every trail.
    Retreated {
        /// Whether CloudTrail accepts the trail with this document; `None` if this is unknown.
        accepted: Option<bool>,
    },
    /// Somebody else wrote the policy after this apply. Their version was kept.
    ChangedByOthers,
    /// The previous document could not be restored.
    NotRestored {
        /// The reason.
        error: String,
    },
}

/// The status of a change.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ChangeStatus {
    /// The change was made.
    Applied,
    /// The resource already had the planned state.
    Unchanged,
    /// The change was not made, or made only in part.
    Failed {
        /// The reason.
        error: String,
        /// The next step of the user.
        hint: Option<String>,
    },
    /// The change was skipped, because it depends on a change that was not made.
    Skipped {
        /// The reason.
        error: String,
    },
    /// The change was not started, because a stop was requested earlier.
    #[serde(rename = "skipped")]
    NotBegun,
    /// The resource changed after the plan was made, so the change was skipped.
    #[serde(rename = "skipped")]
    Stale {
        /// The difference.
        error: String,
    },
}

impl ChangeResult {
    /// The result of a change for which AWS was not called.
    pub(crate) fn without_calls(change: &Change, status: ChangeStatus) -> Self {
        Self {
            address: change.address.clone(),
            action: change.action(),
            phase: change.phase,
            status,
            calls: 0,
            duration_ms: 0,
            confirmation: None,
        }
    }
}

impl ChangeStatus {
    /// The name of the status.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } | Self::NotBegun | Self::Stale { .. } => "skipped",
        }
    }

    /// The next step of the user, if the change failed and there is one.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Failed { hint, .. } => hint.as_deref(),
            Self::Applied | Self::Unchanged | Self::NotBegun | Self::Skipped { .. } | Self::Stale { .. } => {
                None
            }
        }
    }

    /// The reason why the change was not made, if it was not made.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Applied | Self::Unchanged => None,
            Self::NotBegun => Some("interrupted"),
            Self::Failed { error, .. } | Self::Skipped { error } | Self::Stale { error } => Some(error),
        }
    }
}

/// The numbers of changes of an outcome, by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OutcomeCounts {
    /// The number of changes that were made.
    pub applied: usize,
    /// The number of changes that failed.
    pub failed: usize,
    /// The number of changes that were skipped or not started, including stale changes.
    pub skipped: usize,
    /// The number of resources that already had the planned state.
    pub unchanged: usize,
}

impl Outcome {
    /// Whether a resource was skipped because it changed after the plan was made.
    pub fn is_stale(&self) -> bool {
        self.results.iter().any(|result| matches!(result.status, ChangeStatus::Stale { .. }))
    }

    /// Whether CloudTrail refused a trail. CloudTrail would refuse another apply of the same plan
    /// as well.
    pub fn is_refused(&self) -> bool {
        let mut confirmations = self.results.iter().filter_map(|result| result.confirmation.as_ref());
        confirmations.any(|it| it.refused.is_some())
    }

    /// Returns the outcome with additional results, sorted in the order of a plan.
    pub fn with(mut self, results: Vec<ChangeResult>, order: &[(Address, Phase)]) -> Self {
        self.results.extend(results);
        let place = |result: &ChangeResult| {
            order.iter().position(|(address, phase)| (address, *phase) == (&result.address, result.phase))
        };
        self.results.sort_by_cached_key(place);
        self.summary = OutcomeCounts::of(&self.results);
        self
    }

    /// The number of changes that were not started, because a stop was requested earlier.
    pub fn not_begun(&self) -> usize {
        self.results.iter().filter(|result| result.status == ChangeStatus::NotBegun).count()
    }

    /// Whether each change was made or was not needed.
    pub fn is_complete(&self) -> bool {
        self.summary.failed == 0 && self.summary.skipped == 0
    }
}

impl OutcomeCounts {
    /// Counts results.
    pub fn of(results: &[ChangeResult]) -> Self {
        let mut summary = Self::default();
        for result in results {
            match result.status {
                ChangeStatus::Applied => summary.applied += 1,
                ChangeStatus::Unchanged => summary.unchanged += 1,
                ChangeStatus::Failed { .. } => summary.failed += 1,
                ChangeStatus::Skipped { .. } | ChangeStatus::NotBegun | ChangeStatus::Stale { .. } => {
                    summary.skipped += 1;
                }
            }
        }
        summary
    }
}
