//! Traces of OpenTelemetry, in a program that is built with the feature `otel`.

#[cfg(not(feature = "otel"))]
pub(crate) use absent::Traces;
#[cfg(feature = "otel")]
pub(crate) use exported::Traces;

#[cfg(feature = "otel")]
mod exported {
    use tracing::Subscriber;
    use tracing_subscriber::Layer;
    use tracing_subscriber::registry::LookupSpan;

    use crate::output;

    /// The export of traces, if the environment requests traces.
    pub(crate) struct Traces(Option<reconcile_telemetry::Traces>);

    impl Traces {
        /// Starts the export. A failure is only a warning, because the command does not need
        /// traces.
        pub(crate) fn start() -> Self {
            let report = |reason: &str| output::note(format!("warning: traces are not exported: {reason}"));
            Self(reconcile_telemetry::Traces::start(env!("CARGO_PKG_VERSION"), report).unwrap_or_else(
                |error| {
                    output::note(format!("warning: {}", reconcile_text::message(&error)));
                    None
                },
            ))
        }

        pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
        where
            S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
        {
            self.0.as_ref().map(reconcile_telemetry::Traces::layer)
        }

        /// Exports the remaining spans.
        pub(crate) fn finish(self) {
            if let Some(traces) = self.0 {
                traces.finish();
            }
        }
    }
}

#[cfg(not(feature = "otel"))]
mod absent {
    use tracing_subscriber::layer::Identity;

    /// The replacement in a build without the export of traces.
    pub(crate) struct Traces;

    impl Traces {
        pub(crate) fn start() -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "the same as with the feature")]
        pub(crate) fn layer(&self) -> Identity {
            Identity::new()
        }

        #[expect(clippy::unused_self, reason = "the same as with the feature")]
        pub(crate) fn finish(self) {}
    }
}
