//! Tests the choice of a form for a number of accounts, and that every form isolates the accounts.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{
    AccountFilter, Arn, BucketIntent, Choice, Delivery, Document, FitInput, Fitted, Intent, KeyIntent,
    Membership, Merged, Obstacle, OrganizationTrail, Ownership, Partition, PolicyKind, Request, Statement,
    StatementForm, TooLarge, TopicIntent, evaluate, fit,
};
use serde_json::json;

const BUCKET_LIMIT: usize = 20_480;
const KEY_LIMIT: usize = 32_768;
/// The limit of 30 KB: see "Amazon SNS API permissions: Actions and resources reference", policy
/// quotas.
const TOPIC_LIMIT: usize = 30_720;
const ORGANIZATION: &str = "o-exampleorgid";

fn account(number: usize) -> String {
    format!("{:012}", 100_000_000_000 + number)
}

fn trail(account: &str) -> Arn {
    format!("arn:aws:cloudtrail:us-east-1:{account}:trail/SecurityTrail").parse().unwrap()
}

fn ownership() -> Ownership {
    Ownership::of("secprod")
}

fn bucket(accounts: std::ops::Range<usize>, organization: bool) -> BucketIntent {
    BucketIntent {
        trails: accounts.map(|number| trail(&account(number))).collect(),
        organization: organization.then(|| ORGANIZATION.to_owned()),
        ..BucketIntent::new(Partition::Aws, "secprod-multiaccount-logs")
    }
}

