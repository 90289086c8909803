use serde::{Deserialize, Serialize};

use super::{KeyRef, View};

/// An alias, which names a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// The name, with `alias/`.
    pub name: String,
    /// The key to which the alias points.
    pub target: KeyRef,
}

impl View for Alias {
    fn managed(&self, _: &Self) -> Self {
        self.clone()
    }
}
