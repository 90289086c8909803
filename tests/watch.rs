//! `watch` with an AWS that the test serves: the content of the pages, the messages and the log
//! while drift starts and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reconcile_twin::Setup;
use serde_json::{Value, json};

use crate::freshness;
use crate::support::{Moto, Project, Served, python};

const LIMIT: Duration = Duration::from_mins(1);

/// A process that ends with the test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        // The process may already have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watching {
    /// Starts `watch`, and returns the process with the address of its status page.
    fn start(project: &Project, options: &str) -> (Self, String) {
        let words = format!("watch specs/prod.yaml --every 1s --listen 127.0.0.1:0 {options}");
        let mut command = project.command(&words);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("status page on http://").expect(&line);
        let address = address.trim_end_matches('/').to_owned();
        // The log must be read continuously, or the pipe would become full.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        (Self(process), address)
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn end(mut self) -> Option<i32> {
        self.signal("TERM");
        self.0.wait().unwrap().code()
    }
}

/// Returns the answer to a GET request: the status and the body.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Waits until `look` returns a value.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "{what} does not happen");
        std::thread::yield_now();
    }
}

/// Starts a receiver of webhooks that answers with these statuses in turn, and then with 200.
/// Returns its URL and the received requests.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<(u16, String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        let mut statuses = statuses.iter().copied().chain(std::iter::repeat(200));
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
            let status = statuses.next().unwrap();
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            if sender.send((status, head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (url, received)
}

#[test]
fn digests_that_stopped_are_on_the_page_and_not_listed_by_every_check() {
    let (served, project) = freshness::delivered();
    freshness::stop(&served, "us-west-2", 5);
    let before = freshness::lists(&served);
    let (process, address) = Watching::start(&project, "--freshness");
    until("the finding", || get(&address, "/").1.contains("in us-west-2 stopped").then_some(()));
    let first = freshness::lists(&served);
    until("the third check", || {
        let metrics = get(&address, "/metrics").1;
        metrics.contains(r#"checks_total{spec="specs/prod.yaml",status="drifted"} 3"#).then_some(())
    });
    // One list call for each account, and one for each account and Region.
    assert_eq!((first - before, freshness::lists(&served)), (3 + 3 * 17, first));
    assert_eq!(process.end(), Some(0));
}

#[test]
fn drift_and_its_end_are_reported_once() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let (url, received) = receiver(&[500]);
    project.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    let (watch, page) =
        Watching::start(&project, &format!("--notify {url} --notify-secret file:secret --state-dir state"));
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    assert_eq!(get(&page, "/healthz").0, 200);
    assert!(get(&page, "/").1.contains("in sync"));

    served.set_logging("333333333333", "SecurityTrail", false);
    // The first answer of the receiver is an error, so the message is sent again.
    let (first, again) = (received.recv_timeout(LIMIT).unwrap(), received.recv_timeout(LIMIT).unwrap());
    assert_eq!((first.0, again.0), (500, 200));
    assert_eq!(first.2, again.2);
    assert!(again.1.contains("webhook-signature: v1,"), "{}", again.1);
    let changes = &again.2["changes"];
    assert_eq!(changes.as_array().unwrap().len(), 1, "{changes}");
    assert_eq!(changes[0]["transition"], "new");
    assert_eq!(changes[0]["finding"]["address"], "trail/development/SecurityTrail");
    let metrics = get(&page, "/metrics").1;
    let line = "reconcile_findings{spec=\"specs/prod.yaml\",account=\"development\",kind=\"changed\",severity=\"critical\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(get(&page, "/?severity=critical").1.contains("logging"));

    // After a restart, known findings are not reported again.
    assert_eq!(watch.end(), Some(0));
    let (watch, page) = Watching::start(&project, &format!("--notify {url} --state-dir state"));
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", true);
    let (_, _, message) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(message["changes"][0]["transition"], "resolved");
    assert_eq!(watch.end(), Some(0));
}

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:alerts";
const BUS: &str = "arn:aws:events:us-east-1:111111111111:event-bus/default";

#[test]
fn topics_and_event_buses_get_messages() {
    let served = Served::start();
    served.twin.provision(Setup { topics: vec![TOPIC.to_owned()], ..Setup::default() });
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let options = format!("--notify sns:{TOPIC} --notify eventbridge:{BUS} --state-dir state");
    let (watch, page) = Watching::start(&project, &options);
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", false);
    let told = until("both messages", || Some(served.twin.published()).filter(|told| told.len() == 2));
    for (arn, subject) in [(TOPIC, "reconcile: specs/prod.yaml: 1 new"), (BUS, "reconcile: reconcile drift")]
    {
        let message = told.iter().find(|message| message.arn == arn).unwrap();
        assert_eq!(message.subject, subject);
        let document: Value = serde_json::from_str(&message.message).unwrap();
        assert_eq!(document["changes"][0]["finding"]["address"], "trail/development/SecurityTrail");
    }
    let line = format!("reconcile_notifications_total{{receiver=\"sns:{TOPIC}\",result=\"delivered\"}} 1");
    until("the count", || get(&page, "/metrics").1.contains(&line).then_some(()));
    assert_eq!(watch.end(), Some(0));
}

/// moto forwards messages and events to queues, as SNS and EventBridge do.
#[test]
fn queues_behind_a_topic_and_a_bus_of_moto_get_the_messages() {
    const SETUP: &str = r#"
sqs, sns, events = boto3.client("sqs"), boto3.client("sns"), boto3.client("events")
def queue(name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
topic = sns.create_topic(Name="alerts")["TopicArn"]
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue("of-topic"))
events.put_rule(Name="drift", EventPattern=json.dumps({"source": ["reconcile"], "detail-type": ["reconcile drift"]}))
events.put_targets(Rule="drift", Targets=[{"Id": "queue", "Arn": queue("of-bus")}])
"#;
    const RECEIVED: &str = r#"
def received(name):
    url = boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    found = boto3.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]
topic, bus = received("of-topic"), received("of-bus")
print(json.dumps([[json.loads(it["Message"]) for it in topic], [it["detail"] for it in bus]]))
"#;
    let moto = Moto::start();
    let project = moto.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    moto.boto3(SETUP);
    let on_moto = |arn: &str| arn.replace("111111111111", "123456789012");
    let options =
        format!("--notify sns:{} --notify eventbridge:{} --state-dir state", on_moto(TOPIC), on_moto(BUS));
    let (watch, page) = Watching::start(&project, &options);
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    moto.boto3(
        r#"member("333333333333").client("cloudtrail", "us-east-1").stop_logging(Name="SecurityTrail")"#,
    );
    let told = until("both messages", || {
        let told: [Vec<Value>; 2] = serde_json::from_str(&moto.boto3(RECEIVED)).unwrap();
        told.iter().all(|messages| !messages.is_empty()).then_some(told)
    });
    for messages in told {
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0]["changes"][0]["transition"], "new");
        assert_eq!(messages[0]["changes"][0]["finding"]["address"], "trail/development/SecurityTrail");
    }
    assert_eq!(watch.end(), Some(0));
}

