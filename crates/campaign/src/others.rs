//! The calls of other teams with their own clients. Everything that they create is named `theirs`,
//! or contains this word.

use bytes::Bytes;
use http::{Method, Request};
use reconcile_twin::Twin;
use serde_json::{Value, json};

/// A call of another team that AWS rejected.
#[derive(Debug, thiserror::Error)]
#[error("another team cannot call {what}: {answer}")]
pub struct CallRefused {
    /// The operation or the path.
    pub what: String,
    /// The answer.
    pub answer: String,
}

/// The word in every resource, statement, tag, grant and rule of another team.
pub const THEIRS: &str = "theirs";

/// Another team with the credentials of an account, in one Region.
#[derive(Debug, Clone)]
pub struct Others<'t> {
    twin: &'t Twin,
    account: String,
    region: String,
}

impl<'t> Others<'t> {
    /// Creates the team of an account.
    pub fn of(twin: &'t Twin, account: &str, region: &str) -> Self {
        Self { twin, account: account.to_owned(), region: region.to_owned() }
    }

    /// Calls an operation of a service with a JSON protocol.
    ///
    /// # Errors
    /// [`CallRefused`] if AWS rejects the call.
    pub fn call(&self, service: &str, operation: &str, input: &Value) -> Result<Value, CallRefused> {
        let request = Request::post("http://twin.localhost/")
            .header("x-amz-target", format!("Service.{operation}"))
            .header("content-type", "application/x-amz-json-1.1");
        let answer = self.send(service, operation, request, input.to_string())?;
        serde_json::from_str(&answer).map_err(|_| CallRefused { what: operation.to_owned(), answer })
    }

    /// Calls S3, with XML or a policy as the body.
    ///
    /// # Errors
    /// [`CallRefused`] if S3 rejects the call.
    pub fn s3(&self, method: Method, path: &str, body: &str) -> Result<String, CallRefused> {
        let request = Request::builder().method(method).uri(format!("http://twin.localhost/{path}"));
        self.send("s3", path, request, body.to_owned())
    }

    fn send(
        &self,
        service: &str,
        what: &str,
        request: http::request::Builder,
        body: String,
    ) -> Result<String, CallRefused> {
        let refused = |answer: String| CallRefused { what: what.to_owned(), answer };
        let (key, _) = self.twin.credentials_for(&self.account);
        let scope = format!("{key}/20260101/{}/{service}/aws4_request", self.region);
        let request = request
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"))
            .body(Bytes::from(body))
            .map_err(|error| refused(error.to_string()))?;
        let response = self.twin.handle(request);
        let answer = String::from_utf8_lossy(response.body()).into_owned();
        if response.status().is_success() { Ok(answer) } else { Err(refused(answer)) }
    }

    /// Creates a bucket.
    ///
    /// # Errors
    /// [`CallRefused`] if S3 rejects the call.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), CallRefused> {
        let place = match self.region.as_str() {
            "us-east-1" => String::new(),
            region => format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        self.s3(Method::PUT, bucket, &place).map(drop)
    }

    /// Adds statements to the policy of a bucket, before the existing statements.
    ///
    /// # Errors
    /// [`CallRefused`] if S3 rejects the policy.
    pub fn add_to_bucket_policy(&self, bucket: &str, statements: &[Value]) -> Result<(), CallRefused> {
        let policy = with_statements(self.twin.bucket_policy(bucket).as_deref(), statements);
        self.s3(Method::PUT, &format!("{bucket}?policy"), &policy).map(drop)
    }

    /// Adds statements to the policy of a key, by its alias.
    ///
    /// # Errors
    /// [`CallRefused`] if KMS rejects the policy.
    pub fn add_to_key_policy(&self, alias: &str, statements: &[Value]) -> Result<(), CallRefused> {
        let key = self.key(alias)?;
        let live = self.twin.key_policy(&self.account, &self.region, alias);
        let policy = with_statements(live.as_deref(), statements);
        let input = json!({ "KeyId": key, "PolicyName": "default", "Policy": policy });
        self.call("kms", "PutKeyPolicy", &input).map(drop)
    }

    /// The ARN of the key of an alias (`alias/…`).
    ///
    /// # Errors
    /// [`CallRefused`] if the alias does not exist.
    pub fn key(&self, alias: &str) -> Result<String, CallRefused> {
        let found = self.call("kms", "DescribeKey", &json!({ "KeyId": alias }))?;
        Ok(text(&found["KeyMetadata"]["Arn"]))
    }

