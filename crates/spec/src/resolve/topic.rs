//! Resolves the topics that CloudTrail notifies of log files.

use reconcile_policy::{AccountId, Arn, Region, TopicIntent};

use super::at_rest::KeyFacts;
use super::{Resolver, policy};
use crate::desired::{AtRest, ExistingTopic, Foreign, OnDoubt, Site, Topic, Trail};
use crate::diagnostic::SourceSpan;
use crate::names::{AccountName, TopicName};
use crate::problems::Problems;
use crate::raw::{Located, RawSnsTopic, RawSpec};

/// The topic of one trail of the spec, in each of its accounts.
pub(super) struct TrailTopic {
    place: SourceSpan,
    topic: ToTopic,
    proof: OnDoubt,
}

enum ToTopic {
    /// A managed topic, which is created if it does not exist.
    Named(NamedTopic),
    /// An unmanaged topic.
    Existing(Arn),
}

struct NamedTopic {
    name: TopicName,
    account: AccountName,
    encryption: AtRest,
}

/// Resolves the topic of a trail whose home Region is `region`; `None` if there is a problem.
pub(super) fn resolve(
    raw: &RawSpec,
    topic: &Located<RawSnsTopic>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<TrailTopic> {
    let proof = policy::on_doubt(topic.value.proof.as_ref());
    let place = topic.place;
    let topic = resolve_form(raw, topic, region, resolver, key, problems)?;
    Some(TrailTopic { place, topic, proof })
}

fn resolve_form(
    raw: &RawSpec,
    topic: &Located<RawSnsTopic>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<ToTopic> {
    let RawSnsTopic { name, account, encryption, arn, proof: _ } = &topic.value;
    match (name, arn) {
        (Some(name), None) => {
            let account = match account {
                Some(account) => resolver.account(account, problems),
                // A problem of the account of the bucket is reported with the bucket.
                None => raw.bucket.account.value.parse().ok(),
            };
            let encryption = match encryption {
                Some(encryption) => key.resolve(encryption, "the topic", region, problems),
                None if key.is_default_in(region) => AtRest::KeyFromCreation,
                None => AtRest::Unmanaged,
            };
            let name = problems.name(name, "");
            Some(ToTopic::Named(NamedTopic { name: name?, account: account?, encryption }))
        }
        (None, Some(arn)) => {
            let settings = [
                account.as_ref().map(|it| (it.place, "account")),
                encryption.as_ref().map(|it| (it.place, "encryption")),
            ];
            for (place, setting) in settings.into_iter().flatten() {
                let message = format!("`{setting}` has no effect for a topic with an `arn`");
                problems.add(place, message, "remove this setting: a topic with an `arn` is only read");
            }
            existing_topic(arn, region, problems).map(ToTopic::Existing)
        }
        (Some(_), Some(arn)) => {
            let message = "`name` and `arn` are mutually exclusive";
            problems.add(
                arn.place,
                message,
                "use `name` for a managed topic, or `arn` for an existing topic, which is only read",
            );
            None
        }
        (None, None) => {
            problems.add(topic.place, "the topic has neither a `name` nor an `arn`", "add a `name`");
            None
        }
    }
}

/// Resolves the ARN of an unmanaged topic. CloudTrail publishes to standard topics of its
/// partition, in any account and Region. See `SnsTopicName` of `CreateTrail` in the CloudTrail API
/// reference: the name or the ARN of a topic, at most 256 characters.
fn existing_topic(raw: &Located<String>, region: Option<&Region>, problems: &mut Problems) -> Option<Arn> {
    let arn: Arn = problems.name(raw, "")?;
    let is_topic = arn.service() == "sns"
        && arn.resource().parse::<TopicName>().is_ok()
        && arn.region().parse::<Region>().is_ok()
        && arn.account().parse::<AccountId>().is_ok();
    if !is_topic || raw.value.len() > 256 {
        problems.add(
            raw.place,
            format!("`{arn}` is not the ARN of a topic that CloudTrail can publish to"),
            "write the ARN of a standard topic, such as `arn:aws:sns:us-east-1:111111111111:log-files`",
        );
        return None;
    }
    if let Some(region) = region.filter(|region| region.partition().as_str() != arn.partition()) {
        problems.add(
            raw.place,
            format!("the topic is in the partition {}, but the trail is in {region}", arn.partition()),
            "use a topic in the partition of the trail",
        );
        return None;
    }
    Some(arn)
}

/// The topics of all trails, each once.
#[derive(Default)]
pub(super) struct Topics {
    pub(super) managed: Vec<Topic>,
    pub(super) existing: Vec<ExistingTopic>,
}

impl Topics {
    /// Adds the topic of a trail, and returns the ARN of the topic.
    pub(super) fn add(
        &mut self,
        wanted: &TrailTopic,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Option<Arn> {
        let TrailTopic { place, topic, proof } = wanted;
        match topic {
            ToTopic::Named(topic) => self.publish_to(topic, *proof, *place, trail, resolver, problems),
            ToTopic::Existing(arn) => {
                Some(self.publish_to_existing(arn, *proof, *place, trail, resolver, problems))
            }
        }
    }

    fn publish_to(
        &mut self,
        wanted: &NamedTopic,
        proof: OnDoubt,
        place: SourceSpan,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Option<Arn> {
        let NamedTopic { name, account, encryption } = wanted;
        let region = &trail.site.region;
        let id = resolver.id(account)?;
        let arn = Arn::new(region.partition(), "sns", region.as_str(), id.as_str(), name.as_str());
        if self.existing.iter().any(|it| it.arn == arn) {
            report_named_twice(&arn, place, problems);
        }
        match self.managed.iter_mut().find(|topic| topic.arn == arn) {
            Some(topic) if topic.encryption != *encryption => problems.add(
                place,
                format!("topic `{name}` has two different values of `encryption` in account `{account}`"),
                "set the same `encryption` everywhere for this topic",
            ),
            Some(topic) if topic.proof != proof => report_two_proofs(&arn, place, problems),
            Some(topic) => topic.intent.trails.push(trail.arn.clone()),
            None => self.managed.push(Topic {
                site: Site { account: account.clone(), region: region.clone() },
                name: name.clone(),
                arn: arn.clone(),
                encryption: *encryption,
                intent: TopicIntent { topic: arn.clone(), trails: vec![trail.arn.clone()] },
                ownership: resolver.installation.ownership(),
                foreign: Foreign::default(),
                proof,
                tags: resolver.tags.clone(),
            }),
        }
        Some(arn)
    }

    fn publish_to_existing(
        &mut self,
        arn: &Arn,
        proof: OnDoubt,
        place: SourceSpan,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Arn {
        if self.managed.iter().any(|topic| topic.arn == *arn) {
            report_named_twice(arn, place, problems);
        }
        match self.existing.iter().find(|it| it.arn == *arn) {
            Some(known) if known.proof != proof => report_two_proofs(arn, place, problems),
            Some(_) => {}
            None => {
                let mut accounts = resolver.accounts.iter().chain(&resolver.joined);
                let owner = accounts.find(|it| it.id.as_str() == arn.account());
                let reader = owner.map_or_else(|| trail.site.account.clone(), |owner| owner.name.clone());
                self.existing.push(ExistingTopic { arn: arn.clone(), reader, proof });
            }
        }
        arn.clone()
    }
}

fn report_two_proofs(arn: &Arn, place: SourceSpan, problems: &mut Problems) {
    problems.add(
        place,
        format!("topic `{arn}` has two different values of `proof`"),
        "set the same `proof` everywhere for this topic",
    );
}

fn report_named_twice(arn: &Arn, place: SourceSpan, problems: &mut Problems) {
    problems.add(
        place,
        format!("one trail refers to the topic `{arn}` by `name`, and another trail by `arn`"),
        "use `name` if reconcile manages the topic, or `arn` if reconcile only reads the topic",
    );
}
