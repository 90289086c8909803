//! The weather of a twin: decides which events happen to each call, and remembers only what this
//! decision needs.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use reconcile_policy::Region;

use super::chance::chance;
use super::foreign::{ForeignTarget, ForeignWrite};
use super::rates::TokenBuckets;
use super::{Clock, Event, Share, Weather, WeatherKind, codes};
use crate::fault::Fault;
use crate::request::Request;
use crate::services::query::Form;
use crate::state::State;

/// The time that a call takes on [`Clock::Calls`].
const CALL: Duration = Duration::from_millis(100);

/// The number of calls for which credentials that replace expired credentials are valid. AWS issues
/// no session shorter than 15 minutes, so a call that is retried with new credentials never fails
/// because these credentials have expired, too. See `DurationSeconds` of `AssumeRole` in the STS
/// API reference.
const RENEWED: u64 = 100;

/// The number of times that other teams write to one document.
const FOREIGN_WRITES: u64 = 3;

/// The weather, with the state of its events so far.
pub(crate) struct Run {
    weather: Weather,
    clock: Clock,
    began: Instant,
    /// The number of earlier calls, by their subject.
    counts: HashMap<[String; 4], u64>,
    /// The number of calls of each account so far, and the time that they took on [`Clock::Calls`].
    accounts: HashMap<String, (u64, Duration)>,
    /// The number of further calls for which the credentials of a session are valid, if they expire
    /// early.
    sessions: HashMap<String, u64>,
    /// The accounts in which the credentials of a session expired early.
    renewing: HashSet<String>,
    buckets: TokenBuckets,
    foreign: HashMap<ForeignTarget, u64>,
}

/// The events that will happen to a call.
pub(crate) struct Forecast {
    pub(crate) outcome: CallOutcome,
    /// Whether the call can miss recent changes.
    pub(crate) is_late: bool,
    /// Whether another team writes before the call.
    pub(crate) is_foreign: bool,
    /// The delay of the answer, if the answer is slow.
    pub(crate) delay: Option<Duration>,
    /// The number of calls for which the credentials in the answer are valid, if they expire early.
    session: Option<u64>,
}

/// The outcome of a call.
pub(crate) enum CallOutcome {
    /// The call is answered.
    Answered,
    /// The call is rejected. It still takes effect if the event says so.
    Refused(Event, Fault),
    /// The call takes no effect and has no answer.
    Broken(Event, Broken),
    /// The call takes effect and has no answer.
    Lost,
}

/// The reason why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The connection was reset.
    Reset,
    /// The connection stays open, but no answer comes.
    Hung,
}

impl Default for Run {
    fn default() -> Self {
        Self::new(Weather::calm(), Clock::default())
    }
}

impl Run {
    pub(crate) fn new(weather: Weather, clock: Clock) -> Self {
        Self {
            weather,
            clock,
            began: Instant::now(),
            counts: HashMap::new(),
            accounts: HashMap::new(),
            sessions: HashMap::new(),
            renewing: HashSet::new(),
            buckets: TokenBuckets::default(),
            foreign: HashMap::new(),
        }
    }

