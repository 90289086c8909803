//! The resources that a spec expects in the embedded AWS, and the connection to the embedded AWS.

use std::collections::{BTreeSet, HashMap};

use reconcile_aws::Embedded;
use reconcile_policy::Arn;
use reconcile_spec::{Desired, Spec};
use reconcile_twin::{Setup, SetupAccount, SetupBucket, Twin};

/// An account ID that no spec has. It is the account of the current credentials, if the spec has no
/// account for them, and the management account, if the spec has no organization.
const NOBODY: &str = "000000000000";

/// Returns the resources that a spec expects: accounts and roles, a key by its ARN, foreign topics,
/// topics of alarms, and the bucket of the lock.
pub fn setup(spec: &Spec) -> Setup {
    let desired = spec.desired();
    let accounts = desired.accounts.iter().map(|account| SetupAccount {
        id: account.id.to_string(),
        name: account.name.to_string(),
        // The embedded AWS identifies a role by its name without the path.
        roles: account
            .access
            .role
            .iter()
            .filter_map(|role| role.arn.resource().rsplit('/').next())
            .map(str::to_owned)
            .collect(),
    });
    let lock = desired.lock.as_ref().filter(|lock| lock.bucket != desired.bucket.name);
    let bucket_of_lock = lock.and_then(|lock| {
        let owner = desired.account(&lock.site.account)?.id.to_string();
        Some(SetupBucket { name: lock.bucket.to_string(), owner, region: lock.site.region.to_string() })
    });
    let alarm_topics: BTreeSet<&Arn> = desired.alarms.iter().map(|alarm| &alarm.topic).collect();
    Setup {
        ambient: spec.ambient_account().map(ToString::to_string),
        // Without `organization` in the spec, all accounts of the spec are members.
        management: desired.organization.is_none().then(|| NOBODY.to_owned()),
        accounts: accounts.collect(),
        keys: desired.key.identity.existing().map(ToString::to_string).into_iter().collect(),
        topics: desired.existing_topics.iter().map(|topic| topic.arn.to_string()).collect(),
        alarm_topics: alarm_topics.into_iter().map(ToString::to_string).collect(),
        buckets: bucket_of_lock.into_iter().collect(),
    }
}

/// Returns a connection to the embedded AWS, with the current credentials and those of the profiles
/// that a spec names.
pub fn connection(twin: &Twin, desired: &Desired) -> Embedded {
    let without_role = desired.accounts.iter().filter(|account| account.access.role.is_none());
    let profiles: HashMap<_, _> = without_role
        .filter_map(|account| {
            let profile = account.access.profile.clone()?;
            Some((profile, twin.credentials_for(account.id.as_str())))
        })
        .collect();
    Embedded { profiles, ..ambient(twin) }
}

/// Returns a connection to the embedded AWS with the current credentials.
pub fn ambient(twin: &Twin) -> Embedded {
    let account = twin.ambient_account().unwrap_or_else(|| NOBODY.to_owned());
    Embedded {
        http_client: twin.http_client(),
        credentials: twin.credentials_for(&account),
        profiles: HashMap::new(),
        counts_time: !twin.weather().is_calm(),
    }
}
