//! The clock of a service, from the dates of its answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

/// The time at which a service sent its last answer, by the clock of the service: the `Date`
/// header.
///
/// See "Common response headers" in the S3 API reference.
#[derive(Debug, Clone, Default)]
pub struct ServiceClock(Arc<Mutex<Option<DateTime>>>);

impl ServiceClock {
    /// Returns the time between a moment of the same clock and the last answer; `None` if the
    /// answer had no date.
    pub fn since(&self, moment: DateTime) -> Option<Duration> {
        let now = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        // Several machines of a service answer, and their clocks can differ a little.
        Some(Duration::from_secs(u64::try_from(now.secs().saturating_sub(moment.secs())).unwrap_or_default()))
    }
}

impl Intercept for ServiceClock {
    fn name(&self) -> &'static str {
        "ServiceClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clock_of_the_service_counts() {
        let clock = ServiceClock::default();
        let moment = DateTime::from_secs(1_000_000);
        assert_eq!(clock.since(moment), None);
        for (seconds, expected) in [(1_000_060, 60), (1_000_000, 0), (999_999, 0)] {
            *clock.0.lock().unwrap() = Some(DateTime::from_secs(seconds));
            assert_eq!(clock.since(moment), Some(Duration::from_secs(expected)));
        }
    }
}
