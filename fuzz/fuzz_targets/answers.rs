//! Any bytes in place of one answer of AWS: live state is read, compared and shown, or an error
//! says what cannot be read.
//!
//! The first bytes of an input choose the call, the HTTP status, and the part of the true answer
//! that is replaced by the rest.
#![no_main]

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use reconcile_apply::{Interrupt, Journal, Propagation, apply};
use reconcile_aws::{Aws, ConnectOptions, Embedded};
use reconcile_diff::{Progress, read};
use reconcile_plan::observed::LiveError;
use reconcile_plan::{Comparison, compare};
use reconcile_report::{TextOptions, plan};
use reconcile_spec::Spec;
use reconcile_text::is_hidden;
use reconcile_twin::{Setup, SetupAccount, Twin};
use tokio::runtime::Runtime;

/// An account with a role, and one of the current credentials.
static SPEC: LazyLock<Spec> = LazyLock::new(|| {
    reconcile_spec::parse("prod.yaml", include_bytes!("../../specs/prod.yaml")).expect("a spec")
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
});

/// An AWS to which the spec was applied.
static TWIN: LazyLock<Twin> = LazyLock::new(|| {
    let twin = Twin::in_memory();
    let accounts = SPEC.desired().accounts.iter().map(|account| SetupAccount {
        id: account.id.to_string(),
        name: account.name.to_string(),
        roles: account.access.role.iter().map(|role| role.arn.resource_name().to_owned()).collect(),
    });
    twin.provision(Setup {
        buckets: Vec::new(),
        keys: Vec::new(),
        topics: Vec::new(),
        ambient: Some(ambient().to_owned()),
        management: None,
        accounts: accounts.collect(),
    });
    let aws = connect(&twin, twin.http_client());
    RUNTIME.block_on(async {
        let first = compared(&aws).await.expect("the twin answers").plan;
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path(), &first).expect("the folder can be written");
        let options = reconcile_apply::ApplyOptions {
            propagation: Propagation::within(Duration::ZERO),
            confirm: None,
            in_flight: NonZeroUsize::MIN,
            interrupt: Interrupt::default(),
            observer: Arc::new(()),
        };
        assert!(apply(&aws, SPEC.desired(), &first, journal, options).await.is_complete());
    });
    twin
});

/// The account of the caller.
fn ambient() -> &'static str {
    SPEC.desired().accounts.iter().next().expect("the spec has an account").id.as_str()
}

fn connect(twin: &Twin, http_client: SharedHttpClient) -> Aws {
    Aws::new(ConnectOptions {
        profile: None,
        region: SPEC.desired().bucket.site.region.clone(),
        endpoint_url: None,
        concurrency: NonZeroUsize::new(64).expect("not zero"),
        session_policies: true,
        embedded: Some(Embedded {
            http_client,
            credentials: twin.credentials_for(ambient()),
            profiles: Default::default(),
            counts_time: false,
        }),
    })
}

async fn compared(aws: &Aws) -> Result<Comparison, LiveError> {
    let live = read(aws, SPEC.clone(), &Arc::new(Progress::default())).await?;
    Ok(compare(&live.spec, &live.observed, Timestamp::UNIX_EPOCH))
}

/// The change of one answer.
#[derive(Debug, Clone)]
struct Edit {
    call: usize,
    status: Option<u16>,
    start: usize,
    length: usize,
    bytes: Vec<u8>,
}

impl Edit {
    fn of(input: &[u8]) -> Option<Self> {
        let (&[call, status, start_high, start_low, length], rest) = input.split_first_chunk()?;
        let status = match status % 8 {
            0 => Some(400),
            1 => Some(403),
            2 => Some(404),
            3 => Some(500),
            _ => None,
        };
        let start = usize::from(start_high) << 8 | usize::from(start_low);
        // The greatest length replaces everything.
        let (start, length) =
            if length == u8::MAX { (0, usize::MAX) } else { (start, usize::from(length)) };
        Some(Self { call: call.into(), status, start, length, bytes: rest.to_vec() })
    }

    fn apply(&self, answer: http::Response<Bytes>) -> http::Response<Bytes> {
        let (mut parts, body) = answer.into_parts();
        if let Some(status) = self.status {
            parts.status = http::StatusCode::from_u16(status).expect("a status");
        }
        let start = self.start.min(body.len());
        let end = start.saturating_add(self.length).min(body.len());
        let body = [&body[..start], &self.bytes, &body[end..]].concat();
        parts.headers.remove(http::header::CONTENT_LENGTH);
        http::Response::from_parts(parts, body.into())
    }
}

/// The twin, with one answer edited.
#[derive(Debug, Clone)]
struct Client {
    edit: Edit,
    calls: Arc<AtomicUsize>,
}

impl HttpClient for Client {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Client {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_edited = self.calls.fetch_add(1, Ordering::Relaxed) == self.edit.call;
        let edit = self.edit.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let answer = TWIN.handle(http::Request::from_parts(parts, body));
            let answer = if is_edited { edit.apply(answer) } else { answer };
            HttpResponse::try_from(answer.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fuzz_target!(|input: &[u8]| {
    let Some(edit) = Edit::of(input) else { return };
    let client = Client { edit, calls: Arc::default() };
    let aws = connect(&TWIN, SharedHttpClient::new(client));
    if let Ok(comparison) = RUNTIME.block_on(compared(&aws)) {
        let shown = plan::text(&comparison.plan, TextOptions { verbose: true, sandbox: false });
        let hidden = |letter| !matches!(letter, '\n' | '\u{1b}') && is_hidden(letter);
        assert!(!shown.as_str().contains(hidden), "{shown}");
    }
});
