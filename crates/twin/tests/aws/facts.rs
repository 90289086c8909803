//! Tests that the twin accepts the requests that AWS documents as valid, and rejects those that AWS
//! documents as invalid: see `tests/aws_facts`.

use std::fmt::Write;

use bytes::Bytes;
use reconcile_twin::{KeyMaterial, MultiRegion, Setup, SetupBucket, Twin};
use serde_json::{Value, json};

use crate::clients::{MASTER, REGION, twin};

const BUCKET: &str = "secprod-multiaccount-logs";

fn rows(text: &str) -> Vec<Value> {
    let rows: Vec<Value> = serde_json::from_str(text).unwrap();
    for row in &rows {
        assert!(!row["source"].as_str().unwrap().is_empty(), "{row}");
    }
    rows
}

/// Asserts for each row that a request with its values succeeds if, and only if, AWS accepts the
/// values.
#[track_caller]
fn check(rows: &[Value], request: impl Fn(&Value) -> Result<String, String>) {
    let mut wrong = String::new();
    for row in rows {
        let told = request(row);
        if told.is_ok() != row["accepted"].as_bool().unwrap() {
            let _ = writeln!(wrong, "{}: {told:?}", row["rule"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Sends a request of the account to a service without an SDK, because an SDK can reject invalid
/// requests itself. Returns the body of the answer or of the error.
fn send(
    twin: &Twin,
    service: &str,
    target: &str,
    request: http::request::Builder,
    body: String,
) -> Result<String, String> {
    let (key, _) = twin.credentials_for(MASTER);
    let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261126/{REGION}/{service}/aws4_request");
    let request = request.header("authorization", scope).header("x-amz-target", target);
    let answer = twin.handle(request.body(Bytes::from(body)).unwrap());
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    if answer.status().is_success() { Ok(text) } else { Err(text) }
}

fn json_call(twin: &Twin, service: &str, operation: &str, input: &Value) -> Result<Value, String> {
    let request = http::Request::post("http://twin.localhost/");
    let answer = send(twin, service, &format!("Twin.{operation}"), request, input.to_string())?;
    Ok(serde_json::from_str(&answer).unwrap())
}

fn form_call(twin: &Twin, service: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    send(twin, service, "", http::Request::post("http://twin.localhost/"), body)
}

fn put(twin: &Twin, configuration: &str, body: &str) -> Result<String, String> {
    let request = http::Request::put(format!("http://twin.localhost/{BUCKET}?{configuration}"));
    send(twin, "s3", "", request, body.to_owned())
}

/// Returns a twin with a bucket and a trail. The twin does not check the delivery of the trail.
fn with_bucket_and_trail() -> Twin {
    let twin = twin();
    let bucket = SetupBucket { name: BUCKET.to_owned(), owner: MASTER.to_owned(), region: REGION.to_owned() };
    twin.provision(Setup { buckets: vec![bucket], ..Setup::default() });
    twin.trust(true);
    create_trail(&twin, "Trail", &json!({})).unwrap();
    twin.trust(false);
    twin
}

fn create_trail(twin: &Twin, name: &str, more: &Value) -> Result<Value, String> {
    let mut input = json!({ "Name": name, "S3BucketName": BUCKET });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json_call(twin, "cloudtrail", "CreateTrail", &input)
}

#[test]
fn cloudtrail_accepts_selectors() {
    let twin = with_bucket_and_trail();
    check(&rows(include_str!("../../../../tests/aws_facts/selectors.json")), |row| {
        let input = json!({ "TrailName": "Trail", "AdvancedEventSelectors": [row["selector"]] });
        json_call(&twin, "cloudtrail", "PutEventSelectors", &input).map(|it| it.to_string())
    });
}

#[test]
fn s3_and_kms_save_statements() {
    let twin = with_bucket_and_trail();
    let key = json_call(&twin, "kms", "CreateKey", &json!({})).unwrap()["KeyMetadata"]["KeyId"].clone();
    let admin =
        json!({ "Effect": "Allow", "Principal": { "AWS": MASTER }, "Action": "kms:*", "Resource": "*" });
    check(&rows(include_str!("../../../../tests/aws_facts/statements.json")), |row| {
        let statement = &row["statement"];
        match row["policy"].as_str().unwrap() {
            "bucket" => put(&twin, "policy", &json!({ "Statement": [statement] }).to_string()),
            "key" => {
                let policy = json!({ "Statement": [admin, statement] }).to_string();
                let input = json!({ "KeyId": key, "Policy": policy });
                json_call(&twin, "kms", "PutKeyPolicy", &input).map(|it| it.to_string())
            }
            other => panic!("{other}"),
        }
    });
}

#[test]
fn s3_saves_lifecycles() {
    fn xml(name: &str, value: &Value) -> String {
        match value {
            Value::Array(items) => items.iter().map(|item| xml(name.trim_end_matches('s'), item)).collect(),
            Value::Object(members) => {
                let inside: String = members.iter().map(|(name, value)| xml(name, value)).collect();
                format!("<{name}>{inside}</{name}>")
            }
            Value::String(text) => format!("<{name}>{text}</{name}>"),
            other => format!("<{name}>{other}</{name}>"),
        }
    }

    let twin = with_bucket_and_trail();
    check(&rows(include_str!("../../../../tests/aws_facts/lifecycles.json")), |row| {
        let members = row["lifecycle_rule"].as_object().unwrap();
        // `Days` is a single member with a plural name. Lists have members with a singular name.
        let actions: String = members.iter().map(|(name, value)| xml(name, value)).collect();
        let rule = format!("<Rule><Status>Enabled</Status><Filter/>{actions}</Rule>");
        put(&twin, "lifecycle", &format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>"))
    });
}

#[test]
fn every_service_accepts_tags() {
    let rows = rows(include_str!("../../../../tests/aws_facts/tags.json"));
    check(&rows, |row| {
        let tags: Vec<(&str, &str)> = row["tags"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        let twin = with_bucket_and_trail();
        let list = |key: &str, value: &str| -> Value {
            tags.iter().map(|(k, v)| json!({ key: k, value: v })).collect::<Vec<_>>().into()
        };
        // CloudTrail has tags without a value, but rejects empty values.
        let of_trail: Vec<Value> = tags
            .iter()
            .map(|(key, value)| match *value {
                "" => json!({ "Key": key }),
                value => json!({ "Key": key, "Value": value }),
            })
            .collect();
        let arn = format!("arn:aws:cloudtrail:{REGION}:{MASTER}:trail/Trail");
        let input = json!({ "ResourceId": arn, "TagsList": of_trail });
        json_call(&twin, "cloudtrail", "AddTags", &input)?;
        json_call(&twin, "kms", "CreateKey", &json!({ "Tags": list("TagKey", "TagValue") }))?;
        json_call(
            &twin,
            "logs",
            "CreateLogGroup",
            &json!({ "logGroupName": "trails", "tags": row["tags"] }),
        )?;
        let fields: Vec<(String, &str)> = tags
            .iter()
            .zip(1..)
            .flat_map(|((key, value), number)| {
                [(format!("Tags.member.{number}.Key"), *key), (format!("Tags.member.{number}.Value"), *value)]
            })
            .collect();
        let fields = fields.iter().map(|(name, value)| (name.as_str(), *value));
        let trust =
            json!({ "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" }] });
        let trust = trust.to_string();
        let role =
            [("Action", "CreateRole"), ("RoleName", "Logs"), ("AssumeRolePolicyDocument", trust.as_str())];
        form_call(&twin, "iam", &role.into_iter().chain(fields.clone()).collect::<Vec<_>>())?;
        let topic = [("Action", "CreateTopic"), ("Name", "trails")];
        form_call(&twin, "sns", &topic.into_iter().chain(fields).collect::<Vec<_>>())?;
        let tag = |(key, value): &(&str, &str)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        let set: String = tags.iter().map(tag).collect();
        put(&twin, "tagging", &format!("<Tagging><TagSet>{}</TagSet></Tagging>", set.replace('&', "&amp;")))
    });
}

#[test]
fn kms_creates_grants() {
    let twin = twin();
    let key = json_call(&twin, "kms", "CreateKey", &json!({})).unwrap()["KeyMetadata"]["KeyId"].clone();
    check(&rows(include_str!("../../../../tests/aws_facts/grants.json")), |row| {
        let mut input = row["grant"].clone();
        (input["KeyId"], input["Operations"]) = (key.clone(), json!(["Decrypt"]));
        json_call(&twin, "kms", "CreateGrant", &input).map(|it| it.to_string())
    });
}

#[test]
fn kms_moves_aliases() {
    let twin = twin();
    let key = |of: &Value| {
        let mut asked = json!({});
        for (member, name) in [("KeySpec", "spec"), ("KeyUsage", "usage")] {
            if let Some(value) = of.get(name) {
                asked[member] = value.clone();
            }
        }
        json_call(&twin, "kms", "CreateKey", &asked).unwrap()["KeyMetadata"]["KeyId"].clone()
    };
    check(&rows(include_str!("../../../../tests/aws_facts/aliases.json")), |row| {
        let input = |key: Value| json!({ "AliasName": "alias/moved", "TargetKeyId": key });
        json_call(&twin, "kms", "CreateAlias", &input(key(&row["current"])))?;
        let moved = json_call(&twin, "kms", "UpdateAlias", &input(key(&row["new"])));
        json_call(&twin, "kms", "DeleteAlias", &json!({ "AliasName": "alias/moved" }))?;
        moved.map(|it| it.to_string())
    });
}

#[test]
fn keys_encrypt_and_rotate() {
    let text = |value: &Value, default: String| value.as_str().map_or(default, str::to_owned);
    let mut wrong = String::new();
    for row in rows(include_str!("../../../../tests/aws_facts/keys.json")) {
        let twin = with_bucket_and_trail();
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": MASTER }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
              "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"], "Resource": "*" },
        ]});
        let writes = json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
        }]});
        put(&twin, "policy", &writes.to_string()).unwrap();
        let create =
            || json_call(&twin, "kms", "CreateKey", &json!({ "Policy": policy.to_string() })).unwrap();
        let (primary, made) = (create(), create());
        let (id, arn) = (made["KeyMetadata"]["KeyId"].as_str().unwrap(), &made["KeyMetadata"]["Arn"]);
        let primary = primary["KeyMetadata"]["Arn"].as_str().unwrap();
        let (key, default) = (&row["key"], KeyMaterial::default());
        let material = KeyMaterial {
            usage: text(&key["usage"], default.usage),
            spec: text(&key["spec"], default.spec),
            origin: text(&key["origin"], default.origin),
            multi_region: match key["multi_region"].as_str() {
                None => None,
                Some("primary") => Some(MultiRegion::Primary),
                Some("replica") => Some(MultiRegion::ReplicaOf(primary.to_owned())),
                Some(other) => panic!("{other}"),
            },
        };
        twin.set_key_material(MASTER, REGION, id, material);
        twin.set_key_state(MASTER, REGION, id, &text(&key["state"], "Enabled".to_owned()));

        let encrypts = create_trail(&twin, "Encrypted", &json!({ "KmsKeyId": arn }));
        json_call(&twin, "kms", "EnableKeyRotation", &json!({ "KeyId": primary })).unwrap();
        let status = json_call(&twin, "kms", "GetKeyRotationStatus", &json!({ "KeyId": id }));
        let rotation = match &status {
            Err(_) => "none",
            Ok(status) if status["KeyRotationEnabled"] == true => "primary",
            Ok(_) => "own",
        };
        if encrypts.is_ok() != row["encrypts"] || rotation != row["rotation"] {
            let _ = writeln!(wrong, "{}: {encrypts:?}, {rotation}: {status:?}", row["rule"]);
        }
        let enabled = json_call(&twin, "kms", "EnableKeyRotation", &json!({ "KeyId": id }));
        let is_enabled = row["rotation"] == "own" && row["encrypts"] == true;
        if enabled.is_ok() != is_enabled {
            let _ = writeln!(wrong, "{}: rotation {enabled:?}", row["rule"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