fn key(accounts: usize, organization: bool) -> KeyIntent {
    KeyIntent {
        partition: Partition::Aws,
        administrators: vec!["arn:aws:iam::111111111111:root".parse().unwrap()],
        trails: (0..accounts).map(|number| trail(&account(number))).collect(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        topics: Vec::new(),
        log_groups: Vec::new(),
        organization: organization.then(|| ORGANIZATION.to_owned()),
        readers: Vec::new(),
        extra: Vec::new(),
    }
}

/// The inputs for a choice, and the accounts that can test a form.
#[derive(Default)]
struct Chosen {
    choice: Choice,
    triers: Vec<String>,
}

fn fit_bucket(live: Option<&Document>, intent: &BucketIntent) -> Result<Fitted, TooLarge> {
    choose_bucket(live, intent, &Chosen::default())
}

fn choose_bucket(
    live: Option<&Document>,
    intent: &BucketIntent,
    choice: &Chosen,
) -> Result<Fitted, TooLarge> {
    let (ownership, accounts) = (&ownership(), &intent.accounts());
    let input = FitInput { live, ownership, limit: BUCKET_LIMIT, accounts, choice: &choice.choice };
    let compile = |form: StatementForm, only: AccountFilter<'_>| intent.compile_for(ownership, form, only);
    fit(input, compile, |merged: Merged| merged, || choice.triers.clone())
}

fn fit_key(intent: &KeyIntent) -> Result<Fitted, TooLarge> {
    choose_key(None, intent, &Chosen::default())
}

fn choose_key(live: Option<&Document>, intent: &KeyIntent, choice: &Chosen) -> Result<Fitted, TooLarge> {
    let (ownership, accounts) = (&ownership(), &intent.accounts());
    let input = FitInput { live, ownership, limit: KEY_LIMIT, accounts, choice: &choice.choice };
    let compile = |form: StatementForm, only: AccountFilter<'_>| intent.compile_for(ownership, form, only);
    fit(input, compile, |merged: Merged| merged, || choice.triers.clone())
}

fn choose_topic(live: Option<&Document>, intent: &TopicIntent, choice: &Chosen) -> Result<Fitted, TooLarge> {
    let (ownership, accounts) = (&ownership(), &intent.accounts());
    let input = FitInput { live, ownership, limit: TOPIC_LIMIT, accounts, choice: &choice.choice };
    let compile = |form: StatementForm, only: AccountFilter<'_>| intent.compile_for(ownership, form, only);
    fit(input, compile, |merged: Merged| merged, || choice.triers.clone())
}

/// Returns the request with which a trail of account `of` writes below the prefix of account
/// `below`.
fn write(of: &str, below: &str) -> Request {
    let object = format!("arn:aws:s3:::secprod-multiaccount-logs/AWSLogs/{below}/CloudTrail/us-east-1/x");
    Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", &object)
        .with("aws:SourceArn", trail(of).as_str())
        .with("aws:SourceAccount", of)
        .with("aws:SourceOrgID", ORGANIZATION)
        .with("s3:x-amz-acl", "bucket-owner-full-control")
}

fn data_key(of: &str, context_of: &str) -> Request {
    Request::by_service("cloudtrail.amazonaws.com", "kms:GenerateDataKey", "arn:aws:kms:us-east-1:1:key/k")
        .with("aws:SourceArn", trail(of).as_str())
        .with("aws:SourceAccount", of)
        .with("aws:SourceOrgID", ORGANIZATION)
        .with("kms:EncryptionContext:aws:cloudtrail:arn", trail(context_of).as_str())
}

fn allows(document: &Document, request: &Request) -> bool {
    evaluate(document, request).is_allowed()
}

const STRANGER: &str = "999999999999";

#[test]
fn the_first_form_that_fits_is_used_and_isolates_every_account() {
    for (count, organization, in_bucket, in_key) in [
        (1, false, (StatementForm::Plain, 913), (StatementForm::Plain, 1_131)),
        (80, false, (StatementForm::Plain, 16_087), (StatementForm::Plain, 23_261)),
        (95, false, (StatementForm::Plain, 18_967), (StatementForm::Plain, 27_461)),
        (110, false, (StatementForm::ByAccount, 2_578), (StatementForm::Plain, 31_661)),
        (500, false, (StatementForm::ByAccount, 8_428), (StatementForm::ByAccount, 8_313)),
        (1_200, false, (StatementForm::ByAccount, 18_928), (StatementForm::ByAccount, 18_813)),
        (5_000, true, (StatementForm::ByOrganization, 941), (StatementForm::ByOrganization, 826)),
    ] {
        let bucket = fit_bucket(None, &bucket(0..count, organization)).unwrap();
        let key = fit_key(&key(count, organization)).unwrap();
        assert_eq!((bucket.form, bucket.merged.contracted.size()), in_bucket, "{count} accounts");
        assert_eq!((key.form, key.merged.contracted.size()), in_key, "{count} accounts");
        let (bucket, key) = (&bucket.merged.contracted, &key.merged.contracted);
        assert!(bucket.size() <= BUCKET_LIMIT && key.size() <= KEY_LIMIT, "{count} accounts");

        for number in [0, count / 2, count - 1] {
            let own = account(number);
            let delivery = Delivery {
                trail: trail(&own),
                bucket: "arn:aws:s3:::secprod-multiaccount-logs".parse().unwrap(),
                prefix: None,
                key: Some("arn:aws:kms:us-east-1:1:key/k".to_owned().into()),
                bucket_key: true,
                topic: None,
                topic_key: None,
                digests: true,
                organization: Membership::In { id: ORGANIZATION.to_owned(), path: None },
                organization_trail: false,
                owner: None,
            };
            for (hop, request) in delivery.requests() {
                let policy = if hop.policy() == PolicyKind::Bucket { bucket } else { key };
                assert!(allows(policy, &request), "{count} accounts: {own} {hop}");
            }
            // In the plain form, which AWS documents, the listed accounts are trusted not to write
            // for each other.
            if count > 1 && in_bucket.0 != StatementForm::Plain {
                let other = account((number + 1) % count);
                assert!(!allows(bucket, &write(&own, &other)), "{count} accounts: {own} writes as {other}");
            }
            if count > 1 && in_key.0 != StatementForm::Plain {
                let other = account((number + 1) % count);
                assert!(!allows(key, &data_key(&own, &other)), "{count} accounts: {own} encrypts as {other}");
            }
            let stranger = write(STRANGER, &own).with("aws:SourceOrgID", "o-stranger");
            assert!(!allows(bucket, &stranger), "{count} accounts: a stranger writes as {own}");
            let stranger = data_key(STRANGER, &own).with("aws:SourceOrgID", "o-stranger");
            assert!(!allows(key, &stranger), "{count} accounts: a stranger encrypts as {own}");
        }
        let stranger = write(STRANGER, STRANGER).with("aws:SourceOrgID", "o-stranger");
        assert!(!allows(bucket, &stranger), "{count} accounts: a stranger writes");
        assert!(!allows(bucket, &stranger.without("aws:SourceOrgID")), "{count} accounts: a stranger writes");
        let stranger = data_key(STRANGER, STRANGER).without("aws:SourceOrgID");
        assert!(!allows(key, &stranger), "{count} accounts: a stranger encrypts");
    }
}

#[test]
fn only_the_organization_trail_writes_below_the_organization_prefix() {
    let usual = bucket(0..3, true);
    let management =
        OrganizationTrail { trail: usual.trails[0].clone(), organization: ORGANIZATION.to_owned() };
    let intent = BucketIntent { organization_trails: vec![management], ..usual };
    for form in StatementForm::ALL {
        let policy = Document::new(intent.compile(&ownership(), form).unwrap());
        for below in [ORGANIZATION.to_owned(), format!("{ORGANIZATION}/{}", account(1))] {
            assert!(allows(&policy, &write(&account(0), &below)), "{form}: {below}");
            for other in [&account(1), &account(2), STRANGER] {
                assert!(!allows(&policy, &write(other, &below)), "{form}: {other} writes below {below}");
            }
            // Another trail of the management account cannot write there either.
            let write = write(&account(0), &below);
            let another = trail(&account(0)).to_string().replace("SecurityTrail", "Another");
            assert!(!allows(&policy, &write.with("aws:SourceArn", &another)), "{form}: {below}");
        }
        assert!(!allows(&policy, &write(&account(0), "o-other")), "{form}: another organization");
        for number in 0..3 {
            let own = account(number);
            assert!(allows(&policy, &write(&own, &own)), "{form}: {own} writes its own");
        }
    }
}

fn topic(accounts: usize) -> TopicIntent {
    TopicIntent {
        topic: "arn:aws:sns:us-east-1:111111111111:trails".parse().unwrap(),
        trails: (0..accounts).map(|number| trail(&account(number))).collect(),
    }
}

fn publish(of: &str) -> Request {
    Request::by_service(
        "cloudtrail.amazonaws.com",
        "sns:Publish",
        "arn:aws:sns:us-east-1:111111111111:trails",
    )
    .with("aws:SourceArn", trail(of).as_str())
    .with("aws:SourceAccount", of)
    .with("aws:SourceOrgID", ORGANIZATION)
}

#[test]
fn a_topic_policy_fits_and_allows_no_other_account_to_publish() {
    // SNS created the policy as a document of version 2008-10-17, and every form keeps this
    // version.
    let live: Document = json!({
        "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
            "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "SNS:Subscribe",
            "Resource": "*", "Condition": { "StringLike": { "AWS:SourceOwner": "${example}" } },
        }],
    })
    .to_string()
    .parse()
    .unwrap();
    let fit_topic =
        |live: Option<&Document>, intent: &TopicIntent| choose_topic(live, intent, &Chosen::default());
    for (count, form, size) in [
        (1, StatementForm::Plain, 324),
        (475, StatementForm::Plain, 30_662),
        (476, StatementForm::ByAccount, 7_487),
        (2_000, StatementForm::ByAccount, 30_347),
    ] {
        let fitted = fit_topic(None, &topic(count)).unwrap();
        let policy = &fitted.merged.contracted;
        assert_eq!((fitted.form, policy.size()), (form, size), "{count} accounts");
        assert_eq!(StatementForm::of(policy, &ownership()), Some(form), "{count} accounts");
        for number in [0, count / 2, count - 1] {
            assert!(allows(policy, &publish(&account(number))), "{count} accounts: {number}");
        }
        assert!(!allows(policy, &publish(STRANGER)), "{count} accounts");
        assert!(!allows(policy, &publish(&account(count))), "{count} accounts");
    }
    let beside = fit_topic(Some(&live), &topic(1_000)).unwrap();
    assert_eq!(
        (beside.form, beside.merged.contracted.version()),
        (StatementForm::ByAccount, Some("2008-10-17"))
    );
    let refused = fit_topic(None, &topic(3_000)).unwrap_err();
    assert_eq!((refused.form, refused.limit), (StatementForm::ByAccount, TOPIC_LIMIT));
}

