//! Describes the access that a statement allows to CloudTrail, for printing and for machine output,
//! and tests whether a request belongs to it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Request;
use crate::canonical::lowercase;
use crate::pattern::text_matches;
use crate::trail_statement::{DeliveryGrant, GrantSource, SOURCE_ACCOUNT_VARIABLE, TRAIL_CONTEXT};

/// The access that a statement allows to CloudTrail for sources of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The sources.
    pub sources: Sources,
    /// The actions, in lower case; `*` is a wildcard.
    pub actions: BTreeSet<String>,
    /// The resources; `*` is a wildcard.
    pub resources: BTreeSet<String>,
    /// Patterns of the encryption context `aws:cloudtrail:arn`; empty if the context is not
    /// restricted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub contexts: BTreeSet<String>,
}

/// The sources for which CloudTrail can act: the value of `aws:SourceArn` in a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Sources {
    /// Trails by their ARNs.
    Trails {
        /// The ARNs.
        arns: BTreeSet<String>,
    },
    /// Every trail and event data store of some accounts.
    Accounts {
        /// The ids of the accounts.
        ids: BTreeSet<String>,
    },
    /// The trails of some organizations.
    Organizations {
        /// The ids of the organizations.
        ids: BTreeSet<String>,
    },
    /// Event data stores, channels, and patterns that can match them.
    Others {
        /// The ARNs or patterns.
        arns: BTreeSet<String>,
    },
    /// Every source of every account.
    Everyone,
}

impl Use {
    /// Returns whether a request of CloudTrail belongs to this use.
    pub fn names(&self, request: &Request) -> bool {
        let account = request.values("aws:SourceAccount").first().map(String::as_str);
        let resource = |pattern: &String| {
            let pattern = pattern.replace(SOURCE_ACCOUNT_VARIABLE, account.unwrap_or_default());
            text_matches(&pattern, request.resource())
        };
        let has = |key: &str, patterns: &BTreeSet<String>| {
            patterns
                .iter()
                .any(|pattern| request.values(key).iter().any(|value| text_matches(pattern, value)))
        };
        let is_source = match &self.sources {
            Sources::Trails { arns } | Sources::Others { arns } => has("aws:SourceArn", arns),
            Sources::Accounts { ids } => account.is_some_and(|account| ids.contains(account)),
            // The folder in the resource identifies the organization.
            Sources::Organizations { .. } | Sources::Everyone => true,
        };
        let action = lowercase(request.action());
        is_source
            && self.actions.iter().any(|pattern| text_matches(pattern, &action))
            && self.resources.iter().any(resource)
            && (self.contexts.is_empty() || has(TRAIL_CONTEXT, &self.contexts))
    }
}

/// Uses, one for each kind of source.
#[derive(Default)]
pub(super) struct Uses(Vec<Use>);

impl Uses {
    pub(super) fn add(&mut self, grant: &DeliveryGrant<'_>) {
        self.put(sources(grant), &grant.action, &grant.resource, grant.context.as_deref());
    }

    /// Adds every source of some accounts, with the actions and resources of a whole statement.
    pub(super) fn put(&mut self, sources: Sources, action: &str, resource: &str, context: Option<&str>) {
        let is_same = |it: &&mut Use| {
            std::mem::discriminant(&it.sources) == std::mem::discriminant(&sources)
                && it.contexts.is_empty() == context.is_none()
        };
        let known = self.0.iter_mut().find(is_same);
        let it = match known {
            Some(known) => known,
            None => {
                self.0.push(Use {
                    sources: sources.clone(),
                    actions: BTreeSet::new(),
                    resources: BTreeSet::new(),
                    contexts: BTreeSet::new(),
                });
                let Some(new) = self.0.last_mut() else { return };
                new
            }
        };
        it.sources.extend(sources);
        it.actions.insert(action.to_owned());
        it.resources.insert(resource.to_owned());
        it.contexts.extend(context.map(str::to_owned));
    }

    pub(super) fn into_vec(self) -> Vec<Use> {
        self.0
    }
}

impl Sources {
    /// Merges other uses into these.
    fn extend(&mut self, other: Self) {
        match (self, other) {
            (Self::Trails { arns }, Self::Trails { arns: more })
            | (Self::Others { arns }, Self::Others { arns: more })
            | (Self::Accounts { ids: arns }, Self::Accounts { ids: more })
            | (Self::Organizations { ids: arns }, Self::Organizations { ids: more }) => arns.extend(more),
            _ => {}
        }
    }
}

fn sources(grant: &DeliveryGrant<'_>) -> Sources {
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    if let Some(id) = grant.folder_of_organization() {
        return Sources::Organizations { ids: one(id) };
    }
    match (&grant.source, grant.account) {
        (GrantSource::Trail(arn), _) => Sources::Trails { arns: one(arn) },
        (GrantSource::Other(arn), _) | (GrantSource::Trails(arn), None) => Sources::Others { arns: one(arn) },
        (GrantSource::Trails(_) | GrantSource::Unnamed, Some(account)) => {
            Sources::Accounts { ids: one(account) }
        }
        (GrantSource::Unnamed, None) => match grant.organization {
            Some(id) => Sources::Organizations { ids: one(id) },
            None => Sources::Everyone,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_names_a_request_that_matches_in_every_part() {
        const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111111111111:trail/T";
        const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/k";
        let set = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<String>>();
        let trails = |arns: &[&str]| Sources::Trails { arns: set(arns) };
        let accounts = |ids: &[&str]| Sources::Accounts { ids: set(ids) };
        let organizations = Sources::Organizations { ids: set(&["o-abc"]) };
        let request = Request::by_service("cloudtrail.amazonaws.com", "kms:GenerateDataKey", KEY)
            .with("aws:SourceArn", TRAIL)
            .with("aws:SourceAccount", "111111111111")
            .with(TRAIL_CONTEXT, TRAIL);
        let (action, all) = (["kms:generatedatakey*"].as_slice(), ["*"].as_slice());
        let (trail, own, none) =
            ([TRAIL].as_slice(), ["*:${aws:SourceAccount}:key/k"].as_slice(), [].as_slice());
        let (other, others) = (["kms:decrypt"].as_slice(), ["*:222222222222:*"].as_slice());
        for (sources, actions, resources, contexts, expected) in [
            (trails(trail), action, own, trail, true),
            (accounts(&["111111111111"]), action, all, none, true),
            (organizations.clone(), action, all, none, true),
            (Sources::Everyone, action, all, others, false),
            (Sources::Everyone, action, others, trail, false),
            (Sources::Everyone, other, all, trail, false),
            (trails(others), action, all, trail, false),
            (Sources::Others { arns: set(others) }, action, all, trail, false),
            (accounts(&["222222222222"]), action, all, none, false),
            (organizations, other, all, none, false),
        ] {
            let it =
                Use { sources, actions: set(actions), resources: set(resources), contexts: set(contexts) };
            assert_eq!(it.names(&request), expected, "{it:?}");
        }
    }
}
