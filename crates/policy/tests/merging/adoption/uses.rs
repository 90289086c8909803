//! Checks that no trail loses a permission without a report: every request of CloudTrail that was
//! allowed before is allowed after, unless the merge reports it as ended.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use reconcile_policy::{
    Adoption, AdoptionResult, Arn, BucketIntent, Document, Guest, Intent, Keep, KeyIntent, Merged,
    OrganizationTrail, Partition, Statement, StatementForm, TopicIntent, evaluate, merge,
};
use serde_json::Value;

use super::{document, ownership};
use crate::generate::trails::{ACCOUNTS, Asked, ORGANIZATION, Of, TOPIC, requests, source, statement};

/// A spec, and the known facts about trails outside of the spec.
#[derive(Debug, Clone)]
struct World {
    of: Of,
    live: Vec<Value>,
    /// The accounts among the first three that have a trail in the spec.
    spec: Vec<&'static str>,
    /// Trails that deliver here but are not in the spec.
    guests: Vec<String>,
    surveyed: Vec<&'static str>,
    has_organization_trail: bool,
    /// Whether the management account of the organization is known.
    is_manager_known: bool,
    form: StatementForm,
    unlisted: Keep,
}

fn world(of: Of) -> impl Strategy<Value = World> {
    let listed = ACCOUNTS[..3].to_vec();
    let guests: Vec<String> = ACCOUNTS[..2].iter().flat_map(|it| [source(1, it), source(2, it)]).collect();
    (
        prop::collection::vec(statement(of), 0..5),
        subsequence(listed.clone(), 1..=3),
        subsequence(guests, 0..=2),
        subsequence(listed, 0..=3),
        (any::<bool>(), any::<bool>()),
        proptest::sample::select(vec![
            StatementForm::Plain,
            StatementForm::ByAccount,
            StatementForm::ByOrganization,
        ]),
        prop_oneof![4 => Just(Keep::Keep), 1 => Just(Keep::Remove)],
    )
        .prop_map(
            move |(live, spec, guests, surveyed, (has_organization_trail, is_known), form, unlisted)| World {
                of,
                live,
                has_organization_trail: has_organization_trail && spec.contains(&ACCOUNTS[0]),
                is_manager_known: is_known || has_organization_trail,
                spec,
                guests: if of == Of::Topic { Vec::new() } else { guests },
                surveyed,
                form,
                unlisted,
            },
        )
}

impl World {
    fn trails(&self) -> Vec<Arn> {
        self.spec.iter().map(|account| source(0, account).parse().unwrap()).collect()
    }

    fn guests(&self) -> Vec<Arn> {
        self.guests.iter().map(|arn| arn.parse().unwrap()).collect()
    }

    fn desired(&self) -> Vec<Statement> {
        let (trails, guests) = (self.trails(), self.guests());
        let organization = Some(ORGANIZATION.to_owned());
        let of_organization = |trail: &Arn| self.has_organization_trail && trail.account() == ACCOUNTS[0];
        let statements = match self.of {
            Of::Bucket => {
                let of = |trail: &Arn| OrganizationTrail {
                    trail: trail.clone(),
                    organization: ORGANIZATION.to_owned(),
                };
                let guest = |trail: &Arn| Guest { trail: trail.clone(), prefix: None, organization: None };
                let intent = BucketIntent {
                    organization_trails: trails.iter().filter(|it| of_organization(it)).map(of).collect(),
                    guests: guests.iter().map(guest).collect(),
                    trails,
                    organization,
                    ..BucketIntent::new(Partition::Aws, "logs")
                };
                intent.compile(&ownership(), self.form)
            }
            Of::Key => {
                let intent = KeyIntent {
                    topics: Vec::new(),
                    log_groups: Vec::new(),
                    partition: Partition::Aws,
                    administrators: Vec::new(),
                    organization_trails: Vec::new(),
                    guests,
                    trails,
                    organization,
                    readers: Vec::new(),
                    extra: Vec::new(),
                };
                intent.compile(&ownership(), self.form)
            }
            Of::Topic => {
                let intent = TopicIntent { topic: TOPIC.parse().unwrap(), trails };
                intent.compile(&ownership(), self.form.min(StatementForm::ByAccount))
            }
        };
        statements.unwrap()
    }

    fn adoption(&self) -> Adoption {
        let names = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<String>>();
        let mut surveyed = names(&self.surveyed);
        let manager = self.is_manager_known.then(|| (ORGANIZATION.to_owned(), ACCOUNTS[0].to_owned()));
        if self.is_manager_known && surveyed.contains(ACCOUNTS[0]) {
            surveyed.insert(ORGANIZATION.to_owned());
        }
        Adoption {
            trails: self.trails().into_iter().chain(self.guests()).collect(),
            surveyed,
            listed: names(&ACCOUNTS[..3]),
            managers: manager.into_iter().collect(),
            organization: Some(ORGANIZATION.to_owned()),
            unlisted_accounts: self.unlisted,
            ..Adoption::default()
        }
    }

