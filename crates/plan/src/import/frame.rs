//! Writes the other parts of a spec: name, tags, accounts and organization, and the list of
//! resources that are not in it.

use reconcile_spec::AccountName;

use super::LeftOut;
use super::choice::Aspect;
use super::draft::{Draft, Undeleted};
use super::text::{About, Text, one_line, scalar};

impl Draft<'_> {
    pub(super) fn write_head(&self, text: &mut Text) {
        let fixed = About::Fixed(format!("installation `{}`", self.name));
        text.comment(
            "# Written by `reconcile import`. A line with a comment keeps a live setting; the comment \
            says what a plan does",
        );
        text.comment("# without the line.");
        text.push("version: 1", &fixed);
        text.push(format!("name: {}", scalar(self.name.as_str())), &fixed);
        if let Some(previous) = &self.previous {
            text.push(format!("previous_name: {}", scalar(previous.as_str())), &fixed);
        }
        if !self.recognized.is_empty() {
            let names: Vec<String> = self.recognized.iter().map(|name| scalar(name)).collect();
            text.push(format!("recognize: [{}]", names.join(", ")), &fixed);
        }
        if self.undeleted != Undeleted::default() {
            let kept = [("trails", self.undeleted.trails), ("grants", self.undeleted.grants)];
            let kept = kept.into_iter().filter(|(_, is_kept)| *is_kept);
            let kept: Vec<String> = kept.map(|(name, _)| format!("{name}: false")).collect();
            text.keep(format!("deletion: {{ {} }}", kept.join(", ")), Aspect::DeletionOf);
        }
        if self.aside.contains(&Aspect::Tags) {
            text.keep("tags: unmanaged", Aspect::Tags);
        } else if let tags = self.common_tags()
            && !tags.is_empty()
        {
            let tags: Vec<String> =
                tags.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value))).collect();
            text.push(format!("tags: {{ {} }}", tags.join(", ")), &About::Aspect(Aspect::Tags));
        }
        text.comment("");
    }

    pub(super) fn write_accounts(&self, text: &mut Text) {
        text.push("accounts:", &About::Fixed("the accounts".to_owned()));
        for account in self.declared() {
            let role = account.access.role.as_ref().map(|role| {
                let name = role.arn.resource_name();
                let is_plain = role.arn.resource() == format!("role/{name}");
                format!(", role: {}", if is_plain { scalar(name) } else { scalar(role.arn.as_str()) })
            });
            let about = About::Fixed(format!("account {}", account.id));
            let role = role.unwrap_or_default();
            text.push(
                format!("  {}: {{ id: \"{}\"{role} }}", scalar(account.name.as_str()), account.id),
                &about,
            );
        }
        text.comment("");
        if let Some(organization) = &self.organization {
            self.write_organization(organization, text);
        }
    }

    fn write_organization(&self, organization: &AccountName, text: &mut Text) {
        let about = About::Fixed("the organization".to_owned());
        text.push("organization:", &about);
        text.push(format!("  account: {}", scalar(organization.as_str())), &about);
        let known = self.setup.organization.as_ref().and_then(|found| found.as_ref().ok());
        let has_trail = self.included().any(|(_, trail)| trail.organization);
        let lacks_access = known.is_some_and(|known| !known.service_access);
        if has_trail && (lacks_access || self.aside.contains(&Aspect::ServiceAccess)) {
            text.keep("  service_access: false", Aspect::ServiceAccess);
        }
        // A plan registers delegated administrators, and never removes one. Therefore, the spec can
        // omit administrators whose accounts it does not declare.
        let administrators = known.into_iter().flat_map(|known| &known.delegated_administrators);
        let administrators: Vec<String> = administrators
            .filter(|_| !self.aside.contains(&Aspect::DelegatedAdministrator))
            .filter_map(|id| self.account(id.as_str()))
            .filter(|account| account.name != *organization)
            .map(|account| scalar(account.name.as_str()))
            .collect();
        let names = match administrators.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(", "))),
        };
        if let Some(names) = names {
            let about = About::Aspect(Aspect::DelegatedAdministrator);
            text.push(format!("  delegated_administrator: {names}"), &about);
        }
        text.comment("");
    }

    pub(super) fn write_left_out(&self, text: &mut Text) {
        let (left_out, notes) = (self.left_out(), self.notes());
        if !notes.is_empty() {
            text.comment("");
        }
        for note in notes {
            text.comment(format!("# Note: {}", one_line(&note)));
        }
        if left_out.is_empty() {
            return;
        }
        text.comment("");
        text.comment("# Not in this spec:");
        for LeftOut { what, why, hint } in left_out {
            text.comment(format!("# - {}: {}", one_line(&what), one_line(&why)));
            if let Some(hint) = hint {
                text.comment(format!("#   {}", one_line(&hint)));
            }
        }
    }
}
