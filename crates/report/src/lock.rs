//! Views of a lock.

use std::time::Duration;

use reconcile_apply::lock::{Holder, LeaseState, LockFound};
use reconcile_text::{Text, count};
use serde_json::json;

use crate::paint::beginning;
use crate::{FORMAT_VERSION, TextOptions};

/// A lock, and whether it was released.
#[derive(Debug, Clone)]
pub struct Shown {
    place: String,
    /// The status of the lock; `None` if nobody holds the lock.
    held: Option<LockStatus>,
    /// Whether the lock was released after it was read.
    pub released: bool,
}

/// The status of a lock that is held.
#[derive(Debug, Clone)]
struct LockStatus {
    holder: Option<Holder>,
    lease: LeaseState,
    age: Option<Duration>,
}

impl Shown {
    /// Creates the view of a lock after it was read.
    pub fn new(place: &str, found: Option<&LockFound>) -> Self {
        let held = found.map(|found| LockStatus {
            holder: found.holder.clone(),
            lease: found.lease,
            age: found.age,
        });
        Self { place: place.to_owned(), held, released: false }
    }
}

/// The text view of a lock.
pub fn text(shown: &Shown, options: TextOptions) -> Text {
    let mut text = beginning(options);
    let place = &shown.place;
    let Some(LockStatus { holder, lease, age }) = &shown.held else {
        text.line(format_args!("Nobody holds the lock {place}."));
        return text;
    };
    text.line(format_args!("The lock {place} is held."));
    match holder {
        Some(Holder { who, since, spec, .. }) => {
            text.line(format_args!("  holder:  {who}"));
            text.line(format_args!("  since:   {since}"));
            text.line(format_args!("  spec:    {spec}"));
        }
        None => text.line("  holder:  unknown: the lock object does not name a holder"),
    }
    if let Some(age) = age {
        let seconds = usize::try_from(age.as_secs()).unwrap_or(usize::MAX);
        text.line(format_args!("  renewed: {} ago", count(seconds, "second")));
    }
    text.line(match lease {
        LeaseState::Running => "  lease:   running: the apply renews the lock",
        LeaseState::Ended => {
            "  lease:   ended: the apply is no longer running, or cannot reach S3; the next apply takes over the lock"
        }
        LeaseState::Unknown => "  lease:   unknown: it is not known whether an apply renews the lock",
    });
    text
}

/// The JSON view of a lock.
///
/// # Errors
/// None in practice: every lock can be written as JSON.
pub fn json(shown: &Shown) -> serde_json::Result<String> {
    let holder = |holder: &Holder| json!({ "who": holder.who, "since": holder.since, "spec": holder.spec });
    let held = shown.held.as_ref().map(|LockStatus { holder: found, lease, age }| {
        json!({
            "holder": found.as_ref().map(holder),
            "lease": lease,
            "renewed_seconds_ago": age.map(|age| age.as_secs()),
        })
    });
    let value = json!({
        "format_version": FORMAT_VERSION,
        "lock": shown.place,
        "held": held,
        "released": shown.released,
    });
    serde_json::to_string_pretty(&value).map(|text| text + "\n")
}