/// `prometheus-client` is the client library of Prometheus for Python; its parser is strict.
#[test]
fn metrics_are_read_by_the_parser_of_prometheus() {
    const SCRIPT: &str = r"
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
samples = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation, family.name
    for sample in family.samples:
        samples[sample.name + json.dumps(sample.labels, sort_keys=True)] = sample.value
print(json.dumps(samples))
";
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let (url, received) = receiver(&[]);
    let (watch, page) = Watching::start(&project, &format!("--notify {url}"));
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", false);
    received.recv_timeout(LIMIT).unwrap();
    let text = until("the count", || Some(get(&page, "/metrics").1).filter(|it| it.contains("delivered")));
    project.write("metrics", &text);
    let programs = python::programs("prometheus-1", &["prometheus-client==0.23.1"]);
    let file = std::fs::File::open(project.path("metrics")).unwrap();
    let read = python::run(Command::new(programs.join("python")).args(["-c", SCRIPT]).stdin(file));
    let samples: Value = serde_json::from_str(&read).unwrap();
    let finding = r#"reconcile_findings{"account": "development", "kind": "changed", "severity": "critical", "spec": "specs/prod.yaml"}"#;
    assert_eq!(samples[finding], 1.0, "{samples}");
    for name in [
        "reconcile_build_info",
        "reconcile_leader",
        "reconcile_last_check_timestamp_seconds",
        "reconcile_last_success_timestamp_seconds",
        "reconcile_check_duration_seconds",
        "reconcile_checks_total",
        "reconcile_aws_calls_total",
        "reconcile_notifications_total",
    ] {
        let is_there = samples.as_object().unwrap().keys().any(|key| key.starts_with(&format!("{name}{{")));
        assert!(is_there, "{name}: {samples}");
    }
    assert_eq!(watch.end(), Some(0));
}

/// Starts a receiver that accepts connections, and answers each connection with the next of these
/// bytes. For `None`, the receiver keeps the connection open.
fn odd_receiver(answers: Vec<Option<&'static str>>) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for (stream, answer) in listener.incoming().zip(answers) {
            let mut stream = stream.unwrap();
            // The part of the request that has arrived.
            let mut head = String::new();
            BufReader::new(&stream).read_line(&mut head).unwrap();
            match answer {
                Some(answer) => drop(stream.write_all(answer.as_bytes())),
                None => open.push(stream),
            }
            let _ = sender.send(());
        }
        // The listener and the open connections exist as long as the test.
        loop {
            std::thread::park();
        }
    });
    (url, asked)
}

