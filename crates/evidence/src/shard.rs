//! A part of the accounts and Regions, for one of several machines.

use std::fmt;
use std::str::FromStr;

use reconcile_policy::{AccountId, Region};

use crate::hash::Hash;

/// A part of the accounts and Regions. The shards with the same count are disjoint and complete, on
/// every machine and at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// The error for a text that is not a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write it as I/N, such as `0/4` for the first of four shards")]
pub struct NotAShard;

impl Shard {
    /// The number of this shard, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of all shards.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Returns whether an account and Region belong to this shard.
    pub fn has(self, account: &AccountId, region: &Region) -> bool {
        let hash = Hash::of(format!("{account}/{region}").as_bytes()).half();
        u128::from_be_bytes(hash.0) % u128::from(self.count) == u128::from(self.index)
    }
}

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, NotAShard> {
        let (index, of) = text.split_once('/').ok_or(NotAShard)?;
        let shard =
            Self { index: index.parse().map_err(|_| NotAShard)?, count: of.parse().map_err(|_| NotAShard)? };
        if shard.index < shard.count { Ok(shard) } else { Err(NotAShard) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_and_region_belongs_to_exactly_one_shard() {
        for of in [1, 2, 7] {
            let shards: Vec<Shard> = (0..of).map(|index| format!("{index}/{of}").parse().unwrap()).collect();
            let mut sizes = vec![0; shards.len()];
            for account in 0..20 {
                let account: AccountId = format!("{account:012}").parse().unwrap();
                for region in Region::known() {
                    let region = region.parse().unwrap();
                    let members: Vec<usize> =
                        (0..shards.len()).filter(|index| shards[*index].has(&account, &region)).collect();
                    let [member] = members[..] else { panic!("{account} {region}: {members:?}") };
                    sizes[member] += 1;
                }
            }
            assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
        }
    }

    #[test]
    fn a_shard_stays_the_same_in_every_version() {
        let of = |account: &str, region: &str| {
            let has = |index: &u32| {
                let shard: Shard = format!("{index}/16").parse().unwrap();
                shard.has(&account.parse().unwrap(), &region.parse().unwrap())
            };
            (0..16).find(has).unwrap()
        };
        // The numbers are the last hexadecimal digits of the first halves of the SHA-256 hashes of
        // `111111111111/eu-west-1` and `222222222222/us-east-1`.
        assert_eq!((of("111111111111", "eu-west-1"), of("222222222222", "us-east-1")), (15, 1));
    }

    #[test]
    fn other_texts_are_no_shards() {
        for text in ["", "1", "4/4", "0/0", "-1/4", "a/4", "1/4/2"] {
            assert_eq!(text.parse::<Shard>(), Err(NotAShard), "{text}");
        }
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
    }
}
