//! Writes the bucket of an installation as YAML of a spec.

use reconcile_spec::ObjectOwnership;

use super::choice::Aspect;
use super::draft::Draft;
use super::key::is_key;
use super::text::{About, Text, scalar};
use crate::view::{
    AccessLogs, Bucket, Encryption, KeyRef, Lifecycle, ObjectLock, OpenEnum, PublicAccessBlock,
};

/// The line of a setting in a spec.
enum SettingLine {
    /// No line, because the setting has the default value.
    Nothing,
    /// A line with the live value, which replaces the default `unmanaged`.
    Value(String),
    /// A line with this value, which prevents a plan from changing the setting to the default.
    Keep(String),
}

impl Draft<'_> {
    pub(super) fn write_bucket(&self, text: &mut Text) {
        let setup = self.setup;
        let fixed = About::Fixed(format!("bucket {}", setup.bucket));
        text.push("bucket:", &fixed);
        text.push(format!("  name: {}", scalar(setup.bucket.as_str())), &fixed);
        text.push(format!("  account: {}", scalar(setup.bucket_account.as_str())), &fixed);
        text.push(format!("  region: {}", setup.region), &fixed);
        if let Some(prefix) = &self.prefix {
            text.push(format!("  prefix: {}", scalar(prefix)), &fixed);
        }
        for (aspect, key, line) in self.settings() {
            match line {
                SettingLine::Nothing => {}
                SettingLine::Value(value) => text.push(format!("  {key}: {value}"), &About::Aspect(aspect)),
                SettingLine::Keep(value) => text.keep(format!("  {key}: {value}"), aspect),
            }
        }
        self.write_bucket_policy(text);
        text.comment("");
    }

    fn settings(&self) -> [(Aspect, &'static str, SettingLine); 9] {
        let Bucket {
            versioning,
            public_access_block,
            object_ownership,
            object_lock,
            access_logs,
            eventbridge,
            ..
        } = &self.setup.bucket_view;
        let unmanaged = || SettingLine::Keep("unmanaged".to_owned());
        // The installation may have disabled settings of its own bucket. In a foreign bucket,
        // `false` would undo a setting that the owner enables later.
        let is_own = self.is_own(&self.setup.bucket_view.tags);
        let switch = |is_on, is_off| match (is_on, is_off && is_own) {
            (true, _) => SettingLine::Nothing,
            (false, true) => SettingLine::Keep("false".to_owned()),
            (false, false) => unmanaged(),
        };
        let is_blocked = |on| *public_access_block == Some(PublicAccessBlock::all(on));
        let lifecycle = self.setup.rules.managed_rule(&self.installation());
        let ownership = match object_ownership {
            Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced)) => SettingLine::Nothing,
            Some(ownership) => SettingLine::Keep(ownership.to_string()),
            None => unmanaged(),
        };
        let all = [
            (Aspect::Encryption, "encryption", self.encryption()),
            (Aspect::Versioning, "versioning", switch(*versioning == Some(true), *versioning == Some(false))),
            (Aspect::PublicAccess, "block_public_access", switch(is_blocked(true), is_blocked(false))),
            (Aspect::ObjectOwnership, "object_ownership", ownership),
            (Aspect::RequireTls, "require_tls", self.require_tls()),
            (Aspect::Lifecycle, "lifecycle", self::lifecycle(&lifecycle)),
            (Aspect::ObjectLock, "object_lock", self::object_lock(object_lock.as_ref())),
            (Aspect::AccessLogs, "access_logs", self::access_logs(access_logs.as_ref())),
            (Aspect::EventBridge, "eventbridge", self::eventbridge(*eventbridge)),
        ];
        all.map(|(aspect, key, line)| {
            let is_aside = self.aside.contains(&aspect);
            let line = match aspect {
                // By default, these settings are unmanaged.
                Aspect::Lifecycle | Aspect::ObjectLock | Aspect::AccessLogs | Aspect::EventBridge
                    if is_aside =>
                {
                    SettingLine::Nothing
                }
                Aspect::RequireTls => line,
                _ if is_aside => unmanaged(),
                _ => line,
            };
            (aspect, key, line)
        })
    }

    fn encryption(&self) -> SettingLine {
        let encryption = self.setup.bucket_view.encryption.as_ref();
        let is_default = match (encryption, self.key.filter(|_| !self.aside.contains(&Aspect::Key))) {
            (Some(Encryption::Kms { key: Some(KeyRef::Known(named)), bucket_key: true }), Some(key)) => {
                is_key(named, key)
            }
            _ => false,
        };
        match encryption {
            _ if is_default => SettingLine::Nothing,
            Some(Encryption::S3) => SettingLine::Keep("s3".to_owned()),
            _ => SettingLine::Keep("unmanaged".to_owned()),
        }
    }

    /// Returns the line of `require_tls`, which is unmanaged if the bucket policy is unmanaged.
    fn require_tls(&self) -> SettingLine {
        let Some(own) = self.own_bucket.as_ref().filter(|_| !self.aside.contains(&Aspect::BucketPolicy))
        else {
            return SettingLine::Nothing;
        };
        let is_required = own.requires_tls || !self.aside.contains(&Aspect::RequireTls);
        if is_required { SettingLine::Nothing } else { SettingLine::Keep("false".to_owned()) }
    }
}

fn lifecycle(live: &Lifecycle) -> SettingLine {
    let transitions: Vec<String> = live
        .transitions
        .iter()
        .map(|it| format!("{{ days: {}, storage_class: {} }}", it.days, it.storage_class))
        .collect();
    let transitions = (!transitions.is_empty()).then(|| format!("transitions: [{}]", transitions.join(", ")));
    let days = [
        ("expire_days", live.expire_days),
        ("noncurrent_expire_days", live.noncurrent_expire_days),
        ("abort_incomplete_multipart_days", live.abort_incomplete_multipart_days),
    ];
    let days = days.into_iter().filter_map(|(key, days)| Some(format!("{key}: {}", days?)));
    let parts: Vec<String> = transitions.into_iter().chain(days).collect();
    if parts.is_empty() {
        SettingLine::Nothing
    } else {
        SettingLine::Value(format!("{{ {} }}", parts.join(", ")))
    }
}

fn object_lock(live: Option<&ObjectLock>) -> SettingLine {
    let Some(ObjectLock::On { mode, days, years }) = live else { return SettingLine::Nothing };
    match (days, years) {
        (Some(days), None) => SettingLine::Value(format!("{{ mode: {mode}, days: {days} }}")),
        (None, Some(years)) => SettingLine::Value(format!("{{ mode: {mode}, years: {years} }}")),
        _ => SettingLine::Nothing,
    }
}

fn access_logs(live: Option<&AccessLogs>) -> SettingLine {
    let Some(AccessLogs::To { bucket, prefix }) = live else { return SettingLine::Nothing };
    let prefix = if prefix.is_empty() { String::new() } else { format!(", prefix: {}", scalar(prefix)) };
    SettingLine::Value(format!("{{ bucket: {}{prefix} }}", scalar(bucket)))
}

fn eventbridge(is_on: Option<bool>) -> SettingLine {
    if is_on == Some(true) { SettingLine::Value("true".to_owned()) } else { SettingLine::Nothing }
}
