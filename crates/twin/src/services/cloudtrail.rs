//! Implements CloudTrail: trails, their events, and the checks of their destinations.

mod aggregation;
pub(crate) mod attached;
pub(crate) mod delivery;
pub(crate) mod history;
mod logging;
mod name;
mod organization;
mod public_keys;
mod request;
mod selectors;
mod tag;
mod trail;

use super::json::{Operation, read, write};

pub(super) const OPERATIONS: &[Operation] = &[
    write("CreateTrail", trail::create),
    write("UpdateTrail", trail::update),
    write("DeleteTrail", trail::delete),
    read("DescribeTrails", trail::describe),
    read("GetTrail", trail::get),
    read("ListTrails", trail::list),
    write("StartLogging", logging::start),
    write("StopLogging", logging::stop),
    read("GetTrailStatus", logging::status),
    read("GetEventSelectors", selectors::get),
    write("PutEventSelectors", selectors::put),
    read("GetInsightSelectors", selectors::insights),
    write("PutInsightSelectors", selectors::put_insights),
    read("GetEventConfiguration", aggregation::get),
    write("PutEventConfiguration", aggregation::put),
    write("RegisterOrganizationDelegatedAdmin", organization::register),
    write("AddTags", tag::add),
    write("RemoveTags", tag::remove),
    read("ListTags", tag::list),
    read("ListPublicKeys", public_keys::list),
    read("LookupEvents", history::lookup),
];
