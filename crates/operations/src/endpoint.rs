//! The host and the Region of a request.

use std::fmt;

use reconcile_policy::Region;

/// Where a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host, with its port if that is not the usual one.
    pub host: String,
    /// The Region that the request was signed for; requests for credentials are not signed.
    pub region: Option<Region>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match &self.region {
            Some(region) => write!(f, " (Region {region})"),
            None => Ok(()),
        }
    }
}
