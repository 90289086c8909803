//! A twin, and the commands of a user with a spec on it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_apply::{
    Altered, ApplyOptions, Approval, ConfirmationPauses, EventObserver, Interrupt, Journal, Outcome,
    Propagation, apply, approve,
};
use reconcile_aws::{Aws, Embedded};
use reconcile_diff::{Progress, import, read};
use reconcile_plan::import::{ImportError, ImportRequest, Imported};
use reconcile_plan::observed::{Live, LiveError};
use reconcile_plan::{Comparison, Observed, Plan, compare, destroy};
use reconcile_samples::{EditSpec, MASTER};
use reconcile_sandbox::{connection, setup};
use reconcile_spec::{Spec, parse};
use reconcile_twin::{Setup, SetupAccount, Twin};
use serde_json::{Value, json};

/// Returns an AWS SDK client in an account that does not belong to `reconcile`.
macro_rules! client {
    ($sdk:ident, $installation:expr, $account:expr) => {{
        let (key, secret) = $installation.twin.credentials_for($account);
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new("eu-west-1"))
            .http_client($installation.twin.http_client())
            .endpoint_url("http://twin.localhost")
            .credentials_provider($sdk::config::Credentials::new(key, secret, None, None, "test"));
        $sdk::Client::from_conf(config.build())
    }};
}
pub(crate) use client;

/// An installation with its own twin.
pub struct Installation {
    pub twin: Twin,
    journals: tempfile::TempDir,
    /// The maximum time for which an apply waits until AWS shows written values.
    propagation: Propagation,
}

impl Installation {
    pub fn new() -> Self {
        Self::on(Twin::in_memory())
    }

    pub fn on(twin: Twin) -> Self {
        let propagation = Propagation::simulated(Duration::ZERO);
        Self { twin, journals: tempfile::tempdir().unwrap(), propagation }
    }

    /// Returns the installation with the default maximum wait of an apply, in simulated time.
    pub fn patient(self) -> Self {
        Self { propagation: Propagation::simulated(Duration::from_mins(2)), ..self }
    }

    /// Applies `text` to a new twin, and then edits the state of the twin.
    pub async fn edited(text: &str, edit: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.json");
        let installation = Self::on(Twin::open(&file).unwrap());
        installation.converge(text).await;
        installation.twin.save().await.unwrap();
        drop(installation);
        let mut state = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        edit(&mut state);
        std::fs::write(&file, state.to_string()).unwrap();
        Self { journals: folder, ..Self::on(Twin::open(&file).unwrap()) }
    }

    /// Returns the installation on a copy of its AWS, which changes independently from now on.
    pub fn fork(&self) -> Self {
        Self { propagation: self.propagation, ..Self::on(self.twin.fork()) }
    }

    pub fn connect(&self, spec: &Spec) -> Aws {
        let mut setup = setup(spec);
        for account in &mut setup.accounts {
            account.roles.push("Role".to_owned());
        }
        for bucket in &mut setup.buckets {
            MASTER.clone_into(&mut bucket.owner);
        }
        self.twin.provision(Setup { ambient: Some(MASTER.to_owned()), management: None, ..setup });
        Aws::new(reconcile_aws::ConnectOptions {
            profile: None,
            region: spec.desired().bucket.site.region.clone(),
            endpoint_url: None,
            concurrency: NonZeroUsize::new(64).unwrap(),
            session_policies: true,
            embedded: Some(Embedded { counts_time: false, ..connection(&self.twin, spec.desired()) }),
        })
    }

    /// Returns the number of calls of an operation that AWS accepted.
    pub fn accepted(&self, operation: &str) -> usize {
        let calls = self.twin.calls();
        calls.iter().filter(|call| call.operation == operation && call.error.is_none()).count()
    }

    pub async fn plan(&self, text: &str) -> Plan {
        self.compare(text).await.plan
    }

