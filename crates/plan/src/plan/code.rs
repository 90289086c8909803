//! The codes of warnings and refusals.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes an enum of stable names.
macro_rules! codes {
    ($(#[$about:meta])* $codes:ident { $($(#[$doc:meta])* $code:ident $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $codes {
            $($(#[$doc])* #[serde(rename = $name)] $code,)*
            /// A code that a later version of reconcile wrote into a saved plan.
            #[serde(untagged)]
            Other(Box<str>),
        }

        impl $codes {
            /// Every code of this version.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name of the code.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$code => $name,)*
                    Self::Other(name) => name,
                }
            }
        }

        impl fmt::Display for $codes {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

codes! {
    /// The code of a warning, which programs match.
    WarningCode {
        /// A foreign statement still allows CloudTrail to act for an account that is not in the
        /// spec.
        UnlistedAccount "unlisted-account",
        /// It is unknown whether a trail can deliver.
        DeliveryUnknown "delivery-unknown",
        /// A statement denies delivery, and the spec accepts this.
        DeliveryDenied "delivery-denied",
        /// No statement allows delivery, and the spec accepts this.
        DeliveryNotAllowed "delivery-not-allowed",
        /// AWS refuses to deliver log files.
        RefusedLogFiles "refused-log-files",
        /// AWS refuses to deliver digest files.
        RefusedDigestFiles "refused-digest-files",
        /// AWS refuses to deliver events to the log group.
        RefusedEvents "refused-events",
        /// AWS refuses to deliver notifications.
        RefusedNotifications "refused-notifications",
        /// A trail that is logging delivered nothing for too long.
        NothingDelivered "nothing-delivered",
        /// It is unknown whether anybody could still change the key policy.
        AdministrationUnknown "administration-unknown",
        /// Nobody could change the key policy, and the spec accepts this.
        LockedOut "locked-out",
        /// The bucket policy denies, or may deny, the current caller.
        CallerDenied "caller-denied",
        /// A foreign statement still gives a permission that the managed statements do not cover.
        KeptPermission "kept-permission",
        /// A trail that is not in the spec relies on a policy.
        UnlistedTrail "unlisted-trail",
        /// The removal of a foreign statement takes a permission from trails.
        CutsOff "cuts-off",
        /// A destroy hands permissions over to unmanaged statements.
        HandedOver "handed-over",
        /// A statement does not belong to this installation.
        ForeignStatement "foreign-statement",
        /// Outsiders have access of critical severity.
        ExposureCritical "exposure-critical",
        /// Outsiders have access of high severity.
        ExposureHigh "exposure-high",
        /// Outsiders have access of medium severity.
        ExposureMedium "exposure-medium",
        /// Outsiders have access of low severity.
        ExposureLow "exposure-low",
        /// The policy of a topic by ARN cannot be read.
        UnjudgedPolicy "unjudged-policy",
        /// The account of the bucket is the management account of the organization.
        ManagementAccount "management-account",
        /// The home Region of a trail is disabled by default.
        OptInRegion "opt-in-region",
        /// Nothing records who reads, deletes or overwrites log files.
        UnloggedAccess "unlogged-access",
        /// `reviewed` accepts a finding or a caution.
        Reviewed "reviewed",
        /// An entry under `reviewed` matches no finding.
        UnusedReview "unused-review",
        /// A managed statement names a trail of an account that is not in the spec.
        DepartedAccount "departed-account",
        /// Statements of another installation allow a trail of the spec to deliver.
        OtherInstallation "other-installation",
        /// `organization.include` adds no account.
        NobodyJoins "nobody-joins",
        /// A trail of the spec records no management events.
        NoManagementEvents "no-management-events",
        /// CloudTrail does not report whether a trail records its own deliveries.
        RecursiveLoggingUnknown "recursive-logging-unknown",
        /// Insights of a category that the spec does not name are kept.
        InsightsKept "insights-kept",
        /// Accounts of the organization are not active, and get no trails.
        SuspendedAccount "suspended-account",
        /// A change of a setting cannot be undone.
        Irreversible "irreversible",
        /// A managed resource is no longer wanted, and is kept.
        Kept "kept",
        /// A managed resource is no longer wanted, and is kept because others use it.
        InUse "in-use",
        /// The quota allows no further trail in the Region.
        TrailQuota "trail-quota",
        /// The quota allows no further delegated administrator.
        AdministratorQuota "administrator-quota",
        /// A key has the tag of the installation, but is not the key in use.
        SpareKey "spare-key",
        /// A key that has the tag of the installation, but is not the key in use, will be deleted
        /// or cannot be used.
        SpareKeyEnds "spare-key-ends",
        /// The keys of the account cannot be listed.
        KeysUnknown "keys-unknown",
        /// The rotation of the primary key differs from the spec.
        PrimaryRotation "primary-rotation",
        /// The imported material of the key expires.
        MaterialExpires "material-expires",
        /// KMS does not rotate the key automatically.
        NoRotation "no-rotation",
        /// KMS reports the grantee of a grant by its unique ID.
        GranteeById "grantee-by-id",
        /// The key policy still allows the use of the key for a resource that is not in the spec.
        StillEncrypted "still-encrypted",
        /// Others publish to a topic that will be encrypted.
        TopicPublishers "topic-publishers",
        /// The alarms notify nobody, or may notify nobody.
        AlarmTopic "alarm-topic",
        /// A permission or a resource is kept while something cannot be read.
        Withheld "withheld",
        /// The plan leaves out a setting of the spec.
        WithheldSetting "withheld-setting",
        /// S3 counts, or may count, a statement as public.
        PublicStatement "public-statement",
        /// A setting of the bucket on which delivery depends cannot be read.
        UnreadableSetting "unreadable-setting",
        /// A setting through which others may have access cannot be read.
        UnreadableAccess "unreadable-access",
        /// A setting through which outsiders may learn names of log files cannot be read.
        UnreadableNames "unreadable-names",
        /// A resource that may belong to this installation cannot be read.
        Hidden "hidden",
        /// A live policy contains a JSON key twice.
        PolicyRepeatedKey "policy-repeated-key",
        /// A live policy has a statement without effect.
        PolicyNoEffect "policy-no-effect",
        /// A live policy names a principal that does not resolve.
        PolicyUnresolvedPrincipal "policy-unresolved-principal",
    }
}

codes! {
    /// The code of a refusal, which programs match.
    RefusalCode {
        /// A foreign statement blocks the delivery.
        Blocked "blocked",
        /// No statement allows the delivery.
        Undeliverable "undeliverable",
        /// Another installation manages trails of the spec.
        OtherInstallation "other-installation",
        /// Nobody could change the key policy any more.
        LockedOut "locked-out",
        /// A key policy without statements, which KMS rejects.
        EmptyPolicy "empty-policy",
        /// The policy names a principal that was deleted.
        DeletedPrincipal "deleted-principal",
        /// The policy has a public statement while Block Public Access is on.
        PublicStatement "public-statement",
        /// CloudTrail does not deliver to a Requester Pays bucket.
        RequesterPays "requester-pays",
        /// CloudTrail cannot encrypt with the key.
        KeyUnusable "key-unusable",
        /// The alias of the spec points to another key.
        AliasElsewhere "alias-elsewhere",
        /// The policy is larger than the limit of AWS.
        TooLarge "too-large",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_code_is_in_the_book() {
        let page = include_str!("../../../../docs/src/reference/json.md");
        let (refusals, warnings) = page.split_once("## Codes of warnings").unwrap();
        for code in WarningCode::ALL {
            assert!(warnings.contains(&format!("`{code}`")), "{code} is not on the page");
        }
        for code in RefusalCode::ALL {
            assert!(refusals.contains(&format!("\n| `{code}` |")), "{code} is not on the page");
        }
    }

    #[test]
    fn a_code_is_its_name_in_json() {
        for code in WarningCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), json!(code.as_str()));
            assert_eq!(serde_json::from_value::<WarningCode>(json!(code.as_str())).unwrap(), *code);
        }
        let later: WarningCode = serde_json::from_value(json!("of-a-later-version")).unwrap();
        assert_eq!(later, WarningCode::Other("of-a-later-version".into()));
        assert_eq!(serde_json::to_value(&later).unwrap(), json!("of-a-later-version"));
    }
}
