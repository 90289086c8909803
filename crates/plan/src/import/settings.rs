//! Writes the bucket of an installation as YAML of a spec.

use reconcile_spec::ObjectOwnership;

use super::choice::Aspect;
use super::draft::Draft;
use super::key::is_key;
use super::text::{About, Text, scalar};
use crate::view::{AccessLogs, Bucket, Encryption, KeyRef, Lifecycle, Named, ObjectLock, PublicAccessBlock};

/// A setting in a spec.
enum Say {
    /// The spec does not name the setting, because it has the default value.
    Nothing,
    /// This value, which is as good as the default.
    Value(String),
    /// This value, which keeps the setting from becoming the default.
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
        for (aspect, key, say) in self.settings() {
            match say {
                Say::Nothing => {}
                Say::Value(value) => text.push(format!("  {key}: {value}"), &About::Aspect(aspect)),
                Say::Keep(value) => text.keep(format!("  {key}: {value}"), aspect),
            }
        }
        self.write_bucket_policy(text);
        text.comment("");
    }

    fn settings(&self) -> [(Aspect, &'static str, Say); 9] {
        let Bucket {
            versioning,
            public_access_block,
            object_ownership,
            object_lock,
            access_logs,
            eventbridge,
            ..
        } = &self.setup.bucket_view;
        let unmanaged = || Say::Keep("unmanaged".to_owned());
        // The installation may have switched its own bucket's settings off. In a bucket of others, it would undo what they
        // switch on later.
        let is_own = self.is_own(&self.setup.bucket_view.tags);
        let switch = |is_on, is_off| match (is_on, is_off && is_own) {
            (true, _) => Say::Nothing,
            (false, true) => Say::Keep("false".to_owned()),
            (false, false) => unmanaged(),
        };
        let is_blocked = |on| *public_access_block == Some(PublicAccessBlock::all(on));
        let lifecycle = self.setup.rules.of(&self.installation());
        let ownership = match object_ownership {
            Some(Named::Known(ObjectOwnership::BucketOwnerEnforced)) => Say::Nothing,
            Some(ownership) => Say::Keep(ownership.to_string()),
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
        all.map(|(aspect, key, say)| {
            let is_aside = self.aside.contains(&aspect);
            let say = match aspect {
                // By default, these are unmanaged.
                Aspect::Lifecycle | Aspect::ObjectLock | Aspect::AccessLogs | Aspect::EventBridge
                    if is_aside =>
                {
                    Say::Nothing
                }
                Aspect::RequireTls => say,
                _ if is_aside => unmanaged(),
                _ => say,
            };
            (aspect, key, say)
        })
    }

    fn encryption(&self) -> Say {
        let encryption = self.setup.bucket_view.encryption.as_ref();
        let is_default = match (encryption, self.key.filter(|_| !self.aside.contains(&Aspect::Key))) {
            (Some(Encryption::Kms { key: Some(KeyRef::Known(named)), bucket_key: true }), Some(key)) => {
                is_key(named, key)
            }
            _ => false,
        };
        match encryption {
            _ if is_default => Say::Nothing,
            Some(Encryption::S3) => Say::Keep("s3".to_owned()),
            _ => Say::Keep("unmanaged".to_owned()),
        }
    }

    /// An unmanaged bucket policy also leaves this unmanaged.
    fn require_tls(&self) -> Say {
        let Some(own) = self.own_bucket.as_ref().filter(|_| !self.aside.contains(&Aspect::BucketPolicy))
        else {
            return Say::Nothing;
        };
        let is_required = own.requires_tls || !self.aside.contains(&Aspect::RequireTls);
        if is_required { Say::Nothing } else { Say::Keep("false".to_owned()) }
    }
}

fn lifecycle(live: &Lifecycle) -> Say {
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
    if parts.is_empty() { Say::Nothing } else { Say::Value(format!("{{ {} }}", parts.join(", "))) }
}

fn object_lock(live: Option<&ObjectLock>) -> Say {
    let Some(ObjectLock::On { mode, days, years }) = live else { return Say::Nothing };
    match (days, years) {
        (Some(days), None) => Say::Value(format!("{{ mode: {mode}, days: {days} }}")),
        (None, Some(years)) => Say::Value(format!("{{ mode: {mode}, years: {years} }}")),
        _ => Say::Nothing,
    }
}

fn access_logs(live: Option<&AccessLogs>) -> Say {
    let Some(AccessLogs::To { bucket, prefix }) = live else { return Say::Nothing };
    let prefix = if prefix.is_empty() { String::new() } else { format!(", prefix: {}", scalar(prefix)) };
    Say::Value(format!("{{ bucket: {}{prefix} }}", scalar(bucket)))
}

fn eventbridge(is_on: Option<bool>) -> Say {
    if is_on == Some(true) { Say::Value("true".to_owned()) } else { Say::Nothing }
}
