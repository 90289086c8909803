use std::fmt;

use reconcile_spec::AwsName;
use serde::{Deserialize, Serialize};

/// A value that AWS names: a value of `T`, or one that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OpenEnum<T> {
    /// A value that this version knows.
    Known(T),
    /// Any other value, as AWS names it.
    Other(String),
}

impl<T: AwsName> OpenEnum<T> {
    /// Returns the value with this name.
    pub fn of(name: &str) -> Self {
        let known = T::ALL.iter().copied().find(|known| known.as_str() == name);
        known.map_or_else(|| Self::Other(name.to_owned()), Self::Known)
    }

    /// The name of the value in the API of AWS.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known.as_str(),
            Self::Other(name) => name,
        }
    }
}

impl<T: AwsName> fmt::Display for OpenEnum<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use reconcile_spec::{LockMode, ObjectOwnership, StorageClass};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_its_name_in_json_whether_it_is_known_or_not() {
        fn check<T: AwsName + Serialize + for<'d> Deserialize<'d> + fmt::Debug>() {
            let known = T::ALL.iter().map(|value| (value.as_str(), OpenEnum::Known(*value)));
            for (name, value) in known.chain([("NEW", OpenEnum::Other("NEW".to_owned()))]) {
                assert_eq!(serde_json::to_value(&value).unwrap(), json!(name));
                assert_eq!(serde_json::from_value::<OpenEnum<T>>(json!(name)).unwrap(), value);
                assert_eq!((OpenEnum::of(name), value.to_string()), (value, name.to_owned()));
            }
        }
        check::<StorageClass>();
        check::<LockMode>();
        check::<ObjectOwnership>();
    }
}
