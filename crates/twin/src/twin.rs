//! The handle of a twin, through which every call passes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::answer::Answer;
use crate::call::Call;
use crate::denial::InjectedDenial;
use crate::disagreement::Disagreement;
use crate::failure::InjectedFailure;
use crate::fault::Fault;
use crate::garbage::Garbage;
use crate::hold::{Hold, Holds};
use crate::lag::{Lag, Lags};
use crate::request::{Request, base_key};
use crate::services;
use crate::setup::Setup;
use crate::state::show::StateSummary;
use crate::state::{Account, BucketGrant, Key, KeyMaterial, Object, Published, Shared, State};
use crate::store::{Store, StoreError};
use crate::weather::{Broken, CallOutcome, Clock, Event, Forecast, ForeignWrite, Run, Weather};

/// A simulated AWS. Clones are cheap, and share the same state.
#[derive(Clone, Default)]
pub struct Twin {
    inner: Arc<Inner>,
}

/// An object of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The content.
    pub content: Bytes,
    /// The user-defined metadata, without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The ARN of the KMS key with which the object is encrypted; `None` for a key of S3.
    pub key: Option<String>,
    /// The time of storage.
    pub stored: jiff::Timestamp,
}

/// A function that receives the content of a twin.
type Observer = dyn Fn(&StateSummary) + Send + Sync;

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    calls: Mutex<Vec<Call>>,
    /// The number of changes of the state.
    changed: AtomicU64,
    /// The number of changes that are in the file.
    saved: AtomicU64,
    /// The task that holds the lock writes for all waiting tasks. A call that has nothing to write
    /// does not wait, because waiting tasks get the lock in order, one after the other, even while
    /// another core is idle.
    saving: tokio::sync::Mutex<()>,
    store: Option<Store>,
    observer: Mutex<Option<Arc<Observer>>>,
    garbage: Mutex<Vec<Garbage>>,
    failures: Mutex<Vec<InjectedFailure>>,
    lags: Mutex<Lags>,
    holds: Holds,
    weather: Mutex<Run>,
    /// The number of requests.
    requests: AtomicU64,
}

/// The response to a request.
pub(crate) struct Exchange {
    operation: String,
    /// The delay of the response.
    pub(crate) delay: Duration,
    /// The response, or the reason why there is none.
    pub(crate) response: Result<http::Response<Bytes>, Broken>,
}

/// The outcome of a request, with the weather.
struct RequestOutcome {
    answer: Answer,
    broken: Option<Broken>,
    events: Vec<Event>,
    delay: Duration,
}

impl std::fmt::Debug for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Twin").finish_non_exhaustive()
    }
}

