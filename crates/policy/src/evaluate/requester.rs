/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requester {
    /// An AWS service on its own behalf.
    Service(String),
    /// All ARNs by which policies can name the principal, and its account.
    Principal { arns: Vec<String>, account: String },
    /// A caller without credentials.
    Anonymous,
}