#[test]
fn a_policy_that_fits_in_no_form_is_reported_with_its_size() {
    let refused = fit_bucket(None, &bucket(0..5_000, false)).unwrap_err();
    assert_eq!((refused.form, refused.limit), (StatementForm::ByAccount, BUCKET_LIMIT));
    assert_eq!(refused.obstacle, Some(Obstacle::NoOrganization));
    assert!(refused.sizes.managed > 75_000, "{refused}");
    assert_eq!(refused.sizes.foreign, 0);
    let told = refused.to_string();
    assert!(told.contains("20480") && told.contains(&refused.sizes.managed.to_string()), "{told}");
}

fn foreign(bytes: usize) -> Statement {
    let statement = json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "444444444444" }, "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::secprod-multiaccount-logs/{}", "x".repeat(bytes)),
    });
    Statement::from_value(statement).unwrap()
}

fn live(intent: &BucketIntent, form: StatementForm, theirs: &[Statement]) -> Document {
    let ours = intent.compile(&ownership(), form).unwrap();
    Document::new(ours.into_iter().chain(theirs.iter().cloned()).collect())
}

#[test]
fn foreign_statements_count_and_are_kept() {
    let (intent, theirs) = (bucket(0..40, false), foreign(12_000));
    let live = live(&bucket(0..1, false), StatementForm::Plain, std::slice::from_ref(&theirs));
    let fitted = fit_bucket(Some(&live), &intent).unwrap();
    assert_eq!(fitted.form, StatementForm::ByAccount);
    assert_eq!(fitted.passed_over.len(), 1);
    assert!(fitted.merged.contracted.statements().contains(&theirs));
    let refused = fit_bucket(Some(&live), &bucket(0..800, false)).unwrap_err();
    assert!(refused.sizes.foreign > 12_000, "{refused}");
}

