//! Reads the resources that trails use: keys, log groups with their roles, topics, and the
//! organization.
//!
//! If a resource cannot be read, the trails can still be imported, so errors are values.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join, try_join3};
use reconcile_plan::observed::{MissingKey, ReadError, SetupDestinations, SetupKey, SetupOrganization};
use reconcile_plan::view::Trail;
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AccountName, Installation, KeyIdentity};

use super::{SurveyedAccount, account_of};
use crate::observe::{
    alias, delegated_administrator, grant, key, key_policy, log_group, role, service_access, topic,
};

/// Reads the keys with which trails encrypt.
pub(super) async fn keys(
    surveyed: &[SurveyedAccount],
    trails: &[(AccountName, Trail)],
    installation: &Installation,
) -> BTreeMap<Arn, Result<SetupKey, MissingKey>> {
    let named: BTreeSet<Arn> = trails.iter().filter_map(|(_, trail)| trail.key_arn().cloned()).collect();
    let found = named.into_iter().map(async |arn| {
        let found = read_key(surveyed, &arn, installation).await;
        (arn, found)
    });
    join_all(found).await.into_iter().collect()
}

async fn read_key(
    surveyed: &[SurveyedAccount],
    arn: &Arn,
    installation: &Installation,
) -> Result<SetupKey, MissingKey> {
    let (Some(account), Ok(region)) = (account_of(surveyed, arn), arn.region().parse::<Region>()) else {
        return Err(MissingKey::Elsewhere);
    };
    let identity = KeyIdentity::Existing(arn.clone());
    let found = key::find(&account.session, &region, &identity, installation).await?;
    let found = found.found.ok_or_else(|| ReadError::NoSuchKey { arn: arn.clone() })?;
    let ((key, aliases), policy, grants) = try_join3(
        try_join(
            key::read(&account.session, &region, &found),
            alias::list_of_key(&account.session, &region, &found.arn),
        ),
        key_policy::read(&account.session, &region, &found.arn),
        grant::list(&account.session, &region, &found.arn),
    )
    .await?;
    Ok(SetupKey { account: account.name.clone(), alias: aliases.into_iter().next(), key, policy, grants })
}

/// Reads the destinations of trails other than the bucket. Calls IAM in the partition of `region`.
pub(super) async fn read(
    surveyed: &[SurveyedAccount],
    trails: &[(AccountName, Trail)],
    installation: &Installation,
    region: &Region,
) -> SetupDestinations {
    let arns: BTreeSet<Arn> = trails.iter().flat_map(|(_, trail)| trail.destinations()).collect();
    let policies = installation.log_policies();
    let mut destinations = SetupDestinations::default();
    for arn in &arns {
        let Some(SurveyedAccount { session, .. }) = account_of(surveyed, arn) else { continue };
        let home = arn.region().parse::<Region>();
        match (arn.service(), home) {
            ("logs", Ok(home)) => {
                let name = arn.resource().trim_start_matches("log-group:");
                let found = log_group::read(session, &home, name).await;
                destinations.log_groups.insert(arn.clone(), found);
            }
            ("sns", Ok(home)) => {
                let found = topic::read(session, &home, arn).await;
                destinations.topics.insert(arn.clone(), found);
            }
            ("iam", _) => {
                let found = role::read(session, region, arn.resource_name(), &policies).await;
                destinations.roles.insert(arn.clone(), found);
            }
            _ => {}
        }
    }
    destinations
}

/// Reads the permissions of CloudTrail in the organization, in the first account that has an
/// organization trail.
pub(super) async fn organization(
    surveyed: &[SurveyedAccount],
    trails: &[(AccountName, Trail)],
    region: &Region,
) -> Option<Result<SetupOrganization, ReadError>> {
    let (account, _) = trails.iter().find(|(_, trail)| trail.organization)?;
    let session = &surveyed.iter().find(|it| it.name == *account)?.session;
    let found =
        try_join(service_access::is_enabled(session, region), delegated_administrator::list(session, region))
            .await;
    Some(found.map(|(service_access, delegated_administrators)| SetupOrganization {
        service_access,
        delegated_administrators,
    }))
}
