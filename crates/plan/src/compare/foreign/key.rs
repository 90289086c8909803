//! Reports the keys of other Regions that share the material of the key.
//!
//! Each of these keys has a separate policy and decrypts the data that the others encrypted. See
//! "Multi-Region keys in AWS KMS" in the KMS developer guide.

use super::{ForeignItem, ForeignReviewer};
use crate::foreign::ForeignAccess;
use crate::severity::Severity;

pub(super) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let Some(hub) = &reviewer.context.observed.key else { return Vec::new() };
    let relatives = hub.key.traits.relatives.iter().map(|relative| {
        let item = ForeignItem {
            address: reviewer.context.key_address(),
            name: relative.region(),
            words: format!("key {relative}"),
            content: format!("{}\n{relative}", hub.key.arn),
        };
        let message = format!(
            "{} has the same key material and a separate policy, which is not read: everybody who can decrypt \
             with this key can decrypt log files",
            item.words
        );
        reviewer.report(&item, Severity::Medium, message, &item.content)
    });
    relatives.collect()
}
