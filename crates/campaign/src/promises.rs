//! The promises that hold at every moment: nothing foreign is lost, and trails continue to deliver.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reconcile_twin::{ForeignTarget, ForeignWrite, KeySummary, StateSummary, TrailSummary, Twin};
use serde_json::Value;

use crate::others::{THEIRS, elements};

/// A destination of the records of a trail: the ARN of the trail, and the name of the destination.
type Flow = (String, &'static str);

/// An observer that checks the promises after each call that may have changed the state of an AWS.
#[derive(Debug, Clone)]
pub struct Watcher {
    state: Arc<Mutex<WatcherState>>,
}

/// The state of a watcher.
#[derive(Debug, Clone, Default)]
struct WatcherState {
    /// The flows that worked at the start.
    flows: BTreeSet<Flow>,
    /// The flows that were interrupted since, each with the number of the call and the reason.
    interrupted: BTreeMap<Flow, String>,
    /// Everything that other teams have, in words that contain all details.
    foreign: BTreeSet<String>,
    /// The writes of other teams in the weather.
    writes: Vec<ForeignWrite>,
    /// The foreign items that were lost, each with the number of the call after which the item was
    /// missing.
    lost: BTreeMap<String, usize>,
    /// Whether the deletion of the bucket, with the configuration of other teams, is allowed.
    deletes_bucket: bool,
    calls: usize,
}

impl Watcher {
    /// Starts with the current state of an AWS. `deletes_bucket` means that the user requests the
    /// deletion of the bucket.
    pub fn start(twin: &Twin, deletes_bucket: bool) -> Self {
        let summary = twin.summary();
        let state = WatcherState {
            flows: flows(&summary),
            foreign: foreign(&summary),
            deletes_bucket,
            ..WatcherState::default()
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Observes an AWS from now on, and calls `also` with the number of each call that may have
    /// changed something.
    pub fn watch(&self, twin: &Twin, also: impl Fn(usize) + Send + Sync + 'static) {
        let (watcher, other) = (self.clone(), twin.clone());
        twin.observe(move |summary| also(watcher.check(&other, summary)));
    }

    /// Returns a copy of this watcher. Later observations of one copy do not affect the other.
    pub fn fork(&self) -> Self {
        Self { state: Arc::new(Mutex::new(self.state().clone())) }
    }

    /// Checks the promises, and records the broken promises. Returns the number of the check.
    fn check(&self, twin: &Twin, summary: &StateSummary) -> usize {
        let mut state = self.state();
        state.calls += 1;
        let (call, now) = (state.calls, foreign(summary));
        for write in twin.foreign_writes() {
            if !state.writes.contains(&write) {
                state.writes.push(write);
            }
        }
        // A foreign write to a bucket, topic or trail that the apply deletes is not lost: the plan
        // shows the deletion.
        let has_target = |write: &&ForeignWrite| match &write.target {
            ForeignTarget::BucketPolicy(name) | ForeignTarget::BucketTags(name) => {
                !state.deletes_bucket || summary.buckets.iter().any(|bucket| bucket.name == *name)
            }
            ForeignTarget::TopicTags(arn) => {
                let mut elements = arn.split(':').skip(4);
                elements
                    .next()
                    .zip(elements.next())
                    .is_some_and(|(account, name)| has_topic(summary, account, name))
            }
            ForeignTarget::TrailTags(arn) => trails(summary).any(|trail| trail.arn == *arn),
            ForeignTarget::TopicPolicy(_) | ForeignTarget::KeyPolicy(_) | ForeignTarget::KeyTags(_) => true,
        };
        let writes = state.writes.iter().filter(has_target).filter(|write| !twin.has(write));
        let writes = writes.map(ToString::to_string);
        let lost: Vec<String> = (&state.foreign - &now).into_iter().chain(writes).collect();
        for item in lost {
            let is_deleted = match item.split(' ').next() {
                Some("bucket") => state.deletes_bucket && summary.buckets.is_empty(),
                // The prefix of a tag of a topic is `topic <account> <name> tag`.
                Some("topic") if item.split(':').next().is_some_and(|place| place.ends_with(" tag")) => {
                    let mut words = item.split([' ', ':']).skip(1);
                    words
                        .next()
                        .zip(words.next())
                        .is_some_and(|(account, name)| !has_topic(summary, account, name))
                }
                _ => false,
            };
            if !is_deleted {
                state.lost.entry(item).or_insert(call);
            }
        }
        state.foreign.extend(now);
        let running = flows(summary);
        for flow in &state.flows - &running {
            let reason = format!("after call {call}: {}", obstacle(summary, &flow));
            state.interrupted.entry(flow).or_insert(reason);
        }
        call
    }

    /// Whether other teams added something during the weather.
    pub fn saw_writes(&self, twin: &Twin) -> bool {
        !self.state().writes.is_empty() || !twin.foreign_writes().is_empty()
    }

    /// Returns the broken promises after the end of a case. An interrupted flow counts only if it
    /// exists at the end.
    pub fn broken(&self, twin: &Twin) -> Vec<String> {
        let state = self.state();
        let at_the_end = flows(&twin.summary());
        let lost =
            state.lost.iter().map(|(item, call)| format!("foreign, and lost after call {call}: {item}"));
        let interrupted = state.interrupted.iter().filter(|(flow, _)| at_the_end.contains(*flow));
        let interrupted = interrupted.map(|((trail, place), reason)| {
            format!("{trail} delivered to its {place}, and could not {reason}")
        });
        lost.chain(interrupted).collect()
    }

    fn state(&self) -> MutexGuard<'_, WatcherState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn trails(summary: &StateSummary) -> impl Iterator<Item = &TrailSummary> {
    summary.accounts.iter().flat_map(|account| &account.trails)
}

/// The destinations to which trails deliver.
fn flows(summary: &StateSummary) -> BTreeSet<Flow> {
    let of_trail = |trail: &TrailSummary| {
        let has = |setting: &str| trail.settings[setting].is_string();
        [
            ("bucket", trail.undeliverable.is_none()),
            ("log group", has("log_group") && trail.unlogged.is_none()),
            ("topic", has("topic") && trail.unannounced.is_none()),
        ]
        .into_iter()
        .filter(|(_, flows)| trail.logging && *flows)
        .map(|(place, _)| (trail.arn.clone(), place))
        .collect::<Vec<_>>()
    };
    trails(summary).flat_map(of_trail).collect()
}

/// The reason why a flow is interrupted.
fn obstacle(summary: &StateSummary, (arn, place): &Flow) -> String {
    let Some(trail) = trails(summary).find(|trail| trail.arn == *arn) else { return "it is gone".to_owned() };
    let reason = match *place {
        "bucket" => &trail.undeliverable,
        "log group" => &trail.unlogged,
        _ => &trail.unannounced,
    };
    reason.clone().unwrap_or_else(|| format!("logging: {}, settings: {}", trail.logging, trail.settings))
}

/// Returns everything of other teams, each item in words that change when the item changes.
fn foreign(summary: &StateSummary) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |place: String, item: String| {
        if item.to_lowercase().contains(THEIRS) {
            found.insert(format!("{place}: {item}"));
        }
    };
    for bucket in &summary.buckets {
        let place = format!("bucket {}", bucket.name);
        for statement in bucket.policy.iter().flat_map(statements) {
            add(format!("{place} policy"), statement.to_string());
        }
        for xml in bucket.configuration.values() {
            for item in ["Tag", "Rule"].iter().flat_map(|name| elements(xml, name)) {
                add(place.clone(), item.to_owned());
            }
        }
    }
    for account in &summary.accounts {
        for key in &account.keys {
            let place = format!("key {}", key.arn);
            statements(&key.policy).for_each(|it| add(format!("{place} policy"), it.to_string()));
            key.grants.iter().for_each(|grant| add(format!("{place} grant"), grant.clone()));
            key.tags.iter().for_each(|(name, value)| add(format!("{place} tag"), format!("{name}={value}")));
            if key.aliases.iter().any(|alias| alias.ends_with(THEIRS)) {
                let KeySummary { aliases, state, description, rotation_days, .. } = key;
                add(place, format!("{aliases:?} {state} {description} {rotation_days:?}"));
            }
        }
        for trail in account.trails.iter().filter(|trail| trail.arn.ends_with(THEIRS)) {
            let settings = without_shared(&trail.settings);
            add("trail".to_owned(), format!("{} logging={} {settings}", trail.arn, trail.logging));
        }
        for (kind, regions) in [("topic", &account.topics), ("log group", &account.log_groups)] {
            for (name, thing) in regions.as_object().into_iter().flatten().flat_map(|(_, it)| members(it)) {
                let place = format!("{kind} {} {name}", account.id);
                if name.contains(THEIRS) {
                    add(place.clone(), format!("{name} {}", without_shared(thing)));
                }
                let policy =
                    thing["policy"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
                policy
                    .iter()
                    .flat_map(statements)
                    .for_each(|it| add(format!("{place} policy"), it.to_string()));
                members(&thing["tags"])
                    .for_each(|(key, value)| add(format!("{place} tag"), format!("{key}={value}")));
            }
        }
    }
    found
}

/// Returns an item without its tags and its policy, which several teams share.
fn without_shared(thing: &Value) -> Value {
    let fields = members(thing).filter(|(name, _)| !matches!(name.as_str(), "tags" | "policy"));
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Whether an account has a topic of a name in any Region.
fn has_topic(summary: &StateSummary, account: &str, name: &str) -> bool {
    let mut regions =
        summary.accounts.iter().filter(|it| it.id == account).flat_map(|it| members(&it.topics));
    regions.any(|(_, topics)| topics.get(name).is_some())
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns the statements of other teams in a policy, which their Sids identify. Statements of an
/// installation can name a trail of another team.
fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    statements.filter(|it| it["Sid"].as_str().is_some_and(|sid| sid.ends_with(THEIRS)))
}
