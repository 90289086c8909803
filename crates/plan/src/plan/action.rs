//! The actions of a plan. The type of a kind contains only the actions of this kind, so no plan can
//! delete a resource that must never be deleted.

use serde::{Deserialize, Serialize};

/// The name of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionKind {
    /// The resource is created.
    Create,
    /// The resource is updated.
    Update,
    /// The resource is deleted.
    Delete,
}

impl ActionKind {
    /// The name of the action in the JSON plan.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// The views of a resource before and after an action; `None` if the resource does not exist.
#[derive(Debug, PartialEq)]
pub struct Views<'v, V> {
    /// The view that the plan saw.
    pub before: Option<&'v V>,
    /// The view after the action.
    pub after: Option<&'v V>,
}

impl<V> Clone for Views<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Views<'_, V> {}

/// An action of any kind.
pub trait Act: Sized {
    /// The view of the kind.
    type View;

    /// The actions that the kind has.
    const ACTIONS: &[ActionKind];

    /// Returns the action with these views; `None` if the kind does not have the action.
    fn of(before: Option<Self::View>, after: Option<Self::View>) -> Option<Self>;

    /// The views before and after.
    fn views(&self) -> Views<'_, Self::View>;

    /// The action without the views.
    fn kind(&self) -> ActionKind {
        match self.views() {
            Views { before: None, .. } => ActionKind::Create,
            Views { before: Some(_), after: Some(_) } => ActionKind::Update,
            Views { before: Some(_), after: None } => ActionKind::Delete,
        }
    }
}

/// The action of a kind that can be created, updated and deleted.
#[derive(Debug, Clone, PartialEq)]
pub enum Action<V> {
    /// The resource is created.
    Create {
        /// The resource after the action.
        after: V,
    },
    /// The resource is updated.
    Update {
        /// The resource before the action.
        before: V,
        /// The resource after the action.
        after: V,
    },
    /// The resource is deleted.
    Delete {
        /// The resource before the action.
        before: V,
    },
}

/// The action of a kind that is only created.
#[derive(Debug, Clone, PartialEq)]
pub struct Create<V> {
    /// The resource after the action.
    pub after: V,
}

/// The action of a kind that exists as long as its owner, such as the policy of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateOrUpdate<V> {
    /// The resource before the action.
    pub before: Option<V>,
    /// The resource after the action.
    pub after: V,
}

/// The action of a kind that AWS cannot update.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateOrDelete<V> {
    /// The resource is created.
    Create {
        /// The resource after the action.
        after: V,
    },
    /// The resource is deleted.
    Delete {
        /// The resource before the action.
        before: V,
    },
}

/// The deletion of a resource, for every kind that has this action.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete<V> {
    /// The resource before the action.
    pub before: V,
}

impl<V> Action<V> {
    /// The view before the action, if the resource exists.
    pub fn before(&self) -> Option<&V> {
        self.views().before
    }

    /// The view after the action, if the resource exists then.
    pub fn after(&self) -> Option<&V> {
        self.views().after
    }

    /// The view after, or the view before a deletion.
    pub fn view(&self) -> &V {
        match self {
            Self::Create { after } | Self::Update { after, .. } => after,
            Self::Delete { before } => before,
        }
    }
}

impl<V: Clone> Action<V> {
    /// Returns the action with another view after the action, such as a view with the ARN of a key
    /// that was created in the meantime.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn try_map<E>(&self, change: impl FnOnce(&V) -> Result<V, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Create { after } => Self::Create { after: change(after)? },
            Self::Update { before, after } => Self::Update { before: before.clone(), after: change(after)? },
            Self::Delete { before } => Self::Delete { before: before.clone() },
        })
    }
}

impl<V> Act for Action<V> {
    type View = V;

    const ACTIONS: &[ActionKind] = &[ActionKind::Create, ActionKind::Update, ActionKind::Delete];

    fn of(before: Option<V>, after: Option<V>) -> Option<Self> {
        match (before, after) {
            (None, after) => after.map(|after| Self::Create { after }),
            (Some(before), Some(after)) => Some(Self::Update { before, after }),
            (Some(before), None) => Some(Self::Delete { before }),
        }
    }

