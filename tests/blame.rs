//! `drift --blame`: the author of a finding, in every format and with every program that reads the
//! events.

use std::process::Command;

use serde_json::Value;

use crate::support::{Served, python};

const PRODUCTION: &str = "222222222222";
const EVE: &str = "arn:aws:iam::222222222222:user/twin";
const CHECK: &str = "drift specs/prod.yaml --blame";

/// Starts an AWS in which somebody stopped a trail.
fn stopped() -> Served {
    let served = Served::start();
    served.project().run("apply specs/prod.yaml --yes").exits(0);
    served.set_logging(PRODUCTION, "SecurityTrail", false);
    served
}

#[test]
fn every_format_names_the_author() {
    let served = stopped();
    let project = served.project();
    let json = project.run(&format!("{CHECK} --format json")).exits(2).json();
    let call = &json["specs"][0]["findings"][0]["blame"]["calls"][0];
    assert_eq!((&call["event_name"], &call["principal"]), (&"StopLogging".into(), &EVE.into()));
    assert_eq!((&call["region"], &call["by_reconcile"]), (&"us-east-1".into(), &false.into()));
    let event = call["event_id"].as_str().unwrap();

    let text = project.run(CHECK).exits(2).stdout;
    let line = format!("             last changed by {EVE} (StopLogging from 127.0.0.1), 20");
    assert!(text.contains(&line) && text.contains(&format!("Z, event {event}\n")), "{text}");
    for format in ["markdown", "html", "junit", "sarif", "ocsf"] {
        let document = project.run(&format!("{CHECK} --format {format}")).exits(2).stdout;
        for part in [EVE, "StopLogging", "127.0.0.1", event] {
            assert!(document.contains(part), "{format}: {part}\n{document}");
        }
    }
    // Without `--blame`, there is no author.
    let plain = project.run("drift specs/prod.yaml --format json").exits(2);
    assert_eq!(plain.json()["specs"][0]["findings"][0].get("blame"), None);
}

#[test]
fn evidence_of_a_call_is_valid_in_ocsf() {
    const SCRIPT: &str = r#"
import json, sys
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
event = json.load(open(sys.argv[1]))[0]
DetectionFinding.model_validate(event)
evidence = event["evidences"][0]
print(json.dumps([evidence["api"]["operation"], evidence["actor"]["user"]["uid"], evidence["src_endpoint"]["ip"]]))
"#;
    let served = stopped();
    let project = served.project();
    project.run(&format!("{CHECK} --format ocsf --out ocsf")).exits(2);
    let programs = python::programs("readers-1", &["py-ocsf-models==0.10.0", "junitparser==5.0.3"]);
    let read =
        python::run(Command::new(programs.join("python")).args(["-c", SCRIPT]).arg(project.path("ocsf")));
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read, serde_json::json!(["StopLogging", EVE, "127.0.0.1"]));
}

#[test]
fn the_aws_cli_looks_up_the_same_event() {
    let served = stopped();
    let project = served.project();
    let json = project.run(&format!("{CHECK} --format json")).exits(2).json();
    let event = &json["specs"][0]["findings"][0]["blame"]["calls"][0]["event_id"];
    let programs = python::programs("awscli-1", &["awscli==1.46.3"]);
    let (key, secret) = served.twin.credentials_for(PRODUCTION);
    let look_up = |attribute: &str| -> Value {
        let attribute = format!("AttributeKey={attribute}");
        let output = python::run(
            Command::new(programs.join("aws"))
                .args(["cloudtrail", "lookup-events", "--region", "us-east-1", "--output", "json"])
                .args(["--lookup-attributes", &attribute])
                .envs(served.environment())
                .env("AWS_ACCESS_KEY_ID", &key)
                .env("AWS_SECRET_ACCESS_KEY", &secret),
        );
        serde_json::from_str(&output).unwrap()
    };
    for attribute in [
        "EventName,AttributeValue=StopLogging".to_owned(),
        "ResourceName,AttributeValue=SecurityTrail".to_owned(),
        format!("EventId,AttributeValue={}", event.as_str().unwrap()),
    ] {
        let found = look_up(&attribute);
        assert_eq!(&found["Events"][0]["EventId"], event, "{attribute}: {found}");
        assert_eq!(found["Events"][0]["Username"], "twin");
    }
}
