use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A security framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// The CIS AWS Foundations Benchmark 5.0.0.
    Cis50,
    /// The CIS AWS Foundations Benchmark 3.0.0.
    Cis30,
    /// AWS Foundational Security Best Practices.
    Fsbp,
    /// NIST SP 800-53 Revision 5.
    Nist80053,
    /// PCI DSS 4.0.1.
    Pci40,
}

impl Framework {
    /// All frameworks.
    pub const ALL: [Self; 5] = [Self::Cis50, Self::Cis30, Self::Fsbp, Self::Nist80053, Self::Pci40];

    /// The name in arguments and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cis50 => "cis-5.0",
            Self::Cis30 => "cis-3.0",
            Self::Fsbp => "fsbp",
            Self::Nist80053 => "nist-800-53",
            Self::Pci40 => "pci-4.0",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Framework {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A text that is not the name of a framework.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown framework `{0}`")]
pub struct UnknownFramework(String);

impl FromStr for Framework {
    type Err = UnknownFramework;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|framework| framework.as_str() == text);
        known.ok_or_else(|| UnknownFramework(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_is_parsed_from_its_name_only() {
        for framework in Framework::ALL {
            assert_eq!(framework.as_str().parse(), Ok(framework));
            assert_eq!(serde_json::to_value(framework).unwrap(), framework.to_string());
        }
        let error = "cis".parse::<Framework>().unwrap_err();
        assert_eq!(error.to_string(), "unknown framework `cis`");
    }
}
