//! Compares the KMS key, and refuses a key with which no trail can encrypt.

use reconcile_policy::Arn;
use reconcile_spec::{KeyIdentity, Setting};

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::observed::{KeyState, KeyTraits, LiveKey, Rotated, SpareKey};
use crate::plan::{Action, Changed, Phase, Risk, WarningCode};
use crate::refusal::Refusal;
use crate::view::{Key, KeyField, Rotation, Tags};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    let desired = &context.desired.key;
    if desired.identity == KeyIdentity::Unmanaged {
        return;
    }
    refuse(context, compared);
    warn_of_spares(context, compared);
    let wanted_rotation = match desired.rotation_days {
        Setting::Enforced(days) => Some(Rotation::EveryDays(days.get())),
        Setting::Unmanaged => None,
    };
    let live = context.observed.key.as_ref().map(|hub| &hub.key);
    let (rotation, doubt) = match live {
        Some(key) => rotation_of(key, wanted_rotation),
        None => (wanted_rotation, None),
    };
    if let Some(doubt) = doubt {
        compared.warn(doubt.code, context.key_address(), doubt.message);
    }
    if let Some(date) = live.and_then(|key| key.traits.expires) {
        let message = format!(
            "the imported key material expires on {}: from then on, trails cannot deliver, and nobody can read log files until \
             the same material is imported again",
            date.strftime("%Y-%m-%d")
        );
        compared.warn(WarningCode::MaterialExpires, context.key_address(), message);
    }
    let live = live.map(|key| key.view.clone());
    let initial_policy = match live {
        Some(_) => None,
        None => Some(context.desired.key_policy.initial()),
    };
    let wanted = Key {
        description: match &desired.description {
            Setting::Enforced(description) => Some(description.clone()),
            Setting::Unmanaged => None,
        },
        rotation,
        // A foreign key does not get the tag of the installation.
        tags: match &desired.identity {
            KeyIdentity::Alias(_) => Tags::wanted(&desired.tags, live.as_ref().map(|live| &live.tags)),
            KeyIdentity::Existing(_) | KeyIdentity::Unmanaged => Tags::default(),
        },
        initial_policy,
    };
    let parts = ChangeParts {
        address: context.key_address(),
        place: context.place(&desired.site),
        phase: Phase::Expand,
        depends_on: Vec::new(),
        changed: Changed::Key,
        explain,
    };
    compared.view(parts, live, wanted);
}

/// Refuses a key with which CloudTrail cannot encrypt, and an alias that points to a key that is
/// not in use.
fn refuse(context: &CompareContext<'_>, compared: &mut Compared) {
    let Some(key) = context.observed.key.as_ref().map(|hub| &hub.key) else { return };
    if let Some(obstacle) = key.traits.obstacle() {
        let of_key = |name: &String| Address::new(Kind::Grant, &context.desired.key.site.account, name);
        let grants = context.desired.grants.iter().map(|grant| of_key(&grant.aws_name));
        compared.refusals.push(Refusal::KeyUnusable {
            address: context.key_address(),
            arn: key.arn.clone(),
            obstacle,
            hint: hint(key, context.desired.key.identity.alias().is_some()),
            resources: [context.key_address()]
                .into_iter()
                .chain(grants)
                .chain(context.trail_addresses())
                .collect(),
        });
    }
    if let Some(target) = &context.observed.alias_target {
        compared.refusals.push(Refusal::AliasElsewhere {
            address: context.alias_address(),
            target: target.clone(),
            in_use: key.arn.clone(),
        });
    }
}

/// Returns the next step of the user for a key with which CloudTrail cannot encrypt.
fn hint(key: &LiveKey, is_managed: bool) -> String {
    let arn = &key.arn;
    let other = if is_managed { "`key.alias`" } else { "`key.arn`" };
    if !key.traits.is_symmetric_encryption() {
        return format!("set another {other} in the spec: the type of a key cannot be changed");
    }
    match &key.traits.state {
        KeyState::Disabled => format!("run `aws kms enable-key --key-id {arn}`, then plan again"),
        KeyState::PendingDeletion { .. } => format!(
            "run `aws kms cancel-key-deletion --key-id {arn}` and `aws kms enable-key --key-id {arn}`, then plan \
             again: once the key is deleted, nobody can read the data that it encrypted"
        ),
        KeyState::Enabled | KeyState::Other(_) => {
            "import its key material, or connect its key store, then plan again".to_owned()
        }
    }
}

/// A warning about a setting of the spec that the key cannot have.
struct Doubt {
    code: WarningCode,
    message: String,
}