impl Twin {
    /// Creates an empty AWS, which exists until its last handle is dropped.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Opens an AWS whose state is in a file. The first change creates the file.
    ///
    /// # Errors
    /// Fails if the file is not a state file, or another process uses it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (store, state) = Store::open(path)?;
        Ok(Self {
            inner: Arc::new(Inner { state: Mutex::new(state), store: Some(store), ..Inner::default() }),
        })
    }

    /// Adds the accounts, keys, topics and buckets that do not exist, and sets the ambient account
    /// if there is none. Existing resources do not change: a role that was removed by hand is not
    /// added again. The management account is always set to the management account of the setup.
    pub fn provision(&self, setup: Setup) {
        let mut state = self.state();
        for account in setup.accounts {
            state.accounts.entry(account.id).or_insert_with(|| {
                let roles = account.roles.into_iter().collect();
                Shared::from(Account { name: account.name, roles, ..Account::default() })
            });
        }
        if state.ambient.is_none() {
            state.ambient = setup.ambient;
        }
        state.organization.management = setup.management;
        for arn in &setup.keys {
            services::kms::provide(&mut state, arn);
        }
        for arn in &setup.topics {
            services::sns::provide(&mut state, arn);
        }
        for arn in &setup.alarm_topics {
            services::sns::provide_for_alarms(&mut state, arn);
        }
        for bucket in setup.buckets {
            services::s3::provide(&mut state, &bucket);
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// The account of the current credentials.
    pub fn ambient_account(&self) -> Option<String> {
        self.state().ambient.clone()
    }

    /// The access key ID and the secret of an account without an assumed role.
    pub fn credentials_for(&self, account: &str) -> (String, String) {
        (base_key(account), "twin".to_owned())
    }

    /// Every call of this process, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.inner.calls).clone()
    }

    /// Sets the function that is called with the content of the twin after every call that may have
    /// changed the content.
    pub fn observe(&self, observer: impl Fn(&StateSummary) + Send + Sync + 'static) {
        *lock(&self.inner.observer) = Some(Arc::new(observer));
    }

    /// The messages to topics and event buses, in order.
    pub fn published(&self) -> Vec<Published> {
        self.state().published.clone()
    }

    /// The content of the twin.
    pub fn summary(&self) -> StateSummary {
        self.state().summary()
    }

    /// Deletes everything.
    pub fn reset(&self) {
        *self.state() = State::default();
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets whether the twin accepts trails that cannot deliver, and tags of AWS. A copy of
    /// existing resources uses this setting, because the live AWS has already accepted the
    /// resources.
    pub fn trust(&self, is_trusting: bool) {
        self.state().is_trusting = is_trusting;
    }

    /// Denies these calls from now on. Replaces earlier denials.
    pub fn deny(&self, denials: Vec<InjectedDenial>) {
        self.state().denials = denials;
    }

    /// Answers these reads with garbage from now on. Replaces earlier garbage.
    pub fn garble(&self, garbage: Vec<Garbage>) {
        *lock(&self.inner.garbage) = garbage;
    }

    /// Answers these calls with errors from now on. Replaces earlier failures.
    pub fn fail(&self, failures: Vec<InjectedFailure>) {
        *lock(&self.inner.failures) = failures;
    }

    /// Shows changes late from now on. Replaces earlier lags.
    pub fn lag(&self, lags: Vec<Lag>) {
        lock(&self.inner.lags).set(lags);
    }

    /// Sets the weather. The effects of the earlier weather are removed, except in [`Twin::calls`].
    pub fn set_weather(&self, weather: Weather, clock: Clock) {
        lock(&self.inner.lags).remember_for_weather(weather.is_late());
        *lock(&self.inner.weather) = Run::new(weather, clock);
    }

    /// The weather.
    pub fn weather(&self) -> Weather {
        lock(&self.inner.weather).weather().clone()
    }

    /// The foreign writes so far, in any weather.
    pub fn foreign_writes(&self) -> Vec<ForeignWrite> {
        let calls = lock(&self.inner.calls);
        let events = calls.iter().flat_map(|call| &call.weather);
        let foreign = events.filter_map(|event| match event {
            Event::ForeignWrite(write) => Some(write.clone()),
            _ => None,
        });
        foreign.collect()
    }

    /// Returns whether the effect of a foreign write still exists.
    pub fn has(&self, write: &ForeignWrite) -> bool {
        write.is_in(&self.state())
    }

    /// Lets the calls of an operation take effect, and delays their answers until the hold is
    /// dropped. The operation has the form of [`Call::operation`]: `cloudtrail:CreateTrail`. Only
    /// calls through an HTTP client or the server are delayed.
    pub fn hold(&self, operation: &str) -> Hold {
        self.inner.holds.add(operation)
    }

    /// Returns a copy of this AWS in memory. Later changes of one copy do not affect the other.
    pub fn fork(&self) -> Self {
        let state = self.state().clone();
        Self { inner: Arc::new(Inner { state: Mutex::new(state), ..Inner::default() }) }
    }

    /// Adds a tag to an account in its organization. Does nothing if the account does not exist.
    pub fn tag_account(&self, account: &str, key: &str, value: &str) {
        if let Some(account) = self.state().accounts.get_mut(account) {
            account.tags.insert(key.to_owned(), value.to_owned());
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the disagreement with the evaluation of policies by the product.
    pub fn disagree(&self, disagreement: Disagreement) {
        self.state().disagreement = disagreement;
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// The policy of a bucket, byte for byte.
    pub fn bucket_policy(&self, bucket: &str) -> Option<String> {
        self.state().buckets.get(bucket)?.policy.clone()
    }

    /// The policy of a key by its ID or alias (`alias/…`), byte for byte.
    pub fn key_policy(&self, account: &str, region: &str, name: &str) -> Option<String> {
        let state = self.state();
        let regional = state.regional_ref(account, region)?;
        let id = regional.aliases.get(name).map_or(name, String::as_str);
        Some(regional.keys.get(id)?.policy.clone())
    }

    /// Sets the policy of a bucket without a check. Does nothing if the bucket does not exist.
    pub fn set_bucket_policy(&self, bucket: &str, policy: &str) {
        if let Some(bucket) = self.changing().buckets.get_mut(bucket) {
            bucket.policy = Some(policy.to_owned());
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the grants of the ACL of a bucket to grantees other than its owner. A grant is a
    /// grantee (the URI of a group, or a canonical ID) and a permission. Does nothing if the bucket
    /// does not exist.
    pub fn set_bucket_grants(&self, bucket: &str, grants: impl IntoIterator<Item = (String, String)>) {
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            let grants = grants.into_iter();
            bucket.grants = grants.map(|(grantee, permission)| BucketGrant { grantee, permission }).collect();
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets whether the requester pays for requests to a bucket. Does nothing if the bucket does
    /// not exist.
    pub fn set_requester_pays(&self, bucket: &str, is_paying: bool) {
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            services::s3::set_requester_pays(bucket, is_paying);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Stores an object, like a service that delivers to the bucket. Does nothing if the bucket
    /// does not exist.
    pub fn put_object(&self, bucket: &str, key: &str, object: StoredObject) {
        let StoredObject { content, metadata, key: encrypted_with, stored } = object;
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            let object = Object { content, metadata, key: encrypted_with, stored: stored.as_second() };
            bucket.objects.insert(key.to_owned(), object);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Deletes an object. Does nothing if the object does not exist.
    pub fn delete_object(&self, bucket: &str, key: &str) {
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            bucket.objects.remove(key);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns an object.
    pub fn object(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        let object = self.state().buckets.get(bucket)?.objects.get(key)?.clone();
        let Object { content, metadata, key, stored } = object;
        let stored = jiff::Timestamp::from_second(stored).unwrap_or_default();
        Some(StoredObject { content, metadata, key, stored })
    }

    /// Returns the keys of the objects of a bucket that begin with a prefix, in order.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let state = self.state();
        let Some(bucket) = state.buckets.get(bucket) else { return Vec::new() };
        let keys = bucket.objects.range(prefix.to_owned()..).map(|(key, _)| key);
        keys.take_while(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// Makes an object older, as if S3 had stored it earlier by this duration. Does nothing if the
    /// object does not exist.
    pub fn age_object(&self, bucket: &str, key: &str, by: Duration) {
        let mut state = self.state();
        let object = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key));
        if let Some(object) = object {
            object.stored = object.stored.saturating_sub_unsigned(by.as_secs());
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the policy of a key, by its ID or alias (`alias/…`), without a check. Does nothing if
    /// the key does not exist.
    pub fn set_key_policy(&self, account: &str, region: &str, name: &str, policy: &str) {
        self.change_key(account, region, name, |key| policy.clone_into(&mut key.policy));
    }

    /// Sets the material of a key, by its ID or alias (`alias/…`). No call of the twin creates keys
    /// in custom key stores. Does nothing if the key does not exist.
    pub fn set_key_material(&self, account: &str, region: &str, name: &str, material: KeyMaterial) {
        self.change_key(account, region, name, |key| key.material = material);
    }

    /// Sets the state of a key, by its ID or alias (`alias/…`), such as `PendingImport`. Does
    /// nothing if the key does not exist.
    pub fn set_key_state(&self, account: &str, region: &str, name: &str, key_state: &str) {
        self.change_key(account, region, name, |key| key_state.clone_into(&mut key.state));
    }

    /// Changes a key, by its ID or alias. Does nothing if the key does not exist.
    fn change_key(&self, account: &str, region: &str, name: &str, change: impl FnOnce(&mut Key)) {
        let mut state = self.changing();
        let regional = state.regional(account, region);
        let id = regional.aliases.get(name).map_or(name, String::as_str);
        if let Some(key) = regional.keys.get_mut(id) {
            change(key);
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets fields of the status of a trail, such as `LatestDeliveryTime`, as `GetTrailStatus`
    /// returns them. Does nothing if the trail does not exist.
    pub fn set_trail_status(&self, arn: &str, fields: impl IntoIterator<Item = (String, Value)>) {
        let mut state = self.changing();
        let regions = state.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        if let Some(trail) = regions.flat_map(|it| it.trails.values_mut()).find(|trail| trail.arn == arn) {
            trail.status.extend(fields);
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Suspends an account: Organizations still lists the account, but nobody can assume its roles.
    /// Does nothing if the account does not exist. See "Closing a member account" in the
    /// Organizations user guide.
    pub fn suspend(&self, account: &str) {
        if let Some(account) = self.changing().accounts.get_mut(account) {
            account.suspended = true;
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the policy of a topic without a check. Does nothing if the topic does not exist.
    pub fn set_topic_policy(&self, account: &str, region: &str, name: &str, policy: &str) {
        if let Some(topic) = self.changing().regional(account, region).topics.get_mut(name) {
            policy.clone_into(&mut topic.policy);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers a request. If the weather breaks the connection, the answer is an error of the twin.
    pub fn handle(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let broken =
            |_| services::unavailable(&Fault::new(503, "ConnectionBroken", "no answer in this weather"));
        self.exchange(request).response.unwrap_or_else(broken)
    }

    /// Answers a request. Every call of every service passes through this function.
    pub(crate) fn exchange(&self, request: http::Request<Bytes>) -> Exchange {
        let request = Request::new(request, self.inner.requests.fetch_add(1, Ordering::Relaxed));
        let RequestOutcome { answer, broken, events, delay } = self.outcome(&request);
        let is_foreign = events.iter().any(|event| matches!(event, Event::ForeignWrite(_)));
        if answer.mutating || is_foreign {
            self.inner.changed.fetch_add(1, Ordering::Relaxed);
            let observer = lock(&self.inner.observer).clone();
            if let Some(observer) = observer {
                observer(&self.summary());
            }
        }
        let has_no_status = matches!(events.last(), Some(Event::Reset | Event::Hung));
        lock(&self.inner.calls).push(Call {
            account: request.account().unwrap_or_default().to_owned(),
            region: request.scope.region.clone(),
            operation: answer.operation.clone(),
            mutating: answer.mutating,
            status: if has_no_status { 0 } else { answer.response.status().as_u16() },
            error: answer.error.map(str::to_owned),
            weather: events,
        });
        Exchange { operation: answer.operation, delay, response: broken.map_or(Ok(answer.response), Err) }
    }

    /// Determines the outcome of a request in the weather of this twin.
    fn outcome(&self, request: &Request) -> RequestOutcome {
        let mut run = lock(&self.inner.weather);
        if run.weather().is_calm() {
            drop(run);
            let (answer, events) = self.answer(request, None);
            return RequestOutcome { answer, broken: None, events, delay: Duration::ZERO };
        }
        let (operation, mutating) = services::requested(request);
        let forecast = run.forecast(request, &operation, mutating);
        drop(run);
        let slow = forecast.delay.map(Event::Slow);
        let (answer, broken, mut events) = match &forecast.outcome {
            CallOutcome::Answered => {
                let (answer, events) = self.answer(request, Some(&forecast));
                (answer, None, events)
            }
            CallOutcome::Lost => {
                let (answer, mut events) = self.answer(request, Some(&forecast));
                events.push(Event::AnswerLost);
                (answer, Some(Broken::Reset), events)
            }
            CallOutcome::Refused(event, fault) => {
                let mut events = Vec::new();
                if *event == (Event::ServerError { took_effect: true }) {
                    events = self.answer(request, Some(&forecast)).1;
                }
                events.push(event.clone());
                (services::refuse(request, operation, mutating, fault), None, events)
            }
            CallOutcome::Broken(event, broken) => {
                let code = match broken {
                    Broken::Reset => "ConnectionReset",
                    Broken::Hung => "NoAnswer",
                };
                let answer = services::refuse(request, operation, mutating, &Fault::new(503, code, ""));
                (answer, Some(*broken), vec![event.clone()])
            }
        };
        events.splice(0..0, slow);
        RequestOutcome { answer, broken, events, delay: forecast.delay.unwrap_or_default() }
    }

    /// Returns the answer of the services, with the failures, the garbage, the lag and the weather
    /// of this twin, and the events of the weather.
    fn answer(&self, request: &Request, forecast: Option<&Forecast>) -> (Answer, Vec<Event>) {
        let mut run = lock(&self.inner.weather);
        let (mut lags, mut failures) = (lock(&self.inner.lags), lock(&self.inner.failures));
        let mut state = self.state();
        let mut events = Vec::new();
        let is_late = forecast.is_some_and(|forecast| forecast.is_late);
        if forecast.is_some_and(|forecast| forecast.is_foreign)
            && let Some(write) = run.foreign_write(&mut state, request, &services::requested(request).0)
        {
            for past in lags.past() {
                write.apply(past);
            }
            events.push(Event::ForeignWrite(write));
        }
        let before = (lags.is_on() || !failures.is_empty()).then(|| state.clone());
        let mut answer = services::answer(&mut state, request);
        services::record(&mut state, request, &answer);
        if let Some((fault, takes_effect)) = InjectedFailure::next(&mut failures, &answer.operation) {
            if let Some(before) = before.filter(|_| !takes_effect) {
                *state = before;
            }
            return (services::refuse(request, answer.operation, answer.mutating, &fault), events);
        }
        if answer.mutating {
            if let Some(before) = before.filter(|_| lags.is_on()) {
                match lags.refusal(request, &answer, is_late) {
                    Some(refusal) => {
                        *state = before;
                        events.push(Event::NotYetSeen);
                        return (refusal, events);
                    }
                    None => lags.changed(request.account().unwrap_or_default(), before),
                }
            }
            return (answer, events);
        }
        drop(state);
        if lags.is_on()
            && let Some(stale) = lags.stale(request, &answer, is_late)
        {
            answer = stale;
            events.push(Event::Stale);
        }
        if let Some(forecast) = forecast
            && answer.error.is_none()
        {
            run.opened(forecast, request);
            if run.retires_fields() {
                answer.response =
                    services::organizations::without_retired(&answer.operation, answer.response);
            }
        }
        if let Some(garbage) = lock(&self.inner.garbage).iter().find(|it| it.operation == answer.operation) {
            answer.response = garbage.in_place_of(&answer.response);
        }
        (answer, events)
    }

    /// Answers a request after the change is written to the file. Returns `None` if the connection
    /// breaks.
    pub(crate) async fn handle_and_save(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Broken> {
        let Exchange { operation, delay, response } = self.exchange(request);
        let clock = lock(&self.inner.weather).clock();
        let saved = self.save().await;
        if clock == Clock::Machine && !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.inner.holds.pass(&operation).await;
        match (response, saved) {
            (Ok(_), Err(error)) => {
                Ok(services::unavailable(&Fault::new(500, "InternalFailure", error.to_string())))
            }
            (Err(Broken::Hung), _) if clock == Clock::Machine => std::future::pending().await,
            (response, _) => response,
        }
    }

    /// Writes the changes to the file. The first of many concurrent calls writes for all of them.
    ///
    /// # Errors
    /// Fails if the file cannot be written.
    pub async fn save(&self) -> Result<(), StoreError> {
        let Some(store) = &self.inner.store else { return Ok(()) };
        let wanted = self.inner.changed.load(Ordering::Relaxed);
        if self.inner.saved.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let _saving = self.inner.saving.lock().await;
        if self.inner.saved.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let (bytes, current) = {
            let state = self.state();
            (serde_json::to_vec(&*state), self.inner.changed.load(Ordering::Relaxed))
        };
        store.save(bytes)?;
        self.inner.saved.store(current, Ordering::Release);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    /// Returns the state for a change that reads can see late.
    fn changing(&self) -> MutexGuard<'_, State> {
        let mut lags = lock(&self.inner.lags);
        let state = self.state();
        if lags.is_on() {
            lags.changed("", state.clone());
        }
        state
    }
}

/// Locks a mutex. After a panic in another thread, the state is at worst the state between two
/// calls.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