#[test]
fn a_document_near_the_limit_does_not_alternate_between_forms() {
    // As many accounts as fit, then one more, and then fewer, one by one.
    let fits = (1..200).take_while(|count| {
        fit_bucket(None, &bucket(0..*count, false)).unwrap().form == StatementForm::Plain
    });
    let most = fits.last().unwrap();
    let plain = fit_bucket(None, &bucket(0..most, false)).unwrap().merged.contracted;
    let short = fit_bucket(Some(&plain), &bucket(0..most + 1, false)).unwrap();
    assert_eq!(short.form, StatementForm::ByAccount);
    let mut current = short.merged.contracted;
    let mut forms = Vec::new();
    for count in (most - 15..=most).rev() {
        let fitted = fit_bucket(Some(&current), &bucket(0..count, false)).unwrap();
        forms.push(fitted.form);
        current = fitted.merged.contracted;
    }
    assert_eq!(forms[0], StatementForm::ByAccount, "one fewer is not room enough");
    assert_eq!(forms.last(), Some(&StatementForm::Plain), "with room, the plain form comes back");
    assert!(forms.is_sorted_by(|a, b| a >= b), "it changes once: {forms:?}");
}

#[test]
fn a_change_of_form_does_not_need_space_for_both_forms() {
    let before = bucket(0..100, false);
    let live = live(&before, StatementForm::Plain, &[]);
    assert!(live.size() > BUCKET_LIMIT * 9 / 10);
    // Ten accounts are added and one is removed: the long form of 99 accounts does not fit beside
    // the short one.
    let fitted = fit_bucket(Some(&live), &bucket(1..110, false)).unwrap();
    assert_eq!(fitted.form, StatementForm::ByAccount);
    let (expanded, contracted) = (&fitted.merged.expanded, &fitted.merged.contracted);
    assert!(expanded.size() <= BUCKET_LIMIT);
    for number in 0..110 {
        let id = account(number);
        assert!(allows(expanded, &write(&id, &id)), "{id} between");
        assert_eq!(allows(contracted, &write(&id, &id)), number > 0, "{id} after");
    }
    let again = fit_bucket(Some(contracted), &bucket(1..110, false)).unwrap();
    assert!(again.merged.expand().is_none() && again.merged.contract().is_none());
}