    fn merge(&self, live: &Document) -> Merged {
        merge(Some(live), &self.desired(), &ownership()).adopt(&self.adoption(), &ownership())
    }

    /// Returns whether a known trail makes the request: it writes without a prefix, and for the
    /// organization only if it is an organization trail.
    fn is_needed(&self, asked: &Asked) -> bool {
        let is_known = self.trails().iter().chain(&self.guests()).any(|arn| arn.as_str() == asked.source);
        let resource = asked.request.resource();
        let is_elsewhere = resource.contains("/old/")
            || (resource.contains(ORGANIZATION) && !self.has_organization_trail)
            || asked.request.action() == "kms:Encrypt";
        is_known && !is_elsewhere && !asked.is_without_context
    }

    /// Returns the reason why a request can be lost; `None` if it must not be.
    fn is_justified(&self, live: &Document, merged: &Merged, asked: &Asked, all: &[Asked]) -> bool {
        let is_revoked = self.unlisted == Keep::Remove && !ACCOUNTS[..3].contains(&asked.account);
        let is_surveyed = self.surveyed.contains(&asked.account);
        let is_known = self.trails().iter().chain(&self.guests()).any(|arn| arn.as_str() == asked.source);
        if asked.is_look {
            // A source that can deliver under the remaining statements can also read the metadata.
            let delivers = |it: &Asked| {
                it.source == asked.source
                    && !it.is_look
                    && evaluate(&merged.contracted, &it.request).is_allowed()
            };
            return !all.iter().any(delivers);
        }
        // A source with a full name, and every event data store, keeps its access.
        let accounts: Vec<&str> = match self.unlisted {
            Keep::Keep => vec![asked.account, "*"],
            Keep::Remove => vec![asked.account],
        };
        let names_it = |statement: &Statement| {
            let conditions = statement.conditions();
            let arns = conditions.iter().filter(|it| it.key == "aws:SourceArn");
            let mut values =
                arns.flat_map(|it| it.values.iter().map(|value| (it.operator, value.to_string())));
            values.any(|(operator, value)| {
                let mut alone = serde_json::to_value(statement).unwrap();
                alone["Condition"][operator]["aws:SourceArn"] = serde_json::json!(value);
                let is_of = value == asked.source
                    || (!asked.is_trail && accounts.contains(&value.split(':').nth(4).unwrap_or("*")));
                is_of && evaluate(&document(serde_json::json!([alone])), &asked.request).is_allowed()
            })
        };
        let is_everyones = self.unlisted == Keep::Remove;
        is_revoked
            || (!self.is_needed(asked)
                && (is_surveyed || is_known || is_everyones)
                && (!asked.is_without_context || is_everyones)
                && (is_known || !live.statements().iter().any(names_it)))
    }
}

fn check(world: &World) -> Result<(), TestCaseError> {
    let live = document(Value::from(world.live.clone()));
    let merged = world.merge(&live);
    let again = world.merge(&merged.contracted);
    prop_assert!(
        again.expand().is_none() && again.contract().is_none(),
        "{}\n{}",
        merged.contracted,
        again.contracted
    );
    let wanted = Document::new(world.desired());
    let all = requests(world.of);
    for asked in &all {
        let before = evaluate(&live, &asked.request).is_allowed();
        let after = evaluate(&merged.contracted, &asked.request).is_allowed();
        prop_assert!(!before || evaluate(&merged.expanded, &asked.request).is_allowed(), "{asked:?}");
        if before && !after {
            prop_assert!(!world.is_needed(asked), "known: {asked:?}\n{}", merged.contracted);
            let is_named = merged.adopted.iter().flat_map(|it| &it.ended).any(|it| it.names(&asked.request));
            prop_assert!(is_named, "not named: {asked:?}\n{:#?}\n{}", merged.adopted, merged.contracted);
            let is_justified = world.is_justified(&live, &merged, asked, &all);
            prop_assert!(is_justified, "cut off: {asked:?}\n{}", merged.contracted);
        }
        let is_new = after && !before && !evaluate(&wanted, &asked.request).is_allowed();
        prop_assert!(!is_new, "new: {asked:?}\n{}", merged.contracted);
    }
    for adopted in &merged.adopted {
        prop_assert!(adopted.fate != AdoptionResult::Replaced || adopted.stays.is_empty(), "{adopted:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nobody_is_cut_off_from_the_bucket(world in world(Of::Bucket)) {
        check(&world)?;
    }

    #[test]
    fn nobody_is_cut_off_from_the_key(world in world(Of::Key)) {
        check(&world)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nobody_is_cut_off_from_the_topic(world in world(Of::Topic)) {
        check(&world)?;
    }
}
