//! The handle to a twin, and the one place that every call passes.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::call::Call;
use crate::denial::Denial;
use crate::disagreement::Disagreement;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::garbage::Garbage;
use crate::hold::{Hold, Holds};
use crate::lag::{Lag, Lags};
use crate::request::{Request, base_key};
use crate::services::{self, Answer};
use crate::state::show::Summary;
use crate::state::{Account, Grant, Key, KeyMaterial, Shared, State};
use crate::store::{Store, StoreError};
use crate::weather::{Broken, Clock, Event, Fate, Forecast, ForeignWrite, Run, Weather};

/// An AWS. Cheap to clone; all clones are the same AWS.
#[derive(Clone, Default)]
pub struct Twin {
    inner: Arc<Inner>,
}

/// Looks at all that a twin holds.
type Observer = dyn Fn(&Summary) + Send + Sync;

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    calls: Mutex<Vec<Call>>,
    /// Counts the changes of the state.
    changed: AtomicU64,
    /// How many of them are in the file. Whoever holds it writes for all who wait.
    saved: tokio::sync::Mutex<u64>,
    store: Option<Store>,
    observer: Mutex<Option<Arc<Observer>>>,
    garbage: Mutex<Vec<Garbage>>,
    failures: Mutex<Vec<Failure>>,
    lags: Mutex<Lags>,
    holds: Holds,
    weather: Mutex<Run>,
    /// Counts the requests.
    requests: AtomicU64,
}

/// What a client gets for a request.
pub(crate) struct Exchange {
    operation: String,
    /// The time that it takes.
    pub(crate) delay: Duration,
    /// The response, or why there is none.
    pub(crate) response: Result<http::Response<Bytes>, Broken>,
}

/// What became of a request, with the weather.
struct Outcome {
    answer: Answer,
    broken: Option<Broken>,
    events: Vec<Event>,
    delay: Duration,
}

/// Accounts that a twin is to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// The account of the current credentials.
    pub ambient: Option<String>,
    /// The management account of the organization, where that is not the ambient account.
    pub management: Option<String>,
    /// The accounts.
    pub accounts: Vec<SetupAccount>,
    /// ARNs of keys that are to be there.
    pub keys: Vec<String>,
    /// ARNs of topics that exist, and that CloudTrail can publish to.
    pub topics: Vec<String>,
    /// Buckets that are to be there.
    pub buckets: Vec<SetupBucket>,
}

/// A bucket that a twin is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupBucket {
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// Where it is.
    pub region: String,
}

/// An account that a twin is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupAccount {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Names of the roles that other accounts may assume in it.
    pub roles: Vec<String>,
}

impl std::fmt::Debug for Twin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Twin").finish_non_exhaustive()
    }
}

