//! Accounts that come from AWS Organizations.

use reconcile_samples::{EditSpec, PROD};
use serde_json::{Value, json};

use crate::support::{Moto, Project, regional};

/// The ID of the account in moto, as YAML.
const MOTO: &str = "\"123456789012\"";

/// Returns the spec of the README with only the account `master`, and one trail.
fn alone() -> String {
    PROD.with(
        "",
        "{
            accounts: { production: null, development: null },
            trails: [{ name: SecurityTrail, accounts: all }],
        }",
    )
}

/// Returns a spec whose accounts come from the organization.
fn spec() -> String {
    alone().with(
        "organization",
        "{
            account: master,
            include: all,
            role: OrganizationAccountAccessRole,
            exclude: [\"555555555555\"],
        }",
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
        state["accounts"]["888888888888"] = account("Not yet activated");
        state["accounts"]["888888888888"]["state"] = json!("PENDING_ACTIVATION");
    });
    let drift = project.run("drift specs/organization.yaml --sandbox").exits(2);
    assert!(drift.stdout.contains("trail/log-archive/SecurityTrail"), "{}", drift.stdout);

    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(0)
        .says("trail/log-archive/SecurityTrail")
        .says("not active: `Closed` (666666666666, SUSPENDED), `Not yet activated` (888888888888, PENDING_ACTIVATION)");
    // An account that joins after the plan changes the policies of the bucket and the key, which
    // need a new plan.
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["777777777777"] = account("Newcomer");
    });
    project.run("apply --sandbox").exits(3).says("perhaps with the accounts of the organization");
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"].as_object_mut().unwrap().remove("777777777777");
    });
    project.run("apply --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["777777777777"] = account("Newcomer");
    });
    let state = project.json(".reconcile/sandbox.json");
    let trails = |id: &str| {
        state["accounts"][id]["regions"]["us-east-1"]["trails"].as_object().map_or(0, serde_json::Map::len)
    };
    assert_eq!((trails("222222222222"), trails("777777777777")), (1, 0));
    assert_eq!(["555555555555", "666666666666", "888888888888"].map(trails), [0, 0, 0]);
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0);
    project.run("plan specs/organization.yaml --sandbox").exits(0).says("No changes.");

    // If an account leaves the selection, its trail is deleted, even without a saved plan.
    let without = spec().with("organization.exclude", "[\"555555555555\", \"222222222222\"]");
    project.write("specs/without.yaml", without);
    project.run("apply specs/without.yaml --sandbox --yes").exits(0).says("Applied 3 changes");
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0);

    // If an account can no longer be entered, it keeps its permission to deliver, until the spec
    // revokes it.
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"]["777777777777"]["suspended"] = json!(true);
    });
    let named = "trail `SecurityTrail` of account 777777777777";
    let plan = project.run("plan specs/organization.yaml --sandbox").exits(0).says("No changes.");
    plan.says(&format!("{named} (`Newcomer`) is not in the spec"))
        .says("the account is in the state `SUSPENDED`");
    project.edit(".reconcile/sandbox.json", |state| {
        state["accounts"].as_object_mut().unwrap().remove("777777777777");
    });
    project
        .run("drift specs/organization.yaml --sandbox")
        .exits(2)
        .says("trail/777777777777/SecurityTrail")
        .says("the account is not in the organization");
    let removed = spec().with("bucket.policy", "{ unlisted_accounts: remove }");
    project.write("specs/organization.yaml", removed);
    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(0)
        .says("account 777777777777 and trail SecurityTrail of account 777777777777 no longer need permission to write")
        .says(&format!("{named} is not in the spec"))
        .says("the trail can no longer deliver after this plan. To keep the permission,");
}

#[test]
fn an_organization_that_cannot_be_listed_is_an_error_with_the_reason() {
    let project = Project::new();
    let spec = spec()
        .with("organization.account", "production")
        .with("accounts.production", "{ id: \"222222222222\", role: OrganizationAccountAccessRole }");
    project.write("specs/organization.yaml", spec);
    project
        .run("plan specs/organization.yaml --sandbox")
        .exits(1)
        .says("cannot read the organization from account `production`")
        .says("organizations:ListAccounts");
}

/// Returns a spec with some accounts of the organization: those in the unit `Workloads` that have a
/// tag.
fn of_units(unit: &str) -> String {
    let include = format!("{{ organizational_units: [{unit}], tags: {{ logging: central }} }}");
    spec().with("organization", &format!("{{ include: {include}, exclude: [Workloads/Sandbox] }}"))
}

