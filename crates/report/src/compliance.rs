//! Views of the controls of security frameworks.

mod html;
mod junit;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use anstyle::Style;
use jiff::Timestamp;
use reconcile_plan::compliance::{Assessed, Control, ControlStatus, Fix, Framework};
use reconcile_text::{Line, Text, markdown as md};
use serde_json::{Value, json};

use crate::fold::{self, few};
use crate::paint::{ADD, CHANGE, DIM, REMOVE, STRONG, beginning};
use crate::{FORMAT_VERSION, TextOptions};

pub use html::html;
pub use junit::junit;

/// The controls of a spec.
#[derive(Debug, Clone)]
pub struct Compliance {
    /// The path of the spec in the arguments.
    pub spec: String,
    /// The time of the check.
    pub checked_at: Timestamp,
    /// The frameworks whose controls were checked.
    pub frameworks: Vec<Framework>,
    /// The results.
    pub results: Vec<Assessed>,
}

impl Compliance {
    /// The status of all results: failed if a result is failed, otherwise unreadable if a result is
    /// unreadable, otherwise passed.
    pub fn status(&self) -> ControlStatus {
        let has = |status| self.results.iter().any(|it| it.verdict.status() == status);
        [ControlStatus::Failed, ControlStatus::Unreadable]
            .into_iter()
            .find(|status| has(*status))
            .unwrap_or(ControlStatus::Passed)
    }

    /// The results with a status, in groups of equal results for one resource, or for resources of
    /// the same name in several accounts. `by_control` separates the results of different controls.
    fn groups(&self, status: ControlStatus, by_control: bool) -> Vec<Group<'_>> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for result in self.results.iter().filter(|it| it.verdict.status() == status) {
            let control = if by_control { result.control.id } else { "" };
            let place = *places.entry(format!("{control}\n{}", likeness(result))).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.add(result),
                None => groups.push(Group::of(result)),
            }
        }
        groups
    }

    /// The number of results with each status.
    fn counts(&self) -> impl Iterator<Item = (ControlStatus, usize)> {
        let count = |status| self.results.iter().filter(|it| it.verdict.status() == status).count();
        ControlStatus::ALL.into_iter().map(move |status| (status, count(status)))
    }

    /// Returns whether results with this status need action.
    fn needs_action(status: ControlStatus) -> bool {
        match status {
            ControlStatus::Failed | ControlStatus::Unreadable | ControlStatus::Manual => true,
            ControlStatus::Passed | ControlStatus::NotApplicable => false,
        }
    }
}

/// A group of equal results.
struct Group<'r> {
    first: &'r Assessed,
    /// The controls, in their order.
    controls: Vec<&'static Control>,
    /// The names of the accounts of the resources, in their order.
    accounts: Vec<String>,
}

impl<'r> Group<'r> {
    fn of(first: &'r Assessed) -> Self {
        let mut group = Self { first, controls: Vec::new(), accounts: Vec::new() };
        group.add(first);
        group
    }

    fn add(&mut self, result: &Assessed) {
        if self.controls.iter().all(|control| control.id != result.control.id) {
            self.controls.push(result.control);
        }
        let account = result.account.as_ref().map(|it| it.name.to_string()).unwrap_or_default();
        if !self.accounts.contains(&account) {
            self.accounts.push(account);
        }
    }

    /// The address of the resource, or of all resources.
    fn resource(&self) -> String {
        fold::address(&self.first.resource, self.accounts.len())
    }

    /// The accounts, if there are several.
    fn places(&self) -> Option<String> {
        (self.accounts.len() > 1).then(|| format!("in {}", few(self.accounts.iter().cloned())))
    }
}

/// The values that two results must share to be in one group: all shown values except the account.
fn likeness(result: &Assessed) -> String {
    let resource = fold::in_every_account(&result.resource);
    let text = format!("{resource}\n{}\n{}", message(result), fix(result));
    match &result.account {
        Some(account) => text.replace(account.id.as_str(), "#").replace(&format!("`{}`", account.name), "#"),
        None => text,
    }
}

fn message(result: &Assessed) -> &str {
    result.verdict.message().unwrap_or_default()
}

/// The setting that would make the resource meet the control, in words; empty if nothing is needed.
fn fix(result: &Assessed) -> String {
    match result.verdict.fix() {
        Some(Fix::Spec { key, value, unmanaged: None }) => format!("set `{key}: {value}` in the spec"),
        Some(Fix::Spec { key, value, unmanaged: Some(other) }) => {
            format!("remove `{other}: unmanaged` from the spec, and set `{key}: {value}`")
        }
        Some(Fix::Apply) => "the spec already asks for it: run `reconcile apply`".to_owned(),
        Some(Fix::Outside(advice)) => format!("outside of the spec: {advice}"),
        None => String::new(),
    }
}

fn style(status: ControlStatus) -> Style {
    match status {
        ControlStatus::Failed => REMOVE,
        ControlStatus::Unreadable => REMOVE.bold(),
        ControlStatus::Manual => CHANGE,
        ControlStatus::Passed => ADD,
        ControlStatus::NotApplicable => DIM,
    }
}

/// The text view: failed results first, each with its fix.
pub fn text(compliance: &Compliance, options: TextOptions) -> Text {
    let mut text = beginning(options);
    let counts = compliance.counts().filter(|(_, count)| *count > 0);
    let counts = counts.enumerate().fold(Line::from(""), |line, (index, (status, count))| {
        let comma = if index == 0 { "" } else { ", " };
        line.and(comma).and_styled(style(status), format_args!("{count} {}", status.words()))
    });
    text.line(Line::styled(STRONG, &compliance.spec).and(": ").append(&counts));
    for status in ControlStatus::ALL {
        let groups = compliance.groups(status, false);
        if groups.is_empty() {
            continue;
        }
        text.blank();
        text.line(Line::styled(style(status).bold(), capital(status.words())));
        if Compliance::needs_action(status) || options.verbose {
            for group in &groups {
                append(&mut text, compliance, group);
            }
        } else {
            text.line(format_args!("  {}", ids(compliance, status)));
        }
    }
    text
}

