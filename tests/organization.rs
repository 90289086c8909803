//! Accounts that come from AWS Organizations.

use serde_json::{Value, json};

use crate::support::{Moto, Project};

const ORGANIZATION: &str = "organization: { account: master, include: all, role: OrganizationAccountAccessRole, exclude: [\"555555555555\"] }\n";

/// A spec whose accounts are those of the organization.
fn spec() -> String {
    format!(
        "version: 1\nname: secprod\naccounts:\n  master: {{ id: \"111111111111\" }}\n\
         bucket: {{ name: secprod-multiaccount-logs, account: master, region: us-east-1 }}\n\
         key: {{ alias: secprod-cloudtrail }}\ntrails:\n  - {{ name: SecurityTrail, accounts: all }}\n{ORGANIZATION}"
    )
}

fn account(name: &str) -> Value {
    json!({ "name": name, "roles": ["OrganizationAccountAccessRole"], "regions": {} })
}

#[test]
fn a_new_account_of_the_organization_gets_its_trail_by_itself() {
    let project = Project::new();
    project.write("specs/organization.yaml", spec());
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0).says("Applied 6 changes");
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["222222222222"] = account("Log Archive");
        state["accounts"]["555555555555"] = account("Not this one");
        state["accounts"]["666666666666"] = account("Closed");
        state["accounts"]["666666666666"]["suspended"] = json!(true);
    });
    let drift = project.run("drift specs/organization.yaml --sandbox").exits(2);
    assert!(drift.stdout.contains("trail/log-archive/SecurityTrail"), "{}", drift.stdout);

    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(0)
        .says("trail/log-archive/SecurityTrail")
        .says("since suspended: `Closed` (666666666666)");
    // The saved plan names the account; who has joined since is the next plan's.
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["777777777777"] = account("Newcomer");
    });
    project.run("apply --sandbox").exits(0);
    let state = project.json(".reconcile/sandbox.json");
    let trails = |id: &str| {
        state["accounts"][id]["regions"]["us-east-1"]["trails"].as_object().map_or(0, serde_json::Map::len)
    };
    assert_eq!((trails("222222222222"), trails("777777777777")), (1, 0));
    assert_eq!((trails("555555555555"), trails("666666666666")), (0, 0));
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0);
    project.run("plan specs/organization.yaml --sandbox").exits(0).says("No changes.");

    // Who leaves loses what lets it deliver.
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"].as_object_mut().unwrap().remove("777777777777");
    });
    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(0)
        .says("account 777777777777 may still write logs");
}

#[test]
fn an_organization_that_cannot_be_listed_is_an_error_that_says_why() {
    let project = Project::new();
    let spec = spec().replace("organization: { account: master", "organization: { account: production");
    let spec = spec.replace(
        "accounts:\n",
        "accounts:\n  production: { id: \"222222222222\", role: OrganizationAccountAccessRole }\n",
    );
    project.write("specs/organization.yaml", spec);
    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(1)
        .says("cannot read the organization from account `production`")
        .says("organizations:ListAccounts");
}

#[test]
fn what_of_an_organization_is_not_acted_on_is_refused() {
    let project = Project::new();
    for (value, told) in [
        (
            "include: { organizational_units: [ou-abcd-12345678] }, role: A",
            "`organization.include` other than `all`",
        ),
        (
            "include: all, role: A, exclude: [ou-abcd-12345678]",
            "`organization.exclude` of organizational units",
        ),
        ("service_access: true", "`organization.service_access: true`"),
        ("delegated_administrator: master", "`organization.delegated_administrator`"),
    ] {
        let spec = spec().replace(ORGANIZATION, &format!("organization: {{ account: master, {value} }}\n"));
        project.write("specs/organization.yaml", spec);
        project.run("plan specs/organization.yaml --sandbox").exits(1).says(told).says("not supported yet");
    }
    let spec = spec().replace("role: OrganizationAccountAccessRole, ", "");
    project.write("specs/organization.yaml", spec);
    project.run("validate specs/organization.yaml").exits(1).says("need a `role`");
}

#[test]
fn members_of_an_organization_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    let master = "123456789012";
    let ids = moto.boto3(
        r#"
organizations = boto3.client("organizations", region_name="us-east-1")
organizations.create_organization(FeatureSet="ALL")
ids = [organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
    for name in ["Log Archive", "Development"]]
print(json.dumps(ids))
"#,
    );
    let ids: Vec<String> = serde_json::from_str(&ids).unwrap();
    let spec = spec().replace("111111111111", master).replace("555555555555", &ids[1]);
    project.write("specs/organization.yaml", spec);
    project.run("apply specs/organization.yaml --yes").exits(0);
    let plan = project.run("plan specs/organization.yaml --format json").exits(0).json();
    assert_eq!(plan["changes"], json!([]));
    let policy = moto.boto3(
        r#"print(boto3.client("s3").get_bucket_policy(Bucket="secprod-multiaccount-logs")["Policy"])"#,
    );
    assert!(policy.contains(&ids[0]) && !policy.contains(&ids[1]), "{policy}");
}
