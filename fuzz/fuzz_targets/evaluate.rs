//! Two documents, a line between them: evaluation never panics, and what one covers of the other it
//! allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reconcile_policy::{Document, Request, covers, equivalent, evaluate};

fuzz_target!(|text: &str| {
    let Some((a, b)) = text.split_once('\n') else { return };
    let (Ok(a), Ok(b)) = (a.parse::<Document>(), b.parse::<Document>()) else { return };
    let (covers, equivalent) = (covers(&a, &b), equivalent(&a, &b));
    for resource in ["arn:aws:s3:::logs/AWSLogs/111111111111/x", "arn:aws:s3:::logs", "*"] {
        let by_service = Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", resource);
        let role = "arn:aws:iam::111111111111:role/A".parse().expect("an ARN");
        for request in [
            by_service.clone().with("aws:SourceAccount", "111111111111").with("s3:x-amz-acl", "x"),
            by_service.with_each("aws:TagKeys", ["a", "b"]),
            Request::by_principal(&role, "kms:Decrypt", resource),
            Request::by_anybody("s3:GetObject", resource),
        ] {
            let (by_a, by_b) = (evaluate(&a, &request), evaluate(&b, &request));
            assert!(!covers || !by_b.is_allowed() || by_a.is_allowed(), "{request:?}");
            assert!(!equivalent || by_a.is_allowed() == by_b.is_allowed(), "{request:?}");
        }
    }
});
