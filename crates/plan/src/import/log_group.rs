//! Writes the log groups of trails as YAML of a spec, each with its role and its alarms.

use reconcile_policy::Arn;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::scalar;
use crate::view::{CloudWatchLogs, LogGroup, Trail};

impl Draft<'_> {
    /// Returns the YAML of the delivery to a log group, if the role belongs to the installation.
    pub(super) fn logs_of(&self, trail: &Trail) -> Option<String> {
        let (group, role) = logs(trail)?;
        if self.why_not_logs(trail).is_some() {
            return None;
        }
        let live =
            self.setup.destinations.log_groups.get(&group).and_then(|it| it.as_ref().ok()?.as_ref())?;
        let LogGroup { retention_days, encryption, .. } = live;
        let name = group.resource().trim_start_matches("log-group:");
        let mut parts = vec![format!("log_group: {}", scalar(name))];
        parts.extend(retention_days.map(|days| format!("retention_days: {days}")));
        parts.extend(self.role_keys(&role));
        if self.is_with_key(encryption.as_ref()) {
            parts.push("encryption: key".to_owned());
        }
        parts.extend(self.alarms_of(trail, name));
        Some(format!("cloudwatch_logs: {{ {} }}", parts.join(", ")))
    }

    /// Returns the reason why the spec does not name the log group of a trail.
    pub(super) fn why_not_logs(&self, trail: &Trail) -> Option<String> {
        let (group, role) = logs(trail)?;
        if let Some(Err(error)) = self.setup.destinations.log_groups.get(&group) {
            return Some(format!("it cannot be read: {error}"));
        }
        let is_aside = self.aside.contains(&Aspect::Logs(trail.arn.clone()));
        self.why_not_role(&role).or_else(|| {
            is_aside.then(|| "a plan would change the log group, its role or its encryption".to_owned())
        })
    }
}

/// Returns the log group of a trail, and the role that delivers to it.
pub(super) fn logs(trail: &Trail) -> Option<(Arn, Arn)> {
    let Some(CloudWatchLogs::To { group, role }) = &trail.cloudwatch_logs else { return None };
    Some((group.trim_end_matches(":*").parse().ok()?, role.parse().ok()?))
}
