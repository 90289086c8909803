//! Compares the KMS key.

use reconcile_spec::{KeyIdentity, Setting};

use super::Scope;
use super::change::{Compared, Terms, reasons};
use crate::difference::Difference;
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::{Key, Rotation, Tags};

pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) {
    let desired = &scope.desired.key;
    if desired.identity == KeyIdentity::Unmanaged {
        return;
    }
    let live = scope.observed.key.as_ref().map(|hub| hub.key.view.clone());
    let initial_policy = match live {
        Some(_) => None,
        None => Some(scope.desired.key_policy.initial()),
    };
    let wanted = Key {
        description: match &desired.description {
            Setting::Enforced(description) => Some(description.clone()),
            Setting::Unmanaged => None,
        },
        rotation: match desired.rotation_days {
            Setting::Enforced(days) => Some(Rotation::EveryDays(days.get())),
            Setting::Unmanaged => None,
        },
        // Somebody else's key is not marked as ours.
        tags: match &desired.identity {
            KeyIdentity::Alias(_) => Tags::wanted(&desired.tags, live.as_ref().map(|live| &live.tags)),
            KeyIdentity::Existing(_) | KeyIdentity::Unmanaged => Tags::default(),
        },
        initial_policy,
    };
    let terms = Terms {
        address: scope.key_address(),
        place: scope.place(&desired.site),
        phase: Phase::Expand,
        depends_on: Vec::new(),
        changed: Changed::Key,
        explain,
    };
    compared.view(terms, live, wanted);
}

fn explain(action: &Action<Key>, diff: &[Difference]) -> (Vec<String>, Risk) {
    let why = match action {
        Action::Create { .. } => vec!["there is no key to encrypt the logs with".to_owned()],
        Action::Update { before, .. } => reasons(diff, |field, _| match (field, before.rotation) {
            ("rotation", Some(Rotation::Off)) => "the key material is not rotated".to_owned(),
            ("rotation", _) => "the key material is rotated at another interval".to_owned(),
            ("description", _) => "the description differs".to_owned(),
            ("tags", _) => "tags are missing or differ".to_owned(),
            (other, _) => format!("{other} differs"),
        }),
        Action::Delete { .. } => vec!["the spec has no such key".to_owned()],
    };
    (why, Risk::Safe)
}
