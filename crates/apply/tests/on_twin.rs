//! Tests plan and apply together on the twin, in one process and without the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_futures)]

#[path = "on_twin/adoption.rs"]
mod adoption;
#[path = "on_twin/alarms.rs"]
mod alarms;
#[path = "on_twin/approval.rs"]
mod approval;
#[path = "on_twin/blame.rs"]
mod blame;
#[path = "on_twin/bucket.rs"]
mod bucket;
#[path = "on_twin/calls.rs"]
mod calls;
#[path = "on_twin/cautions.rs"]
mod cautions;
#[path = "on_twin/confirm.rs"]
mod confirm;
#[path = "on_twin/convergence.rs"]
mod convergence;
#[path = "on_twin/denied.rs"]
mod denied;
#[path = "on_twin/departed.rs"]
mod departed;
#[path = "on_twin/destinations.rs"]
mod destinations;
#[path = "on_twin/events.rs"]
mod events;
#[path = "on_twin/exposure.rs"]
mod exposure;
#[path = "on_twin/import.rs"]
mod import;
#[path = "on_twin/installation.rs"]
mod installation;
#[path = "on_twin/keys.rs"]
mod keys;
#[path = "on_twin/leftovers.rs"]
mod leftovers;
#[path = "on_twin/limits.rs"]
mod limits;
#[path = "on_twin/lock.rs"]
mod lock;
#[path = "on_twin/log_access.rs"]
mod log_access;
#[path = "on_twin/notified.rs"]
mod notified;
#[path = "on_twin/organization.rs"]
mod organization;
#[path = "on_twin/others.rs"]
mod others;
#[path = "on_twin/phases.rs"]
mod phases;
#[path = "on_twin/refused.rs"]
mod refused;
#[path = "on_twin/regions.rs"]
mod regions;
#[path = "on_twin/rename.rs"]
mod rename;
#[path = "on_twin/resume.rs"]
mod resume;
#[path = "on_twin/settings.rs"]
mod settings;
#[path = "on_twin/short_forms.rs"]
mod short_forms;
#[path = "on_twin/stale.rs"]
mod stale;
#[path = "on_twin/takeover.rs"]
mod takeover;
#[path = "on_twin/unreadable.rs"]
mod unreadable;