/// Returns the rotation that a plan compares and sets, and a warning if the key cannot have the
/// wanted rotation. `None` leaves the rotation unmanaged.
fn rotation_of(key: &LiveKey, wanted: Option<Rotation>) -> (Option<Rotation>, Option<Doubt>) {
    let Some(rotation) = wanted else { return (None, None) };
    match key.traits.rotated() {
        // A key whose rotation KMS does not return cannot be used, and is refused.
        Rotated::Own => (wanted.filter(|_| key.view.rotation.is_some()), None),
        Rotated::AsPrimary(_) if key.view.rotation == wanted || key.view.rotation.is_none() => (None, None),
        Rotated::AsPrimary(primary) => {
            let message = format!(
                "the key is a replica, and has the rotation of its primary key {primary}: {}; the spec says {}. \
                 Change the rotation of the primary key, or set `key.rotation_days: unmanaged`",
                key.view.rotation.map_or("unknown".to_owned(), words),
                words(rotation)
            );
            (None, Some(Doubt { code: WarningCode::PrimaryRotation, message }))
        }
        Rotated::Never if !key.traits.is_symmetric_encryption() => (None, None),
        Rotated::Never => {
            let message = format!(
                "{} Rotate it by hand, and set `key.rotation_days: unmanaged`",
                never_rotated(&key.traits)
            );
            (None, Some(Doubt { code: WarningCode::NoRotation, message }))
        }
    }
}

fn never_rotated(traits: &KeyTraits) -> String {
    let of = match traits.origin.as_str() {
        "EXTERNAL" => "imported key material".to_owned(),
        "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE" => "keys of custom key stores".to_owned(),
        other => format!("keys of origin {other}"),
    };
    format!("KMS does not rotate {of} automatically, and the key has origin {}.", traits.origin)
}

fn words(rotation: Rotation) -> String {
    match rotation {
        Rotation::Off => "off".to_owned(),
        Rotation::EveryDays(days) => format!("every {days} days"),
    }
}

/// Reports keys of the installation that are not in use, and keys that may belong to the
/// installation.
fn warn_of_spares(context: &CompareContext<'_>, compared: &mut Compared) {
    let spares = &context.observed.spare_keys;
    let in_use = context.observed.key.as_ref().map(|hub| &hub.key.arn);
    for (arn, spare) in &spares.keys {
        let (code, message) = spare_key_warning(arn, spare, in_use);
        compared.warn(code, context.key_address(), message);
    }
    if let Some(error) = &spares.unlisted {
        let message = format!("it is not known whether this installation has another key: {error}");
        compared.warn(WarningCode::KeysUnknown, context.key_address(), message);
    }
}

fn spare_key_warning(arn: &Arn, spare: &SpareKey, in_use: Option<&Arn>) -> (WarningCode, String) {
    let aliases = match spare.aliases.as_slice() {
        [] => String::new(),
        aliases => format!(" ({})", aliases.join(", ")),
    };
    let not_used = match in_use {
        Some(key) => format!("is not the key in use, which is {key}"),
        None => "is not in use".to_owned(),
    };
    let fact = format!("key {arn}{aliases} carries the tag of this installation and {not_used}");
    match &spare.state {
        state @ KeyState::PendingDeletion { .. } => (
            WarningCode::SpareKeyEnds,
            format!(
                "{fact}. The key is {}: log files that the key encrypted cannot be read after that",
                state.words()
            ),
        ),
        KeyState::Enabled | KeyState::Disabled | KeyState::Other(_) => (
            WarningCode::SpareKey,
            format!(
                "{fact}. Remove the tag `reconcile:spec` from the key, or schedule the deletion of the key if it \
                 encrypted no log file; `--destroy` deletes the key if `deletion.key` is true"
            ),
        ),
    }
}