    /// Compares, and removes the warnings that apply to nearly every installation of the tests: the
    /// bucket is in the management account, and none of the trails records data events.
    pub async fn compare(&self, text: &str) -> Comparison {
        let mut comparison = self.compare_with_cautions(text).await;
        comparison
            .plan
            .warnings
            .retain(|it| !matches!(it.code.as_str(), "management-account" | "unlogged-access"));
        comparison
    }

    pub async fn compare_with_cautions(&self, text: &str) -> Comparison {
        self.planned(&spec(text), compare).await
    }

    pub async fn plan_to_destroy(&self, text: &str) -> Plan {
        self.planned(&spec(text), destroy).await.plan
    }

    /// Compares if live state can be read, and returns the error otherwise.
    pub async fn try_compare(&self, text: &str) -> Result<Comparison, LiveError> {
        self.try_planned(&spec(text), compare).await
    }

    async fn planned(
        &self,
        spec: &Spec,
        compare: fn(&Spec, &Observed, Timestamp) -> Comparison,
    ) -> Comparison {
        self.try_planned(spec, compare).await.unwrap()
    }

    async fn try_planned(
        &self,
        spec: &Spec,
        compare: fn(&Spec, &Observed, Timestamp) -> Comparison,
    ) -> Result<Comparison, LiveError> {
        let aws = self.connect(spec);
        let Live { spec, observed } = read(&aws, spec.clone(), &Arc::new(Progress::default())).await?;
        Ok(compare(&spec, &observed, Timestamp::now()))
    }

    pub async fn apply(&self, text: &str, plan: &Plan) -> Outcome {
        self.apply_watched(text, plan, Interrupt::default(), Arc::new(())).await
    }

    pub async fn apply_watched(
        &self,
        text: &str,
        plan: &Plan,
        interrupt: Interrupt,
        watch: Arc<dyn EventObserver>,
    ) -> Outcome {
        self.apply_with_pauses(text, plan, Some(ConfirmationPauses::AT_ONCE), interrupt, watch).await
    }

    /// Applies a plan file: only the changes that the spec currently requires.
    pub async fn apply_saved(&self, text: &str, saved: Plan) -> Result<Outcome, Altered> {
        let fresh = self.plan(text).await;
        let journal = Journal::open(self.journals.path(), &saved).unwrap();
        let order: Vec<_> = saved.changes.iter().map(|it| (it.address.clone(), it.phase)).collect();
        let Approval { plan, left } = approve(saved, fresh, spec(text).desired(), &journal)?;
        Ok(self.apply(text, &plan).await.with(left, &order))
    }

    /// Applies without asking CloudTrail to confirm policies.
    pub async fn apply_unconfirmed(&self, text: &str, plan: &Plan) -> Outcome {
        self.apply_with_pauses(text, plan, None, Interrupt::default(), Arc::new(())).await
    }

    async fn apply_with_pauses(
        &self,
        text: &str,
        plan: &Plan,
        confirm: Option<ConfirmationPauses>,
        interrupt: Interrupt,
        watch: Arc<dyn EventObserver>,
    ) -> Outcome {
        let spec = spec(text).with_joined(plan.accounts());
        let aws = self.connect(&spec);
        let in_flight = NonZeroUsize::new(64).unwrap();
        let options =
            ApplyOptions { propagation: self.propagation, confirm, in_flight, interrupt, observer: watch };
        let journal = Journal::open(self.journals.path(), plan).unwrap();
        let desired = spec.desired();
        apply(&aws, desired, plan, journal, options).await
    }

    /// Deletes the journals of earlier applies, as if the next apply runs on another machine.
    pub fn lose_journals(&mut self) {
        self.journals = tempfile::tempdir().unwrap();
    }