#[test]
fn a_receiver_that_hangs_or_answers_garbage_delays_no_check_and_no_other_receiver() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let (hanging, asked) = odd_receiver(vec![None]);
    let garbage = "\u{1}\u{2} garbage\r\n\r\n";
    let (odd, twice) =
        odd_receiver(vec![Some(garbage), Some("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")]);
    let (good, received) = receiver(&[]);
    let options = format!("--notify {hanging} --notify {odd} --notify {good}");
    let (watch, page) = Watching::start(&project, &options);
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", false);
    asked.recv_timeout(LIMIT).unwrap();
    assert_eq!(received.recv_timeout(LIMIT).unwrap().2["changes"][0]["transition"], "new");
    // An answer that cannot be parsed does not count, so the message is sent again.
    twice.recv_timeout(LIMIT).unwrap();
    twice.recv_timeout(LIMIT).unwrap();
    // The first receiver still hangs, but the checks continue.
    let drifted = |page: &str| {
        let text = get(page, "/metrics").1;
        let line = text.lines().find(|line| line.contains("checks_total") && line.contains("drifted"))?;
        line.rsplit(' ').next()?.parse::<u64>().ok()
    };
    let before = until("a check", || drifted(&page));
    until("more checks", || drifted(&page).filter(|now| *now >= before + 2));
    served.set_logging("333333333333", "SecurityTrail", true);
    assert_eq!(received.recv_timeout(LIMIT).unwrap().2["changes"][0]["transition"], "resolved");
    assert_eq!(get(&page, "/healthz").0, 200);
    assert_eq!(watch.end(), Some(0));
}

/// The object with which replicas elect a leader, and an age at which its lease has ended.
const LEADER: (&str, &str) = ("apply-locks", "secprod.lock.watch");
const ENDED: Duration = Duration::from_mins(5);

fn leads(page: &str) -> bool {
    get(page, "/metrics").1.contains("reconcile_leader{spec=\"specs/prod.yaml\"} 1")
}

/// Starts a replica that leads and a replica that waits, each with the address of its status page.
fn replicas(project: &Project, options: &str) -> [(Watching, String); 2] {
    let first = Watching::start(project, options);
    until("the lead", || leads(&first.1).then_some(()));
    let second = Watching::start(project, options);
    until("the standby", || (get(&second.1, "/readyz").0 == 200).then_some(()));
    [first, second]
}

/// Returns the number of times that a trail was started.
fn starts(served: &Served) -> usize {
    let calls = served.twin.calls();
    calls
        .iter()
        .filter(|it| it.operation == "cloudtrail:StartLogging" && it.account == "333333333333")
        .count()
}

#[test]
fn a_killed_leader_is_replaced_and_nothing_is_repaired_twice() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let [(first, _), (second, other)] = replicas(&project, "--replicas --apply safe");
    let before = starts(&served);
    // The repair of the leader takes effect, but the leader does not get the answer.
    let hold = served.twin.hold("cloudtrail:StartLogging");
    served.set_logging("333333333333", "SecurityTrail", false);
    until("the repair", || served.is_logging("333333333333", "SecurityTrail").then_some(()));
    first.signal("KILL");
    drop(first);
    drop(hold);
    assert!(!leads(&other), "the lease of the killed leader has not ended");
    for key in [LEADER.1, "secprod.lock"] {
        served.twin.age_object(LEADER.0, key, ENDED);
    }
    until("the other lead", || leads(&other).then_some(()));
    until("its check", || get(&other, "/").1.contains("in sync").then_some(()));
    assert_eq!(starts(&served), before + 1);
    // The new leader repairs later drift.
    served.set_logging("333333333333", "SecurityTrail", false);
    until("the next repair", || served.is_logging("333333333333", "SecurityTrail").then_some(()));
    until("the end of the drift", || get(&other, "/").1.contains("in sync").then_some(()));
    assert_eq!(starts(&served), before + 2);
    assert_eq!(second.end(), Some(0));
}

#[test]
fn a_leader_whose_lease_ended_stops_leading() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let [(first, page), (second, other)] = replicas(&project, "--replicas");
    // The first replica is suspended for longer than its lease.
    first.signal("STOP");
    served.twin.age_object(LEADER.0, LEADER.1, ENDED);
    until("the other lead", || leads(&other).then_some(()));
    first.signal("CONT");
    until("the end of the first lead", || get(&page, "/").1.contains("on standby").then_some(()));
    assert!(!leads(&page) && leads(&other));
    assert_eq!((first.end(), second.end()), (Some(0), Some(0)));
}

