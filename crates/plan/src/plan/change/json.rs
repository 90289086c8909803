//! The JSON form of a change: a flat object with `kind`, `action`, `before` and `after`.

use reconcile_policy::Region;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Act, ActionKind, Change, Changed, Ended, FormTrial, Phase, Risk, TrailRef};
use crate::address::Address;
use crate::difference::Difference;
use crate::fingerprint::Fingerprint;
use crate::kind::{Kind, with_kinds};
use crate::plan::AccountRef;

#[derive(Serialize, Deserialize)]
pub(super) struct Json {
    address: Address,
    kind: Kind,
    account: AccountRef,
    region: Region,
    action: ActionKind,
    phase: Phase,
    risk: Risk,
    reasons: Vec<String>,
    before: Value,
    after: Value,
    diff: Vec<Difference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended: Vec<Ended>,
    observed_fingerprint: Fingerprint,
    depends_on: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    confirm: Vec<TrailRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trials: Vec<FormTrial>,
}

impl From<Change> for Json {
    fn from(change: Change) -> Self {
        let (before, after) = change.views();
        Self {
            kind: change.changed.kind(),
            action: change.action(),
            before,
            after,
            address: change.address,
            account: change.account,
            region: change.region,
            phase: change.phase,
            risk: change.risk,
            reasons: change.reasons,
            diff: change.diff,
            ended: change.ended,
            observed_fingerprint: change.observed_fingerprint,
            depends_on: change.depends_on,
            confirm: change.confirm,
            trials: change.trials,
        }
    }
}

/// The reason why a change in a plan file is not valid.
#[derive(Debug, thiserror::Error)]
pub(super) enum JsonError {
    #[error("`{address}` is not of kind `{kind}`")]
    Kind { address: Address, kind: Kind },
    #[error("`{address}`: the {side} view does not fit the action")]
    Side { address: Address, side: &'static str },
    #[error("`{address}`: `{kind}` has no action `{}`, only {}", action.as_str(), actions(*kind))]
    Action { address: Address, kind: Kind, action: ActionKind },
    #[error("`{address}`: {error}")]
    View { address: Address, error: serde_json::Error },
}

/// The actions of a kind, for people.
fn actions(kind: Kind) -> String {
    kind.actions().iter().map(|it| format!("`{}`", it.as_str())).collect::<Vec<_>>().join(" and ")
}

impl TryFrom<Json> for Change {
    type Error = JsonError;

    fn try_from(json: Json) -> Result<Self, JsonError> {
        if json.address.kind != json.kind {
            return Err(JsonError::Kind { address: json.address, kind: json.kind });
        }
        let changed = json.changed()?;
        Ok(Self {
            address: json.address,
            account: json.account,
            region: json.region,
            changed,
            phase: json.phase,
            risk: json.risk,
            reasons: json.reasons,
            diff: json.diff,
            ended: json.ended,
            observed_fingerprint: json.observed_fingerprint,
            depends_on: json.depends_on,
            confirm: json.confirm,
            trials: json.trials,
        })
    }
}

macro_rules! changed_of {
    ($($(#[$doc:meta])* $kind:ident $name:literal $action:ty,)*) => {
        impl Json {
            /// Returns the action, with views of the kind.
            fn changed(&self) -> Result<Changed, JsonError> {
                Ok(match self.kind {
                    $(Kind::$kind => Changed::$kind(self.action()?),)*
                })
            }
        }
    };
}
with_kinds!(changed_of);

impl Json {
    fn action<A: Act<View: DeserializeOwned>>(&self) -> Result<A, JsonError> {
        let side = |side| JsonError::Side { address: self.address.clone(), side };
        let view = |view: &Value, name, is_there: bool| match self.view(view)? {
            found if found.is_some() == is_there => Ok(found),
            _ => Err(side(name)),
        };
        let before = view(&self.before, "`before`", self.action != ActionKind::Create)?;
        let after = view(&self.after, "`after`", self.action != ActionKind::Delete)?;
        let none =
            || JsonError::Action { address: self.address.clone(), kind: self.kind, action: self.action };
        A::of(before, after).ok_or_else(none)
    }

    fn view<V: DeserializeOwned>(&self, view: &Value) -> Result<Option<V>, JsonError> {
        serde_json::from_value(view.clone())
            .map_err(|error| JsonError::View { address: self.address.clone(), error })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_has_an_action_of_its_kind() {
        let read = |kind: &str, action: &str, before: Value, after: Value| {
            let change = json!({
                "address": format!("{kind}/security/name"),
                "kind": kind,
                "account": { "name": "security", "id": "111111111111" },
                "region": "eu-west-1",
                "action": action,
                "phase": "expand",
                "risk": "safe",
                "reasons": [],
                "before": before,
                "after": after,
                "diff": [],
                "observed_fingerprint": "sha256:0",
                "depends_on": [],
            });
            let change: Result<Change, _> = serde_json::from_value(change);
            change.map(|change| change.action()).map_err(|error| error.to_string())
        };
        let access = || json!({ "service": "cloudtrail.amazonaws.com" });
        let alias = || json!({ "name": "alias/logs", "target": "arn" });
        let policy = || json!({ "Version": "2012-10-17", "Statement": [] });
        let no = Value::Null;
        assert_eq!(read("service_access", "create", no.clone(), access()), Ok(ActionKind::Create));
        assert_eq!(read("alias", "delete", alias(), no.clone()), Ok(ActionKind::Delete));
        assert_eq!(read("key_policy", "update", policy(), policy()), Ok(ActionKind::Update));
        assert_eq!(read("bucket_policy", "delete", policy(), no.clone()), Ok(ActionKind::Delete));
        for (kind, action, before, after, actions) in [
            ("service_access", "delete", access(), no.clone(), "`create`"),
            ("alias", "update", alias(), alias(), "`create` and `delete`"),
            ("key_policy", "delete", policy(), no.clone(), "`create` and `update`"),
            ("topic_policy", "delete", policy(), no.clone(), "`create` and `update`"),
        ] {
            let error = format!("`{kind}/security/name`: `{kind}` has no action `{action}`, only {actions}");
            assert_eq!(read(kind, action, before, after), Err(error));
        }
        for (action, before, after, side) in [
            ("create", policy(), policy(), "before"),
            ("update", no.clone(), policy(), "before"),
            ("delete", policy(), policy(), "after"),
        ] {
            let error = format!("`bucket_policy/security/name`: the `{side}` view does not fit the action");
            assert_eq!(read("bucket_policy", action, before, after), Err(error));
        }
    }
}
