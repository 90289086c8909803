//! Tests the choice of the trails whose digests are judged, and the findings about digests that
//! stopped.

use reconcile_plan::freshness::{DigestTrails, Newest, Staleness};
use reconcile_plan::observed::{Channel, Deliveries, Observed};
use reconcile_plan::view::Trail;
use reconcile_plan::{DriftReport, Severity};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::Spec;

use super::made::{compared, made, spec};

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Trail";
const ADDRESS: &str = "trail/member/Trail";
const MEMBER: &str = "222222222222";

fn digests(spec: &Spec, edit: impl Fn(&mut Observed)) -> DigestTrails {
    let mut observed = made(spec);
    edit(&mut observed);
    compared(spec, &observed).digests
}

fn edited(edit: impl Fn(&mut Trail)) -> usize {
    let spec = spec(&every_destination());
    let found =
        digests(&spec, |live| edit(live.trails.get_mut(&TRAIL.parse().unwrap()).unwrap().as_mut().unwrap()));
    found.trails.iter().filter(|trail| trail.address.to_string() == ADDRESS).count()
}

#[test]
fn the_digests_of_a_trail_are_judged_if_the_trail_matches_the_spec() {
    assert_eq!(edited(|_| ()), 1);
    assert_eq!(edited(|trail| trail.logging = false), 0);
    assert_eq!(edited(|trail| trail.log_file_validation = false), 0);
    assert_eq!(edited(|trail| trail.multi_region = false), 0);
    assert_eq!(edited(|trail| trail.organization = true), 0);
    assert_eq!(edited(|trail| trail.prefix = Some("elsewhere".to_owned())), 0);
    assert_eq!(edited(|trail| "elsewhere".clone_into(&mut trail.bucket)), 0);
    // Tags do not affect digests.
    assert_eq!(edited(|trail| trail.tags = reconcile_plan::view::Tags::default()), 1);
    let absent = digests(&spec(&every_destination()), |live| {
        live.trails.insert(TRAIL.parse().unwrap(), None);
    });
    assert_eq!(absent.trails.len(), 1);
    for off in ["trails.0.log_file_validation", "trails.0.enabled"] {
        let spec = spec(&every_destination().with(off, "false"));
        assert_eq!(digests(&spec, |_| ()).trails, [], "{off}");
    }
}

#[test]
fn a_trail_has_the_times_that_cloudtrail_reports() {
    let spec = spec(&every_destination());
    let time = |text: &str| Some(text.parse().unwrap());
    let (since, latest) = (time("2026-11-01T00:00:00Z"), time("2026-11-26T12:00:00Z"));
    let found = digests(&spec, |live| {
        let digest_files = Channel { latest, error: None };
        let deliveries = Deliveries { logging_since: since, digest_files, ..Deliveries::default() };
        live.deliveries.insert(TRAIL.parse().unwrap(), deliveries);
    });
    let of_member = found.trails.iter().find(|trail| trail.address.to_string() == ADDRESS).unwrap();
    assert_eq!(
        (of_member.account.as_str(), of_member.logging_since, of_member.latest),
        (MEMBER, since, latest)
    );
    let other = found.trails.iter().find(|trail| trail.address.to_string() != ADDRESS).unwrap();
    assert_eq!((other.logging_since, other.latest), (None, None));
}

#[test]
fn targets_select_the_trails_that_are_judged() {
    let spec = spec(&every_destination());
    let mut comparison = compared(&spec, &made(&spec));
    assert_eq!(comparison.digests.trails.len(), 2);
    comparison.target(|address| address.to_string() == ADDRESS);
    assert_eq!(comparison.digests.trails.len(), 1);
}

fn in_region(region: &str, is_always_enabled: bool) -> Staleness {
    Staleness::Region {
        trail: ADDRESS.parse().unwrap(),
        account: MEMBER.parse().unwrap(),
        region: region.parse().unwrap(),
        newest: Newest::At("2026-11-26T10:00:00Z".parse().unwrap()),
        is_always_enabled,
    }
}

fn in_account(account: &str, newest: Newest, is_own: bool) -> Staleness {
    Staleness::Account { trail: ADDRESS.parse().unwrap(), account: account.parse().unwrap(), newest, is_own }
}

