//! The HTML view of a check: one self-contained file.

use maud::{Markup, html};

use super::{DriftStatus, SpecDrift, Tally};
use crate::error::plain;
use crate::html::{Filter, accounts_and_findings, only, page, shown, tallies, time};

/// The HTML view of a check: a self-contained file for a browser, an e-mail or an archive.
pub fn html(specs: &[SpecDrift]) -> String {
    let all = || specs.iter().flat_map(SpecDrift::findings);
    let body = html! {
        header { h1 { "Drift" } }
        main {
            (tallies(Tally::of(all())))
            @if all().next().is_some() { (only()) }
            @for spec in specs { (section(spec, Filter::default())) }
        }
        footer { p { "Made by reconcile " (env!("CARGO_PKG_VERSION")) "." } }
    };
    page("Drift", &body)
}

/// The check of one spec.
pub(crate) fn section(spec: &SpecDrift, filter: Filter<'_>) -> Markup {
    let (class, verdict) = match spec.status() {
        DriftStatus::InSync => ("ok", "in sync"),
        DriftStatus::Drifted => ("high", "drifted"),
        DriftStatus::Error => ("critical", "could not be checked completely"),
    };
    html! {
        section {
            h2 { (shown(&spec.spec)) }
            p { span class={ "status " (class) } { (verdict) } ", checked " (time(spec.checked_at)) }
            @match &spec.result {
                Ok(checked) => { (accounts_and_findings(checked, filter)) },
                Err(failure) => { pre.failure { (plain(failure).as_str().trim_end()) } },
            }
        }
    }
}