    fn views(&self) -> Views<'_, V> {
        match self {
            Self::Create { after } => Views { before: None, after: Some(after) },
            Self::Update { before, after } => Views { before: Some(before), after: Some(after) },
            Self::Delete { before } => Views { before: Some(before), after: None },
        }
    }
}

impl<V> Act for Create<V> {
    type View = V;

    const ACTIONS: &[ActionKind] = &[ActionKind::Create];

    fn of(before: Option<V>, after: Option<V>) -> Option<Self> {
        after.filter(|_| before.is_none()).map(|after| Self { after })
    }

    fn views(&self) -> Views<'_, V> {
        Views { before: None, after: Some(&self.after) }
    }
}

impl<V> Act for CreateOrUpdate<V> {
    type View = V;

    const ACTIONS: &[ActionKind] = &[ActionKind::Create, ActionKind::Update];

    fn of(before: Option<V>, after: Option<V>) -> Option<Self> {
        after.map(|after| Self { before, after })
    }

    fn views(&self) -> Views<'_, V> {
        Views { before: self.before.as_ref(), after: Some(&self.after) }
    }
}

impl<V> Act for CreateOrDelete<V> {
    type View = V;

    const ACTIONS: &[ActionKind] = &[ActionKind::Create, ActionKind::Delete];

    fn of(before: Option<V>, after: Option<V>) -> Option<Self> {
        match (before, after) {
            (None, after) => after.map(|after| Self::Create { after }),
            (Some(before), None) => Some(Self::Delete { before }),
            (Some(_), Some(_)) => None,
        }
    }

    fn views(&self) -> Views<'_, V> {
        match self {
            Self::Create { after } => Views { before: None, after: Some(after) },
            Self::Delete { before } => Views { before: Some(before), after: None },
        }
    }
}

impl<V> From<Create<V>> for Action<V> {
    fn from(Create { after }: Create<V>) -> Self {
        Self::Create { after }
    }
}

impl<V> From<Create<V>> for CreateOrDelete<V> {
    fn from(Create { after }: Create<V>) -> Self {
        Self::Create { after }
    }
}

impl<V> From<Delete<V>> for Action<V> {
    fn from(Delete { before }: Delete<V>) -> Self {
        Self::Delete { before }
    }
}

impl<V> From<Delete<V>> for CreateOrDelete<V> {
    fn from(Delete { before }: Delete<V>) -> Self {
        Self::Delete { before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_its_name_in_json() {
        for action in [ActionKind::Create, ActionKind::Update, ActionKind::Delete] {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
    }

    #[test]
    fn a_kind_has_only_its_actions() {
        use ActionKind::{Create as Creates, Delete as Deletes, Update as Updates};
        fn kind<A: Act<View = u8>>(before: Option<u8>, after: Option<u8>) -> Option<ActionKind> {
            let found = A::of(before, after).map(|action| {
                assert_eq!(action.views(), Views { before: before.as_ref(), after: after.as_ref() });
                action.kind()
            });
            let asked = match (before, after) {
                (None, None) => None,
                (None, Some(_)) => Some(Creates),
                (Some(_), Some(_)) => Some(Updates),
                (Some(_), None) => Some(Deletes),
            };
            assert_eq!(found, asked.filter(|action| A::ACTIONS.contains(action)));
            found
        }
        for (before, after, action, create, create_or_update, create_or_delete) in [
            (None, Some(2), Some(Creates), Some(Creates), Some(Creates), Some(Creates)),
            (Some(1), Some(2), Some(Updates), None, Some(Updates), None),
            (Some(1), None, Some(Deletes), None, None, Some(Deletes)),
            (None, None, None, None, None, None),
        ] {
            assert_eq!(kind::<Action<u8>>(before, after), action);
            assert_eq!(kind::<Create<u8>>(before, after), create);
            assert_eq!(kind::<CreateOrUpdate<u8>>(before, after), create_or_update);
            assert_eq!(kind::<CreateOrDelete<u8>>(before, after), create_or_delete);
        }
    }
}
