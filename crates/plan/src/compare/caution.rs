//! Warns of risks of the installation that no change of the plan removes.
//!
//! Each risk has a name, like the access of outsiders, so that the spec can accept it under
//! `reviewed`.

use std::collections::BTreeMap;

use reconcile_policy::{Region, logs_folder};
use reconcile_spec::{Desired, RecordedCalls, Trail};

use super::CompareContext;
use super::change::Compared;
use super::foreign::reviewable;
use crate::address::Address;
use crate::delivery::bucket_arn;
use crate::foreign::review;
use crate::plan::WarningCode;
use crate::view::AccessLogs;

/// A risk of the installation.
struct Caution {
    code: WarningCode,
    address: Address,
    /// A text that changes with the risk.
    content: String,
    message: String,
}

/// Warns of each risk. Returns the names of all risks, with which `reviewed` can accept them.
pub(super) fn warn(context: &CompareContext<'_>, compared: &mut Compared) -> Vec<String> {
    let cautions = management_account(context)
        .into_iter()
        .chain(opt_in_regions(context))
        .chain(unlogged_access(context));
    let warned = cautions.map(|Caution { code, address, content, message }| {
        let name = review(address.kind.as_str(), code.as_str(), &content);
        let warning = reviewable(address, code, &message, &name, context.reviewed(&name));
        (name, warning)
    });
    let (names, warnings): (Vec<_>, Vec<_>) = warned.unzip();
    compared.warnings.extend(warnings);
    names
}

/// Service control policies and resource control policies do not apply to the management account.
///
/// See "Service control policies (SCPs)" and "Best practices for the management account" in the
/// Organizations user guide.
fn management_account(context: &CompareContext<'_>) -> Option<Caution> {
    let site = &context.desired.bucket.site;
    let hub = context.desired.account(&site.account)?;
    let organization = context.observed.organization.as_ref().map(|it| &it.roster.management);
    let management = organization.or(context.observed.management.as_ref())?;
    (*management == hub.id).then(|| Caution {
        code: WarningCode::ManagementAccount,
        address: context.bucket_address(),
        content: hub.id.to_string(),
        message: format!(
            "`{}` is the management account of the organization, where service control policies cannot protect \
             the log files. AWS recommends a separate account for log files",
            hub.name
        ),
    })
}

/// An account that has not enabled an opt-in Region cannot create or change a trail there.
///
/// See "Enable or disable AWS Regions in your account" in the Account Management reference.
fn opt_in_regions(context: &CompareContext<'_>) -> Vec<Caution> {
    let mut trails: BTreeMap<&Region, Vec<Address>> = BTreeMap::new();
    for trail in context.desired.trails.iter().filter(|trail| trail.site.region.is_opt_in()) {
        let address = Address::trail(trail);
        trails.entry(&trail.site.region).or_default().push(address);
    }
    let first = |(region, addresses): (&Region, Vec<Address>)| {
        let count = addresses.len();
        let address = addresses.into_iter().next()?;
        let trails = if count == 1 { "the trail".to_owned() } else { format!("{count} trails") };
        Some(Caution {
            code: WarningCode::OptInRegion,
            address,
            content: region.to_string(),
            message: format!(
                "the home Region of {trails} is {region}, which is disabled by default: enable the Region in the \
                 account with `aws account enable-region --region-name {region}`. While the Region is disabled, \
                 the trail cannot be created, read or changed"
            ),
        })
    };
    trails.into_iter().filter_map(first).collect()
}

/// Neither a trail nor S3 records who reads or deletes log files.
///
/// See "Logging options for Amazon S3" in the S3 user guide.
fn unlogged_access(context: &CompareContext<'_>) -> Option<Caution> {
    let desired = context.desired;
    let bucket = &desired.bucket;
    let account = desired.account(&bucket.site.account)?;
    let unknown = match context.observed.bucket_conditions.as_ref().map(|it| &it.access_logs) {
        _ if bucket.access_logs.enforced().is_some() => return None,
        Some(Ok(AccessLogs::To { .. })) => return None,
        Some(Ok(AccessLogs::Off)) | None => "server access logging is not enabled for the bucket".to_owned(),
        Some(Err(error)) => format!("whether the bucket has access logs could not be read ({error})"),
    };
    let recorded = recorded(desired);
    let who = match (recorded.reads, recorded.writes) {
        (true, true) => return None,
        (false, true) => "reads",
        (true, false) => "deletes or overwrites",
        (false, false) => "reads, deletes or overwrites",
    };
    Some(Caution {
        code: WarningCode::UnloggedAccess,
        address: context.bucket_address(),
        content: format!("{}\t{who}", bucket.name),
        message: format!(
            "no trail of the spec records who {who} log files, and {unknown}. Add `data_events: {{ s3: [{}] }}` to a trail \
             of `{}`, or set `bucket.access_logs`",
            bucket.name, account.name
        ),
    })
}

/// Returns the calls on log files that trails of the spec record. CloudTrail also records a call on
/// an object for the account that owns the bucket.
///
/// See "Logging data events" in the CloudTrail user guide.
fn recorded(desired: &Desired) -> RecordedCalls {
    let bucket = &desired.bucket;
    let folder = logs_folder(desired.bucket_policy.intent.prefix.as_deref());
    let logs = format!("{}/{folder}", bucket_arn(desired));
    let records = |trail: &&Trail| {
        trail.enabled
            && (trail.is_organization || trail.site.account == bucket.site.account)
            && (trail.multi_region || trail.site.region == bucket.site.region)
    };
    let of_trails = desired.trails.iter().filter(records);
    of_trails
        .map(|trail| trail.selectors.recorded_of_objects(&logs))
        .fold(RecordedCalls::default(), RecordedCalls::or)
}

#[cfg(test)]
mod tests {
    use reconcile_samples::{EditSpec, members};
    use reconcile_spec::parse;

    use super::*;

    const ELSEWHERE: &str = "home_region: us-east-1, multi_region: false";

    #[test]
    fn a_trail_records_calls_on_log_files_if_it_is_on_in_the_account_and_region_of_the_bucket() {
        let spec = |trail: &str| {
            let text = members(1)
                .with("organization", "{ account: master }")
                .with("trails", &format!("[{{ name: Trail, data_events: {{ s3: all }}, {trail} }}]"));
            parse("spec.yaml", text.as_bytes()).unwrap()
        };
        for (trail, expected) in [
            ("accounts: [master]".to_owned(), true),
            ("accounts: [m0]".to_owned(), false),
            ("accounts: all".to_owned(), true),
            ("organization_trail: true".to_owned(), true),
            ("accounts: [master], enabled: false".to_owned(), false),
            ("accounts: [master], home_region: us-east-1".to_owned(), true),
            ("accounts: [master], multi_region: false".to_owned(), true),
            (format!("accounts: [master], {ELSEWHERE}"), false),
            (format!("accounts: [m0], {ELSEWHERE}"), false),
        ] {
            let found = recorded(spec(&trail).desired());
            assert_eq!(found, RecordedCalls { reads: expected, writes: expected }, "{trail}");
        }
    }
}