    /// Imports the resources of the accounts that this text declares.
    pub async fn import(&self, accounts: &str, request: &ImportRequest) -> Result<Imported, ImportError> {
        let spec = spec(accounts);
        let aws = self.connect(&spec);
        let named = spec.desired().accounts.iter().map(|account| account.name.clone());
        let request = ImportRequest { accounts: named.collect(), ..request.clone() };
        let progress = Arc::new(Progress::default());
        Box::pin(import(&aws, &spec, &request, Timestamp::now(), &progress)).await
    }

    /// Asserts after each call from now on that none of these trails loses a permission that it
    /// needs to deliver.
    pub fn watch_over(&self, trails: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.twin.observe(move |summary| {
            for account in &summary.accounts {
                for trail in account.trails.iter().filter(|trail| trails(&trail.arn)) {
                    assert_eq!(trail.undeliverable, None, "{} cannot deliver any more", trail.arn);
                }
            }
        });
    }

    /// Adds accounts to the organization, each with the role `Role`.
    pub fn add_members(&self, ids: &[&str]) {
        let accounts = ids.iter().map(|id| SetupAccount {
            id: (*id).to_owned(),
            name: format!("member-{}", id.trim_start_matches('0')),
            roles: vec!["Role".to_owned()],
        });
        self.twin.provision(Setup { accounts: accounts.collect(), ..Setup::default() });
    }

    /// Returns an S3 client that does not belong to `reconcile`.
    pub fn s3(&self, account: &str) -> aws_sdk_s3::Client {
        use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

        let (key, secret) = self.twin.credentials_for(account);
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .http_client(self.twin.http_client())
            .endpoint_url("http://twin.localhost")
            .force_path_style(true)
            .credentials_provider(Credentials::new(key, secret, None, None, "test"));
        aws_sdk_s3::Client::from_conf(s3.build())
    }

    /// Adds a statement to the policy of the only bucket, as somebody else.
    pub async fn add_to_bucket_policy(&self, statement: Value) {
        let mut policy: Value = serde_json::from_str(&self.bucket_policy()).unwrap();
        policy["Statement"].as_array_mut().unwrap().push(statement);
        let name = &self.twin.summary().buckets[0].name;
        let call = self.s3(MASTER).put_bucket_policy().bucket(name).policy(policy.to_string());
        call.send().await.unwrap();
    }

    /// Returns the text of the policy of the only bucket.
    pub fn bucket_policy(&self) -> String {
        self.twin.summary().buckets[0].policy.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Returns the policies of all keys.
    pub fn key_policies(&self) -> String {
        let keys = self.twin.summary().accounts.into_iter().flat_map(|account| account.keys);
        keys.map(|key| key.policy.to_string()).collect()
    }

    /// Returns the ARNs of all trails.
    pub fn trails(&self) -> Vec<String> {
        let accounts = self.twin.summary().accounts.into_iter();
        accounts.flat_map(|account| account.trails).map(|trail| trail.arn).collect()
    }

    /// Plans and applies, and asserts that every change succeeds.
    pub async fn converge(&self, text: &str) -> Plan {
        let plan = self.plan(text).await;
        let outcome = Box::pin(self.apply(text, &plan)).await;
        assert!(outcome.is_complete(), "{:#?}\n{text}", outcome.results);
        plan
    }
}

pub fn spec(text: &str) -> Spec {
    parse("spec.yaml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// Returns the part of a spec that a user of `import` writes: its accounts, and the organization
/// from which its members are read.
pub fn accounts_of(text: &str) -> String {
    let accounts = text.value("accounts").unwrap();
    let first = accounts.as_object().unwrap().keys().next();
    let mut named = json!({
        "version": 1,
        "name": "import",
        "accounts": accounts,
        "bucket": { "name": "import", "account": first, "region": text.value("bucket.region") },
        "key": { "alias": "import" },
        "trails": [{ "name": "Import", "accounts": "all" }],
    });
    let organization = text.value("organization");
    if let Some(organization) = organization.filter(|it| it.get("include").is_some()) {
        named["organization"] = organization;
    }
    named.to_string()
}