impl Twin {
    /// An empty AWS that is gone with its last handle.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// An AWS whose state lives in a file, which is made when something changes.
    ///
    /// # Errors
    /// Where the file is not a state, or another process has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (store, state) = Store::open(path)?;
        Ok(Self {
            inner: Arc::new(Inner { state: Mutex::new(state), store: Some(store), ..Inner::default() }),
        })
    }

    /// Adds the accounts, keys and buckets that are not there, and names the ambient account if none is. What is there stays
    /// as it is: a role that was taken away by hand stays away. Only the management account is always that of the setup.
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

    /// Access key id and secret of an account's own credentials.
    pub fn credentials_for(&self, account: &str) -> (String, String) {
        (base_key(account), "twin".to_owned())
    }

    /// Every call that this process made, in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.inner.calls).clone()
    }

    /// Has a function look at all that it holds after every call that may have changed it.
    pub fn observe(&self, observer: impl Fn(&Summary) + Send + Sync + 'static) {
        *lock(&self.inner.observer) = Some(Arc::new(observer));
    }

    /// All that it holds.
    pub fn summary(&self) -> Summary {
        self.state().summary()
    }

    /// Empties it.
    pub fn reset(&self) {
        *self.state() = State::default();
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Accepts trails that could not deliver, and tags of AWS itself, as long as this is on: for a copy of what
    /// exists, which nobody asks again whether it is allowed to.
    pub fn trust(&self, is_trusting: bool) {
        self.state().is_trusting = is_trusting;
    }

    /// Refuses some calls from now on, in place of those that it refused before.
    pub fn deny(&self, denials: Vec<Denial>) {
        self.state().denials = denials;
    }

    /// Answers some reads with garbage from now on, in place of those that it answered so before.
    pub fn garble(&self, garbage: Vec<Garbage>) {
        *lock(&self.inner.garbage) = garbage;
    }

    /// Answers some calls with errors from now on, in place of those that it answered so before.
    pub fn fail(&self, failures: Vec<Failure>) {
        *lock(&self.inner.failures) = failures;
    }

    /// Shows changes late from now on, in place of how late it showed them before.
    pub fn lag(&self, lags: Vec<Lag>) {
        lock(&self.inner.lags).set(lags);
    }

    /// Has this weather from now on, in place of the one before. What the old weather has done is forgotten, except in
    /// [`Twin::calls`].
    pub fn set_weather(&self, weather: Weather, clock: Clock) {
        lock(&self.inner.lags).remember_for_weather(weather.is_late());
        *lock(&self.inner.weather) = Run::new(weather, clock);
    }

    /// The weather.
    pub fn weather(&self) -> Weather {
        lock(&self.inner.weather).weather().clone()
    }

    /// What other teams have added so far, in any weather.
    pub fn foreign_writes(&self) -> Vec<ForeignWrite> {
        let calls = lock(&self.inner.calls);
        let events = calls.iter().flat_map(|call| &call.weather);
        let foreign = events.filter_map(|event| match event {
            Event::ForeignWrite(write) => Some(write.clone()),
            _ => None,
        });
        foreign.collect()
    }

    /// Whether what another team added is still there.
    pub fn has(&self, write: &ForeignWrite) -> bool {
        write.is_in(&self.state())
    }

    /// Lets the calls of an operation take effect, and keeps back their answers, until the hold is dropped. Names the operation as
    /// [`Call::operation`] does: `cloudtrail:CreateTrail`. Only calls through a client or the server wait.
    pub fn hold(&self, operation: &str) -> Hold {
        self.inner.holds.add(operation)
    }

    /// Returns another AWS that holds the same, in memory. Neither sees what happens in the other from now on.
    pub fn fork(&self) -> Self {
        let state = self.state().clone();
        Self { inner: Arc::new(Inner { state: Mutex::new(state), ..Inner::default() }) }
    }

    /// Gives an account a tag in its organization. Nothing happens where there is no such account.
    pub fn tag_account(&self, account: &str, key: &str, value: &str) {
        if let Some(account) = self.state().accounts.get_mut(account) {
            account.tags.insert(key.to_owned(), value.to_owned());
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads policies from now on otherwise than the product does, in place of how it did before.
    pub fn disagree(&self, disagreement: Disagreement) {
        self.state().disagreement = disagreement;
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// The policy of a bucket, byte for byte.
    pub fn bucket_policy(&self, bucket: &str) -> Option<String> {
        self.state().buckets.get(bucket)?.policy.clone()
    }

    /// The policy of a key by its id or alias (`alias/…`), byte for byte.
    pub fn key_policy(&self, account: &str, region: &str, name: &str) -> Option<String> {
        let state = self.state();
        let regional = state.regional_ref(account, region)?;
        let id = regional.aliases.get(name).map_or(name, String::as_str);
        Some(regional.keys.get(id)?.policy.clone())
    }

    /// Gives a bucket a policy, whatever that says. Nothing happens where there is no such bucket.
    pub fn set_bucket_policy(&self, bucket: &str, policy: &str) {
        if let Some(bucket) = self.changing().buckets.get_mut(bucket) {
            bucket.policy = Some(policy.to_owned());
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets what the ACL of a bucket grants to others than its owner: grantees (URIs of groups, canonical ids) with
    /// their permission. Does nothing where there is no such bucket.
    pub fn set_bucket_grants(&self, bucket: &str, grants: impl IntoIterator<Item = (String, String)>) {
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            let grants = grants.into_iter();
            bucket.grants = grants.map(|(grantee, permission)| Grant { grantee, permission }).collect();
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets whether whoever requests pays for requests to a bucket. Does nothing where there is no such bucket.
    pub fn set_requester_pays(&self, bucket: &str, is_paying: bool) {
        if let Some(bucket) = self.state().buckets.get_mut(bucket) {
            services::s3::set_requester_pays(bucket, is_paying);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes an object older, as if S3 had stored it this much earlier. Does nothing where there is no such object.
    pub fn age_object(&self, bucket: &str, key: &str, by: Duration) {
        let mut state = self.state();
        let object = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key));
        if let Some(object) = object {
            object.stored = object.stored.saturating_sub_unsigned(by.as_secs());
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives a key, by its id or alias (`alias/…`), a policy, whatever that says. Nothing happens where there is no such key.
    pub fn set_key_policy(&self, account: &str, region: &str, name: &str, policy: &str) {
        self.change_key(account, region, name, |key| policy.clone_into(&mut key.policy));
    }

    /// Makes a key, by its id or alias (`alias/…`), one of another kind: custom key stores and replicas are not created by
    /// calls here. Nothing happens where there is no such key.
    pub fn set_key_material(&self, account: &str, region: &str, name: &str, material: KeyMaterial) {
        self.change_key(account, region, name, |key| key.material = material);
    }

    /// Sets the state of a key, by its id or alias (`alias/…`), such as `PendingImport`. Nothing happens where there is no such
    /// key.
    pub fn set_key_state(&self, account: &str, region: &str, name: &str, key_state: &str) {
        self.change_key(account, region, name, |key| key_state.clone_into(&mut key.state));
    }

    /// Changes a key, by its id or alias. Nothing happens where there is no such key.
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

    /// Sets fields of the status of a trail, such as `LatestDeliveryTime`, as `GetTrailStatus` returns them. Nothing happens where
    /// there is no such trail.
    pub fn set_trail_status(&self, arn: &str, fields: impl IntoIterator<Item = (String, Value)>) {
        let mut state = self.changing();
        let regions = state.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        if let Some(trail) = regions.flat_map(|it| it.trails.values_mut()).find(|trail| trail.arn == arn) {
            trail.status.extend(fields);
        }
        drop(state);
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Suspends an account: Organizations still lists it, and nobody can enter it. Nothing happens where there is no such account.
    /// See "Closing a member account" in the Organizations user guide.
    pub fn suspend(&self, account: &str) {
        if let Some(account) = self.changing().accounts.get_mut(account) {
            account.suspended = true;
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives a topic a policy, whatever that says. Nothing happens where there is no such topic.
    pub fn set_topic_policy(&self, account: &str, region: &str, name: &str, policy: &str) {
        if let Some(topic) = self.changing().regional(account, region).topics.get_mut(name) {
            policy.clone_into(&mut topic.policy);
        }
        self.inner.changed.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers a request, or says with an error of the twin that the connection would have broken.
    pub fn handle(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let broken =
            |_| services::unavailable(&Fault::new(503, "ConnectionBroken", "no answer in this weather"));
        self.exchange(request).response.unwrap_or_else(broken)
    }

    /// Answers a request. The one place that every call of every service passes.
    pub(crate) fn exchange(&self, request: http::Request<Bytes>) -> Exchange {
        let request = Request::new(request, self.inner.requests.fetch_add(1, Ordering::Relaxed));
        let Outcome { answer, broken, events, delay } = self.outcome(&request);
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

    /// The fate of a request in the weather of this twin.
    fn outcome(&self, request: &Request) -> Outcome {
        let mut run = lock(&self.inner.weather);
        if run.weather().is_calm() {
            drop(run);
            let (answer, events) = self.answer(request, None);
            return Outcome { answer, broken: None, events, delay: Duration::ZERO };
        }
        let (operation, mutating) = services::requested(request);
        let forecast = run.forecast(request, &operation, mutating);
        drop(run);
        let slow = forecast.delay.map(Event::Slow);
        let (answer, broken, mut events) = match &forecast.fate {
            Fate::Answered => {
                let (answer, events) = self.answer(request, Some(&forecast));
                (answer, None, events)
            }
            Fate::Lost => {
                let (answer, mut events) = self.answer(request, Some(&forecast));
                events.push(Event::AnswerLost);
                (answer, Some(Broken::Reset), events)
            }
            Fate::Refused(event, fault) => {
                let mut events = Vec::new();
                if *event == (Event::ServerError { took_effect: true }) {
                    events = self.answer(request, Some(&forecast)).1;
                }
                events.push(event.clone());
                (services::refuse(request, operation, mutating, fault), None, events)
            }
            Fate::Broken(event, broken) => {
                let code = match broken {
                    Broken::Reset => "ConnectionReset",
                    Broken::Hung => "NoAnswer",
                };
                let answer = services::refuse(request, operation, mutating, &Fault::new(503, code, ""));
                (answer, Some(*broken), vec![event.clone()])
            }
        };
        events.splice(0..0, slow);
        Outcome { answer, broken, events, delay: forecast.delay.unwrap_or_default() }
    }

    /// What the services answer, with the failures, the garbage, the lag and the weather of this twin, and what the weather
    /// did.
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
        if let Some((fault, takes_effect)) = Failure::next(&mut failures, &answer.operation) {
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

    /// Answers a request, and has the change in the file before it does. Returns `None` where the connection breaks.
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

    /// Brings the file up to date. Of many that call at once, the first writes for all.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub async fn save(&self) -> Result<(), StoreError> {
        let Some(store) = &self.inner.store else { return Ok(()) };
        let wanted = self.inner.changed.load(Ordering::Relaxed);
        let mut saved = self.inner.saved.lock().await;
        if *saved >= wanted {
            return Ok(());
        }
        let (bytes, current) = {
            let state = self.state();
            (serde_json::to_vec(&*state), self.inner.changed.load(Ordering::Relaxed))
        };
        store.save(bytes)?;
        *saved = current;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    /// The state, for a change that reads may show late.
    fn changing(&self) -> MutexGuard<'_, State> {
        let mut lags = lock(&self.inner.lags);
        let state = self.state();
        if lags.is_on() {
            lags.changed("", state.clone());
        }
        state
    }
}

/// A panic in another thread leaves the state as it was between two calls at worst.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
