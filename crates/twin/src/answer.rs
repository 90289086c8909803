//! The answer to a request, with the data for the log of calls.

use bytes::Bytes;
use http::Response;

/// The result of a request.
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    /// Service and operation: `kms:CreateKey`.
    pub(crate) operation: String,
    pub(crate) mutating: bool,
    pub(crate) error: Option<&'static str>,
}