/// Returns a spec with a trail of the organization and with the security account.
pub fn organization_trail() -> String {
    alone().with(
        "",
        "{
            accounts: { security: { id: \"222222222222\", role: OrganizationAccountAccessRole } },
            organization: { account: master },
            readers: [{ account: security, logs: own }],
            trails: [{ name: SecurityTrail, organization_trail: true }],
        }",
    )
}

/// The log files belong to the organization, and the trail belongs to the management account.
#[test]
fn a_delegated_administrator_creates_the_trail_of_the_organization() {
    let project = Project::new();
    let spec = organization_trail().with("organization.account", "security");
    project.write("specs/organization.yaml", spec.as_str());
    project.write(
        "specs/first.yaml",
        organization_trail().with("organization.delegated_administrator", "security"),
    );
    project.run("apply specs/first.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "111111111111")["trails"] = json!({});
    });
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0);
    project.run("plan specs/organization.yaml --sandbox").exits(0).says("No changes.");
    let state = project.json(".reconcile/sandbox.json");
    let trails = &state["accounts"]["111111111111"]["regions"]["us-east-1"]["trails"];
    assert_eq!(trails["SecurityTrail"]["organization"], json!(true));
    assert_eq!(trails["SecurityTrail"]["logging"], json!(true));

    // The delegated administrator also deletes the trail.
    let own = spec.with("trails", "[{ name: Own, accounts: [security] }]");
    project.write("specs/organization.yaml", own);
    project.run("apply specs/organization.yaml --sandbox --yes").exits(0);
    let state = project.json(".reconcile/sandbox.json");
    let trails = &state["accounts"]["111111111111"]["regions"]["us-east-1"]["trails"];
    assert!(trails["SecurityTrail"].is_null(), "{trails}");
    project.run("plan specs/organization.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn a_kept_trail_of_the_organization_still_writes_for_all_accounts() {
    let project = Project::new();
    let spec = alone().with(
        "",
        "{
            accounts: { prod: { id: \"222222222222\", role: R }, dev: { id: \"333333333333\", role: R } },
            organization: { account: master },
            trails: [{ name: OrgTrail, organization_trail: true }],
        }",
    );
    project.write("specs/s.yaml", spec.as_str());
    project.run("apply specs/s.yaml --sandbox --yes").exits(0);
    let others = spec.with("trails", "[{ name: SecurityTrail, accounts: all }]");
    let kept = others.with("deletion", "{ trails: false }");
    project.write("specs/s.yaml", kept.as_str());
    let policy = |project: &Project| {
        let state = project.json(".reconcile/sandbox.json");
        state["buckets"]["secprod-multiaccount-logs"]["policy"].as_str().unwrap().to_owned()
    };
    project
        .run("apply specs/s.yaml --sandbox --yes")
        .exits(0)
        .says("no longer in the spec; kept because `deletion.trails` is false");
    assert!(policy(&project).contains("AWSLogs/o-twin000000/*"), "{}", policy(&project));
    // This also applies if the spec no longer has an organization.
    project.write("specs/s.yaml", kept.without("organization"));
    project.run("apply specs/s.yaml --sandbox --yes").exits(0);
    assert!(policy(&project).contains("AWSLogs/o-twin000000/*"), "{}", policy(&project));
    project.write("specs/s.yaml", others.without("organization"));
    project.run("apply specs/s.yaml --sandbox --yes").exits(0);
    assert!(!policy(&project).contains("o-twin000000"), "{}", policy(&project));
    project.run("plan specs/s.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn members_of_an_organization_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
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
    let spec =
        spec().with("accounts.master.id", MOTO).with("organization.exclude", &format!("[\"{}\"]", ids[1]));
    project.write("specs/organization.yaml", spec);
    project.run("apply specs/organization.yaml --yes").exits(0);
    let plan = project.run("plan specs/organization.yaml --format json").exits(0).json();
    assert_eq!(plan["changes"], json!([]));
    let policy = moto.boto3(
        r#"print(boto3.client("s3").get_bucket_policy(Bucket="secprod-multiaccount-logs")["Policy"])"#,
    );
    assert!(policy.contains(&ids[0]) && !policy.contains(&ids[1]), "{policy}");
}

#[test]
fn units_tags_and_a_trail_of_the_organization_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    let ids = moto.boto3(
        r#"
organizations = boto3.client("organizations", region_name="us-east-1")
organizations.create_organization(FeatureSet="ALL")
ids = {name: organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]["AccountId"]
    for name in ["Nested", "Untagged", "Excluded", "Outside"]}
root = organizations.list_roots()["Roots"][0]["Id"]
unit = lambda parent, name: organizations.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]
workloads = unit(root, "Workloads")
production, sandbox = unit(workloads, "Production"), unit(workloads, "Sandbox")
for name, place in [("Nested", production), ("Untagged", production), ("Excluded", sandbox)]:
    organizations.move_account(AccountId=ids[name], SourceParentId=root, DestinationParentId=place)
for name in ["Nested", "Excluded", "Outside"]:
    organizations.tag_resource(ResourceId=ids[name], Tags=[{"Key": "logging", "Value": "central"}])
print(json.dumps(ids))
"#,
    );
    let ids: Value = serde_json::from_str(&ids).unwrap();
    project.write("specs/organization.yaml", of_units("Workloads").with("accounts.master.id", MOTO));
    let plan = project.run("plan specs/organization.yaml --format json").exits(0).json();
    let trails: Vec<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["kind"] == "trail")
        .filter_map(|change| change["account"]["id"].as_str())
        .collect();
    assert_eq!(trails, ["123456789012", ids["Nested"].as_str().unwrap()]);

    let spec = organization_trail().with("accounts.master.id", MOTO);
    project.write("specs/organization.yaml", spec.with("accounts.security.id", &ids["Nested"].to_string()));
    project.run("apply specs/organization.yaml --yes").exits(0);
    project.run("plan specs/organization.yaml").exits(0).says("No changes.");
    let told = moto.boto3(
        r#"
services = boto3.client("organizations").list_aws_service_access_for_organization()["EnabledServicePrincipals"]
trail = boto3.client("cloudtrail").describe_trails()["trailList"][0]
print(services[0]["ServicePrincipal"], trail["IsOrganizationTrail"])
"#,
    );
    assert_eq!(told.trim(), "cloudtrail.amazonaws.com True");
}
