//! Tests the warning about trails that exceed the quota of CloudTrail.

use reconcile_plan::observed::Observed;
use reconcile_plan::plan::WarningCode;
use reconcile_plan::view::OtherTrail;
use reconcile_samples::{EditSpec, members};
use reconcile_spec::Spec;

use super::made::{self, compared, made};

const EVERYWHERE: &str = "";
const HERE: &str = ", multi_region: false";
const ELSEWHERE: &str = ", multi_region: false, home_region: us-east-1";

/// A spec with trails in one account of eu-west-1, each with its name and further settings.
fn spec(trails: &[(&str, &str)]) -> Spec {
    let trails = trails.iter().map(|(name, rest)| format!("{{ name: {name}, accounts: all{rest} }}"));
    let list = trails.collect::<Vec<_>>().join(", ");
    made::spec(&members(0).with("trails", &format!("[{list}]")))
}

/// Foreign trails, each with its home Region and whether it records every Region.
fn others(observed: &mut Observed, trails: &[(&str, bool)]) {
    let trails = trails.iter().enumerate().map(|(index, (region, multi_region))| OtherTrail {
        arn: format!("arn:aws:cloudtrail:{region}:111111111111:trail/Other{index}").parse().unwrap(),
        bucket: "elsewhere".to_owned(),
        prefix: None,
        kms_key: None,
        topic: None,
        log_file_validation: false,
        home_region: (*region).to_owned(),
        multi_region: *multi_region,
        organization: false,
    });
    observed.others.insert("master".parse().unwrap(), trails.collect());
}

#[test]
fn a_new_trail_that_exceeds_the_quota_of_its_region_is_warned_about() {
    const LOCAL: (&str, bool) = ("eu-west-1", false);
    const SHADOW: (&str, bool) = ("us-east-1", true);
    const FOREIGN_REGION: (&str, bool) = ("us-east-1", false);
    type Trails<'t> = &'t [(&'t str, &'t str)];
    // Existing trails, new trails, foreign trails, and the expected warnings: each has a new trail,
    // the number of trails before this trail, and the number of foreign trails among them.
    type Case<'t> = (&'t str, Trails<'t>, Trails<'t>, &'t [(&'t str, bool)], &'t [(&'t str, usize, usize)]);
    let cases: [Case<'_>; 10] = [
        ("four foreign trails", &[], &[("New", EVERYWHERE)], &[LOCAL, LOCAL, SHADOW, SHADOW], &[]),
        (
            "five foreign trails",
            &[],
            &[("New", EVERYWHERE)],
            &[LOCAL, LOCAL, LOCAL, SHADOW, SHADOW],
            &[("New", 5, 5)],
        ),
        (
            "a foreign trail of another Region",
            &[],
            &[("New", EVERYWHERE)],
            &[FOREIGN_REGION, LOCAL, LOCAL, LOCAL, SHADOW],
            &[],
        ),
        ("a trail that exists", &[("Old", EVERYWHERE)], &[], &[LOCAL; 5], &[]),
        (
            "a trail of the spec for all Regions",
            &[("Old", EVERYWHERE)],
            &[("New", HERE)],
            &[LOCAL; 4],
            &[("New", 5, 4)],
        ),
        (
            "a trail of the spec in the Region",
            &[("Old", HERE)],
            &[("New", HERE)],
            &[LOCAL; 4],
            &[("New", 5, 4)],
        ),
        ("a trail of the spec in another Region", &[("Old", ELSEWHERE)], &[("New", HERE)], &[LOCAL; 4], &[]),
        (
            "a new trail in another Region, where foreign trails record",
            &[("Old", HERE)],
            &[("New", ELSEWHERE)],
            &[SHADOW; 5],
            &[("New", 5, 5)],
        ),
        ("two new trails", &[], &[("First", HERE), ("Second", HERE)], &[LOCAL; 4], &[("Second", 5, 4)]),
        (
            "two new trails beyond the quota",
            &[],
            &[("First", HERE), ("Second", HERE)],
            &[LOCAL; 5],
            &[("First", 5, 5), ("Second", 6, 5)],
        ),
    ];
    for (name, old, new, foreign, expected) in cases {
        let spec = spec(&[old, new].concat());
        let mut observed = made(&spec);
        others(&mut observed, foreign);
        for (arn, live) in &mut observed.trails {
            if new.iter().any(|(name, _)| *name == arn.resource_name()) {
                *live = None;
            }
        }
        let warnings = compared(&spec, &observed).plan.warnings;
        let found = warnings.iter().filter(|it| it.code == WarningCode::TrailQuota);
        let found: Vec<_> = found.map(|it| (it.address.to_string(), it.message.clone())).collect();
        let message = |(trail, all, of_others): &(&str, usize, usize)| {
            let region = if new.contains(&(*trail, ELSEWHERE)) { "us-east-1" } else { "eu-west-1" };
            let text = format!(
                "the account already has {all} trails in {region} ({of_others} of them not in the spec), and AWS \
                 allows 5: delete one, or AWS rejects this trail"
            );
            (format!("trail/master/{trail}"), text)
        };
        assert_eq!(found, expected.iter().map(message).collect::<Vec<_>>(), "{name}");
    }
}
