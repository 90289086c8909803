//! The HTML view of controls: one self-contained file.

use maud::{Markup, html};
use reconcile_plan::compliance::ControlStatus;

use super::{Compliance, Group, capital, fix, message, requirements};
use crate::html::{page, prose, shown, time};

/// The HTML view: a self-contained file for a browser, an e-mail or an archive.
pub fn html(compliance: &Compliance) -> String {
    let frameworks: Vec<&str> = compliance.frameworks.iter().map(|it| it.as_str()).collect();
    let body = html! {
        header { h1 { "Compliance" } }
        main {
            ul.tallies {
                @for (status, count) in compliance.counts() {
                    li class={ "tally " @if count == 0 { "none" } @else { (class(status)) } } {
                        strong { (count) } " " (status.words())
                    }
                }
            }
            h2 { (shown(&compliance.spec)) }
            p { (frameworks.join(", ")) ", checked " (time(compliance.checked_at)) }
            @for status in ControlStatus::ALL { (section(compliance, status)) }
        }
        footer { p { "Made by reconcile " (env!("CARGO_PKG_VERSION")) "." } }
    };
    page("Compliance", &body)
}

/// The results with a status. Results that need no action are folded.
fn section(compliance: &Compliance, status: ControlStatus) -> Markup {
    let groups = compliance.groups(status, true);
    if groups.is_empty() {
        return Markup::default();
    }
    html! {
        details open[Compliance::needs_action(status)] {
            summary { (capital(status.words())) }
            ol.findings { @for group in &groups { (one(compliance, status, group)) } }
        }
    }
}

fn one(compliance: &Compliance, status: ControlStatus, group: &Group<'_>) -> Markup {
    let first = group.first;
    let fix = fix(first);
    html! {
        li class={ "finding " (class(status)) } {
            p.head { span.badge { (first.control.id) } " " code.address { (shown(&group.resource())) } }
            p { a href=(first.control.page) { (first.control.title) } }
            @if !message(first).is_empty() { p { (prose(message(first))) } }
            @if !fix.is_empty() { p { (prose(&capital(&fix))) } }
            @if let Some(places) = group.places() { p.in { (shown(&places)) } }
            p.in { (requirements(compliance, first)) }
        }
    }
}

/// The class of the style sheet with the color of a status.
fn class(status: ControlStatus) -> &'static str {
    match status {
        ControlStatus::Failed => "high",
        ControlStatus::Unreadable => "critical",
        ControlStatus::Manual => "medium",
        ControlStatus::Passed => "ok",
        ControlStatus::NotApplicable => "accepted",
    }
}
