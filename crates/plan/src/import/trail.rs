//! Writes the trails of an installation as YAML of a spec.

pub(super) mod selectors;

use reconcile_policy::Arn;
use reconcile_spec::AccountName;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text, scalar};
use crate::view::{CloudWatchLogs, DATA, Insight, MANAGEMENT, Trail};

/// Trails that one entry of the spec describes: trails with the same name and the same settings.
struct Group<'a> {
    name: &'a str,
    settings: Vec<TrailLine>,
    accounts: Vec<&'a AccountName>,
    trails: Vec<Arn>,
}

/// A line of a trail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TrailLine {
    pub(super) text: String,
    pub(super) subject: LineSubject,
}

/// The subject of a line of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineSubject {
    Trail,
    Logs,
    Topic,
}

const ORGANIZATION_TRAIL: &str = "organization_trail: true";

impl<'s> Draft<'s> {
    fn groups(&self) -> Vec<Group<'s>> {
        let mut groups: Vec<Group<'s>> = Vec::new();
        for (account, trail) in self.included() {
            let (name, settings) = (trail.arn.resource_name(), self.trail_settings(trail));
            match groups.iter_mut().find(|it| it.name == name && it.settings == settings) {
                Some(group) => {
                    group.accounts.push(account);
                    group.trails.push(trail.arn.clone());
                }
                None => {
                    let trails = vec![trail.arn.clone()];
                    groups.push(Group { name, settings, accounts: vec![account], trails });
                }
            }
        }
        groups
    }

    pub(super) fn write_trails(&self, text: &mut Text) {
        text.push("trails:", &About::Fixed("the trails".to_owned()));
        for Group { name, settings, accounts, trails } in self.groups() {
            let about = About::Trails(trails.clone());
            text.push(format!("  - name: {}", scalar(name)), &about);
            if !settings.iter().any(|it| it.text == ORGANIZATION_TRAIL) {
                let accounts: Vec<String> = accounts.into_iter().map(|it| scalar(it.as_str())).collect();
                text.push(format!("    accounts: [{}]", accounts.join(", ")), &about);
            }
            for TrailLine { text: line, subject } in settings {
                let about = match subject {
                    LineSubject::Trail => about.clone(),
                    LineSubject::Logs => About::Logs(trails.clone()),
                    LineSubject::Topic => About::Topics(trails.clone()),
                };
                text.push(format!("    {line}"), &about);
            }
        }
    }

    /// Returns the settings that differ from the default, one line each.
    fn trail_settings(&self, trail: &Trail) -> Vec<TrailLine> {
        let mut lines = Vec::new();
        if trail.organization {
            lines.push(ORGANIZATION_TRAIL.to_owned());
        }
        if trail.arn.region() != self.setup.region.as_str() {
            lines.push(format!("home_region: {}", trail.arn.region()));
        }
        for (name, is_on) in [
            ("enabled", trail.logging),
            ("multi_region", trail.multi_region),
            ("global_service_events", trail.global_service_events),
            ("log_file_validation", trail.log_file_validation),
        ] {
            if !is_on {
                lines.push(format!("{name}: false"));
            }
        }
        let selectors = selectors::to_yaml(&trail.selectors);
        lines.extend(recursive_logging(trail, selectors.is_more));
        lines.extend(selectors.lines);
        lines.extend(insights(&self.insights(trail).0));
        if let Some(templates) = trail.event_aggregation.as_ref().filter(|it| !it.is_empty()) {
            lines.push(format!("event_aggregation: [{}]", templates.join(", ")));
        }
        let lines = lines.into_iter().map(|text| TrailLine { text, subject: LineSubject::Trail });
        let logs = self.logs_of(trail).map(|text| TrailLine { text, subject: LineSubject::Logs });
        let topic = self.topic_of(trail).map(|text| TrailLine { text, subject: LineSubject::Topic });
        lines.chain(logs).chain(topic).collect()
    }

    /// Returns the insights of the categories that a spec can describe, and all other insights.
    fn insights<'t>(&self, trail: &'t Trail) -> (Vec<Insight<'t>>, Vec<&'t str>) {
        let names = trail.insights.as_deref().unwrap_or_default();
        let is_aside = self.aside.contains(&Aspect::Insights(trail.arn.clone()));
        let can_say = |category: &str| {
            let mut of_category = names.iter().filter(|name| Insight::of(name).category == category);
            !is_aside && of_category.all(|name| selectors::can_say_insight(&trail.selectors, name))
        };
        let (said, kept): (Vec<&str>, Vec<&str>) =
            names.iter().map(String::as_str).partition(|name| can_say(Insight::of(name).category));
        (said.into_iter().map(Insight::of).collect(), kept)
    }

    /// Returns messages for the user about the trails of the spec.
    pub(super) fn notes_on_trails(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (_, trail) in self.included() {
            if selectors::to_yaml(&trail.selectors).is_more {
                notes.push(format!(
                    "trail {} records only some reads, writes or resources, in a way that a spec cannot \
                     describe: with a plan, it records more",
                    trail.arn
                ));
            }
            let (_, kept) = self.insights(trail);
            if !kept.is_empty() {
                notes.push(format!(
                    "trail {} records insights that a spec cannot describe, and keeps them: {}",
                    trail.arn,
                    kept.join(", ")
                ));
            }
        }
        let unread = self.included().filter_map(|(_, trail)| {
            let error = self.setup.aggregation_unread.get(&trail.arn)?;
            Some(format!("trail {} keeps its event aggregation, which could not be read: {error}", trail.arn))
        });
        notes.extend(unread);
        notes
    }

    /// Returns the trails of the spec, one line each.
    pub(super) fn trail_contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for Group { name, settings, accounts, .. } in self.groups() {
            let accounts: Vec<&str> = accounts.into_iter().map(AccountName::as_str).collect();
            let also = [(LineSubject::Logs, "log group"), (LineSubject::Topic, "topic")];
            let also = also.into_iter().filter(|(of, _)| settings.iter().any(|it| it.subject == *of));
            let also: Vec<&str> = also.map(|(_, what)| what).collect();
            let also = if also.is_empty() { String::new() } else { format!(", with {}", also.join(" and ")) };
            contents.push(format!("trail {name} in {}{also}", accounts.join(", ")));
        }
        contents
    }
}

