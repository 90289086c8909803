//! Refuses to manage resources of another installation. Usually the other installation is this
//! installation under its previous name: its statements would be duplicated, and its tags would be
//! lost.
//!
//! Installations that have different trails may share a bucket, a key or a topic.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, named_trails};

use super::CompareContext;
use super::change::Compared;
use crate::address::Address;
use crate::kind::Kind;
use crate::observed::ReadError;
use crate::plan::{Warning, WarningCode};
use crate::refusal::Refusal;

/// Refuses trails with the tag of another installation, and roles whose tag prevents the read of an
/// account.
pub(super) fn refuse(context: &CompareContext<'_>, compared: &mut Compared) {
    let mut by_owner: BTreeMap<&str, Vec<Address>> = BTreeMap::new();
    for trail in &context.desired.trails {
        let Some(Some(live)) = context.observed.trails.get(&trail.arn) else { continue };
        if let Some(owner) = live.tags.owner().filter(|it| !context.desired.installation.has_name(it)) {
            let address = Address::trail(trail);
            by_owner.entry(owner).or_default().push(address);
        }
    }
    for (account, error) in &context.observed.unreadable {
        if let ReadError::ForeignRole { name, owner: Some(owner) } = error {
            by_owner.entry(owner).or_default().push(Address::new(Kind::Role, account, name));
        }
    }
    for (owner, addresses) in by_owner {
        let mut addresses = addresses.into_iter();
        let Some(address) = addresses.next() else { continue };
        compared.refusals.push(Refusal::OtherInstallation {
            address,
            more: addresses.collect(),
            owner: owner.to_owned(),
            name: context.desired.installation.name().to_string(),
        });
    }
}

/// Warns about statements of another installation that allow untagged trails of the spec to
/// deliver. Another installation may allow a trail that it does not own, and a renamed installation
/// may not have tagged its trails.
pub(super) fn warn(context: &CompareContext<'_>, compared: &mut Compared) {
    let observed = context.observed;
    let unmarked: BTreeSet<&Arn> = context
        .desired
        .trails
        .iter()
        .map(|trail| &trail.arn)
        .filter(|arn| !matches!(observed.trails.get(arn), Some(Some(live)) if live.tags.owner().is_some()))
        .collect();
    let policies = [
        (context.bucket_policy_address(), observed.bucket_policy.as_ref()),
        (context.key_policy_address(), observed.key.as_ref().map(|hub| &hub.policy)),
    ];
    let ownership = &context.desired.bucket_policy.ownership;
    for (address, document) in policies {
        let Some(document) = document else { continue };
        let sids = document.statements().iter().filter_map(|statement| statement.sid());
        for other in ownership.others(sids) {
            let named = named_trails(document, &other);
            let Some(trail) = named.arns().into_iter().find(|arn| unmarked.contains(arn)) else { continue };
            compared.warnings.push(Warning {
                code: WarningCode::OtherInstallation,
                address: address.clone(),
                message: format!(
                    "statements of installation `{other}` also let {trail} deliver; if this spec was renamed, add the line \
                     `previous_name: {other}` below `name: {name}`",
                    other = other.name(),
                    name = context.desired.installation.name(),
                ),
            });
        }
    }
}
