//! Ctrl-C, `SIGTERM` and `SIGHUP` at each moment of an apply: no further change is started, and the
//! lock is released.
//!
//! Each program has its own AWS. Otherwise, a hold would also affect a late call of an earlier
//! program that was stopped, and the signal would arrive before the new program handles signals.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::json;

use crate::support::{Project, Run, Served};

const SIGNALS: [(&str, u32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];
const APPLY: &str = "apply specs/prod.yaml --yes -q";

/// Returns the signals that end a program. If the caller of the tests ignores a signal, as `nohup`
/// ignores `SIGHUP`, every program that the tests start also ignores this signal.
fn signals() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    let is_heard = |number: u32| ignored & (1 << (number - 1)) == 0;
    SIGNALS.into_iter().filter(|(_, number)| is_heard(*number)).map(|(name, _)| name).collect()
}

fn start(project: &Project, words: &str) -> Child {
    project.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(signal: &str, process: &Child) {
    let sent = Command::new("kill").args([format!("-{signal}"), process.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Returns the first line that a process prints on stderr, and the rest of the stream.
fn first_line(process: &mut Child) -> (String, BufReader<ChildStderr>) {
    let mut stderr = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    (line, stderr)
}

fn end(process: Child) -> Run {
    process.wait_with_output().unwrap().into()
}

/// Returns the number of mutating calls, except those of the lock.
fn changes(served: &Served) -> usize {
    let calls = served.twin.calls();
    let is_of_lock = |operation: &str| matches!(operation, "s3:PutObject" | "s3:DeleteObject");
    calls.iter().filter(|call| call.mutating && !is_of_lock(&call.operation)).count()
}

#[test]
fn a_signal_ends_the_wait_for_the_lock_of_somebody_else() {
    let holder =
        json!({ "who": "alice@laptop", "since": "2026-11-23T08:00:00Z", "spec": "secprod" }).to_string();
    for signal in signals() {
        let served = Served::start();
        let project = served.project();
        served.set_lock(&holder);
        let hold = served.twin.hold("s3:GetObject");
        let process = start(&project, &format!("{APPLY} --lock-timeout 600"));
        served.wait(hold.reached());
        send(signal, &process);
        drop(hold);
        end(process).exits(130).says("interrupted while waiting for the lock s3://apply-locks/secprod.lock");
        assert_eq!(served.lock().as_ref(), Some(&holder), "it is hers");
        assert_eq!(changes(&served), 0);
    }
}

#[test]
fn a_signal_while_the_lock_is_taken_does_not_leave_it_behind() {
    for signal in signals() {
        let served = Served::start();
        let project = served.project();
        let hold = served.twin.hold("s3:PutObject");
        let process = start(&project, APPLY);
        served.wait(hold.reached());
        assert!(served.lock().is_some());
        send(signal, &process);
        drop(hold);
        end(process).exits(130).says("interrupted; nothing was changed");
        assert_eq!(served.lock(), None);
        assert_eq!(changes(&served), 0);
    }
}

#[test]
fn a_signal_ends_a_plan_at_once_and_releases_the_lock() {
    for signal in signals() {
        for command in ["plan specs/prod.yaml", "drift specs/prod.yaml", APPLY] {
            let served = Served::start();
            let project = served.project();
            let hold = served.twin.hold("cloudtrail:DescribeTrails");
            let process = start(&project, command);
            served.wait(hold.reached());
            send(signal, &process);
            // AWS does not answer the call.
            end(process).exits(130).says("interrupted; nothing was changed");
            assert_eq!(served.lock(), None);
            assert_eq!(changes(&served), 0);
        }
    }
}

#[test]
fn a_signal_ends_the_question_and_releases_the_lock() {
    // Runs the program on a terminal, and sends the signal when the prompt appears.
    const SCRIPT: &str = r#"
import json, os, pty, signal, sys
name, program, folder, environment = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(folder)
    os.execve(program, [program, "apply", "specs/prod.yaml"], environment)
shown = b""
def more():
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
while b"is accepted: " not in shown:
    part = more()
    if not part:
        break
    shown += part
else:
    os.kill(pid, getattr(signal, "SIG" + name))
while part := more():
    shown += part
print(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;
    let served = Served::start();
    let project = served.project();
    let environment: serde_json::Map<_, _> =
        served.environment().into_iter().map(|(name, value)| (name, json!(value))).collect();
    for signal in signals() {
        let output = Command::new("python3")
            .args(["-c", SCRIPT, signal, env!("CARGO_BIN_EXE_reconcile")])
            .arg(project.path(""))
            .arg(json!(environment).to_string())
            .output()
            .unwrap();
        Run::from(output).exits(130).says("interrupted; nothing was changed");
        assert_eq!(served.lock(), None);
    }
    assert_eq!(changes(&served), 0);
}

#[test]
fn a_signal_during_an_apply_finishes_what_is_in_flight_and_says_how_to_continue() {
    for signal in signals() {
        let served = Served::start();
        let project = served.project();
        let hold = served.twin.hold("kms:CreateKey");
        let mut process = start(&project, APPLY);
        served.wait(hold.reached());
        send(signal, &process);
        let (said, _stderr) = first_line(&mut process);
        assert!(said.contains("waiting for the changes in flight"), "{said}");
        drop(hold);
        let run = end(process)
            .exits(130)
            .says("changes were not started")
            .says("Journal: .reconcile/journal/secprod-")
            .says("Run the same command again to continue.");
        assert!(!run.stdout.contains("failed "), "{}", run.stdout);
        assert_eq!(served.lock(), None);
        project.run(APPLY).exits(0);
        project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    }
}

#[test]
fn a_signal_while_the_lock_is_released_changes_nothing_any_more() {
    for signal in signals() {
        let served = Served::start();
        let project = served.project();
        let hold = served.twin.hold("s3:DeleteObject");
        let process = start(&project, APPLY);
        served.wait(hold.reached());
        send(signal, &process);
        drop(hold);
        end(process).exits(0).says("0 failed, 0 skipped");
        assert_eq!(served.lock(), None);
    }
}

#[test]
fn a_second_signal_ends_an_apply_at_once_and_releases_the_lock() {
    for signal in signals() {
        let served = Served::start();
        let project = served.project();
        let hold = served.twin.hold("kms:CreateKey");
        let mut process = start(&project, APPLY);
        served.wait(hold.reached());
        send(signal, &process);
        let (mut said, mut stderr) = first_line(&mut process);
        send(signal, &process);
        // AWS does not answer the call.
        assert_eq!(process.wait().unwrap().code(), Some(130));
        stderr.read_to_string(&mut said).unwrap();
        assert!(said.contains("stopped immediately") && said.contains(".reconcile/journal"), "{said}");
        assert_eq!(served.lock(), None);
        drop(hold);
        project.run(APPLY).exits(0);
        project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    }
}
