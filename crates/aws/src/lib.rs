//! Sessions for the accounts of a spec: credentials, clients per Region, and classified errors.
//!
//! Every account gets its own session (own identity cache, own retry budget) over one shared
//! connector. This crate makes calls and classifies their results. It does not know plans, and
//! decides nothing.

mod answer;
mod assumed_role;
mod call;
mod clock;
mod code;
mod connect;
mod endpoint;
mod error;
mod failure;
mod gate;
mod profile;
mod publish;
mod rate;
mod retry;
mod session;
mod transport;

pub use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
pub use aws_smithy_runtime_api::client::result::SdkError;
pub use clock::ServiceClock;
pub use connect::{Aws, ConnectOptions, Embedded};
pub use gate::Counts;
pub use publish::{BusEvent, Remote, TopicMessage, publish, put_event};
pub use session::Session;
