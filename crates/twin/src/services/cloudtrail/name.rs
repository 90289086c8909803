//! Finds the trail that a request names, by name or ARN.

use super::super::Caller;
use crate::fault::Fault;
use crate::state::{State, Trail};

/// See "Naming requirements for CloudTrail resources" in the CloudTrail user guide.
pub(super) fn check(name: &str) -> Result<(), Fault> {
    let is_edge = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
    let is_separator = |b: u8| matches!(b, b'.' | b'_' | b'-');
    let is_valid = (3..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || is_separator(b))
        && is_edge(name.bytes().next())
        && is_edge(name.bytes().last())
        && !name.as_bytes().windows(2).any(|pair| pair.iter().all(|b| is_separator(*b)))
        && name.parse::<std::net::Ipv4Addr>().is_err();
    match is_valid {
        true => Ok(()),
        false => Err(Fault::bad("InvalidTrailNameException", format!("Trail name {name} is not valid."))),
    }
}

fn unknown(given: &str, caller: Caller<'_>) -> Fault {
    Fault::bad("TrailNotFoundException", format!("Unknown trail: {given} for the user: {}", caller.account))
}

/// The name of a trail, and the Region in its ARN where it is named by that.
fn parts<'n>(given: &'n str, caller: Caller<'_>) -> Result<(&'n str, Option<&'n str>), Fault> {
    if !given.starts_with("arn:") {
        check(given)?;
        return Ok((given, None));
    }
    let mut elements = given.splitn(6, ':').skip(3);
    let (region, account, resource) = (elements.next(), elements.next(), elements.next());
    let name = resource.and_then(|resource| resource.strip_prefix("trail/"));
    match (name, account) {
        (Some(name), Some(account)) if account == caller.account => Ok((name, region)),
        (Some(_), _) => Err(unknown(given, caller)),
        (None, _) => {
            Err(Fault::bad("CloudTrailARNInvalidException", format!("{given} is not the ARN of a trail.")))
        }
    }
}

/// The trail, as it is seen in the caller's Region: one that is at home there, or the shadow of a multi-Region one.
pub(super) fn find<'s>(state: &'s State, caller: Caller<'_>, given: &str) -> Result<&'s Trail, Fault> {
    let (name, region) = parts(given, caller)?;
    all(state, caller.account)
        .filter(|trail| trail.home_region == caller.region || trail.multi_region)
        .find(|trail| {
            trail.arn.ends_with(&format!("/{name}"))
                && region.is_none_or(|region| region == trail.home_region)
        })
        .ok_or_else(|| unknown(given, caller))
}

/// The trail, to change it, which only its home Region can.
pub(super) fn find_mut<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    given: &str,
) -> Result<&'s mut Trail, Fault> {
    let home = find(state, caller, given)?.home_region.clone();
    if home != caller.region {
        let message = format!("Trail {given} can only be changed in its home region {home}.");
        return Err(Fault::bad("InvalidHomeRegionException", message));
    }
    let (name, _) = parts(given, caller)?;
    state.regional(caller.account, caller.region).trails.get_mut(name).ok_or_else(|| unknown(given, caller))
}

/// All trails of an account.
pub(super) fn all<'s>(state: &'s State, account: &str) -> impl Iterator<Item = &'s Trail> {
    let regions = state.accounts.get(account).into_iter().flat_map(|account| account.regions.values());
    regions.flat_map(|region| region.trails.values())
}
