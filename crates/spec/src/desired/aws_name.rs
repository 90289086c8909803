//! Values that AWS names.

/// A value that AWS names.
pub trait AwsName: Copy + PartialEq + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The name of the value in the API of AWS.
    fn as_str(self) -> &'static str;
}

/// Makes an enum of values with their names in the API of AWS.
macro_rules! aws_names {
    ($(#[$about:meta])* $values:ident { $($(#[$doc:meta])* $value:ident $name:literal,)* }) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            schemars::JsonSchema,
        )]
        pub enum $values {
            $($(#[$doc])* #[serde(rename = $name)] $value,)*
        }

        impl $crate::desired::AwsName for $values {
            const ALL: &'static [Self] = &[$(Self::$value),*];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }
        }
    };
}
pub(crate) use aws_names;
