//! Controls on the key that encrypts log files.

use std::collections::BTreeSet;

use reconcile_policy::AssetKind;
use reconcile_spec::KeyIdentity;

use super::context::{ControlContext, Judged, line, passed_if};
use super::public::{self, Resource};
use super::{ControlVerdict, Fix};
use crate::address::Address;
use crate::kind::Kind;
use crate::observed::{HubKey, KeyState, Rotated};
use crate::view::{KeyRef, Rotation};

/// Judges the key of the spec. Another key that a live trail uses is not read.
fn each(context: &ControlContext<'_>, judge: impl Fn(&HubKey) -> ControlVerdict) -> Vec<Judged> {
    let (desired, hub) = (context.desired, context.observed.key.as_ref());
    let mut judged = Vec::new();
    if desired.key.identity != KeyIdentity::Unmanaged {
        let address = Address::new(Kind::Key, &desired.key.site.account, &desired.key.identity);
        let absent = || ControlVerdict::Failed {
            why: "the key of the spec does not exist".to_owned(),
            fix: Fix::Apply,
        };
        judged.push(Judged::of(&address, hub.map_or_else(absent, judge)));
    }
    let mut others = BTreeSet::new();
    for wanted in &desired.trails {
        let live = context.observed.trails.get(&wanted.arn).and_then(Option::as_ref);
        let key = live.and_then(|live| live.kms_key.as_ref()).and_then(KeyRef::identifier);
        let Some(key) = key.filter(|key| hub.is_none_or(|hub| !key.is_of(&hub.key.arn))) else { continue };
        if others.insert(key.to_string()) {
            let why = format!("it encrypts with key {key}, which is not the key of the spec and is not read");
            judged.push(Judged::of(&Address::trail(wanted), ControlVerdict::Unreadable(why)));
        }
    }
    if judged.is_empty() {
        let why = "no trail of the spec encrypts with a KMS key".to_owned();
        judged.push(Judged::of_account(&desired.bucket.site.account, ControlVerdict::NotApplicable(why)));
    }
    judged
}

/// Judges whether the key is pending deletion. AWS Config has no rule for this: Security Hub itself
/// checks the state.
pub(super) fn not_deleted(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |hub| {
        let state = &hub.key.traits.state;
        let fix = Fix::Outside(format!("aws kms cancel-key-deletion --key-id {}", hub.key.arn));
        let is_deleted = matches!(state, KeyState::PendingDeletion { .. });
        passed_if(!is_deleted, format!("the key is {}", state.words()), fix)
    })
}

/// See `cmk-backing-key-rotation-enabled` in the AWS Config developer guide.
pub(super) fn rotated(context: &ControlContext<'_>) -> Vec<Judged> {
    let days = &context.desired.key.rotation_days;
    each(context, |hub| {
        let why = match hub.key.traits.rotated() {
            Rotated::Own | Rotated::AsPrimary(_) => "the key is not rotated automatically",
            Rotated::Never => {
                "KMS does not rotate a key of this kind: its material is imported, or outside of KMS"
            }
        };
        let fix = match hub.key.traits.rotated() {
            Rotated::Own => line(days.enforced().is_some(), "key.rotation_days", "365"),
            Rotated::AsPrimary(primary) => {
                Fix::Outside(format!("aws kms enable-key-rotation --key-id {primary}"))
            }
            Rotated::Never => Fix::Outside("use a key whose material KMS creates".to_owned()),
        };
        match (&hub.key.view.rotation, &hub.key.traits.state) {
            (Some(Rotation::EveryDays(_)), _) => ControlVerdict::Passed,
            (None, KeyState::PendingDeletion { .. }) => ControlVerdict::NotApplicable(
                "KMS does not return the rotation of a key that is pending deletion".to_owned(),
            ),
            (Some(Rotation::Off) | None, _) => ControlVerdict::Failed { why: why.to_owned(), fix },
        }
    })
}

/// See `kms-key-policy-no-public-access` in the AWS Config developer guide.
pub(super) fn not_public(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |hub| {
        let arn = hub.key.arn.clone();
        let account = arn.account().to_owned();
        let resource = Resource { kind: AssetKind::Key, arn: arn.to_string(), account };
        let advice = "limit the statement of the key policy to named principals, or remove it";
        public::verdict(&public::by_policy(&hub.policy, resource), || Fix::Outside(advice.to_owned()))
    })
}
