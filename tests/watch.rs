//! `watch` against an AWS that is served: what the pages, the receivers and the log say while drift comes and goes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Project, Served};

const LIMIT: Duration = Duration::from_mins(1);

/// A process that is ended with the test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Watching {
    /// Starts `watch`, and returns it with the address of its status page.
    fn start(project: &Project, options: &str) -> (Self, String) {
        let words = format!("watch specs/prod.yaml --every 1s --listen 127.0.0.1:0 {options}");
        let mut command = project.command(&words);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("status page on http://").expect(&line);
        let address = address.trim_end_matches('/').to_owned();
        // Nobody reads the log, and it must not fill the pipe.
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

/// The answer to a GET request: the status and the body.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Waits until something is there.
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

/// A receiver of webhooks that answers with the statuses in turn, and then with 200. Returns its URL and what it received.
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
fn drift_is_told_once_and_its_end_once() {
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
    // The first answer of the receiver is an error, and the message comes again.
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

    // After a restart, nothing is told that is known.
    assert_eq!(watch.end(), Some(0));
    let (watch, page) = Watching::start(&project, &format!("--notify {url} --state-dir state"));
    until("the first check", || (get(&page, "/readyz").0 == 200).then_some(()));
    served.set_logging("333333333333", "SecurityTrail", true);
    let (_, _, message) = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(message["changes"][0]["transition"], "resolved");
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn a_stopped_trail_is_repaired_and_nothing_that_is_not_safe() {
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
    let leads = |page: &str| get(page, "/metrics").1.contains("reconcile_leader{spec=\"specs/prod.yaml\"} 1");
    let (first, page) = Watching::start(&project, "--replicas");
    until("the lead", || leads(&page).then_some(()));
    let (second, other) = Watching::start(&project, "--replicas");
    until("the standby", || (get(&other, "/readyz").0 == 200).then_some(()));
    assert!(!leads(&other));
    assert!(get(&other, "/").1.contains("on standby"));
    // A replica that ends gives the lead away at once.
    assert_eq!(first.end(), Some(0));
    until("the other lead", || leads(&other).then_some(()));
    until("its check", || get(&other, "/").1.contains("in sync").then_some(()));
    assert_eq!(second.end(), Some(0));
}

#[test]
fn a_check_that_fails_is_told_and_the_watch_goes_on() {
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
        ("--notify https://a.example.org --notify-secret token", "a secret is not an argument"),
        ("--listen localhost", "invalid"),
        ("--apply all", "invalid value"),
    ] {
        let run = project.run(&format!("watch specs/prod.yaml --sandbox {options}")).exits(1);
        assert!(run.stderr.contains(expected), "{options}: {}", run.stderr);
        assert!(!run.stderr.contains("/token"), "{}", run.stderr);
    }
}
