//! The names of the fields of views, which the paths of differences contain.

use super::{Alarm, Bucket, Key, LogGroup, MetricFilter, Role, Topic, Trail};

/// A field of a view.
pub trait Field: Copy + 'static {
    /// Every field, with its name in JSON.
    const ALL: &[(&str, Self)];

    /// Returns the field with a name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(it, _)| *it == name).map(|(_, field)| *field)
    }
}

macro_rules! fields {
    ($view:ident $field:ident { $($variant:ident $name:ident,)* }) => {
        #[doc = concat!("A field of [`", stringify!($view), "`].")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $field {
            $(#[doc = concat!("The field `", stringify!($name), "`.")] $variant,)*
        }

        impl Field for $field {
            const ALL: &[(&str, Self)] = &[$((stringify!($name), Self::$variant)),*];
        }

        // Does not compile if the view has a field that is not in the list.
        const _: fn(&$view) = |view| {
            let $view { $($name: _),* } = view;
        };
    };
}

fields!(Key KeyField {
    Description description,
    Rotation rotation,
    Tags tags,
    InitialPolicy initial_policy,
});
fields!(Bucket BucketField {
    Encryption encryption,
    BlockedEncryptionTypes blocked_encryption_types,
    Versioning versioning,
    PublicAccessBlock public_access_block,
    ObjectOwnership object_ownership,
    Lifecycle lifecycle,
    ObjectLock object_lock,
    AccessLogs access_logs,
    Eventbridge eventbridge,
    Tags tags,
});
fields!(LogGroup LogGroupField {
    RetentionDays retention_days,
    Encryption encryption,
    Tags tags,
});
fields!(Role RoleField {
    Trust trust,
    PolicyName policy_name,
    Permissions permissions,
    Boundary boundary,
    Tags tags,
});
fields!(Topic TopicField {
    Arn arn,
    Encryption encryption,
    Tags tags,
});
fields!(Trail TrailField {
    Arn arn,
    Bucket bucket,
    Prefix prefix,
    KmsKey kms_key,
    MultiRegion multi_region,
    GlobalServiceEvents global_service_events,
    LogFileValidation log_file_validation,
    Organization organization,
    Logging logging,
    Selectors selectors,
    RecursiveLogging recursive_logging,
    Insights insights,
    EventAggregation event_aggregation,
    CloudwatchLogs cloudwatch_logs,
    Notification notification,
    Tags tags,
});
fields!(MetricFilter MetricFilterField {
    Pattern pattern,
    Metrics metrics,
    Criteria criteria,
    OnTransformed on_transformed,
    SystemDimensions system_dimensions,
});
fields!(Alarm AlarmField {
    Namespace namespace,
    Metric metric,
    Condition condition,
    ActionsEnabled actions_enabled,
    Actions actions,
});

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::view::Tags;

    fn names<F: Field>(view: impl Serialize) -> Vec<String> {
        let value = serde_json::to_value(view).unwrap();
        let unknown = value.as_object().unwrap().keys().filter(|name| F::named(name).is_none());
        unknown.cloned().collect()
    }

    #[test]
    fn a_view_has_no_field_in_json_without_a_name() {
        let trail = Trail::plain("arn:aws:cloudtrail:eu-west-1:111111111111:trail/T".parse().unwrap());
        assert_eq!(names::<TrailField>(trail), [""; 0]);
        let group = LogGroup { retention_days: Some(1), encryption: None, tags: Tags::default() };
        assert_eq!(names::<LogGroupField>(&group), [""; 0]);
        assert_eq!(names::<TopicField>(&group), ["retention_days"]);
    }
}
