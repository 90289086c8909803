//! Sends spans to a collector, with the HTTP client of the rest of the program.
//!
//! See "OTLP/HTTP" in the specification of the OpenTelemetry protocol.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prost::Message;
use tokio::runtime::Handle;

use crate::settings::Settings;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

type Connection = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A reporter of only the first failure: if a collector is unavailable, every export fails.
pub(crate) struct Reporter {
    report: Box<dyn Fn(&str) + Send + Sync>,
    has_reported: AtomicBool,
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("has_reported", &self.has_reported).finish_non_exhaustive()
    }
}

impl Reporter {
    pub(crate) fn new(report: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { report: Box::new(report), has_reported: AtomicBool::new(false) }
    }

    pub(crate) fn report(&self, reason: &str) {
        if !self.has_reported.swap(true, Ordering::Relaxed) {
            (self.report)(reason);
        }
    }
}

/// The reason why spans could not be exported to a collector.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("the collector cannot be reached: {0}")]
    Unreachable(String),
    #[error("the collector answered {0}")]
    Status(StatusCode),
    #[error("the collector did not answer within {0} ms")]
    Late(u128),
    /// The runtime has ended with the program.
    #[error("the program ended")]
    Ended,
}

/// An exporter of batches of spans. A batch is sent only once, because a pause between attempts
/// would delay the end of the program.
#[derive(Debug)]
pub(crate) struct Exporter {
    connection: Connection,
    settings: Settings,
    /// The runtime of the connections. The SDK exports from a thread without a runtime.
    runtime: Handle,
    reporter: Arc<Reporter>,
    resource: ResourceAttributesWithSchema,
}

impl Exporter {
    pub(crate) fn new(settings: Settings, runtime: Handle, reporter: Arc<Reporter>) -> io::Result<Self> {
        let connector =
            HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
        let connection = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self {
            connection,
            settings,
            runtime,
            reporter,
            resource: ResourceAttributesWithSchema::default(),
        })
    }

    fn request(&self, batch: Vec<SpanData>) -> Request<Full<Bytes>> {
        let resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.settings.endpoint.clone();
        *request.headers_mut() = self.settings.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, PROTOBUF);
        request
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(), ExportError> {
        let (connection, limit) = (self.connection.clone(), self.settings.timeout);
        let exchange =
            self.runtime.spawn(async move { tokio::time::timeout(limit, connection.request(request)).await });
        match exchange.await.map_err(|_| ExportError::Ended)? {
            // The messages of the collector about single spans do not help the user of this
            // program.
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(ExportError::Status(answer.status())),
            Ok(Err(error)) => Err(ExportError::Unreachable(innermost(&error))),
            Err(_) => Err(ExportError::Late(limit.as_millis())),
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.send(self.request(batch)).await.map_err(|error| {
            let reason = error.to_string();
            self.reporter.report(&reason);
            OTelSdkError::InternalFailure(reason)
        })
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

/// Returns the innermost cause of an error. The outermost error of a failed connection only says
/// "client error (Connect)".
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => innermost(cause),
        None => error.to_string(),
    }
}
