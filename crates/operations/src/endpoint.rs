//! The host and the Region of a request.

use std::fmt;

use reconcile_policy::Region;

/// The destination of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host, with its port if the port is not the default.
    pub host: String,
    /// The Region in the signature of the request; `None` for requests for credentials, which are
    /// not signed.
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
