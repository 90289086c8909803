//! Implements an AWS inside of this process, for STS, Organizations, IAM, S3, KMS, CloudTrail,
//! CloudWatch, CloudWatch Logs and SNS.
//!
//! The twin answers the requests of the SDK, for many accounts and Regions, and is as strict as
//! AWS. For example, it rejects a trail whose bucket or key policy is wrong, as CloudTrail does.
//! The twin is meant for a first run without AWS, for rehearsals and for tests. It does not verify
//! signatures, and has log files only after a caller stores them with [`Twin::put_object`].
//!
//! The twin uses only `reconcile-policy` of the product, to parse and evaluate policies. The
//! requests of CloudTrail are implemented here a second time, as an independent check of the
//! product.

#![expect(clippy::unnecessary_wraps, reason = "the operations of a service share one shape, for their table")]
mod adapters;
mod answer;
mod call;
mod caller;
mod cbor;
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
mod setup;
mod signing;
mod state;
mod store;
mod twin;
mod weather;

pub use call::Call;
pub use denial::InjectedDenial;
pub use disagreement::Disagreement;
pub use failure::InjectedFailure;
pub use garbage::{Garbage, GarbageAnswer};
pub use hold::Hold;
pub use lag::Lag;
pub use services::organizations::ID as ORGANIZATION;
pub use setup::{Setup, SetupAccount, SetupBucket};
pub use signing::{SigningKey, signing_key};
pub use state::show::{AccountSummary, BucketSummary, KeySummary, StateSummary, TrailSummary};
pub use state::{KeyMaterial, MultiRegion, Published};
pub use store::StoreError;
pub use twin::{StoredObject, Twin};
pub use weather::{Clock, Event, ForeignTarget, ForeignWrite, Share, Weather, WeatherError, WeatherKind};
