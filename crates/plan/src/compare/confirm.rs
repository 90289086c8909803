//! Finds the trails that CloudTrail must check after a policy is written: the trails that depend on
//! a changed part.

use std::collections::BTreeMap;

use reconcile_policy::{Arn, Delivery, Document, PolicyKind, justification};

use super::CompareContext;
use crate::address::Address;
use crate::delivery::{Policies, desired_delivery, live_delivery, unlisted_delivery};
use crate::kind::Kind;
use crate::plan::{AccountRef, Phase, TrailRef};
use crate::view::OtherTrail;

/// The resource that has a policy.
#[derive(Debug, Clone, Copy)]
pub(super) enum PolicyResource<'a> {
    /// The bucket.
    Bucket,
    /// The key.
    Key,
    /// The topic with this ARN.
    Topic(&'a Arn),
}

/// Returns the trails that can deliver under the new document, and for which the document changes
/// the decision about a request: the request loses a statement that allowed it, is allowed for the
/// first time, or must pass a new Deny. For all other trails, CloudTrail has nothing new to check.
/// A trail that could not deliver before is checked only in a phase that adds permissions, and only
/// if this is the last policy that did not allow the delivery.
pub(super) fn trails(
    context: &CompareContext<'_>,
    subject: PolicyResource<'_>,
    phase: Phase,
    before: Option<&Document>,
    after: Option<&Document>,
) -> Vec<TrailRef> {
    let Some(after) = after else { return Vec::new() };
    let candidates = candidates(context, phase).into_iter();
    let affected =
        candidates.filter(|(_, delivery)| is_affected(context, subject, phase, delivery, before, after));
    affected.map(|(trail, _)| trail).collect()
}

fn is_affected(
    context: &CompareContext<'_>,
    subject: PolicyResource<'_>,
    phase: Phase,
    delivery: &Delivery,
    before: Option<&Document>,
    after: &Document,
) -> bool {
    let mut is_changed = false;
    let is_of_subject = |policy| decides(context, subject, delivery, policy);
    for (_, request) in delivery.requests().iter().filter(|(hop, _)| is_of_subject(hop.policy())) {
        let Some(allowed_after) = justification(after, request) else { return false };
        let allowed_before = before.and_then(|before| justification(before, request));
        if allowed_before.is_none()
            && (phase == Phase::Contract || !is_let_through_elsewhere(context, delivery, is_of_subject))
        {
            return false;
        }
        is_changed |= allowed_before.is_none_or(|before| !allowed_after.keeps(&before));
    }
    is_changed
}

/// Returns whether the other live policies allow the delivery. CloudTrail checks all policies at
/// once. If two policies must change before a trail can deliver, CloudTrail refuses the trail until
/// both are written, and the error does not name the policy.
fn is_let_through_elsewhere(
    context: &CompareContext<'_>,
    delivery: &Delivery,
    is_of_subject: impl Fn(PolicyKind) -> bool,
) -> bool {
    let proofs = Policies::live(context.observed).prove(delivery);
    proofs.iter().filter(|it| !is_of_subject(it.hop.policy())).all(|it| it.decision.is_allowed())
}

/// Returns whether the policy of the subject is the policy of this kind for the delivery. The key
/// can encrypt the log files of a trail, the messages of its topic, or both.
pub(super) fn decides(
    context: &CompareContext<'_>,
    subject: PolicyResource<'_>,
    delivery: &Delivery,
    policy: PolicyKind,
) -> bool {
    match subject {
        PolicyResource::Bucket => policy == PolicyKind::Bucket,
        PolicyResource::Key => {
            let own = context.observed.key.as_ref().map(|hub| &hub.key.arn);
            own.is_some_and(|own| match policy {
                PolicyKind::Key => delivery.key.as_ref().is_some_and(|key| key.is_of(own)),
                PolicyKind::TopicKey => delivery.topic_key.as_ref() == Some(own),
                PolicyKind::Bucket | PolicyKind::Topic => false,
            })
        }
        PolicyResource::Topic(topic) => policy == PolicyKind::Topic && delivery.topic.as_ref() == Some(topic),
    }
}

