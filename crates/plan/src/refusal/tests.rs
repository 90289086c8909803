use reconcile_policy::{Sizes, StatementForm};

use super::*;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Returns the refusal after another one, or the first refusal for `None`. Covers each variant and
/// each branch of a hint. A new variant does not compile until it has a place here.
fn next(last: Option<&Refusal>) -> Option<Refusal> {
    let trail = || address("trail/production/Trail");
    let bucket = || address("bucket_policy/security/logs");
    let key = || address("key_policy/security/logs");
    let too_large = |address, obstacle| {
        let sizes = Sizes { managed: 15000, foreign: 6000, frame: 40 };
        let error = TooLarge { limit: 20480, form: StatementForm::ByAccount, sizes, obstacle };
        Refusal::TooLarge { address, error }
    };
    let other = |address, owner: &str| Refusal::OtherInstallation {
        address,
        more: vec![trail()],
        owner: owner.to_owned(),
        name: "audit".to_owned(),
    };
    let deleted = |setting| Refusal::DeletedPrincipal {
        address: bucket(),
        statement: "statement `Auditors`".to_owned(),
        ids: vec!["AROAEXAMPLEEXAMPLE12".to_owned()],
        setting,
    };
    let undeliverable = |hint: Option<&str>| Refusal::Undeliverable {
        address: trail(),
        policy: bucket(),
        obstacle: "CloudTrail is not allowed to write log files: no statement allows anything".to_owned(),
        hint: hint.map(str::to_owned),
    };
    Some(match last {
        None => Refusal::Blocked {
            policy: bucket(),
            statement: "statement `DenyAll`".to_owned(),
            text: "{\"Effect\":\"Deny\",…}".to_owned(),
            obstacle: "CloudTrail is not allowed to write log files: denied by statement `DenyAll`"
                .to_owned(),
            addresses: vec![trail(), address("trail/staging/Trail")],
        },
        Some(Refusal::Blocked { .. }) => {
            undeliverable(Some("allow `cloudtrail.amazonaws.com` `s3:PutObject`"))
        }
        Some(Refusal::Undeliverable { hint: Some(_), .. }) => undeliverable(None),
        Some(Refusal::Undeliverable { hint: None, .. }) => other(trail(), "secprod"),
        Some(Refusal::OtherInstallation { owner, .. }) if owner == "secprod" => other(trail(), "Not A Name"),
        Some(Refusal::OtherInstallation { .. }) => {
            Refusal::LockedOut { address: key(), setting: "key.policy.proof" }
        }
        Some(Refusal::LockedOut { .. }) => Refusal::EmptyPolicy { address: key() },
        Some(Refusal::EmptyPolicy { .. }) => deleted(Some("bucket.policy.deleted_principals")),
        Some(Refusal::DeletedPrincipal { setting: Some(_), .. }) => deleted(None),
        Some(Refusal::DeletedPrincipal { setting: None, .. }) => {
            Refusal::PublicStatement { address: bucket(), statements: "statement `Downloads`".to_owned() }
        }
        Some(Refusal::PublicStatement { .. }) => Refusal::RequesterPays {
            address: address("bucket/security/logs"),
            bucket: "logs".to_owned(),
            trails: vec![trail()],
        },
        Some(Refusal::RequesterPays { .. }) => Refusal::KeyUnusable {
            address: address("key/security/logs"),
            arn: "arn:aws:kms:us-east-1:111111111111:key/1".parse().unwrap(),
            obstacle: "is disabled".to_owned(),
            hint: "run `aws kms enable-key …`, then plan again".to_owned(),
            resources: vec![trail()],
        },
        Some(Refusal::KeyUnusable { .. }) => Refusal::AliasElsewhere {
            address: address("alias/security/logs"),
            target: "arn:aws:kms:us-east-1:111111111111:key/2".parse().unwrap(),
            in_use: "arn:aws:kms:us-east-1:111111111111:key/1".parse().unwrap(),
        },
        Some(Refusal::AliasElsewhere { .. }) => too_large(bucket(), None),
        Some(Refusal::TooLarge { error: TooLarge { obstacle: None, .. }, .. }) => {
            too_large(bucket(), Some(Obstacle::OldVersion))
        }
        Some(Refusal::TooLarge { error: TooLarge { obstacle: Some(Obstacle::OldVersion), .. }, .. }) => {
            too_large(key(), Some(Obstacle::NoOrganization))
        }
        Some(Refusal::TooLarge {
            error: TooLarge { obstacle: Some(Obstacle::NoOrganization), .. }, ..
        }) => too_large(key(), Some(Obstacle::Refused(StatementForm::ByOrganization))),
        Some(Refusal::TooLarge { error: TooLarge { obstacle: Some(Obstacle::Refused(_)), .. }, .. }) => {
            return None;
        }
    })
}

#[test]
fn the_wording_of_every_refusal_is_reviewed() {
    let all = std::iter::successors(next(None), |last| next(Some(last)));
    let text: Vec<String> = all.map(|it| format!("[{}] {it}\n  hint: {}\n", it.code(), it.hint())).collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("refusals", text.join("\n"));
    });
}
