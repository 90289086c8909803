//! The two ways to reach a twin: as the SDK's HTTP client, and over HTTP.

mod sdk;
mod server;
