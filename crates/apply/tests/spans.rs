//! The spans of a plan and an apply: each call to AWS belongs to an account, a Region or a change.
//! This is a separate test program, because other tests would record spans at the same time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_futures)]

#[expect(dead_code, unused_macros, unused_imports, reason = "other tests use the rest")]
#[path = "on_twin/installation.rs"]
mod installation;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reconcile_samples::members;
use tracing::span::{Attributes, Id};
use tracing::{Instrument, Subscriber, trace_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use installation::Installation;

/// Records the path of each span: the names of its parents, and then its own name.
#[derive(Clone, Default)]
struct Paths(Arc<Mutex<BTreeSet<String>>>);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Paths {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let scope: Vec<_> = context.span(id).unwrap().scope().from_root().collect();
        // Spans of the SDK are not exported.
        if scope
            .iter()
            .all(|span| ["reconcile", "spans"].iter().any(|it| span.metadata().target().starts_with(it)))
        {
            let names: Vec<&str> = scope.iter().map(SpanRef::name).collect();
            self.0.lock().unwrap().insert(names.join("/"));
        }
    }
}

#[tokio::test]
async fn each_call_belongs_to_an_account_a_region_or_a_change() {
    let paths = Paths::default();
    // The test has one thread.
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(paths.clone()));
    let installation = Installation::new();
    installation.converge(&members(2)).instrument(trace_span!("command")).await;
    let found = paths.0.lock().unwrap().clone();
    let expected = [
        "command",
        "command/account",
        "command/account/call",
        "command/account/region",
        "command/account/region/call",
        "command/change",
        "command/change/call",
        "command/change/region",
        "command/change/region/call",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