/// Returns the line for recursive logging, if the default of the spec differs from the live
/// setting. If the spec selects more events than the trail (`is_more`), the spec can cover the
/// deliveries even if the trail does not.
fn recursive_logging(trail: &Trail, is_more: bool) -> Option<String> {
    let has_log_group = matches!(trail.cloudwatch_logs, Some(CloudWatchLogs::To { .. }));
    let covers = trail.selectors.may_record_deliveries(&trail.bucket, trail.prefix.as_deref(), has_log_group);
    let is_on = trail.recursive_logging?;
    let is_default = if is_on { !covers && !is_more } else { covers };
    (!is_default).then(|| format!("recursive_logging: {is_on}"))
}

/// Returns the line for insights. A category without insights is not named, so that it stays
/// unmanaged.
fn insights(insights: &[Insight<'_>]) -> Option<String> {
    let of = |category: &str| -> Vec<&str> {
        insights.iter().filter(|it| it.category == category).map(|it| it.kind).collect()
    };
    match (of(MANAGEMENT), of(DATA)) {
        (management, data) if management.is_empty() && data.is_empty() => None,
        (management, data) if data.is_empty() => Some(format!("insights: [{}]", management.join(", "))),
        (management, data) => {
            let named = [("management", management), ("data", data)];
            let named = named.into_iter().filter(|(_, kinds)| !kinds.is_empty());
            let named: Vec<String> =
                named.map(|(name, kinds)| format!("{name}: [{}]", kinds.join(", "))).collect();
            Some(format!("insights: {{ {} }}", named.join(", ")))
        }
    }
}
