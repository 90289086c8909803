//! Resolves the insights of a trail, and checks that the trail records the events that CloudTrail
//! analyzes for them.

use std::collections::BTreeSet;

use crate::desired::{Insights, Selectors};
use crate::problems::Problems;
use crate::raw::{ListOr, Located, RawInsight, RawInsights, RawInsightsOfCategories};

pub(super) fn resolve(
    raw: Option<&Located<RawInsights>>,
    selectors: Option<&Selectors>,
    problems: &mut Problems,
) -> Insights {
    let Some(raw) = raw else { return Insights::default() };
    match &raw.value {
        ListOr::List(management) => {
            let management = Located { value: management.clone(), place: raw.place };
            check_management(&management, selectors, problems);
            Insights { management: Some(names(&management.value)), data: None }
        }
        ListOr::Map(RawInsightsOfCategories { management: None, data: None }) => {
            problems.add(raw.place, "`insights` has no category of events", "add `management` or `data`");
            Insights::default()
        }
        ListOr::Map(RawInsightsOfCategories { management, data }) => {
            if let Some(management) = management {
                check_management(management, selectors, problems);
            }
            if let Some(data) = data {
                check_data(data, selectors, problems);
            }
            let names = |of: &Option<Located<Vec<RawInsight>>>| of.as_ref().map(|it| names(&it.value));
            Insights { management: names(management), data: names(data) }
        }
    }
}

fn names(insights: &[RawInsight]) -> Vec<String> {
    let names: BTreeSet<&str> = insights.iter().map(|insight| insight.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Checks insights of management events. Insights of call rates analyze write events, insights of
/// error rates all events. See
/// [`PutInsightSelectors`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutInsightSelectors.html).
fn check_management(
    insights: &Located<Vec<RawInsight>>,
    selectors: Option<&Selectors>,
    problems: &mut Problems,
) {
    let Some(selectors) = selectors.filter(|_| !insights.value.is_empty()) else { return };
    let problem = if !selectors.has_management_events() {
        "these insights analyze management events, but the trail records none"
    } else if insights.value.contains(&RawInsight::ApiCallRateInsight) && selectors.has_only_reads() {
        "`ApiCallRateInsight` analyzes write management events, but the trail records none"
    } else {
        return;
    };
    problems.add(insights.place, problem, "record them with `management_events`, or remove the insights");
}

/// Checks insights of data events, which analyze read and write events. See
/// [`PutInsightSelectors`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutInsightSelectors.html).
fn check_data(insights: &Located<Vec<RawInsight>>, selectors: Option<&Selectors>, problems: &mut Problems) {
    if !insights.value.is_empty() && selectors.is_some_and(|selectors| !selectors.has_data_events()) {
        problems.add(
            insights.place,
            "these insights analyze data events, but the trail records none",
            "record them with `data_events`, or remove the insights",
        );
    }
}
