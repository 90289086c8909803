use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::{NotVisible, TrailDependency};

/// The codes that AWS publishes.
struct Published {
    /// The modeled errors, by service and operation.
    modeled: BTreeMap<(String, String), BTreeSet<String>>,
    /// Codes on pages of the documentation.
    documented: BTreeSet<String>,
}

fn published() -> Published {
    let file: Value = serde_json::from_str(include_str!("../../models/errors.json")).unwrap();
    let texts = |list: &Value| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let mut modeled = BTreeMap::new();
    for (service, operations) in file["operations"].as_object().unwrap() {
        for (operation, codes) in operations.as_object().unwrap() {
            modeled.insert((service.clone(), operation.clone()), texts(codes));
        }
    }
    let documented = file["documented"].as_object().unwrap().values().flat_map(texts).collect();
    Published { modeled, documented }
}

/// The service of the operation, and its name in AWS.
fn aws_name(operation: Operation) -> (String, String) {
    use Operation as Op;

    let own = format!("{operation:?}");
    let (service, _) = operation.action().split_once(':').unwrap();
    let name = match operation {
        Op::ListAccountTags | Op::ListLogGroupTags | Op::ListTopicTags => "ListTagsForResource",
        Op::ListServiceAccess => "ListAWSServiceAccessForOrganization",
        Op::EnableServiceAccess => "EnableAWSServiceAccess",
        Op::RegisterDelegatedAdministrator => "RegisterOrganizationDelegatedAdmin",
        Op::DescribeOwnOrganization => "DescribeOrganization",
        Op::TagKey | Op::TagLogGroup | Op::TagTopic => "TagResource",
        Op::ReadExistingTopic | Op::ReadAlarmTopic => "GetTopicAttributes",
        Op::DescribeUsedKey => "DescribeKey",
        Op::GetUsedKeyPolicy => "GetKeyPolicy",
        Op::ReadLock | Op::ReadLogFile => "GetObject",
        Op::ListLogFiles => "ListObjectsV2",
        Op::TakeLock | Op::RenewLock => "PutObject",
        Op::ReleaseLock => "DeleteObject",
        _ => &own,
    };
    (service.to_owned(), name.to_owned())
}

#[test]
fn every_modeled_error_of_every_operation_has_a_row() {
    let published = published();
    for operation in Operation::ALL {
        let codes = published.modeled.get(&aws_name(*operation));
        let codes = codes.unwrap_or_else(|| panic!("models/errors.json lacks {operation:?}"));
        for code in codes {
            let has_row = TABLE.iter().any(|row| row.when == When::Always && row.has(*operation, code));
            assert!(has_row, "{operation:?} can fail with {code}, which the table does not have");
        }
    }
}

#[test]
fn every_documented_code_has_a_row() {
    for code in published().documented {
        let has_row = TABLE
            .iter()
            .any(|row| row.when == When::Always && row.operations.is_empty() && row.codes.contains(&&*code));
        assert!(has_row, "{code}");
    }
}

#[test]
fn no_row_is_for_a_code_that_aws_does_not_publish() {
    let published = published();
    for row in TABLE {
        let operations = if row.operations.is_empty() { Operation::ALL } else { row.operations };
        for code in row.codes {
            let is_modeled = operations.iter().any(|it| published.modeled[&aws_name(*it)].contains(*code));
            assert!(is_modeled || published.documented.contains(*code), "{code} of {row:?}");
        }
    }
}

#[test]
fn no_code_is_in_two_classes() {
    let rows: Vec<&Row> = TABLE.iter().filter(|row| row.when == When::Always).collect();
    let mut codes: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.operations.is_empty()) {
        codes.extend(row.codes);
    }
    let mut unique = codes.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), codes.len());
    for operation in Operation::ALL {
        for code in &unique {
            let own =
                rows.iter().filter(|row| row.operations.contains(operation) && row.codes.contains(code));
            assert!(own.count() <= 1, "{operation:?} {code}");
        }
    }
}