#[test]
fn an_expansion_that_does_not_fit_uses_a_shorter_form() {
    let live = live(&bucket(0..80, false), StatementForm::Plain, &[]);
    let fitted = fit_bucket(Some(&live), &bucket(80..160, false)).unwrap();
    assert_eq!(fitted.form, StatementForm::Plain);
    assert!(fitted.merged.expanded.size() <= BUCKET_LIMIT);
    for number in 80..160 {
        let id = account(number);
        assert!(
            allows(&fitted.merged.expanded, &write(&id, &id))
                && allows(&fitted.merged.contracted, &write(&id, &id))
        );
    }
    for number in 0..80 {
        assert!(allows(&fitted.merged.expanded, &write(&account(number), &account(number))));
    }
}

#[test]
fn a_foreign_text_that_would_become_a_variable_keeps_the_plain_form() {
    let with = |resource: &str| -> Document {
        let statement = json!({
            "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource,
        });
        json!({ "Version": "2008-10-17", "Statement": [statement] }).to_string().parse().unwrap()
    };
    let old = with("arn:aws:s3:::secprod-multiaccount-logs/${aws:username}/*");
    let refused = fit_bucket(Some(&old), &bucket(0..110, false)).unwrap_err();
    assert_eq!((refused.form, refused.obstacle), (StatementForm::Plain, Some(Obstacle::OldVersion)));
    assert_eq!(
        fit_bucket(Some(&old), &bucket(0..9, false)).unwrap().merged.contracted.version(),
        Some("2008-10-17")
    );

    let fitted =
        fit_bucket(Some(&with("arn:aws:s3:::secprod-multiaccount-logs/*")), &bucket(0..110, false)).unwrap();
    assert_eq!(fitted.form, StatementForm::ByAccount);
    assert_eq!(fitted.merged.expanded.version(), Some("2012-10-17"));
}

/// Returns the accounts whose requests the document still allows without this key: these accounts
/// do not rely on the key.
fn without(
    document: &Document,
    key: &'static str,
    request: impl Fn(&str) -> Request,
    of: usize,
) -> Vec<usize> {
    let is_allowed = |number: &usize| allows(document, &request(&account(*number)).without(key));
    (0..of).filter(is_allowed).collect()
}

fn triers(numbers: &[usize]) -> Chosen {
    Chosen { triers: numbers.iter().map(|number| account(*number)).collect(), ..Chosen::default() }
}

fn refusing(form: StatementForm) -> Choice {
    Choice { refused: [form].into(), ..Choice::default() }
}

fn except(of: usize, moved: &[usize]) -> Vec<usize> {
    (0..of).filter(|number| !moved.contains(number)).collect()
}

fn numbers(fitted: &Fitted) -> Vec<usize> {
    let accounts = &fitted.first_use.as_ref().unwrap().accounts;
    accounts.iter().map(|id| id.parse::<usize>().unwrap() - 100_000_000_000).collect()
}

#[test]
fn one_account_tests_a_short_form_beside_the_longer_form() {
    let own = |id: &str| write(id, id);
    let before = live(&bucket(0..95, false), StatementForm::Plain, &[]);
    let fitted = choose_bucket(Some(&before), &bucket(0..110, false), &triers(&[7, 8])).unwrap();
    assert_eq!(fitted.form, StatementForm::ByAccount);
    let joining: Vec<usize> = (95..110).collect();
    let moved = [vec![7], joining].concat();
    assert_eq!(numbers(&fitted), moved);
    let (expanded, contracted) = (&fitted.merged.expanded, &fitted.merged.contracted);
    assert!(expanded.size() <= BUCKET_LIMIT);
    assert_eq!(without(expanded, "none", own, 110), (0..110).collect::<Vec<_>>());
    assert_eq!(without(expanded, "aws:SourceAccount", own, 110), except(95, &[7]));
    let look = |id: &str| {
        Request::by_service(
            "cloudtrail.amazonaws.com",
            "s3:GetBucketAcl",
            "arn:aws:s3:::secprod-multiaccount-logs",
        )
        .with("aws:SourceArn", trail(id).as_str())
    };
    assert_eq!(without(expanded, "none", look, 110), (0..110).collect::<Vec<_>>());
    assert_eq!(without(contracted, "aws:SourceAccount", own, 110), Vec::<usize>::new());

    // While the longer form exists, the next plan continues and moves no other account.
    let next = choose_bucket(Some(expanded), &bucket(0..110, false), &triers(&[7, 8])).unwrap();
    assert_eq!((next.merged.expand(), next.merged.contract()), (None, Some(contracted)));
    assert_eq!(numbers(&next), moved);
    let retreat = next.first_use.unwrap().retreat.unwrap();
    assert_eq!(without(&retreat, "aws:SourceAccount", own, 110), (0..95).collect::<Vec<_>>());
    assert!(retreat.size() <= BUCKET_LIMIT);

    let done = choose_bucket(Some(contracted), &bucket(0..110, false), &triers(&[7, 8])).unwrap();
    assert_eq!((done.first_use, done.merged.expand(), done.merged.contract()), (None, None, None));
}

