//! Validation of CloudTrail log and digest files: signatures, chains, hashes and coverage.
//!
//! CloudTrail delivers a signed digest for every hour, account and Region. The digest names the log
//! files of the hour and the previous digest. This crate validates the digests and log files of an
//! account and Region ([`verify()`]) in a bucket or in a copy of a bucket ([`ObjectSource`]), and
//! returns everything that is wrong or could not be checked ([`EvidenceFinding`]). The crate trusts
//! only content that CloudTrail signed, and does not trust a chain to be complete because it has no
//! more digests.
//!
//! See "Validating CloudTrail log file integrity" in the CloudTrail user guide.
//!
//! This crate must not call AWS.

mod cell;
mod chain;
mod check;
mod coverage;
mod digest;
mod estimate;
mod folder;
mod freshness;
mod gzip;
mod hash;
mod keys;
mod ledger;
mod location;
mod memory;
pub mod mint;
mod pages;
mod scope;
mod shard;
mod source;
mod verdict;
mod verify;
mod walk;

pub use cell::{Cell, CellReport, ChainReport, Concurrency, ExpectedTrail, Tally};
pub use chain::Range;
pub use digest::{Digest, DigestError, LogFile, Previous, UnverifiedDigest};
pub use estimate::{Estimate, estimate};
pub use folder::Folder;
pub use freshness::freshness;
pub use hash::Hash;
pub use keys::{KeysError, PublicKey, PublicKeys};
pub use ledger::{Ledger, LedgerError};
pub use location::{ChainId, DigestKind, ObjectLocation, Root};
pub use memory::{Memory, Stored};
pub use scope::{CellSelection, ValidationScope};
pub use shard::{NotAShard, Shard};
pub use source::{Body, Listed, Object, ObjectSource, Page, ReadError};
pub use verdict::{EvidenceFinding, HoleCause, ObjectKind, Verdict, VerificationOutcome};
pub use verify::{Job, verify};