#[test]
fn each_row_is_reached() {
    let region = "eu-south-2".parse().unwrap();
    for row in TABLE {
        let message = match row.when {
            When::Says(words) => words[0],
            When::Always | When::OptIn => "",
        };
        let operations = if row.operations.is_empty() { Operation::ALL } else { row.operations };
        for code in row.codes {
            let is_reached = |it: &Operation| {
                [None, Some(&region)].into_iter().any(|region| {
                    super::row(*it, code, message, region).is_some_and(|found| std::ptr::eq(found, row))
                })
            };
            assert!(operations.iter().any(is_reached), "{code} of {row:?}");
        }
    }
}

#[test]
fn the_code_and_the_operation_decide() {
    use Operation as Op;

    for (operation, code, class) in [
        (Op::GetBucketPolicy, Some("NoSuchBucketPolicy"), Class::Absent),
        (Op::GetBucketPolicy, Some("NoSuchBucket"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::GetBucketVersioning, Some("NoSuchBucket"), Class::Absent),
        (Op::GetBucketTagging, Some("NotFound"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::DescribeKey, Some("NotFoundException"), Class::Absent),
        (Op::GetKeyPolicy, Some("NotFoundException"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::GetTrailStatus, Some("TrailNotFoundException"), Class::Absent),
        (Op::DescribeTrails, Some("TrailNotFoundException"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::GetRole, Some("AccessDeniedException"), Class::Denied),
        (Op::GetRole, Some("SlowDown"), Class::Throttled),
        (Op::CreateRole, Some("EntityAlreadyExists"), Class::Conflict),
        // These codes have the HTTP status of a conflict.
        (Op::CreateRole, Some("LimitExceeded"), Class::LimitReached),
        (Op::CreateKey, Some("LimitExceededException"), Class::LimitReached),
        (Op::CreateTrail, Some("MaximumNumberOfTrailsExceededException"), Class::LimitReached),
        (Op::CreateBucket, Some("TooManyBuckets"), Class::LimitReached),
        // These codes have the HTTP status of a denial.
        (Op::CreateTopic, Some("TopicLimitExceeded"), Class::LimitReached),
        (Op::GetBucketPolicy, Some("RequestTimeTooSkewed"), Class::Clock),
        (Op::CreateBucket, Some("BucketAlreadyOwnedByYou"), Class::Conflict),
        (Op::CreateBucket, Some("BucketAlreadyExists"), Class::Refused),
        (Op::CreateTrail, Some("ConflictException"), Class::Busy),
        (
            Op::CreateTrail,
            Some("InsufficientS3BucketPolicyException"),
            Class::NotYetSeen(NotVisible::Delivery(TrailDependency::BucketPolicy)),
        ),
        (Op::GetRole, Some("ExpiredToken"), Class::Credentials),
        (Op::AssumeRole, Some("RegionDisabledException"), Class::RegionNotEnabled),
        (Op::PutBucketPolicy, Some("MalformedPolicy"), Class::Refused),
        (Op::TakeLock, Some("ConditionalRequestConflict"), Class::Conflict),
        (Op::TakeLock, Some("NoSuchBucket"), Class::Absent),
        (Op::RenewLock, Some("NoSuchKey"), Class::Absent),
        (Op::RenewLock, Some("PreconditionFailed"), Class::Conflict),
        (Op::ReleaseLock, Some("NoSuchKey"), Class::Absent),
        (Op::ReadLogFile, Some("NoSuchKey"), Class::Absent),
        (Op::ReadLogFile, Some("NoSuchBucket"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::ListLogFiles, Some("NoSuchBucket"), Class::NotYetSeen(NotVisible::Resource)),
        (Op::GetRole, Some("SomethingNew"), Class::Refused),
        (Op::GetRole, None, Class::Unavailable),
    ] {
        assert_eq!(classify(operation, code, "", None), class, "{operation} {code:?}");
    }
}

#[test]
fn the_message_and_the_region_decide_where_a_code_has_several_meanings() {
    use Operation as Op;

    let late = "Signature expired: 20261126T120000Z is now earlier than 20261126T121500Z (20261126T123000Z - 15 min.)";
    let early = "Signature not yet current: 20261126T124600Z is still later than 20261126T123500Z (20261126T123000Z + 5 min.)";
    let no_principal = "Invalid principal in policy";
    let no_key =
        "The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:…'";
    for (operation, code, message, region, class) in [
        (Op::GetKeyPolicy, "InvalidSignatureException", late, "us-east-1", Class::Clock),
        (Op::GetRole, "SignatureDoesNotMatch", early, "us-east-1", Class::Clock),
        (
            Op::GetRole,
            "SignatureDoesNotMatch",
            "The request signature we calculated …",
            "us-east-1",
            Class::Credentials,
        ),
        (
            Op::PutBucketPolicy,
            "MalformedPolicy",
            no_principal,
            "us-east-1",
            Class::NotYetSeen(NotVisible::Principal),
        ),
        (Op::PutBucketPolicy, "MalformedPolicy", "Invalid policy syntax.", "us-east-1", Class::Refused),
        (
            Op::CreateLogGroup,
            "AccessDeniedException",
            no_key,
            "us-east-1",
            Class::NotYetSeen(NotVisible::Key),
        ),
        (Op::PutRetentionPolicy, "AccessDeniedException", no_key, "us-east-1", Class::Denied),
        (Op::CreateLogGroup, "AccessDeniedException", "not authorized", "us-east-1", Class::Denied),
        (
            Op::EnableServiceAccess,
            "ConstraintViolationException",
            "You have exceeded the number of services.",
            "us-east-1",
            Class::LimitReached,
        ),
        (Op::EnableServiceAccess, "ConstraintViolationException", "", "us-east-1", Class::Refused),
        (Op::DescribeTrails, "UnrecognizedClientException", "", "us-east-1", Class::Credentials),
        (Op::DescribeTrails, "UnrecognizedClientException", "", "eu-south-2", Class::RegionNotEnabled),
        (Op::GetTopicAttributes, "InvalidClientTokenId", "", "ap-east-1", Class::RegionNotEnabled),
        (Op::GetBucketPolicy, "InvalidToken", "", "ap-southeast-4", Class::RegionNotEnabled),
        (Op::GetBucketPolicy, "InvalidAccessKeyId", "", "eu-central-1", Class::Credentials),
        (Op::CreateBucket, "IllegalLocationConstraintException", "", "af-south-1", Class::RegionNotEnabled),
        (Op::GetBucketPolicy, "IllegalLocationConstraintException", "", "af-south-1", Class::Refused),
        // STS is the first service that sees the credentials.
        (Op::GetCallerIdentity, "InvalidClientTokenId", "", "ap-east-1", Class::Credentials),
    ] {
        let region = region.parse().unwrap();
        assert_eq!(
            classify(operation, Some(code), message, Some(&region)),
            class,
            "{operation} {code} {message}"
        );
    }
}

#[test]
fn nothing_is_absent_without_a_code_or_by_a_code_that_nobody_knows() {
    for operation in Operation::ALL {
        for code in [None, Some("SomethingNew"), Some("404"), Some("NoSuchThing"), Some("")] {
            assert_ne!(classify(*operation, code, "", None), Class::Absent, "{operation} {code:?}");
        }
    }
}

#[test]
fn the_wording_of_the_hint_of_every_code_is_reviewed() {
    let of_row = |row: &Row| {
        let operations: Vec<String> = row.operations.iter().map(ToString::to_string).collect();
        let of = if operations.is_empty() { "every operation".to_owned() } else { operations.join(", ") };
        Some(format!("{} ({of})\n  hint: {}\n", row.codes.join(", "), row.hint?))
    };
    let text: Vec<String> = TABLE.iter().filter_map(of_row).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("hints_of_codes", text.join("\n"));
    });
}