#[test]
fn more_accounts_move_only_if_the_document_would_not_fit() {
    let own = |id: &str| write(id, id);
    let before = live(&bucket(0..102, false), StatementForm::Plain, &[]);
    assert!(before.size() > BUCKET_LIMIT - 200);
    let fitted = choose_bucket(Some(&before), &bucket(0..103, false), &triers(&[50])).unwrap();
    let moved = numbers(&fitted);
    assert!(moved.contains(&50) && moved.len() > 2 && moved.len() < 10, "{moved:?}");
    let expanded = &fitted.merged.expanded;
    assert!(expanded.size() <= BUCKET_LIMIT);
    assert_eq!(without(expanded, "none", own, 103), (0..103).collect::<Vec<_>>());
    assert_eq!(without(expanded, "aws:SourceAccount", own, 103), except(102, &moved));
}

#[test]
fn a_document_of_exactly_the_limit_fits() {
    let (ownership, intent) = (ownership(), bucket(0..20, false));
    let (before, accounts) = (live(&intent, StatementForm::Plain, &[]), intent.accounts());
    let choice = Choice { form: Some(StatementForm::ByAccount), ..Choice::default() };
    let within = |limit: usize| {
        let input = FitInput {
            live: Some(&before),
            ownership: &ownership,
            limit,
            accounts: &accounts,
            choice: &choice,
        };
        let compile =
            |form: StatementForm, only: AccountFilter<'_>| intent.compile_for(&ownership, form, only);
        fit(input, compile, |merged: Merged| merged, || vec![account(7)])
    };
    let free = within(BUCKET_LIMIT).unwrap();
    let (expanded, contracted) = (free.merged.expanded.size(), free.merged.contracted.size());
    for (limit, moved) in
        [(expanded + 1, vec![7]), (expanded, vec![7]), (expanded - 1, vec![0, 7]), (contracted - 1, vec![])]
    {
        let fitted = within(limit);
        assert_eq!(fitted.as_ref().map_or_else(|_| vec![], numbers), moved, "{limit}");
        assert!(fitted.is_ok_and(|it| it.merged.expanded.size() <= limit) || moved.is_empty(), "{limit}");
    }
}

#[test]
fn the_form_by_organization_is_tested_beside_the_form_by_account() {
    let own = |id: &str| write(id, id);
    let before = live(&bucket(0..1_200, true), StatementForm::ByAccount, &[]);
    let intent = bucket(0..1_400, true);
    let fitted = choose_bucket(Some(&before), &intent, &triers(&[3])).unwrap();
    assert_eq!((fitted.form, numbers(&fitted).contains(&3)), (StatementForm::ByOrganization, true));
    let expanded = &fitted.merged.expanded;
    assert!(expanded.size() <= BUCKET_LIMIT);
    assert_eq!(without(expanded, "aws:SourceOrgID", own, 1_400), except(1_200, &numbers(&fitted)));
    assert_eq!(without(expanded, "none", own, 1_400).len(), 1_400);

    // A longer form depends on less, so a return to it needs no test.
    let small = choose_bucket(Some(&fitted.merged.contracted), &bucket(0..500, true), &triers(&[3])).unwrap();
    assert_eq!((small.form, small.first_use), (StatementForm::ByAccount, None));
}

