//! Patterns of addresses.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use reconcile_plan::Address;

/// A glob pattern of addresses, such as `trail/production/*`.
#[derive(Debug, Clone)]
pub(crate) struct AddressPattern(GlobMatcher);

impl AddressPattern {
    /// Whether an address matches.
    pub(crate) fn is_match(&self, address: &Address) -> bool {
        self.0.is_match(address.to_string())
    }
}

impl FromStr for AddressPattern {
    type Err = globset::Error;

    fn from_str(text: &str) -> Result<Self, globset::Error> {
        Ok(Self(Glob::new(text)?.compile_matcher()))
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.glob().glob())
    }
}