#[test]
fn a_stopped_trail_is_repaired_with_apply_safe() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let (watch, page) = Watching::start(&project, "--apply safe");
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", false);
    until("the repair", || served.is_logging("333333333333", "SecurityTrail").then_some(()));
    let line = "reconcile_repairs_total{spec=\"specs/prod.yaml\",result=\"applied\"} 1";
    until("the record of the repair", || get(&page, "/metrics").1.contains(line).then_some(()));
    until("the end of the drift", || get(&page, "/").1.contains("in sync").then_some(()));
    assert_eq!(served.lock(), None, "the lock is released");
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn one_replica_checks_and_another_takes_over() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let [(first, _), (second, other)] = replicas(&project, "--replicas");
    assert!(!leads(&other));
    assert!(get(&other, "/").1.contains("on standby"));
    // A replica that ends releases the lease at once.
    assert_eq!(first.end(), Some(0));
    until("the other lead", || leads(&other).then_some(()));
    until("its check", || get(&other, "/").1.contains("in sync").then_some(()));
    assert_eq!(second.end(), Some(0));
}

#[test]
fn a_deleted_log_file_is_reported_once_and_is_on_the_page_after_a_restart() {
    let (served, project) = freshness::delivered();
    freshness::stop(&served, "us-west-2", 5);
    let (url, received) = receiver(&[]);
    let options = format!("--verify daily --notify {url} --state-dir state");
    let (watch, page) = Watching::start(&project, &options);
    let (_, _, message) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(message["installation"], "secprod");
    let verification = &message["verification"];
    assert_eq!((&verification["status"], &verification["wrong"]), (&json!("wrong"), &json!(1)));
    let finding = &verification["new"][0];
    assert_eq!((&finding["account"], &finding["region"]), (&json!("production"), &json!("us-west-2")));
    assert!(finding["message"].as_str().unwrap().contains("no newer digest was delivered"), "{finding}");
    let shown = "production in us-west-2: trail SecurityTrail has no digest";
    until("the finding", || get(&page, "/").1.contains(shown).then_some(()));
    assert!(!get(&page, "/?account=master").1.contains(shown));
    assert_eq!(watch.end(), Some(0));

    // The daily verification is not repeated, and its result is still on the page.
    let calls =
        || served.twin.calls().iter().filter(|call| call.operation == "cloudtrail:ListPublicKeys").count();
    let before = calls();
    let (watch, page) = Watching::start(&project, &options);
    until("the second check", || get(&page, "/metrics").1.contains(r#"status="in_sync"} 2"#).then_some(()));
    assert!(get(&page, "/").1.contains(shown));
    assert_eq!((calls(), received.try_recv().is_err()), (before, true));
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn a_failed_check_is_reported_and_the_watch_continues() {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let spec = project.read("specs/prod.yaml");
    let (url, received) = receiver(&[]);
    let (watch, page) = Watching::start(&project, &format!("--notify {url}"));
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    project.write("specs/prod.yaml", "name: [");
    watch.signal("HUP");
    let (_, _, message) = received.recv_timeout(LIMIT).unwrap();
    assert!(message["error"].as_str().unwrap().contains("specs/prod.yaml"), "{message}");
    assert_eq!(get(&page, "/healthz").0, 200);
    project.write("specs/prod.yaml", spec);
    let (_, _, message) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!((&message["recovered"], &message["error"]), (&json!(true), &Value::Null));
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn arguments_that_cannot_work_are_rejected_and_secrets_are_not_printed() {
    let project = Project::new();
    for (options, expected) in [
        ("--every 0s", "the time is shorter than one second"),
        ("--notify http://alerts.example.org/token", "use `https://`"),
        ("--notify env:NO_SUCH_VARIABLE", "`NO_SUCH_VARIABLE` is not set"),
        ("--notify sns:alerts", "expected `sns:` followed by the ARN of a standard topic"),
        ("--notify eventbridge:default", "expected `eventbridge:` followed by the ARN of an event bus"),
        ("--notify https://a.example.org --notify-secret token", "a secret is not an argument"),
        ("--listen localhost", "invalid"),
        ("--apply all", "invalid value"),
    ] {
        let run = project.run(&format!("watch specs/prod.yaml --sandbox {options}")).exits(1);
        assert!(run.stderr.contains(expected), "{options}: {}", run.stderr);
        assert!(!run.stderr.contains("/token"), "{}", run.stderr);
    }
}