fn explain(action: &Action<Key>, diff: &[Difference]) -> (Vec<String>, Risk) {
    // Without the key, nobody can read the log files that it encrypts.
    let risk = if matches!(action, Action::Delete { .. }) { Risk::Destructive } else { Risk::Safe };
    let why = match action {
        Action::Create { .. } => vec!["the key for the logs does not exist".to_owned()],
        Action::Update { before, .. } => reasons(diff, |field, _| match (field, before.rotation) {
            (KeyField::Rotation, Some(Rotation::Off)) => "the key material is not rotated".to_owned(),
            (KeyField::Rotation, _) => "the rotation interval of the key differs from the spec".to_owned(),
            (KeyField::Description, _) => "the description differs from the spec".to_owned(),
            (KeyField::Tags, _) => "tags are missing or differ".to_owned(),
            (KeyField::InitialPolicy, _) => "the policy of the new key differs from the spec".to_owned(),
        }),
        Action::Delete { .. } => vec!["the key is not in the spec".to_owned()],
    };
    (why, risk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(traits: KeyTraits, rotation: Option<Rotation>) -> LiveKey {
        LiveKey {
            arn: "arn:aws:kms:us-east-1:111111111111:key/mrk-2".parse().unwrap(),
            is_aliased: true,
            traits,
            view: Key { description: None, rotation, tags: Tags::default(), initial_policy: None },
        }
    }

    #[test]
    fn rotation_is_set_where_it_is_the_key_s_own() {
        const YEARLY: Option<Rotation> = Some(Rotation::EveryDays(365));
        let own = KeyTraits::default;
        let replica =
            || KeyTraits { primary: "arn:aws:kms:eu-west-1:111111111111:key/mrk-2".parse().ok(), ..own() };
        let imported = || KeyTraits { origin: "EXTERNAL".to_owned(), ..own() };
        let hmac = || KeyTraits { spec: "HMAC_256".to_owned(), ..own() };
        for (case, traits, live, wanted, expected, code) in [
            ("nothing is wanted", own(), Some(Rotation::Off), None, None, None),
            ("own", own(), Some(Rotation::Off), YEARLY, YEARLY, None),
            ("own and not told", own(), None, YEARLY, None, None),
            ("a replica as wanted", replica(), YEARLY, YEARLY, None, None),
            (
                "a replica without",
                replica(),
                Some(Rotation::Off),
                YEARLY,
                None,
                Some(WarningCode::PrimaryRotation),
            ),
            ("imported", imported(), None, YEARLY, None, Some(WarningCode::NoRotation)),
            ("imported and unmanaged", imported(), None, None, None, None),
            ("refused anyway", hmac(), None, YEARLY, None, None),
        ] {
            let (rotation, doubt) = rotation_of(&key(traits, live), wanted);
            assert_eq!((rotation, doubt.map(|it| it.code)), (expected, code), "{case}");
        }
    }

    #[test]
    fn the_hint_of_a_key_that_cannot_encrypt_depends_on_its_state() {
        let own = KeyTraits::default;
        let hmac = || KeyTraits { spec: "HMAC_256".to_owned(), ..own() };
        let pending = || KeyState::PendingDeletion { date: None };
        for (traits, is_managed, expected) in [
            (hmac(), true, "set another `key.alias` in the spec: the type of a key cannot be changed"),
            (hmac(), false, "set another `key.arn` in the spec: the type of a key cannot be changed"),
            (
                KeyTraits { state: KeyState::Disabled, ..own() },
                true,
                "run `aws kms enable-key --key-id arn:aws:kms:us-east-1:111111111111:key/mrk-2`, then plan again",
            ),
            (
                KeyTraits { state: pending(), ..own() },
                true,
                "run `aws kms cancel-key-deletion --key-id arn:aws:kms:us-east-1:111111111111:key/mrk-2` and `aws kms \
                 enable-key --key-id arn:aws:kms:us-east-1:111111111111:key/mrk-2`, then plan again: once the key is \
                 deleted, nobody can read the data that it encrypted",
            ),
            (
                KeyTraits { state: KeyState::Other("PendingImport".to_owned()), ..own() },
                false,
                "import its key material, or connect its key store, then plan again",
            ),
        ] {
            assert_eq!(hint(&key(traits, None), is_managed), expected);
        }
    }

    #[test]
    fn a_spare_key_is_named_with_what_becomes_of_it() {
        let arn: Arn = "arn:aws:kms:us-east-1:111111111111:key/old".parse().unwrap();
        let spare = |state: KeyState| SpareKey {
            state,
            aliases: vec!["alias/old".to_owned()],
            view: key(KeyTraits::default(), None).view,
        };
        let (code, message) = spare_key_warning(&arn, &spare(KeyState::Enabled), None);
        assert_eq!(code, WarningCode::SpareKey);
        assert!(
            message.starts_with("key arn:aws:kms:us-east-1:111111111111:key/old (alias/old) carries"),
            "{message}"
        );
        let date = "2026-12-01T00:00:00Z".parse().ok();
        let (code, message) = spare_key_warning(&arn, &spare(KeyState::PendingDeletion { date }), Some(&arn));
        assert_eq!(code, WarningCode::SpareKeyEnds);
        assert!(message.contains("will be deleted on 2026-12-01: log files"), "{message}");
    }
}
