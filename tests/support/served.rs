//! The embedded AWS of the test itself, served to the binary: a test can hold calls, and read the
//! calls that were made.

use reconcile_samples::{MASTER, PROD};
use reconcile_twin::{Setup, SetupAccount, SetupBucket, Twin};

use super::project::Project;

/// A twin that is served as long as this value exists.
pub struct Served {
    pub twin: Twin,
    url: String,
    runtime: tokio::runtime::Runtime,
}

impl Served {
    /// Starts an AWS with the accounts of `specs/prod.yaml`, and a bucket `apply-locks` in the
    /// first account.
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let twin = Twin::in_memory();
        let account = |id: &str, name: &str| SetupAccount {
            id: id.to_owned(),
            name: name.to_owned(),
            roles: vec!["OrganizationAccountAccessRole".to_owned()],
        };
        let bucket = SetupBucket {
            name: "apply-locks".to_owned(),
            owner: MASTER.to_owned(),
            region: "us-east-1".to_owned(),
        };
        twin.provision(Setup {
            ambient: Some(MASTER.to_owned()),
            accounts: vec![
                account(MASTER, "master"),
                account("222222222222", "production"),
                account("333333333333", "development"),
            ],
            buckets: vec![bucket],
            ..Setup::default()
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = twin.clone();
        runtime.spawn(async move { served.serve(listener).await });
        Self { twin, url, runtime }
    }

    /// Waits for an event in this AWS.
    pub fn wait<T>(&self, event: impl Future<Output = T>) -> T {
        let limit = std::time::Duration::from_mins(1);
        self.runtime.block_on(async { tokio::time::timeout(limit, event).await }).expect("it happens in time")
    }

    /// Creates a user's folder whose environment points to this AWS.
    pub fn project(&self) -> Project {
        let project = Project::with_environment(self.environment());
        project.write("specs/prod.yaml", format!("{PROD}{LOCK}"));
        project
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let (key, secret) = self.twin.credentials_for(MASTER);
        [("AWS_ENDPOINT_URL", &self.url), ("AWS_ACCESS_KEY_ID", &key), ("AWS_SECRET_ACCESS_KEY", &secret)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .to_vec()
    }

    /// Returns the text of the lock; `None` if nobody holds it.
    pub fn lock(&self) -> Option<String> {
        let answer = self.twin.handle(self.request("GET", ""));
        (answer.status() == 200).then(|| String::from_utf8(answer.body().to_vec()).unwrap())
    }

    /// Replaces the lock, as somebody else.
    pub fn set_lock(&self, text: &str) {
        assert_eq!(self.twin.handle(self.request("PUT", text)).status(), 200);
    }

    /// Starts or stops a trail, as somebody in its account.
    pub fn set_logging(&self, account: &str, trail: &str, is_on: bool) {
        self.cloudtrail(account, if is_on { "StartLogging" } else { "StopLogging" }, trail);
    }

    /// Whether a trail is logging.
    pub fn is_logging(&self, account: &str, trail: &str) -> bool {
        self.cloudtrail(account, "GetTrailStatus", trail)["IsLogging"] == true
    }

    fn cloudtrail(&self, account: &str, operation: &str, trail: &str) -> serde_json::Value {
        const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
        let (key, _) = self.twin.credentials_for(account);
        let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261126/us-east-1/cloudtrail/aws4_request");
        let request = http::Request::builder().method("POST").uri("/").header("authorization", scope);
        let request = request.header("x-amz-target", format!("{TARGET}.{operation}"));
        let body = serde_json::json!({ "Name": trail }).to_string();
        let answer = self.twin.handle(request.body(body.into_bytes().into()).unwrap());
        assert_eq!(answer.status(), 200, "{operation}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap()
    }

    fn request<B: From<Vec<u8>>>(&self, method: &str, body: &str) -> http::Request<B> {
        let (key, _) = self.twin.credentials_for(MASTER);
        let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261126/us-east-1/s3/aws4_request");
        let request = http::Request::builder().method(method).uri("/apply-locks/secprod.lock");
        request.header("authorization", scope).body(body.as_bytes().to_vec().into()).unwrap()
    }
}

/// The lock in the specs of these projects.
const LOCK: &str = "lock: { bucket: apply-locks, key: secprod.lock, region: us-east-1, account: master }\n";
