//! Finds what a spec may say and this version does not act on.
//!
//! The format is whole from the start, so that it does not change under its users. What is not acted on is refused
//! when a plan is made, and never ignored.

use crate::diagnostic::{Diagnostic, Place};
use crate::raw::{Located, RawSpec, WordOr};
use crate::resolve::organization::is_unit;

pub(crate) fn find(raw: &RawSpec) -> Vec<Diagnostic> {
    let mut found = Found(Vec::new());
    if let Some(organization) = raw.organization.as_ref().map(|it| &it.value) {
        let units = organization.include.as_ref().filter(|it| matches!(it.value, WordOr::Value(_)));
        found.present("organization.include", units.map(|it| &it.place), " other than `all`");
        let units = organization.exclude.iter().find(|it| is_unit(&it.value));
        found.present("organization.exclude", units.map(|it| &it.place), " of organizational units");
        found.other("organization.service_access", organization.service_access.as_ref(), &false);
        let administrator = organization.delegated_administrator.as_ref();
        found.present("organization.delegated_administrator", administrator.map(|it| &it.place), "");
    }
    found.present("lock", raw.lock.as_ref().map(|it| &it.place), "");

    let key = &raw.key.value;
    found.present("key.arn", key.arn.as_ref().map(|it| &it.place), "");

    for trail in raw.trails.value.iter().map(|trail| &trail.value) {
        found.other("organization_trail", trail.organization_trail.as_ref(), &false);
        found.present("cloudwatch_logs", trail.cloudwatch_logs.as_ref().map(|it| &it.place), "");
        found.present("sns_topic", trail.sns_topic.as_ref().map(|it| &it.place), "");
    }

    let deletion = &raw.deletion;
    for (name, value, default) in
        [("deletion.bucket", &deletion.bucket, false), ("deletion.key", &deletion.key, false)]
    {
        found.other(name, value.as_ref(), &default);
    }
    found.0
}

struct Found(Vec<Diagnostic>);

impl Found {
    /// `which` of the values that the key can have, if not all.
    fn present(&mut self, name: &str, place: Option<&Place>, which: &str) {
        if let Some(place) = place {
            self.add(*place, format!("`{name}`{which} is not supported yet"));
        }
    }

    /// Anything but the default.
    fn other<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, value: Option<&Located<T>>, default: &T) {
        if let Some(value) = value.filter(|value| value.value != *default) {
            self.add(value.place, format!("`{name}: {:?}` is not supported yet", value.value));
        }
    }

    fn add(&mut self, place: Place, message: String) {
        let help = Some("take it out of the spec to plan the rest".to_owned());
        self.0.push(Diagnostic { message, place: Some(place), help });
    }
}
