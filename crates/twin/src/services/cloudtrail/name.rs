//! Finds the trail that a request names, by its name or ARN.

use super::super::organizations::management;
use super::organization;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, Trail};

/// Checks a name. See "Naming requirements for CloudTrail resources" in the CloudTrail user guide.
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

/// The identifier of a trail in a request: its name or its ARN.
struct TrailIdentifier<'n> {
    name: &'n str,
    /// The Region and the account, if the request has an ARN.
    of: Option<(&'n str, &'n str)>,
}

fn parse(given: &str) -> Result<TrailIdentifier<'_>, Fault> {
    if !given.starts_with("arn:") {
        check(given)?;
        return Ok(TrailIdentifier { name: given, of: None });
    }
    let mut elements = given.splitn(6, ':').skip(3);
    let (region, account, resource) = (elements.next(), elements.next(), elements.next());
    let name = resource.and_then(|resource| resource.strip_prefix("trail/"));
    match (name, region.zip(account)) {
        (Some(name), Some(of)) => Ok(TrailIdentifier { name, of: Some(of) }),
        _ => Err(Fault::bad("CloudTrailARNInvalidException", format!("{given} is not the ARN of a trail."))),
    }
}

/// Returns the trail that is visible in the Region of the caller: a trail with this home Region, or
/// the shadow of a multi-Region trail. Accounts that act for the organization can also read its
/// trails, by their ARN.
pub(super) fn find<'s>(state: &'s State, caller: Caller<'_>, given: &str) -> Result<&'s Trail, Fault> {
    let TrailIdentifier { name, of } = parse(given)?;
    let owner = of.map_or(caller.account, |(_, account)| account);
    let is_own = owner == caller.account;
    if !is_own && !organization::acts_for_it(state, caller) {
        return Err(unknown(given, caller));
    }
    all(state, owner)
        .filter(|trail| is_own || trail.organization)
        .filter(|trail| trail.home_region == caller.region || trail.multi_region)
        .find(|trail| {
            trail.arn.ends_with(&format!("/{name}"))
                && of.is_none_or(|(region, _)| region == trail.home_region)
        })
        .ok_or_else(|| unknown(given, caller))
}

/// Returns the trail for modification, which is possible only in its home Region.
pub(super) fn find_mut<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    given: &str,
) -> Result<&'s mut Trail, Fault> {
    let trail = find(state, caller, given)?;
    let (home, owner) = (trail.home_region.clone(), trail.account.clone());
    if home != caller.region {
        let message = format!("Trail {given} can only be changed in its home region {home}.");
        return Err(Fault::bad("InvalidHomeRegionException", message));
    }
    let name = parse(given)?.name;
    state.regional(&owner, caller.region).trails.get_mut(name).ok_or_else(|| unknown(given, caller))
}

/// All trails of an account.
pub(super) fn all<'s>(state: &'s State, account: &str) -> impl Iterator<Item = &'s Trail> {
    let regions = state.accounts.get(account).into_iter().flat_map(|account| account.regions.values());
    regions.flat_map(|region| region.trails.values())
}

/// The trails that an account can read: its own, and those of the organization.
pub(super) fn seen<'s>(state: &'s State, account: &str) -> impl Iterator<Item = &'s Trail> {
    let management = management(state);
    let of_organization = match management == account {
        true => None,
        false => Some(all(state, &management).filter(|trail| trail.organization).collect::<Vec<_>>()),
    };
    all(state, account).chain(of_organization.into_iter().flatten())
}
