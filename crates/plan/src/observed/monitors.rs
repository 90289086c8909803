//! The metric filters of a log group, and the alarms of its account.

use std::collections::BTreeMap;

use reconcile_policy::Region;
use reconcile_spec::AccountName;

use crate::view::{Alarm, MetricFilter};

/// The metric filters of a log group, and alarms in its account and Region.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitors {
    /// The account of the log group.
    pub account: AccountName,
    /// The Region of the log group.
    pub region: Region,
    /// The name of the log group.
    pub group: String,
    /// All metric filters of the log group, by name.
    pub filters: BTreeMap<String, MetricFilter>,
    /// The alarms whose names show that they belong to the installation. The map key is the alarm
    /// name.
    pub alarms: BTreeMap<String, Alarm>,
}