fn append(text: &mut Text, compliance: &Compliance, group: &Group<'_>) {
    let first = group.first;
    let controls: Vec<String> = group.controls.iter().map(|control| label(compliance, control)).collect();
    let head =
        Line::from("  ").and_styled(STRONG, controls.join(", ")).and(format_args!("  {}", group.resource()));
    text.line(match group.controls.as_slice() {
        [control] => head.and_styled(DIM, format_args!("  {}", control.title)),
        _ => head,
    });
    let lines = [
        group.places(),
        Some(message(first).to_owned()),
        Some(fix(first)).filter(|fix| !fix.is_empty()).map(|fix| format!("fix: {fix}")),
    ];
    for line in lines.into_iter().flatten().filter(|line| !line.is_empty()) {
        text.line(format_args!("      {line}"));
    }
}

/// The ID of a control. If exactly one framework is checked, and the framework has one number for
/// the control, the number follows: `CloudTrail.4 (3.2)`.
fn label(compliance: &Compliance, control: &Control) -> String {
    let number = match compliance.frameworks.as_slice() {
        [framework] => control.requirements_of(*framework),
        _ => None,
    };
    match number.filter(|number| !control.id.ends_with(number) && !number.contains(',')) {
        Some(number) => format!("{} ({number})", control.id),
        None => control.id.to_owned(),
    }
}

/// The IDs of the controls of the results with a status. The number of results follows an ID if
/// there are several.
fn ids(compliance: &Compliance, status: ControlStatus) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for result in compliance.results.iter().filter(|it| it.verdict.status() == status) {
        let label = label(compliance, result.control);
        match counts.last_mut().filter(|(last, _)| *last == label) {
            Some((_, count)) => *count += 1,
            None => counts.push((label, 1)),
        }
    }
    let words = counts.into_iter().map(|(label, count)| match count {
        1 => label,
        count => format!("{label} × {count}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The numbers of the requirements of the checked frameworks: `cis-5.0 3.1, pci-4.0 10.2.1`.
fn requirements(compliance: &Compliance, result: &Assessed) -> String {
    let numbers = compliance
        .frameworks
        .iter()
        .filter_map(|framework| Some(format!("{framework} {}", result.control.requirements_of(*framework)?)));
    numbers.collect::<Vec<_>>().join("; ")
}

/// The JSON view.
///
/// # Errors
/// None in practice: every result can be written as JSON.
pub fn json(compliance: &Compliance) -> serde_json::Result<String> {
    let results: Vec<Value> = compliance
        .results
        .iter()
        .map(|result| {
            let requirements: BTreeMap<&str, &str> = compliance
                .frameworks
                .iter()
                .filter_map(|it| Some((it.as_str(), result.control.requirements_of(*it)?)))
                .collect();
            json!({
                "control": result.control.id,
                "title": result.control.title,
                "page": result.control.page,
                "requirements": requirements,
                "resource": result.resource,
                "account": result.account,
                "status": result.verdict.status(),
                "message": result.verdict.message(),
                "fix": result.verdict.fix().map(json_fix),
            })
        })
        .collect();
    let summary: serde_json::Map<String, Value> =
        compliance.counts().map(|(status, count)| (status.as_str().to_owned(), json!(count))).collect();
    let document = json!({
        "format_version": FORMAT_VERSION,
        "spec": compliance.spec,
        "checked_at": compliance.checked_at,
        "frameworks": compliance.frameworks,
        "status": compliance.status(),
        "results": results,
        "summary": summary,
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn json_fix(fix: &Fix) -> Value {
    match fix {
        Fix::Spec { key, value, unmanaged: None } => json!({ "kind": "spec", "key": key, "value": value }),
        Fix::Spec { key, value, unmanaged: Some(other) } => {
            json!({ "kind": "spec", "key": key, "value": value, "unmanaged": other })
        }
        Fix::Apply => json!({ "kind": "apply" }),
        Fix::Outside(advice) => json!({ "kind": "outside", "advice": advice }),
    }
}

/// The Markdown view, for an issue or a pull request.
pub fn markdown(compliance: &Compliance) -> String {
    let mut text = format!("### Compliance\n\n{}: ", md::code(&compliance.spec));
    let counts: Vec<String> =
        compliance.counts().map(|(status, count)| format!("{count} {}", status.words())).collect();
    let _ = writeln!(text, "{}", counts.join(", "));
    text += "\n| Control | Requirements | Resource | Status | Message |\n| --- | --- | --- | --- | --- |\n";
    let groups = ControlStatus::ALL
        .into_iter()
        .flat_map(|status| compliance.groups(status, true).into_iter().map(move |group| (status, group)));
    for (status, group) in groups {
        let first = group.first;
        let parts = [Some(message(first).to_owned()), Some(fix(first)), group.places()];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|it| !it.is_empty()).collect();
        let _ = writeln!(
            text,
            "| [{}]({}) | {} | {} | {} | {} |",
            first.control.id,
            first.control.page,
            md::cell(&requirements(compliance, first)),
            md::code(&group.resource()),
            status.words(),
            md::cell(&parts.join("; "))
        );
    }
    text
}

#[cfg(test)]
mod tests;
