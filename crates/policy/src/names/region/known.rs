use super::Partition;

/// The Regions of the commercial partition that are enabled in every account.
///
/// See "Region availability" in "Enable or disable AWS Regions in your account", Account Management
/// reference.
pub(super) const ENABLED_BY_DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The Regions of each partition, in alphabetical order.
///
/// From `partitions.json` of the AWS SDKs (botocore 1.44.8, November 2026), without the pseudo
/// Regions such as `aws-global`. See "AWS Regions" in the AWS Regions and Availability Zones
/// reference.
pub(super) const KNOWN: [(Partition, &[&str]); 8] = [
    (
        Partition::Aws,
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "me-west-1",
            "mx-central-1",
            "sa-east-1",
            "sa-west-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    (Partition::AwsCn, &["cn-north-1", "cn-northwest-1"]),
    (Partition::AwsUsGov, &["us-gov-east-1", "us-gov-west-1"]),
    (Partition::AwsEusc, &["eusc-de-east-1"]),
    (Partition::AwsIso, &["us-iso-east-1", "us-iso-west-1"]),
    (Partition::AwsIsoB, &["us-isob-east-1", "us-isob-west-1"]),
    (Partition::AwsIsoE, &["eu-isoe-west-1"]),
    (Partition::AwsIsoF, &["us-isof-east-1", "us-isof-south-1"]),
];
