//! The JSON form of a change: a flat object with `kind`, `action`, `before` and `after`.

use reconcile_policy::Region;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, ActionKind, Change, Changed, Ended, Phase, Risk, TrailRef, Trial};
use crate::address::Address;
use crate::difference::Difference;
use crate::fingerprint::Fingerprint;
use crate::kind::{Kind, with_kinds};
use crate::plan::AccountRef;

#[derive(Serialize, Deserialize)]
pub(super) struct Form {
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
    trials: Vec<Trial>,
}

impl From<Change> for Form {
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

/// Why a change in a plan file makes no sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum FormError {
    #[error("`{address}` is not of kind `{kind}`")]
    Kind { address: Address, kind: Kind },
    #[error("`{address}`: the {side} view does not fit the action")]
    Side { address: Address, side: &'static str },
    #[error("`{address}`: {error}")]
    View { address: Address, error: serde_json::Error },
}

impl TryFrom<Form> for Change {
    type Error = FormError;

    fn try_from(form: Form) -> Result<Self, FormError> {
        if form.address.kind != form.kind {
            return Err(FormError::Kind { address: form.address, kind: form.kind });
        }
        let changed = form.changed()?;
        Ok(Self {
            address: form.address,
            account: form.account,
            region: form.region,
            changed,
            phase: form.phase,
            risk: form.risk,
            reasons: form.reasons,
            diff: form.diff,
            ended: form.ended,
            observed_fingerprint: form.observed_fingerprint,
            depends_on: form.depends_on,
            confirm: form.confirm,
            trials: form.trials,
        })
    }
}

macro_rules! changed_of {
    ($($(#[$doc:meta])* $kind:ident $name:literal $view:ty,)*) => {
        impl Form {
            /// What is done, with views of the kind.
            fn changed(&self) -> Result<Changed, FormError> {
                Ok(match self.kind {
                    $(Kind::$kind => Changed::$kind(self.action()?),)*
                })
            }
        }
    };
}
with_kinds!(changed_of);

impl Form {
    fn action<V: DeserializeOwned>(&self) -> Result<Action<V>, FormError> {
        let side = |side| FormError::Side { address: self.address.clone(), side };
        let before = || self.view(&self.before)?.ok_or(side("`before`"));
        let after = || self.view(&self.after)?.ok_or(side("`after`"));
        let absent = |view: &Value, name| if view.is_null() { Ok(()) } else { Err(side(name)) };
        match self.action {
            ActionKind::Create => {
                absent(&self.before, "`before`")?;
                Ok(Action::Create { after: after()? })
            }
            ActionKind::Update => Ok(Action::Update { before: before()?, after: after()? }),
            ActionKind::Delete => {
                absent(&self.after, "`after`")?;
                Ok(Action::Delete { before: before()? })
            }
        }
    }

    fn view<V: DeserializeOwned>(&self, view: &Value) -> Result<Option<V>, FormError> {
        serde_json::from_value(view.clone())
            .map_err(|error| FormError::View { address: self.address.clone(), error })
    }
}
