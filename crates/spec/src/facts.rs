//! Contains names that AWS defines and this version knows, with their sources.
//!
//! AWS adds names all the time. The key `recognize` of a spec declares newer names.

pub(crate) mod alarm;
pub(crate) mod condition_operators;
pub(crate) mod kms;
pub(crate) mod resource_types;
pub(crate) mod s3;

/// The target of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The bucket or the key.
    Resource,
    /// An object in the bucket.
    Object,
    /// Any other target, such as the account. A resource policy cannot allow or deny the action.
    Elsewhere,
}

/// The actions of a service.
#[derive(Debug)]
pub(crate) struct Service {
    /// The prefix of the actions of the service, such as `s3`.
    pub(crate) prefix: &'static str,
    actions: &'static [(Level, &'static [&'static str])],
}

impl Service {
    /// The names of all actions, without the prefix, each with its level.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (Level, &'static str)> + use<> {
        self.actions.iter().flat_map(|(level, names)| names.iter().map(|name| (*level, *name)))
    }
}
