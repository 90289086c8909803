//! Provides the two ways to reach a twin: as the HTTP client of the SDK, and over HTTP.

mod sdk;
mod server;
