mod known;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{NameError, string_name};

/// The code of an AWS Region, such as `eu-central-1`.
///
/// Every code with the shape of a known partition is accepted, because AWS opens Regions faster
/// than `reconcile` is released. [`Region::is_known`] returns whether this version knows the
/// Region. A code of an unknown partition is rejected, because every ARN of the Region contains the
/// partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

string_name!(Region);

impl Region {
    /// Returns whether the Region is disabled in an account until somebody enables it.
    ///
    /// Regions launched before March 20, 2019 are enabled by default: see "Enable or disable AWS
    /// Regions in your account" in the Account Management reference. Only the commercial partition
    /// has opt-in Regions.
    pub fn is_opt_in(&self) -> bool {
        self.partition() == Partition::Aws && !known::ENABLED_BY_DEFAULT.contains(&self.as_str())
    }
}

impl FromStr for Region {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('-').collect();
        let is_region = match parts.as_slice() {
            [geography, middle @ .., number] => {
                (2..=4).contains(&geography.len())
                    && !middle.is_empty()
                    && middle.len() <= 2
                    && [geography].into_iter().chain(middle).all(|part| is_lower(part))
                    && (1..=2).contains(&number.len())
                    && number.bytes().all(|b| b.is_ascii_digit())
            }
            [] | [_] => false,
        };
        if !is_region {
            return Err(NameError::new(text, "an AWS Region code, such as `eu-central-1`"));
        }
        match partition_of(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(NameError::new(text, "a Region of an AWS partition that this version knows")),
        }
    }
}

/// Returns the partition of a Region, by the shape of its code.
///
/// The shapes are the `regionRegex` of each partition in the `partitions.json` of the AWS SDKs
/// (botocore 1.44.8). The SDK assumes that a Region of any other shape is in the commercial
/// partition, and sends requests to a host that does not exist.
fn partition_of(code: &str) -> Option<Partition> {
    const COMMERCIAL: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];

    let parts: Vec<&str> = code.split('-').collect();
    Some(match parts.as_slice() {
        ["cn", _, _] => Partition::AwsCn,
        ["us", "gov", _, _] => Partition::AwsUsGov,
        ["us", "iso", _, _] => Partition::AwsIso,
        ["us", "isob", _, _] => Partition::AwsIsoB,
        ["eu", "isoe", _, _] => Partition::AwsIsoE,
        ["us", "isof", _, _] => Partition::AwsIsoF,
        ["eusc", "de", _, _] => Partition::AwsEusc,
        [geography, _, _] if COMMERCIAL.contains(geography) => Partition::Aws,
        _ => return None,
    })
}

fn is_lower(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase())
}

impl Region {
    /// The codes of the Regions that this version knows, in all partitions.
    pub fn known() -> impl Iterator<Item = &'static str> {
        known::KNOWN.iter().flat_map(|(_, codes)| codes.iter().copied())
    }

    /// The Regions of a partition that are enabled in every account, as far as this version knows
    /// them.
    pub fn always_enabled(partition: Partition) -> impl Iterator<Item = Self> {
        let known = Self::known().filter_map(|code| code.parse::<Self>().ok());
        known.filter(move |region| region.partition() == partition && !region.is_opt_in())
    }

    /// Returns whether this version knows the Region.
    pub fn is_known(&self) -> bool {
        Self::known().any(|code| code == self.0)
    }

    /// The partition of this Region; it is the second element of every ARN of the Region.
    pub fn partition(&self) -> Partition {
        // INVARIANT: a Region is created only from a code whose partition is known.
        partition_of(&self.0).unwrap_or(Partition::Aws)
    }
}

/// A group of Regions with its own accounts and its own ARN prefix.
///
/// See "AWS fault isolation boundaries: partitions".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// Commercial Regions.
    Aws,
    /// China.
    AwsCn,
    /// AWS GovCloud (US).
    AwsUsGov,
    /// AWS European Sovereign Cloud.
    AwsEusc,
    /// Isolated partition for US intelligence (C2S).
    AwsIso,
    /// Isolated partition for US intelligence (SC2S).
    AwsIsoB,
    /// Isolated partition in Europe.
    AwsIsoE,
    /// Isolated partition for US government.
    AwsIsoF,
}

impl Partition {
    /// All partitions.
    pub const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsCn,
        Self::AwsUsGov,
        Self::AwsEusc,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
    ];

    /// The name of the partition in ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
        }
    }

    /// The domain of the endpoints of the partition. The names of Regional service principals end
    /// with this domain.
    ///
    /// See `dnsSuffix` in the `partitions.json` of the AWS SDKs.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }

    /// The first Region of the partition. Its endpoint answers for buckets in all Regions of the
    /// partition.
    pub fn first_region(self) -> Region {
        let code = match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsEusc => "eusc-de-east-1",
            Self::AwsIso => "us-iso-east-1",
            Self::AwsIsoB => "us-isob-east-1",
            Self::AwsIsoE => "eu-isoe-west-1",
            Self::AwsIsoF => "us-isof-south-1",
        };
        Region(code.to_owned())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_follows_from_the_region() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("eu-central-2", "aws"),
            ("ap-southeast-5", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(region.parse::<Region>().unwrap().partition().as_str(), partition);
        }
    }

    #[test]
    fn the_first_region_belongs_to_the_partition() {
        for partition in Partition::ALL {
            let first = partition.first_region();
            assert!(first.partition() == partition && first.is_known(), "{first}");
        }
    }

    #[test]
    fn known_regions_are_in_the_partition_of_their_prefix() {
        for (partition, codes) in known::KNOWN {
            for code in codes {
                let region: Region = code.parse().unwrap();
                assert_eq!(region.partition(), partition, "{code}");
                assert!(region.is_known(), "{code}");
            }
        }
        assert!(!"eu-centrl-1".parse::<Region>().unwrap().is_known());
    }

    #[test]
    fn regions_of_unknown_partitions_are_rejected_with_their_value() {
        for code in ["us-isox-east-1", "eusc-fr-east-1", "xx-north-1", "us-east-north-1"] {
            let error = code.parse::<Region>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{code}` is not a Region of an AWS partition that this version knows")
            );
        }
    }

    #[test]
    fn texts_without_the_shape_of_a_region_are_rejected() {
        for text in
            ["", "useast1", "us-east", "us-east-", "us-east-1a", "US-EAST-1", "-east-1", "us--1", "global"]
        {
            assert!(text.parse::<Region>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_commercial_regions_that_are_not_enabled_by_default_are_opt_in() {
        for (region, expected) in [
            ("us-east-1", false),
            ("eu-north-1", false),
            ("af-south-1", true),
            ("eu-central-2", true),
            ("me-south-1", true),
            ("cn-north-1", false),
            ("us-gov-east-1", false),
        ] {
            assert_eq!(region.parse::<Region>().unwrap().is_opt_in(), expected, "{region}");
        }
    }
}
