//! Parts that the report of a check and the status page share.

use std::collections::HashMap;

use anstream::adapter::strip_str;
use maud::{Markup, html};
use reconcile_plan::{DriftReport, Finding, FindingKind, Severity};
use reconcile_spec::AccountName;
use reconcile_text::{Text, count};

use super::{prose, shown};
use crate::blame;
use crate::diff::difference_lines;
use crate::drift::{Tally, accounts, label, likeness, message};
use crate::fold::{self, fold};

/// The maximum number of accounts without findings that are not folded.
const FEW: usize = 60;

/// The selection of the findings of a page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filter<'f> {
    /// Only findings of the account with this name.
    pub(crate) account: Option<&'f str>,
    /// Only findings of this severity or a higher one.
    pub(crate) severity: Option<Severity>,
}

impl Filter<'_> {
    fn shows(self, finding: &Finding) -> bool {
        let of_account = |name| finding.account.as_ref().is_some_and(|account| account.name.as_str() == name);
        self.account.is_none_or(of_account)
            && self.severity.is_none_or(|severity| finding.severity <= severity)
    }
}

/// The numbers at the top of a page.
pub(crate) fn tallies(tally: Tally) -> Markup {
    let tile = |class: &str, number: usize| {
        html! {
            li class={ "tally " @if number == 0 { "none" } @else { (class) } } { strong { (number) } " " (class) }
        }
    };
    html! {
        ul.tallies {
            @for (severity, number) in Severity::ALL.iter().zip(tally.open) { (tile(severity.as_str(), number)) }
            @if tally.accepted > 0 { (tile("accepted", tally.accepted)) }
        }
    }
}

/// The selection of a severity, which needs no script: the style sheet hides all other findings.
pub(crate) fn only() -> Markup {
    let choice = |value: &str, is_first: bool| {
        html! {
            label { input type="radio" name="only" id={ "only-" (value) } checked[is_first]; (value) }
        }
    };
    html! {
        fieldset.only {
            legend { "Show" }
            (choice("all", true))
            @for severity in Severity::ALL { (choice(severity.as_str(), false)) }
            (choice("accepted", false))
        }
    }
}

/// The accounts and the findings of a check, folded as in the text view.
pub(crate) fn accounts_and_findings(checked: &DriftReport, filter: Filter<'_>) -> Markup {
    let shown: Vec<&Finding> = checked.findings.iter().filter(|it| filter.shows(it)).collect();
    let groups = fold(&shown, |finding| likeness(finding));
    html! {
        (grid(checked, &groups))
        @if !groups.is_empty() {
            h3 { (count(shown.len(), "finding")) }
            ol.findings { @for group in &groups { (one(group)) } }
        } @else if !checked.findings.is_empty() {
            p { "No finding matches the filter." }
        }
    }
}

/// All accounts of a check. Each account links to its most severe open finding, if the page shows
/// the finding.
fn grid(checked: &DriftReport, groups: &[Vec<&&Finding>]) -> Markup {
    let mut worst: HashMap<&str, &Finding> = HashMap::new();
    for finding in checked.findings.iter().filter(|finding| finding.is_open()) {
        if let Some(account) = &finding.account {
            // The most severe findings come first.
            worst.entry(account.name.as_str()).or_insert(finding);
        }
    }
    let places: HashMap<&str, &str> = groups
        .iter()
        .filter_map(|group| Some((group, group.first()?.id.as_str())))
        .flat_map(|(group, first)| group.iter().map(move |finding| (finding.id.as_str(), first)))
        .collect();
    let (mut bad, good): (Vec<&str>, Vec<&str>) =
        checked.accounts.keys().map(AccountName::as_str).partition(|name| worst.contains_key(name));
    bad.sort_by_key(|name| worst.get(name).map(|finding| finding.severity));
    let tile = |name: &str| {
        let found = worst.get(name);
        let severity = found.map_or("ok", |finding| finding.severity.as_str());
        let place = found.and_then(|finding| places.get(finding.id.as_str()));
        html! {
            li class=(severity) {
                @match place {
                    Some(id) => a href={ "#f-" (id) } { (shown(name)) span.word { (severity) } },
                    None => { (shown(name)) span.word { (severity) } },
                }
            }
        }
    };
    html! {
        @if !bad.is_empty() {
            details open {
                summary { (count(bad.len(), "account")) " with findings" }
                ul.accounts { @for name in &bad { (tile(name)) } }
            }
        }
        @if !good.is_empty() {
            details open[good.len() <= FEW] {
                summary { (count(good.len(), "account")) " without findings" }
                ul.accounts { @for name in &good { (tile(name)) } }
            }
        }
    }
}

fn one(group: &[&&Finding]) -> Markup {
    let Some(finding) = group.first() else { return Markup::default() };
    let label = label(finding);
    let changed = match finding.kind {
        FindingKind::Changed => difference_lines(&finding.diff, true),
        FindingKind::Missing | FindingKind::Unexpected | FindingKind::Delivery | FindingKind::Unreadable => {
            Vec::new()
        }
    };
    let changed: Text = changed.into_iter().collect();
    let changed = strip_str(changed.as_str()).to_string();
    let in_accounts = accounts(group.iter().copied().copied());
    let findings: Vec<&Finding> = group.iter().copied().copied().collect();
    let authors = blame::lines(&findings);
    html! {
        li class={ "finding " (label) } id={ "f-" (finding.id) } {
            p.head { span.badge { (label) } " " code.address { (shown(&fold::address(&finding.address, group.len()))) } }
            p { (prose(&message(finding))) }
            @if group.len() > 1 { p.in { "in " (shown(&in_accounts)) } }
            @for author in &authors { p.author { (prose(author)) } }
            @if !changed.is_empty() {
                details {
                    summary { "Differences" }
                    pre { @for line in changed.lines() { (difference(line)) "\n" } }
                }
            }
        }
    }
}

/// A line of a difference, colored by its sign.
fn difference(line: &str) -> Markup {
    let class = match line.trim_start().chars().next() {
        Some('+') => "add",
        Some('-') => "remove",
        Some('~') => "change",
        _ => return html! { (line) },
    };
    html! { span class=(class) { (line) } }
}