    /// Creates a key with an alias.
    ///
    /// # Errors
    /// [`CallRefused`] if KMS rejects a call.
    pub fn create_key(&self, alias: &str) -> Result<String, CallRefused> {
        let tags = json!([{ "TagKey": THEIRS, "TagValue": "kept" }]);
        let made = self.call("kms", "CreateKey", &json!({ "Description": THEIRS, "Tags": tags }))?;
        let arn = text(&made["KeyMetadata"]["Arn"]);
        self.call("kms", "CreateAlias", &json!({ "AliasName": alias, "TargetKeyId": arn }))?;
        Ok(arn)
    }

    /// Creates a trail that delivers to a bucket, and starts its logging.
    ///
    /// # Errors
    /// [`CallRefused`] if CloudTrail rejects a call.
    pub fn trail(&self, name: &str, bucket: &str) -> Result<(), CallRefused> {
        let tags = json!([{ "Key": THEIRS, "Value": "kept" }]);
        self.call(
            "cloudtrail",
            "CreateTrail",
            &json!({ "Name": name, "S3BucketName": bucket, "TagsList": tags }),
        )?;
        self.call("cloudtrail", "StartLogging", &json!({ "Name": name })).map(drop)
    }

    /// Adds a tag to a bucket.
    ///
    /// # Errors
    /// [`CallRefused`] if S3 rejects a call.
    pub fn tag_bucket(&self, bucket: &str, key: &str, value: &str) -> Result<(), CallRefused> {
        let path = format!("{bucket}?tagging");
        let live = self.s3(Method::GET, &path, "").unwrap_or_default();
        let live: String = elements(&live, "Tag").collect();
        let tag = format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        let tagging = format!("<Tagging><TagSet>{live}{tag}</TagSet></Tagging>");
        self.s3(Method::PUT, &path, &tagging).map(drop)
    }

    /// Adds a lifecycle rule to a bucket.
    ///
    /// # Errors
    /// [`CallRefused`] if S3 rejects a call.
    pub fn expire(&self, bucket: &str, id: &str, prefix: &str, days: u32) -> Result<(), CallRefused> {
        let path = format!("{bucket}?lifecycle");
        let live = self.s3(Method::GET, &path, "").unwrap_or_default();
        let live: String = elements(&live, "Rule").collect();
        let rule = format!(
            "<Rule><Expiration><Days>{days}</Days></Expiration><ID>{id}</ID><Filter><Prefix>{prefix}</Prefix></Filter>\
             <Status>Enabled</Status></Rule>"
        );
        let rules = format!("<LifecycleConfiguration>{live}{rule}</LifecycleConfiguration>");
        self.s3(Method::PUT, &path, &rules).map(drop)
    }
}

/// Returns the elements with a name in a piece of XML, as text.
pub(crate) fn elements<'x>(xml: &'x str, name: &str) -> impl Iterator<Item = &'x str> + use<'x> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, from) = rest.split_at(rest.find(&start)?);
        let (element, after) = from.split_at(from.find(&end)? + end.len());
        rest = after;
        Some(element)
    })
}

fn with_statements(policy: Option<&str>, statements: &[Value]) -> String {
    let empty = json!({ "Version": "2012-10-17", "Statement": [] });
    let mut policy = policy.and_then(|it| serde_json::from_str(it).ok()).unwrap_or(empty);
    if let Some(Value::Array(live)) = policy.get_mut("Statement") {
        live.splice(0..0, statements.iter().cloned());
    }
    policy.to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns a statement of another team for a resource.
pub fn statement(sid: &str, action: &str, resource: &str) -> Value {
    json!({
        "Sid": format!("{sid}-{THEIRS}").replace('-', ""), "Effect": "Allow", "Principal": { "AWS": "444444444444" },
        "Action": [action], "Resource": resource,
    })
}

/// Returns the statements of the console that let the trails of these accounts deliver to a bucket.
pub fn console_statements(bucket: &str, accounts: &[&str]) -> Vec<Value> {
    let arn = format!("arn:aws:s3:::{bucket}");
    let folders: Vec<String> = accounts.iter().map(|id| format!("{arn}/AWSLogs/{id}/*")).collect();
    vec![
        json!({
            "Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:GetBucketAcl", "Resource": arn,
        }),
        json!({
            "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject", "Resource": folders,
            "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_as_they_are_written() {
        let xml = "<A><Tag><Key>a</Key></Tag>\n<Tag><Key>b</Key></Tag></A>";
        let found: Vec<&str> = elements(xml, "Tag").collect();
        assert_eq!(found, ["<Tag><Key>a</Key></Tag>", "<Tag><Key>b</Key></Tag>"]);
        assert_eq!(elements("<TagSet/>", "Tag").count(), 0);
    }
}