/// Returns the trails that deliver to the bucket while a policy of this phase is in force, sorted
/// by address. Before the trails change, these are the live trails. After that, these are the
/// trails of the spec. The trail of an account that could not be read is included, because it may
/// exist.
pub(super) fn candidates(context: &CompareContext<'_>, phase: Phase) -> Vec<(TrailRef, Delivery)> {
    let (desired, observed) = (context.desired, context.observed);
    let ours = desired.trails.iter().filter_map(|trail| {
        let live = observed.trails.get(&trail.arn).filter(|_| phase != Phase::Contract);
        let delivery = match live {
            None => desired_delivery(desired, observed, trail),
            Some(Some(live)) if live.bucket == desired.bucket.name.as_str() => {
                live_delivery(desired, observed, live)
            }
            Some(_) => return None,
        };
        Some((trail_ref(context.account(&trail.site.account)?, &trail.arn), delivery))
    });
    let others: BTreeMap<&Arn, &OtherTrail> = if phase == Phase::Contract {
        context.guests().map(|it| (&it.arn, it)).collect()
    } else {
        let live = observed.others.values().flatten();
        live.filter(|it| it.bucket == desired.bucket.name.as_str()).map(|it| (&it.arn, it)).collect()
    };
    let others = others.into_values().filter_map(|other| {
        // CloudTrail updates a trail only for its owner account.
        let accounts = desired.accounts.iter().chain(observed.departed.accounts.iter());
        let mut owners = accounts.filter(|account| account.id.as_str() == other.arn.account());
        let owner = context.account(&owners.next()?.name)?;
        Some((trail_ref(owner, &other.arn), unlisted_delivery(desired, observed, other)))
    });
    let mut candidates: Vec<(TrailRef, Delivery)> = ours.chain(others).collect();
    candidates.sort_by(|(a, _), (b, _)| a.cmp(b));
    candidates.dedup_by(|(a, _), (b, _)| a.arn == b.arn);
    candidates
}

fn trail_ref(account: AccountRef, arn: &Arn) -> TrailRef {
    TrailRef {
        address: Address::new(Kind::Trail, &account.name, arn.resource_name()),
        account,
        arn: arn.clone(),
    }
}

#[cfg(test)]
mod tests {
    use reconcile_policy::{BucketIntent, Guest, Intent, KeyIntent, Ownership, Statement, StatementForm};
    use reconcile_samples::{BUCKET, MASTER, members};
    use reconcile_spec::{Spec, parse};
    use serde_json::json;

    use super::*;
    use crate::observed::{Observed, Stray};
    use crate::view::{KeyRef, Trail};

    const FIRST: &str = "000000000001";
    const SECOND: &str = "000000000002";

    fn spec() -> Spec {
        parse("spec.yaml", members(2).as_bytes()).unwrap()
    }

    fn arn(account: &str, name: &str) -> Arn {
        format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/{name}").parse().unwrap()
    }

    fn live(account: &str, bucket: &str) -> Trail {
        Trail {
            bucket: bucket.to_owned(),
            kms_key: Some(KeyRef::Known("arn:aws:kms:eu-west-1:111111111111:key/other".to_owned().into())),
            ..Trail::plain(arn(account, "Trail"))
        }
    }

    /// Live state with two trails and a guest, in which the second member cannot be read.
    fn observed() -> Observed {
        let mut observed = Observed::default();
        for account in [MASTER, FIRST] {
            observed.trails.insert(arn(account, "Trail"), Some(live(account, BUCKET)));
        }
        let mut guest = OtherTrail::of(&live(FIRST, BUCKET));
        guest.arn = arn(FIRST, "Guest");
        let mut elsewhere = guest.clone();
        (elsewhere.arn, elsewhere.bucket) = (arn(FIRST, "Elsewhere"), "other".to_owned());
        let mut stranger = guest.clone();
        stranger.arn = arn("999999999999", "Stranger");
        observed.others.insert("m0".parse().unwrap(), vec![guest, elsewhere, stranger]);
        observed
    }

    fn document(statements: Vec<Statement>) -> Document {
        Document::new(statements)
    }

