//! The kinds of errors of a command.

/// Generates the codes and the list of all codes.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $name:literal,)*) => {
        /// The code of an error of a command. Codes do not change between versions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])* $code,)*
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name of the code.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    /// The arguments are wrong.
    Usage "usage",
    /// No resource of the spec matches an address.
    UnknownAddress "unknown-address",
    /// A file cannot be read or written.
    File "file",
    /// The spec has problems.
    Spec "spec",
    /// A saved plan cannot be applied.
    Plan "plan",
    /// AWS does not accept the credentials, or there are no credentials.
    Credentials "credentials",
    /// Live state cannot be read.
    Read "read",
    /// An installation cannot be described as a spec.
    Import "import",
    /// A signal ended the command.
    Interrupted "interrupted",
    /// Another apply holds the lock.
    Locked "locked",
    /// The lock cannot be acquired or read.
    Lock "lock",
    /// The sandbox cannot be used.
    Sandbox "sandbox",
    /// The journal cannot be written.
    Journal "journal",
    /// The state that `watch` keeps cannot be used.
    State "state",
    /// The program cannot start, or has a fault.
    Internal "internal",
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_book_and_the_schema_have_every_code() {
        let page = include_str!("../../../../docs/src/reference/json.md");
        let schema = include_str!("../../../../docs/src/reference/schemas/error.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(schema["$defs"]["error"]["properties"]["code"]["enum"], json!(codes));
        let table = page.split("| `code` | meaning |").nth(1).unwrap().split("\n\n").next().unwrap();
        let rows: Vec<&str> = table.lines().skip(2).filter_map(|line| line.split('`').nth(1)).collect();
        assert_eq!(rows, codes);
    }
}
