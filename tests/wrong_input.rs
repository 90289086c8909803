//! Wrong inputs: a clear message, the place of the error if it has one, exit code 1, and no written
//! files.

use crate::support::{Project, Run, addresses};

/// Plans a spec, and asserts that the plan is refused and nothing is written.
fn refused(spec: impl AsRef<[u8]>) -> Run {
    let project = Project::new();
    project.write("specs/prod.yaml", spec);
    let before = project.files();
    let run = project.run("plan specs/prod.yaml --sandbox").exits(1);
    assert_eq!(project.files(), before);
    assert_eq!(run.stdout, "");
    run
}

fn prod() -> String {
    Project::new().read("specs/prod.yaml")
}

/// Every diagnostic is tested in `spec/tests/spec/diagnostics.rs`.
#[test]
fn specs() {
    refused([0x76, 0xff, 0x0a]).says("not UTF-8");
    refused(format!("{}trial: 1\n", prod()))
        .says("unknown key `trial`")
        .says("did you mean `trails`?")
        .says(":25:1");
    refused(format!("{}lock: {{ bucket: b, key: k, region: us-east-1, account: master }}\n", prod()))
        .says("`b` is not a bucket name");
}

#[test]
fn a_spec_that_does_not_exist() {
    let project = Project::new();
    let before = project.files();
    project.run("plan specs/none.yaml --sandbox").exits(1).says("cannot read `specs/none.yaml`");
    assert_eq!(project.files(), before);
}

#[test]
fn credentials_of_the_wrong_account() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    std::fs::remove_file(project.path(".reconcile/plan.json")).unwrap();
    project.edit(".reconcile/sandbox.json", |state| state["ambient"] = "222222222222".into());
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(1)
        .says("the credentials belong to account 222222222222, but account `master` in the spec is 111111111111")
        .says("hint: give the account a `role` or a `profile` in the spec");
    assert!(!project.path(".reconcile/plan.json").exists());
}

#[test]
fn plan_files() {
    let project = Project::new();
    project.run("apply --sandbox").exits(1).says("found no saved plan").says("reconcile plan");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    let plan = project.read(".reconcile/plan.json");
    let state = project.read(".reconcile/sandbox.json");

    for (label, text, message) in [
        ("truncated", plan[..plan.len() / 2].to_owned(), "cut off"),
        ("empty", String::new(), "cut off"),
        (
            "another version",
            plan.replace("\"format_version\": \"1.0\"", "\"format_version\": \"9.0\""),
            "`9.0`",
        ),
        ("not a plan", "[]".to_owned(), "is not a valid plan"),
        ("another kind", plan.replacen("\"kind\": \"key\"", "\"kind\": \"trail\"", 1), "is not a valid plan"),
    ] {
        project.write("plan.json", text);
        let run = project.run("apply plan.json --sandbox").exits(1).says(message).says("reconcile plan");
        assert_eq!(run.stdout, "", "{label}");
    }
    project.write("specs/prod.yaml", format!("{}# one more word\n", prod()));
    project.run("apply --sandbox").exits(1).says("`specs/prod.yaml` has changed since the plan was made");
    assert_eq!(project.read(".reconcile/sandbox.json"), state);
}

#[test]
fn an_endpoint_that_does_not_answer() {
    let environment = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let project = Project::with_environment(environment.to_vec());
    // No program listens on port 9.
    project
        .run("plan specs/prod.yaml --endpoint-url http://127.0.0.1:9")
        .exits(1)
        .says("sts:GetCallerIdentity")
        .says("--endpoint-url");
    assert!(!project.path(".reconcile/plan.json").exists());
}

#[test]
fn sandboxes() {
    let project = Project::new();
    project.write(".reconcile/sandbox.json", "{\"format_version\":1,");
    project.run("plan specs/prod.yaml --sandbox").exits(1).says("is not a sandbox");
    assert_eq!(project.read(".reconcile/sandbox.json"), "{\"format_version\":1,");
}

#[test]
fn invalid_command_lines() {
    let project = Project::new();
    for words in ["", "plam specs/prod.yaml", "plan", "plan specs/prod.yaml --concurrency 0", "drift"] {
        let run = project.run(words).exits(1);
        assert!(run.stderr.contains("Usage") || run.stderr.contains("--help"), "{words}: {}", run.stderr);
    }
    project.run("plan specs/prod.yaml --sandbox --region nowhere").exits(1).says("--region <REGION>");
}

