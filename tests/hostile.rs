//! Text from files, AWS and arguments that would repaint a terminal or forge a line.

use crate::support::{Project, Run};

/// A text that clears the screen, forges a line, and reverses the following text.
const HOSTILE: &str = "x\u{1b}[2J\n  + trail/forged\u{202e}";

/// The text that a terminal shows instead.
const SHOWN: &str = "x\\u{1b}[2J\\n  + trail/forged\\u{202e}";

/// Asserts that neither stream contains an invisible character or a forged line.
#[track_caller]
fn is_clean(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let hidden =
            text.chars().find(|c| (*c != '\n' && c.is_control()) || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(hidden, None, "{text}");
        assert!(!text.lines().any(|line| line.starts_with("  + trail/forged")), "{text}");
    }
}

fn run_with(project: &Project, words: &str, args: &[&str]) -> Run {
    project.command(words).args(args).output().unwrap().into()
}

#[test]
fn a_statement_of_somebody_else_is_shown_escaped() {
    let project = Project::new();
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": HOSTILE, "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::secprod-multiaccount-logs/*",
        }],
    });
    project.write("policy.json", policy.to_string());
    let load = "sandbox load specs/prod.yaml --sandbox --bucket-policy policy.json";
    is_clean(&project.run(load).exits(0));
    let text = project.run("plan specs/prod.yaml --sandbox").exits(1).says(SHOWN);
    is_clean(&text);
    for words in
        ["plan specs/prod.yaml --sandbox -vv --format markdown", "drift specs/prod.yaml --sandbox -v"]
    {
        is_clean(&project.run(words));
    }
    let json = project.run("plan specs/prod.yaml --sandbox --format json");
    is_clean(&json);
    assert!(json.json().to_string().contains("\u{202e}"), "programs get the value as it is");
}

#[test]
fn an_argument_is_shown_escaped() {
    let project = Project::new();
    let file = format!("specs/{HOSTILE}.yaml");
    let missing = run_with(&project, "plan --sandbox", &[&file]).exits(1).says(SHOWN);
    is_clean(&missing);
    for args in [&[HOSTILE][..], &["--color", HOSTILE], &[&format!("--format={HOSTILE}")]] {
        let run = run_with(&project, "plan specs/prod.yaml --sandbox", args).exits(1).says(SHOWN);
        is_clean(&run);
    }
}

#[test]
fn a_line_of_a_spec_is_shown_without_hidden_characters() {
    let project = Project::new();
    let long = "y".repeat(100_000);
    project.write("specs/prod.yaml", format!("version: 1\nname: \"a\u{202e}b\u{1b}[2J\"\n{long}: {long}\n"));
    let run = project.run("validate specs/prod.yaml").exits(1);
    is_clean(&run);
    assert!(run.stderr.len() < 10_000, "{} bytes", run.stderr.len());
}
