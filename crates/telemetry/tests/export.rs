//! What a collector receives, and what a program does without one. The program is this one, started
//! again with other variables in its environment.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use reconcile_telemetry::Traces;
use tracing::trace_span;
use tracing_subscriber::layer::SubscriberExt;

/// The variable that makes this program the one that exports.
const EXPORTS: &str = "TEST_EXPORTS";

fn main() {
    if std::env::var_os(EXPORTS).is_some() {
        return export();
    }
    spans_have_names_parents_and_attributes();
    the_environment_has_the_last_word();
    a_collector_that_fails_is_reported_once();
    a_collector_that_hangs_takes_no_more_time_than_the_timeout();
    nothing_is_exported_without_an_endpoint();
    println!("5 tests passed");
}

/// Makes spans as the program does, in several batches.
fn export() {
    let Some(traces) = Traces::start("1.2.3", |reason| println!("{reason}")).unwrap() else {
        println!("no traces");
        return;
    };
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    tracing::subscriber::with_default(subscriber, || {
        let command = trace_span!(target: "reconcile", "command", otel.name = "reconcile plan").entered();
        for region in ["eu-west-1", "us-east-1"] {
            let account =
                trace_span!(target: "reconcile_diff", "account", "cloud.account.id" = "111111111111");
            let _account = account.entered();
            for number in 0..400 {
                let call = trace_span!(
                    target: "reconcile_aws",
                    "call",
                    otel.name = "s3:ListBucket",
                    otel.kind = "client",
                    cloud.region = region,
                    number,
                    "error.type" = tracing::field::Empty,
                    otel.status_code = tracing::field::Empty,
                );
                if number == 7 {
                    call.record("error.type", "AccessDenied").record("otel.status_code", "ERROR");
                }
                call.in_scope(|| tracing::error!(target: "reconcile_aws", "an event is the log"));
            }
        }
        drop(trace_span!(target: "hyper", "not ours"));
        drop(command);
    });
    traces.finish();
}

/// A request that a collector received: its first line and headers in lower case, and its spans.
struct Received {
    head: String,
    request: ExportTraceServiceRequest,
}

/// A collector that answers with a status. Returns its address and what it receives.
fn collector(status: u16) -> (String, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head += &line.to_lowercase();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let request = ExportTraceServiceRequest::decode(&*body).unwrap();
            // Before the answer: with it, the program can end, and the test looks at what was
            // received.
            if sender.send(Received { head, request }).is_err() {
                return;
            }
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, received)
}

/// Starts this program to export, and returns what it prints.
fn run(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env_clear().env(EXPORTS, "1").envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|it| it.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    attributes.iter().map(|it| (it.key.as_str(), text(it.value.as_ref()))).collect()
}

fn spans(received: &[Received]) -> Vec<&Span> {
    let resources = received.iter().flat_map(|it| &it.request.resource_spans);
    resources.flat_map(|it| &it.scope_spans).flat_map(|it| &it.spans).collect()
}

fn resource(received: &Received) -> BTreeMap<&str, String> {
    attributes(&received.request.resource_spans[0].resource.as_ref().unwrap().attributes)
}

fn spans_have_names_parents_and_attributes() {
    let (address, received) = collector(200);
    assert_eq!(run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]), "");
    let received: Vec<Received> = received.try_iter().collect();
    for Received { head, .. } in &received {
        assert!(
            head.starts_with("post /v1/traces http/1.1") && head.contains("application/x-protobuf"),
            "{head}"
        );
    }
    let all = spans(&received);
    let named = |name: &str| all.iter().copied().filter(|it| it.name == name).collect::<Vec<&Span>>();
    let ([command], accounts, calls) =
        (&named("reconcile plan")[..], named("account"), named("s3:ListBucket"))
    else {
        panic!("{} spans", all.len())
    };
    assert_eq!((all.len(), accounts.len(), calls.len()), (1 + 2 + 800, 2, 800));
    assert_eq!((command.parent_span_id.len(), command.kind()), (0, SpanKind::Internal));
    assert!(all.iter().all(|it| it.trace_id == command.trace_id));
    assert!(accounts.iter().all(|it| it.parent_span_id == command.span_id));
    assert_eq!(
        attributes(&accounts[0].attributes),
        BTreeMap::from([("cloud.account.id", "111111111111".to_owned())])
    );
    for (account, region) in accounts.iter().zip(["eu-west-1", "us-east-1"]) {
        let own: Vec<_> = calls.iter().filter(|it| it.parent_span_id == account.span_id).collect();
        assert_eq!(own.len(), 400);
        assert!(own.iter().all(|it| attributes(&it.attributes)["cloud.region"] == region));
        assert!(own.iter().all(|it| it.kind() == SpanKind::Client && it.events.is_empty()));
        let failed: Vec<_> =
            own.iter().filter(|it| it.status.as_ref().is_some_and(|it| it.code == 2)).collect();
        let [failed] = failed[..] else { panic!("{failed:?}") };
        let expected = [("cloud.region", region), ("error.type", "AccessDenied"), ("number", "7")];
        let expected = expected.map(|(key, value)| (key, value.to_owned()));
        assert_eq!(attributes(&failed.attributes), BTreeMap::from(expected));
    }
    let resource = resource(&received[0]);
    assert_eq!((&*resource["service.name"], &*resource["service.version"]), ("reconcile", "1.2.3"));
}

fn the_environment_has_the_last_word() {
    let (address, received) = collector(200);
    let endpoint = format!("{address}/custom/path");
    let common = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=logs,authorization=Bearer%20secret"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-attributes,deployment.environment.name=prod"),
    ];
    assert_eq!(run(&common), "");
    let first = received.try_iter().last().unwrap();
    assert!(first.head.starts_with("post /custom/path http/1.1"), "{}", first.head);
    assert!(
        first.head.contains("x-team: logs") && first.head.contains("authorization: bearer secret"),
        "{}",
        first.head
    );
    let found = resource(&first);
    assert_eq!(
        (&*found["service.name"], &*found["deployment.environment.name"]),
        ("from-attributes", "prod")
    );
    run(&[&common[..], &[("OTEL_SERVICE_NAME", "nightly")]].concat());
    assert_eq!(resource(&received.try_iter().last().unwrap())["service.name"], "nightly");
}

fn a_collector_that_fails_is_reported_once() {
    let (address, received) = collector(503);
    let told = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]);
    assert_eq!(told, "the collector answered 503 Service Unavailable\n");
    // Several batches, none of which is sent twice.
    let received: Vec<Received> = received.try_iter().collect();
    assert!(received.len() > 1 && spans(&received).len() <= 803, "{} requests", received.len());

    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{unused}"))]);
    assert!(told.starts_with("the collector cannot be reached: ") && told.lines().count() == 1, "{told}");
}

fn a_collector_that_hangs_takes_no_more_time_than_the_timeout() {
    // The connection is accepted by the system, and nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let told = run(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &address), ("OTEL_EXPORTER_OTLP_TIMEOUT", "300")]);
    // Whichever comes first: the timeout of the request, or that of the end.
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("did not answer within 300 ms") || told.contains("not exported in time"), "{told}");
}

fn nothing_is_exported_without_an_endpoint() {
    assert_eq!(run(&[]), "no traces\n");
    let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_SDK_DISABLED", "true")];
    assert_eq!(run(&off), "no traces\n");
}