    fn bucket(form: StatementForm, accounts: &[&str]) -> Vec<Statement> {
        let intent = BucketIntent {
            trails: accounts.iter().map(|account| arn(account, "Trail")).collect(),
            guests: [FIRST, "999999999999"]
                .map(|account| Guest { trail: arn(account, "Guest"), prefix: None, organization: None })
                .to_vec(),
            require_tls: false,
            ..BucketIntent::new(reconcile_policy::Partition::Aws, BUCKET)
        };
        intent.compile(&Ownership::of("test"), form).unwrap()
    }

    fn asked(subject: PolicyResource<'_>, phase: Phase, before: &Document, after: &Document) -> Vec<String> {
        let spec = spec();
        let observed = observed();
        let context = CompareContext::new(spec.desired(), &observed);
        let trails = trails(&context, subject, phase, Some(before), Some(after));
        trails.iter().map(|trail| trail.address.to_string()).collect()
    }

    #[test]
    fn only_trails_whose_part_of_the_policy_changes_are_asked() {
        let all = [MASTER, FIRST, SECOND];
        let plain = document(bucket(StatementForm::Plain, &all));
        let fewer = document(bucket(StatementForm::Plain, &all[..2]));
        let short = document(bucket(StatementForm::ByAccount, &all));
        let denied = {
            let deny = json!({
                "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": format!("arn:aws:s3:::{BUCKET}/AWSLogs/{FIRST}/*"),
                "Condition": { "Bool": { "aws:SecureTransport": "false" } },
            });
            let mut statements = bucket(StatementForm::Plain, &all);
            statements.push(Statement::from_value(deny).unwrap());
            document(statements)
        };
        let everybody = ["trail/m0/Guest", "trail/m0/Trail", "trail/m1/Trail", "trail/master/Trail"];
        let cases: [(&str, &Document, &Document, &[&str]); 5] = [
            ("nothing", &plain, &plain, &[]),
            // The key policy does not allow the trail to deliver either.
            ("another account is allowed", &fewer, &plain, &[]),
            ("an account is not allowed any more", &plain, &fewer, &[]),
            ("another form", &plain, &short, &everybody),
            ("a Deny of one account", &plain, &denied, &["trail/m0/Guest", "trail/m0/Trail"]),
        ];
        for (name, before, after, expected) in cases {
            assert_eq!(asked(PolicyResource::Bucket, Phase::Expand, before, after), expected, "{name}");
            // A trail that was not allowed before loses nothing.
            assert_eq!(asked(PolicyResource::Bucket, Phase::Contract, before, after), expected, "{name}");
        }
    }

    #[test]
    fn a_trail_that_the_plan_deletes_is_asked_only_before_its_deletion() {
        let spec = spec();
        let mut observed = observed();
        let trail = Trail { arn: arn(FIRST, "Guest"), ..live(FIRST, BUCKET) };
        let stray = Stray { account: "m0".parse().unwrap(), trail };
        observed.strays.insert(stray.trail.arn.clone(), stray);
        let context = CompareContext::new(spec.desired(), &observed);
        let has_guest = |phase| {
            candidates(&context, phase).iter().any(|(trail, _)| trail.address.to_string() == "trail/m0/Guest")
        };
        assert!(has_guest(Phase::Expand) && !has_guest(Phase::Contract));
    }

    #[test]
    fn trails_that_use_another_key_or_topic_are_not_asked() {
        let intent = KeyIntent {
            partition: reconcile_policy::Partition::Aws,
            administrators: Vec::new(),
            trails: vec![arn(MASTER, "Trail")],
            organization_trails: Vec::new(),
            guests: Vec::new(),
            organization: None,
            readers: Vec::new(),
            log_groups: Vec::new(),
            topics: Vec::new(),
            extra: Vec::new(),
        };
        let (before, after) = (document(Vec::new()), document(intent.statements(&Ownership::of("test"))));
        assert!(asked(PolicyResource::Key, Phase::Expand, &before, &after).is_empty());
        let topic: Arn = "arn:aws:sns:eu-west-1:111111111111:t".parse().unwrap();
        assert!(asked(PolicyResource::Topic(&topic), Phase::Expand, &before, &after).is_empty());
    }
}
