//! The twin: an AWS inside of this process, for STS, Organizations, IAM, S3, KMS, CloudTrail, CloudWatch
//! Logs and SNS.
//!
//! It answers the SDK's own requests, for many accounts and Regions, and is strict where AWS is strict: a trail whose
//! bucket or key policy is wrong is refused as CloudTrail refuses it. It is there for a first run without AWS, for
//! rehearsals and for tests. It does not verify signatures, and delivers no log files.
//!
//! Of the rest of the product it uses `reconcile-policy` alone, to read and evaluate policies. What
//! CloudTrail asks for is written here a second time: an independent opinion on what the product believes.

#![expect(clippy::unnecessary_wraps, reason = "the operations of a service share one shape, for their table")]
mod adapters;
mod call;
mod denial;
mod disagreement;
mod failure;
mod fault;
mod garbage;
mod hold;
mod lag;
mod model;
mod policy;
mod protocol;
mod request;
mod services;
mod session_policy;
mod state;
mod store;
mod twin;
mod weather;

pub use call::Call;
pub use denial::Denial;
pub use disagreement::Disagreement;
pub use failure::Failure;
pub use garbage::{Garbage, GarbageAnswer};
pub use hold::Hold;
pub use lag::Lag;
pub use state::show::{AccountSummary, BucketSummary, KeySummary, Summary, TrailSummary};
pub use state::{KeyMaterial, MultiRegion};
pub use store::StoreError;
pub use twin::{Setup, SetupAccount, SetupBucket, Twin};
pub use weather::{Clock, Event, ForeignTarget, ForeignWrite, Kind, Share, Weather, WeatherError};