    pub(crate) fn weather(&self) -> &Weather {
        &self.weather
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the forecast for the next call of an operation.
    pub(crate) fn forecast(&mut self, request: &Request, operation: &str, is_mutating: bool) -> Forecast {
        let about = subject(request);
        let account = request.account().unwrap_or_default();
        let region = request.scope.region.as_str();
        let words = [account, region, operation, about.as_str()];
        let count = self.counts.entry(words.map(str::to_owned)).or_default();
        let n = *count;
        *count += 1;
        // For the events of whole accounts, a call that assumes a role counts as a call of the
        // account of the role.
        let entered = (operation == "sts:AssumeRole").then(|| about.split(':').nth(4)).flatten();
        let concerned = entered.unwrap_or(account);

        let weather = &self.weather;
        let has = |kind: WeatherKind| weather.has(kind, &words, n);
        let is_slow = weather.has(WeatherKind::SlowAccounts, &[concerned], 0);
        let delay = is_slow.then(|| {
            let draw = chance(weather.seed, "slow by", &words, n);
            Duration::from_millis(500 + draw % 4_000)
        });
        let least = if self.renewing.contains(concerned) { RENEWED } else { 2 };
        let session = has(WeatherKind::ExpiredCredentials)
            .then(|| chance(weather.seed, "expires after", &words, n) % 15 + least);
        let (is_late, is_foreign) = match is_mutating {
            true => (has(WeatherKind::LateChanges), false),
            // Tokens and times of STS differ between calls.
            false => (
                has(WeatherKind::StaleReads) && !operation.starts_with("sts:"),
                has(WeatherKind::ForeignWriters),
            ),
        };
        let session = session.filter(|_| operation == "sts:AssumeRole");
        let outcome = self.outcome(request, operation, is_mutating, (concerned, &words, n));
        let (calls, passed) = self.accounts.entry(concerned.to_owned()).or_default();
        *calls += 1;
        *passed += CALL + delay.unwrap_or_default();
        Forecast { outcome, is_late, is_foreign, delay, session }
    }

    fn outcome(
        &mut self,
        request: &Request,
        operation: &str,
        is_mutating: bool,
        (concerned, words, n): (&str, &[&str; 4], u64),
    ) -> CallOutcome {
        let [account, region, ..] = *words;
        let service = operation.split(':').next().unwrap_or_default();
        let draw = chance(self.weather.seed, "call", words, n);
        // A second number, which determines the details of the event.
        let how = chance(self.weather.seed, "how", words, n);
        let (calls, passed) = self.accounts.get(concerned).copied().unwrap_or_default();
        if self.is_disabled(account, region, service) {
            return CallOutcome::Refused(Event::RegionDisabled, codes::disabled(service));
        }
        if self.weather.has(WeatherKind::HangingAccounts, &[concerned], 0) {
            return CallOutcome::Broken(Event::Hung, Broken::Hung);
        }
        if self.is_expired(request) {
            return CallOutcome::Refused(Event::Expired, codes::expired(service));
        }
        if self.is_denied(concerned, operation, is_mutating, calls) {
            let draw = chance(self.weather.seed, "denied by", &[concerned], 0);
            return CallOutcome::Refused(Event::Denied, codes::denied(service, operation, draw));
        }
        let now = match self.clock {
            Clock::Calls => passed,
            Clock::Machine => self.began.elapsed(),
        };
        let has_rates = self.weather.has(WeatherKind::Rates, &[], 0);
        if has_rates && !self.buckets.take((account, region), operation, is_mutating, now) {
            return CallOutcome::Refused(Event::RateExceeded, codes::throttled(service, how));
        }
        match self.drawn(draw) {
            Some(WeatherKind::Throttles) => {
                return CallOutcome::Refused(Event::Throttled, codes::throttled(service, how));
            }
            Some(WeatherKind::ServerErrors) => {
                let took_effect = is_mutating && how.is_multiple_of(4);
                return CallOutcome::Refused(
                    Event::ServerError { took_effect },
                    codes::failed(service, how / 4),
                );
            }
            Some(WeatherKind::Resets) => return CallOutcome::Broken(Event::Reset, Broken::Reset),
            Some(WeatherKind::LostAnswers) => return CallOutcome::Lost,
            _ => {}
        }
        match codes::quota(operation) {
            Some(fault) if self.weather.has(WeatherKind::Quotas, &[account, operation], 0) => {
                CallOutcome::Refused(Event::QuotaReached, fault)
            }
            _ => CallOutcome::Answered,
        }
    }

    /// Returns the event that happens by chance to a call. The kinds exclude each other, so that
    /// each kind has exactly its share.
    fn drawn(&self, draw: u64) -> Option<WeatherKind> {
        let mut bound = Share::NONE;
        [WeatherKind::Throttles, WeatherKind::ServerErrors, WeatherKind::Resets, WeatherKind::LostAnswers]
            .into_iter()
            .find(|kind| {
                bound = bound.and(self.weather.share(*kind));
                bound.contains(draw)
            })
    }

    /// Returns whether the Region is not enabled in the account. IAM and Organizations have one
    /// Region, which is always enabled.
    fn is_disabled(&self, account: &str, region: &str, service: &str) -> bool {
        !matches!(service, "iam" | "organizations")
            && self.weather.has(WeatherKind::DisabledRegions, &[account, region], 0)
            && region.parse().is_ok_and(|region: Region| region.is_opt_in())
    }

    fn is_expired(&mut self, request: &Request) -> bool {
        let session = request.scope.session.as_ref();
        let Some(left) = session.and_then(|session| self.sessions.get_mut(session)) else { return false };
        let is_expired = *left == 0;
        *left = left.saturating_sub(1);
        if is_expired {
            self.renewing.extend(request.account().map(str::to_owned));
        }
        is_expired
    }

    /// Whether a call of an account is denied, given the number of earlier calls.
    fn is_denied(&self, account: &str, operation: &str, is_mutating: bool, calls: u64) -> bool {
        const SERVICES: [&str; 5] = ["s3:", "kms:", "cloudtrail:", "logs:", "iam:"];

        // Every caller is allowed to get its own identity.
        if operation == "sts:GetCallerIdentity" || !self.weather.has(WeatherKind::Denials, &[account], 0) {
            return false;
        }
        let draw = chance(self.weather.seed, "denial", &[account], 0);
        let is_over = draw.is_multiple_of(2) && calls >= draw / 2 % 20 + 3;
        let is_meant = match draw / 64 % 3 {
            0 => true,
            1 => is_mutating,
            _ => {
                let number = usize::try_from(draw / 256 % 5).unwrap_or_default();
                SERVICES.get(number).is_some_and(|service| operation.starts_with(service))
            }
        };
        is_meant && !is_over
    }

    /// Makes another team write to the document that a call is about to read. Returns the addition,
    /// if there was one.
    pub(crate) fn foreign_write(
        &mut self,
        state: &mut State,
        request: &Request,
        operation: &str,
    ) -> Option<ForeignWrite> {
        let target = ForeignTarget::read_by(operation, request)?;
        let count = self.foreign.entry(target.clone()).or_default();
        if *count >= FOREIGN_WRITES {
            return None;
        }
        let prefix = match target {
            ForeignTarget::BucketPolicy(_) | ForeignTarget::KeyPolicy(_) | ForeignTarget::TopicPolicy(_) => {
                "OtherTeam"
            }
            _ => "other-team-",
        };
        // An earlier run may have added some of these names.
        let write =
            (1..100).map(|number| ForeignWrite { target: target.clone(), name: format!("{prefix}{number}") });
        let write = write.into_iter().find(|write| !write.is_in(state))?;
        if !write.apply(state) {
            return None;
        }
        *count += 1;
        Some(write)
    }

    /// Remembers the number of calls for which the credentials of a new session are valid.
    pub(crate) fn opened(&mut self, forecast: &Forecast, request: &Request) {
        if let Some(calls) = forecast.session {
            self.sessions.insert(request.number.to_string(), calls);
        }
    }

    /// Whether answers do not contain the members that AWS has retired.
    pub(crate) fn retires_fields(&self) -> bool {
        self.weather.has(WeatherKind::RetiredFields, &[], 0)
    }
}

/// Returns the subject of a call, in names that the client chose. IDs that AWS assigns depend on
/// the order of calls.
fn subject(request: &Request) -> String {
    const NAMES: [&str; 20] = [
        "RoleArn",
        "RoleName",
        "PolicyName",
        "Name",
        "TrailName",
        "TopicArn",
        "ResourceArn",
        "resourceArn",
        "AliasName",
        "logGroupName",
        "filterName",
        "filterNamePrefix",
        "AlarmName",
        "AlarmNames",
        "ResourceId",
        "ResourceIdList",
        "trailNameList",
        "AccountId",
        "ParentId",
        "ServicePrincipal",
    ];

    let named: Vec<String> = match request.scope.service.as_str() {
        "s3" => return request.path.clone(),
        "sts" | "iam" | "sns" => {
            let form = Form::of(request);
            NAMES.iter().filter_map(|name| form.optional(name)).map(str::to_owned).collect()
        }
        _ => {
            let body = request.input();
            let value = |name: &&str| {
                let value = &body[*name];
                value.as_str().or_else(|| value[0].as_str()).map(str::to_owned)
            };
            NAMES.iter().filter_map(value).collect()
        }
    };
    named.join(" ")
}