#[test]
fn a_target_selects_resources_or_is_an_error() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    for command in ["plan", "drift"] {
        project
            .run(&format!("{command} specs/prod.yaml --sandbox --target trial/*"))
            .exits(1)
            .says("no resource in this spec matches `trial/*`")
            .says("trail/production/SecurityTrail");
    }
    project.run("plan specs/prod.yaml --sandbox --target trail/*").exits(0);
    // A target includes the resources that it depends on, and no other resources.
    std::fs::remove_file(project.path(".reconcile/sandbox.json")).unwrap();
    let words = "plan specs/prod.yaml --sandbox --format json --target trail/production/*";
    let plan = project.run(words).exits(0).json();
    let expected = [
        "key/master/secprod-cloudtrail",
        "key_policy/master/secprod-cloudtrail",
        "bucket/master/secprod-multiaccount-logs",
        "bucket_policy/master/secprod-multiaccount-logs",
        "trail/production/SecurityTrail",
    ];
    assert_eq!(addresses(&plan), expected);
}

#[test]
fn a_saved_plan_is_applied_whole() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project
        .run("apply --sandbox --target key/*")
        .exits(1)
        .says("a saved plan is always applied completely")
        .says("reconcile plan SPEC --target GLOB");
}

#[test]
fn a_plan_does_not_overwrite_a_spec() {
    let project = Project::new();
    let spec = project.read("specs/prod.yaml");
    project
        .run("plan specs/prod.yaml --sandbox --out specs/prod.yaml")
        .exits(1)
        .says("the plan would overwrite it");
    assert_eq!(project.read("specs/prod.yaml"), spec);
}

#[test]
fn an_apply_names_the_accounts_that_could_not_be_read() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["222222222222"]["roles"] = serde_json::json!([]);
    });
    project
        .run("apply specs/prod.yaml --sandbox --yes")
        .exits(1)
        .says("unreadable: account production (222222222222)");
}

#[cfg(target_os = "linux")]
#[test]
fn a_plan_is_written_into_a_device_and_does_not_replace_it() {
    use std::os::unix::fs::FileTypeExt as _;

    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox --out /dev/full").exits(1).says("No space left on device");
    assert!(std::fs::metadata("/dev/full").unwrap().file_type().is_char_device());
}

/// An address on which no program listens.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn an_empty_endpoint_is_ignored_and_an_invalid_one_is_reported() {
    let project = Project::new();
    let run = |url: &str, more: &str| {
        let mut command = project.command(&format!("plan specs/prod.yaml {more}"));
        command.env("AWS_ENDPOINT_URL", url).env("AWS_PROFILE", "missing");
        Run::from(command.output().unwrap())
    };
    // The error is about the missing profile, not about an endpoint.
    run("", "").exits(1).says("`missing`");
    run("::bad", "")
        .exits(1)
        .says("invalid value of `AWS_ENDPOINT_URL`: `::bad` is not a URL")
        .says("such as `http://127.0.0.1:5000`");
    run(NOWHERE, "--endpoint-url localhost:5000")
        .exits(1)
        .says("'--endpoint-url <URL>': `localhost:5000` is not a URL");
    assert!(run(NOWHERE, "--sandbox").code == Some(0), "a sandbox has no endpoint");
}

#[test]
fn a_given_profile_has_precedence_over_keys_in_the_environment() {
    let project = Project::new();
    project.write("config", "[profile known]\naws_access_key_id = AKIDKNOWN\naws_secret_access_key = s\n");
    let run = |words: &str| {
        let mut command = project.command(&format!("plan specs/prod.yaml --endpoint-url {NOWHERE} {words}"));
        let keys = [
            ("AWS_ACCESS_KEY_ID", "AKIDOTHER"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_CONFIG_FILE", "config"),
        ];
        command.envs(keys);
        Run::from(command.output().unwrap())
    };
    // The keys exist, so the next error is that the endpoint does not answer.
    run("").exits(1).says("cannot connect to 127.0.0.1:");
    run("--profile missing").exits(1).says("`missing`");
    run("--profile known").exits(1).says("cannot connect to 127.0.0.1:");
    project.edit_spec("accounts.master.profile", "missing");
    run("").exits(1).says("`missing`");
}

#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    let project = Project::new();
    for words in ["validate /dev/zero", "plan /dev/zero --sandbox"] {
        project.run(words).exits(1).says("cannot read `/dev/zero`: it has more than 16 MiB");
    }
}
