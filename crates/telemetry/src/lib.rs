//! Exports the spans of the program as traces of OpenTelemetry: OTLP over HTTP, in protobuf.
//!
//! The standard environment variables `OTEL_…` decide whether traces are exported, and to which
//! collector. A collector that does not answer is reported once, and takes no more time than the
//! timeout of the exporter.

mod exporter;
mod settings;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::{Builder, Runtime};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use exporter::{Exporter, Reporter};
use settings::Settings;
pub use settings::SettingsError;

/// The name of the program in traces, unless the environment sets another name.
const SERVICE: &str = "reconcile";
/// The prefix of the names of the crates whose spans are exported, which all crates of the program
/// have.
const TARGETS: &str = "reconcile";

/// The export of traces.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    reporter: Arc<Reporter>,
    timeout: Duration,
    /// The runtime of the connections of the exporter, which still runs after the runtime of a
    /// command has ended.
    runtime: Runtime,
}

/// The reason why traces cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The thread that exports could not be started.
    #[error("cannot start the export of traces")]
    Runtime(#[source] io::Error),
    /// The certificates of the system could not be read.
    #[error("cannot read the certificates of the system for the export of traces")]
    Certificates(#[source] io::Error),
    /// The environment configures the exporter with invalid values.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Traces {
    /// Starts the export, if the environment sets an endpoint. `report` receives the reason of the
    /// first failed export.
    ///
    /// # Errors
    /// Fails if the exporter cannot work with the settings of the environment.
    pub fn start(
        version: &'static str,
        report: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Option<Self>, StartError> {
        let Some(settings) = Settings::from_env(|name| std::env::var(name).ok())? else { return Ok(None) };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(StartError::Runtime)?;
        let (reporter, timeout) = (Arc::new(Reporter::new(report)), settings.timeout);
        let batches = BatchConfigBuilder::default().with_max_queue_size(settings.queue).build();
        let exporter = Exporter::new(settings, runtime.handle().clone(), Arc::clone(&reporter));
        let exporter = exporter.map_err(StartError::Certificates)?;
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(version))
            .with_span_processor(processor)
            .build();
        Ok(Some(Self { provider, reporter, timeout, runtime }))
    }

    /// The layer that records the spans of the program. Events belong to the log, and are not
    /// exported.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with(TARGETS)))
    }

    /// Exports the remaining spans, and ends the export. Takes no more time than the timeout of the
    /// exporter.
    pub fn finish(self) {
        if self.provider.shutdown_with_timeout(self.timeout).is_err() {
            self.reporter.report("the last spans were not exported in time");
        }
        self.runtime.shutdown_background();
    }
}

/// The attributes that all spans share: the attributes in the environment
/// (`OTEL_RESOURCE_ATTRIBUTES`, `OTEL_SERVICE_NAME`), and the name and the version of the program.
fn resource(version: &'static str) -> Resource {
    // The default name of the SDK if the environment sets no name.
    const UNNAMED: &str = "unknown_service";

    let detected = Resource::builder().build();
    let name = detected.get(&Key::from_static_str("service.name")).map(|name| name.to_string());
    let name = name.filter(|name| !name.starts_with(UNNAMED)).unwrap_or_else(|| SERVICE.to_owned());
    // `OTEL_SERVICE_NAME` takes precedence over the attributes, unlike in the SDK.
    let own = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    Resource::builder()
        .with_attribute(KeyValue::new("service.version", version))
        .with_service_name(own.unwrap_or(name))
        .build()
}