fn checked(stale: &[Staleness]) -> DriftReport {
    let spec = spec(&every_destination());
    let mut checked = DriftReport::new(&compared(&spec, &made(&spec)));
    checked.findings.clear();
    checked.add_freshness(stale);
    checked
}

#[test]
fn the_severity_depends_on_the_missing_records_and_their_certainty() {
    let (at, none) = (
        Newest::At("2026-11-26T10:00:00Z".parse().unwrap()),
        Newest::NoneSince("2026-11-25T00:00:00Z".parse().unwrap()),
    );
    let unread = |count| Staleness::Unlisted {
        trail: ADDRESS.parse().unwrap(),
        count,
        reason: "access denied".to_owned(),
    };
    for (stale, code, severity, message) in [
        (
            in_region("us-east-1", true),
            "stale-digests",
            Severity::High,
            "digests of account member (222222222222) in us-east-1 stopped: the newest digest ends at 2026-11-26T10:00:00Z, and other \
             Regions have newer ones. CloudTrail delivers one every hour",
        ),
        (
            in_region("eu-south-1", false),
            "stale-digests",
            Severity::Medium,
            "CloudTrail delivers one every hour, unless the account has disabled the Region",
        ),
        (
            in_account(MEMBER, at, true),
            "stale-digests",
            Severity::High,
            "digests of account member (222222222222) stopped in all Regions: the newest digest ends at 2026-11-26T10:00:00Z",
        ),
        (
            in_account(MEMBER, none, true),
            "stale-digests",
            Severity::High,
            "there is no digest since 2026-11-25",
        ),
        (
            in_account("999999999999", at, false),
            "stale-digests",
            Severity::High,
            "digests of account 999999999999 stopped",
        ),
        (
            in_account("999999999999", none, false),
            "stale-digests",
            Severity::Medium,
            "unless the account has just joined the organization",
        ),
        (
            unread(Some(3)),
            "unreadable-digests",
            Severity::High,
            "the digests of 3 accounts and Regions cannot be listed, so it is not known whether they still arrive: access denied",
        ),
        (unread(Some(1)), "unreadable-digests", Severity::High, "of one account and Region cannot"),
        (unread(None), "unreadable-digests", Severity::High, "the digests cannot be listed"),
    ] {
        let checked = checked(&[stale]);
        let [finding] = &checked.findings[..] else { panic!("{:?}", checked.findings) };
        assert_eq!((finding.code.as_str(), finding.severity), (code, severity), "{}", finding.message);
        assert!(finding.message.contains(message), "{}", finding.message);
        assert_eq!((&*finding.address, finding.is_open()), (ADDRESS, true));
        assert_eq!(finding.account.as_ref().unwrap().name.as_str(), "member");
    }
}

#[test]
fn findings_about_each_region_have_separate_stable_names() {
    let ids = |stale: &[Staleness]| -> Vec<String> {
        checked(stale).findings.into_iter().map(|finding| finding.id).collect()
    };
    let (east, west) = (in_region("us-east-1", true), in_region("us-west-2", true));
    let both = ids(&[east.clone(), west.clone()]);
    assert_eq!(both.len(), 2);
    assert_eq!([ids(&[east]), ids(&[west])].concat(), both);
    assert_ne!(both[0], both[1]);
}

#[test]
fn findings_about_digests_are_sorted_by_severity() {
    let checked = checked(&[in_region("eu-south-1", false), in_region("us-east-1", true)]);
    let severities: Vec<Severity> = checked.findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::High, Severity::Medium]);
}

#[test]
fn a_silent_trail_whose_deliveries_have_a_finding_is_not_reported_twice() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    let refused = Channel { latest: None, error: Some("AccessDenied".to_owned()) };
    let deliveries = Deliveries { log_files: refused, ..Deliveries::default() };
    observed.deliveries.insert(TRAIL.parse().unwrap(), deliveries);
    let mut checked = DriftReport::new(&compared(&spec, &observed));
    let before = checked.findings.len();
    let at = Newest::At("2026-11-26T10:00:00Z".parse().unwrap());
    checked.add_freshness(&[in_account(MEMBER, at, true)]);
    assert_eq!(checked.findings.len(), before);
    // `GetTrailStatus` does not report other accounts and Regions.
    checked.add_freshness(&[in_account("999999999999", at, false), in_region("us-east-1", true)]);
    assert_eq!(checked.findings.len(), before + 2);
}
