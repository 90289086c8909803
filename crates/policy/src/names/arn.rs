use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{NameError, Partition, string_name};

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Region and account can be empty, as in the ARN of a bucket. ARNs are compared as text, because
/// they are case-sensitive in AWS. See "Identify AWS resources with Amazon Resource Names" in the
/// IAM user guide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);

string_name!(Arn);

impl Arn {
    /// Creates an ARN from its elements. `region` and `account` can be empty; `resource` can
    /// contain colons.
    pub fn new(partition: Partition, service: &str, region: &str, account: &str, resource: &str) -> Self {
        Self(format!("arn:{partition}:{service}:{region}:{account}:{resource}"))
    }

    /// The element at `index`: 1 partition, 2 service, 3 region, 4 account, 5 resource.
    fn element(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The partition, such as `aws`.
    pub fn partition(&self) -> &str {
        self.element(1)
    }

    /// The service namespace, such as `kms`.
    pub fn service(&self) -> &str {
        self.element(2)
    }

    /// The Region, or an empty text if the resource has none.
    pub fn region(&self) -> &str {
        self.element(3)
    }

    /// The account id, or an empty text if the resource has none.
    pub fn account(&self) -> &str {
        self.element(4)
    }

    /// Everything after the account: `trail/SecurityTrail`, `key/1234…`.
    pub fn resource(&self) -> &str {
        self.element(5)
    }

    /// The resource without its type: everything after the first slash, or the whole resource if it
    /// has no slash. For `trail/SecurityTrail`, this is `SecurityTrail`.
    pub fn resource_name(&self) -> &str {
        self.resource().split_once('/').map_or(self.resource(), |(_, name)| name)
    }
}

impl FromStr for Arn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let elements: Vec<&str> = text.splitn(6, ':').collect();
        match elements.as_slice() {
            ["arn", partition, service, _, _, resource]
                if partition.starts_with("aws")
                    && !service.is_empty()
                    && !resource.is_empty()
                    && !text.contains(char::is_whitespace) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NameError::new(text, "an ARN (arn:partition:service:region:account:resource)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_six_elements() {
        let arn: Arn = "arn:aws:logs:eu-west-1:111111111111:log-group:trail:*".parse().unwrap();
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "logs");
        assert_eq!(arn.region(), "eu-west-1");
        assert_eq!(arn.account(), "111111111111");
        assert_eq!(arn.resource(), "log-group:trail:*");
    }

    #[test]
    fn the_resource_name_follows_the_resource_type() {
        for (arn, name) in [
            ("arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrail", "SecurityTrail"),
            ("arn:aws:iam::111111111111:role/path/Auditor", "path/Auditor"),
            ("arn:aws:sns:us-east-1:111111111111:trails", "trails"),
            ("arn:aws:s3:::logs", "logs"),
            ("arn:aws:logs:us-east-1:111111111111:log-group:trails:*", "log-group:trails:*"),
        ] {
            assert_eq!(arn.parse::<Arn>().unwrap().resource_name(), name, "{arn}");
        }
    }

    #[test]
    fn region_and_account_can_be_empty() {
        let arn = Arn::new(Partition::AwsCn, "s3", "", "", "logs");
        assert_eq!(arn.as_str(), "arn:aws-cn:s3:::logs");
        assert_eq!(arn.as_str().parse::<Arn>().unwrap(), arn);
    }

    #[test]
    fn texts_that_are_not_arns_are_rejected() {
        for text in
            ["", "arn", "arn:aws:s3", "arn:aws:s3:::", "arn:gcp:s3:::b", "arn:aws::::b", "arn:aws:s3:::a b"]
        {
            assert!(text.parse::<Arn>().is_err(), "{text:?}");
        }
    }
}
