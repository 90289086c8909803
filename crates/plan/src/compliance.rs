//! Judges live state by the controls of security frameworks on CloudTrail, its bucket, key, topics
//! and log groups. Pure.
//!
//! Live state decides, never the spec: the spec only determines the line that would change the
//! verdict. A resource that could not be read never passes.

mod account;
mod alarm;
mod bucket;
mod context;
mod controls;
mod framework;
mod key;
mod log_group;
mod metric_filter;
mod public;
mod topic;
mod trail;

use reconcile_spec::Desired;
use serde::Serialize;

use crate::observed::Observed;
use crate::plan::AccountRef;
use context::{ControlContext, Judged};
pub use controls::CONTROLS;
pub use framework::Framework;

/// A control of one or more frameworks.
#[derive(Debug)]
pub struct Control {
    /// The ID of the control in Security Hub or in the CIS benchmark, or the name of the AWS Config
    /// rule.
    pub id: &'static str,
    /// The requirement in words.
    pub title: &'static str,
    /// The page that documents the control.
    pub page: &'static str,
    /// The requirements of the frameworks that have the control.
    pub requirements: &'static [(Framework, &'static str)],
    /// Judges all resources to which the control applies.
    check: fn(&ControlContext<'_>) -> Vec<Judged>,
}

impl Control {
    /// Returns the requirements of a framework, as the framework numbers them; `None` if the
    /// framework does not have the control.
    pub fn requirements_of(&self, framework: Framework) -> Option<&'static str> {
        self.requirements.iter().find(|(it, _)| *it == framework).map(|(_, numbers)| *numbers)
    }
}

/// The result of one control for one resource.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The control.
    pub control: &'static Control,
    /// The address of the resource, or of an account (`account/production`).
    pub resource: String,
    /// The account of the resource.
    pub account: Option<AccountRef>,
    /// The verdict.
    pub verdict: ControlVerdict,
}

/// The verdict of a control on a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlVerdict {
    /// The resource meets the control.
    Passed,
    /// The resource does not meet the control.
    Failed {
        /// The reason.
        why: String,
        /// The fix with which the resource would meet the control.
        fix: Fix,
    },
    /// Something could not be read, so the control could not be checked.
    Unreadable(String),
    /// A person must check the control. Contains what to check.
    Manual(String),
    /// The control does not apply to this installation. Contains the reason.
    NotApplicable(String),
}

impl ControlVerdict {
    /// The status of the verdict.
    pub fn status(&self) -> ControlStatus {
        match self {
            Self::Passed => ControlStatus::Passed,
            Self::Failed { .. } => ControlStatus::Failed,
            Self::Unreadable(_) => ControlStatus::Unreadable,
            Self::Manual(_) => ControlStatus::Manual,
            Self::NotApplicable(_) => ControlStatus::NotApplicable,
        }
    }

    /// The reason; `None` if the control is passed.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed { why: message, .. }
            | Self::Unreadable(message)
            | Self::Manual(message)
            | Self::NotApplicable(message) => Some(message),
        }
    }

    /// The fix with which the resource would meet the control; `None` if the verdict has no fix.
    pub fn fix(&self) -> Option<&Fix> {
        match self {
            Self::Failed { fix, .. } => Some(fix),
            Self::Passed | Self::Unreadable(_) | Self::Manual(_) | Self::NotApplicable(_) => None,
        }
    }
}

/// The status of a verdict, in the order in which reports list the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlStatus {
    /// The control is not met.
    Failed,
    /// The control could not be checked.
    Unreadable,
    /// A person must check the control.
    Manual,
    /// The control is met.
    Passed,
    /// The control does not apply to this installation.
    NotApplicable,
}

impl ControlStatus {
    /// All statuses, in their order.
    pub const ALL: [Self; 5] =
        [Self::Failed, Self::Unreadable, Self::Manual, Self::Passed, Self::NotApplicable];

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Manual => "manual",
            Self::Passed => "passed",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unreadable => "could not be checked",
            Self::Manual => "to be checked by hand",
            Self::Passed => "passed",
            Self::NotApplicable => "not applicable",
        }
    }
}

/// The fix with which a resource would meet a control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// A line of the spec.
    Spec {
        /// The key.
        key: String,
        /// The value, as YAML.
        value: String,
        /// The key whose value `unmanaged` must be removed, because it prevents the setting.
        unmanaged: Option<&'static str>,
    },
    /// The spec already contains the setting: `apply` restores it.
    Apply,
    /// A change that no line of a spec makes.
    Outside(String),
}

/// Judges live state by every control of these frameworks, in the order of [`CONTROLS`].
pub fn assess(desired: &Desired, observed: &Observed, frameworks: &[Framework]) -> Vec<Assessed> {
    let context = ControlContext { desired, observed };
    let asked = CONTROLS
        .iter()
        .filter(|control| control.requirements.iter().any(|(framework, _)| frameworks.contains(framework)));
    asked
        .flat_map(|control| {
            let assessed = |Judged { resource, account, verdict }| Assessed {
                control,
                resource,
                account: context.account_ref(&account),
                verdict,
            };
            (control.check)(&context).into_iter().map(assessed)
        })
        .collect()
}
