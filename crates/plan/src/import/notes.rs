//! Lists the contents of an imported spec, and messages for the user about them.

use super::choice::Aspect;
use super::draft::Draft;
use super::names;

impl Draft<'_> {
    /// Returns the contents of the spec, one line each.
    pub(super) fn contents(&self) -> Vec<String> {
        let mut contents = self.trail_contents();
        let setup = self.setup;
        contents.push(format!("bucket {} in {} ({})", setup.bucket, setup.bucket_account, setup.region));
        if let Some(key) = self.key.filter(|_| !self.aside.contains(&Aspect::Key)) {
            let name = match self.alias() {
                Some(alias) => alias.with_prefix(),
                None => key.key.arn.to_string(),
            };
            contents.push(format!("key {name} in {}", key.account));
        }
        contents
    }

    /// Returns messages for the user.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes_on_trails();
        notes.extend(self.notes_on_marks());
        notes.extend(self.notes_on_statements());
        notes.extend(self.setup.unsurveyed.iter().map(|(account, error)| {
            format!("account `{account}` may have more trails with other home Regions: {error}")
        }));
        notes
    }

    /// Returns messages about a bucket or a key that has the tag of another installation, because
    /// installations share it.
    fn notes_on_marks(&self) -> Vec<String> {
        let bucket = (format!("bucket {}", self.setup.bucket), &self.setup.bucket_view.tags);
        let key = self.key.map(|key| (format!("key {}", key.key.arn), &key.key.view.tags));
        let shared = [bucket].into_iter().chain(key).filter(|(_, tags)| !self.is_own(tags));
        shared
            .filter_map(|(what, tags)| {
                let owner = tags.owner()?;
                Some(format!(
                    "{what} carries the tag of installation `{owner}`: this spec shares it, and keeps that tag"
                ))
            })
            .collect()
    }

    /// Returns messages about trails of the spec without a tag that statements of another
    /// installation allow to deliver.
    fn notes_on_statements(&self) -> Vec<String> {
        let found = self.found.as_str();
        let others = names::named_by_statements(self.setup).into_iter().filter(|(name, _)| name != found);
        others
            .filter_map(|(other, named)| {
                let (_, trail) = self.included().find(|(_, trail)| named.contains(&trail.arn))?;
                Some(format!(
                    "statements of installation `{other}` also let trail {} deliver. To rename that \
                     installation, import it with `--name {} --previous-name {other}`; otherwise, leave the \
                     trail to that installation",
                    trail.arn, self.name
                ))
            })
            .collect()
    }
}