#[test]
fn one_account_also_tests_the_forms_of_key_and_topic_policies() {
    let own = |id: &str| data_key(id, id);
    let before = Document::new(key(300, false).compile(&ownership(), StatementForm::Plain).unwrap());
    let fitted = choose_key(Some(&before), &key(320, false), &triers(&[5])).unwrap();
    let moved = numbers(&fitted);
    assert_eq!((fitted.form, moved.contains(&5)), (StatementForm::ByAccount, true));
    let expanded = &fitted.merged.expanded;
    assert!(expanded.size() <= KEY_LIMIT);
    assert_eq!(without(expanded, "aws:SourceAccount", own, 320), except(300, &moved));
    assert_eq!(without(expanded, "none", own, 320).len(), 320);

    let before = Document::new(topic(450).compile(&ownership(), StatementForm::Plain).unwrap());
    let fitted = choose_topic(Some(&before), &topic(480), &triers(&[5])).unwrap();
    let moved = numbers(&fitted);
    assert_eq!((fitted.form, moved.contains(&5)), (StatementForm::ByAccount, true));
    assert_eq!(without(&fitted.merged.expanded, "aws:SourceAccount", publish, 480), except(450, &moved));
    assert_eq!(without(&fitted.merged.expanded, "none", publish, 480).len(), 480);
}

#[test]
fn without_a_longer_form_every_account_uses_the_short_form_at_once() {
    let fitted = choose_bucket(None, &bucket(0..110, false), &Chosen::default()).unwrap();
    assert_eq!(numbers(&fitted).len(), 110);
    assert!(fitted.merged.contract().is_none());
}

#[test]
fn a_form_that_cloudtrail_refused_is_not_used_again() {
    let (by_account, by_organization) =
        (refusing(StatementForm::ByAccount), refusing(StatementForm::ByOrganization));
    let named = Choice { form: Some(StatementForm::ByAccount), ..by_account.clone() };
    let cases = [
        (
            "the plain form stays where it fits",
            StatementForm::Plain,
            95,
            &by_account,
            Ok(StatementForm::Plain),
        ),
        ("no short form is left", StatementForm::Plain, 110, &by_account, Err(StatementForm::ByAccount)),
        (
            "a shorter form rests on the same",
            StatementForm::Plain,
            5_000,
            &by_account,
            Err(StatementForm::ByAccount),
        ),
        (
            "the form by account stays",
            StatementForm::ByAccount,
            1_200,
            &by_organization,
            Ok(StatementForm::ByAccount),
        ),
        (
            "the organization is not tried again",
            StatementForm::ByAccount,
            1_400,
            &by_organization,
            Err(StatementForm::ByOrganization),
        ),
        (
            "the plain form comes back at once",
            StatementForm::ByAccount,
            97,
            &by_account,
            Ok(StatementForm::Plain),
        ),
        ("the user names the form", StatementForm::Plain, 95, &named, Ok(StatementForm::ByAccount)),
    ];
    for (name, form, accounts, choice, expected) in cases {
        let before = live(&bucket(0..90, true), form, &[]);
        let chosen = Chosen { choice: choice.clone(), ..Chosen::default() };
        let fitted = choose_bucket(Some(&before), &bucket(0..accounts, true), &chosen);
        match (fitted, expected) {
            (Ok(fitted), Ok(form)) => assert_eq!(fitted.form, form, "{name}"),
            (Err(error), Err(form)) => assert_eq!(error.obstacle, Some(Obstacle::Refused(form)), "{name}"),
            (fitted, _) => panic!("{name}: {:?}", fitted.map(|it| it.form)),
        }
    }
}

#[test]
fn the_form_by_organization_needs_an_organization() {
    for (form, organization, expected) in [
        (StatementForm::Plain, false, true),
        (StatementForm::ByAccount, false, true),
        (StatementForm::ByOrganization, false, false),
        (StatementForm::ByOrganization, true, true),
    ] {
        let of_bucket = bucket(0..2, organization).compile(&ownership(), form);
        let of_key = key(2, organization).compile(&ownership(), form);
        assert_eq!((of_bucket.is_some(), of_key.is_some()), (expected, expected), "{form} {organization}");
    }
}
