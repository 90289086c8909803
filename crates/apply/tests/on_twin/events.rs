//! The events that a trail records: recursive logging, data events for only reads or writes,
//! insights, and aggregation of events.

use aws_sdk_cloudtrail::types::{InsightSelector, InsightType, ReadWriteType, SourceEventCategory};
use reconcile_plan::{Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members};

use crate::installation::{Installation, client};

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail";

fn cloudtrail(installation: &Installation) -> aws_sdk_cloudtrail::Client {
    client!(aws_sdk_cloudtrail, installation, MASTER)
}

async fn recursive_logging(installation: &Installation) -> bool {
    let trail = cloudtrail(installation).get_trail().name("Trail").send().await.unwrap().trail.unwrap();
    trail.recursive_logging().unwrap()
}

/// Turns recursive logging on or off, as somebody else.
async fn set_recursive_logging(installation: &Installation, is_on: bool) {
    let call = cloudtrail(installation).update_trail().name("Trail").recursive_logging(is_on);
    call.send().await.unwrap();
}

#[tokio::test]
async fn a_trail_that_records_its_log_bucket_leaves_out_its_own_deliveries_by_default() {
    for (events, expected) in [
        ("{ enabled: true }", true),
        ("{ data_events: { s3: all } }", false),
        ("{ data_events: { s3: [test-logs] } }", false),
        ("{ data_events: { s3: [other-bucket] } }", true),
        ("{ data_events: { s3: { read_write: read, resources: all } } }", true),
        ("{ data_events: { s3: all }, recursive_logging: true }", true),
        ("{ recursive_logging: false }", false),
    ] {
        let installation = Installation::new();
        installation.converge(&members(0).with("trails.0", events)).await;
        assert_eq!(recursive_logging(&installation).await, expected, "{events}");
    }
}

#[tokio::test]
async fn recursive_logging_is_found_and_set_where_it_is_managed_and_kept_where_it_is_not() {
    let installation = Installation::new();
    let spec = members(0).with("trails.0", "{ data_events: { s3: all } }");
    installation.converge(&spec).await;
    set_recursive_logging(&installation, true).await;

    let comparison = installation.compare(&spec).await;
    let found: Vec<_> = findings(&comparison).into_iter().map(|it| (it.severity, it.message)).collect();
    let message = "recursive logging is on: its data events include CloudTrail's own deliveries".to_owned();
    assert_eq!(found, [(Severity::Medium, message)]);
    installation.converge(&spec).await;
    assert!(!recursive_logging(&installation).await);
    assert!(installation.plan(&spec).await.is_in_sync());

    // If a trail cannot record its own deliveries, it keeps the setting.
    let spec = members(0);
    installation.converge(&spec).await;
    for is_on in [false, true] {
        set_recursive_logging(&installation, is_on).await;
        assert!(installation.plan(&spec).await.is_in_sync(), "{is_on}");
    }
}

#[tokio::test]
async fn data_events_are_recorded_for_reads_or_writes_alone() {
    let installation = Installation::new();
    let spec = members(0).with(
        "trails.0.data_events",
        "{ s3: { read_write: write, resources: all }, lambda: { read_write: read, resources: all }, \
         dynamodb: all }",
    );
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
    let answer = cloudtrail(&installation).get_event_selectors().trail_name(TRAIL).send().await.unwrap();
    let mut recorded: Vec<(ReadWriteType, bool, String)> = Vec::new();
    for selector in answer.event_selectors() {
        for resource in selector.data_resources() {
            let read_write = selector.read_write_type().unwrap().clone();
            let management = selector.include_management_events().unwrap();
            recorded.push((read_write, management, resource.r#type().unwrap().to_owned()));
        }
    }
    recorded.sort();
    assert_eq!(
        recorded,
        [
            (ReadWriteType::All, true, "AWS::DynamoDB::Table".to_owned()),
            (ReadWriteType::ReadOnly, false, "AWS::Lambda::Function".to_owned()),
            (ReadWriteType::WriteOnly, false, "AWS::S3::Object".to_owned()),
        ]
    );
}

/// Returns the insights that a trail records, as types with categories.
async fn insights(installation: &Installation) -> Vec<String> {
    let answer = cloudtrail(installation).get_insight_selectors().trail_name(TRAIL).send().await;
    let mut found: Vec<String> = Vec::new();
    // Without any insights, the answer is an error.
    for selector in answer.map(|it| it.insight_selectors.unwrap_or_default()).unwrap_or_default() {
        let kind = selector.insight_type().unwrap().as_str();
        found.extend(selector.event_categories().iter().map(|category| format!("{kind} {category}")));
    }
    found.sort();
    found
}

#[tokio::test]
async fn insights_of_a_category_that_the_spec_does_not_name_are_kept_and_shown() {
    let installation = Installation::new();
    let with = |insights: &str| {
        members(0).with("trails.0", &format!("{{ data_events: {{ s3: all }}, insights: {insights} }}"))
    };
    let spec = with("[ApiCallRateInsight]");
    installation.converge(&spec).await;
    assert_eq!(insights(&installation).await, ["ApiCallRateInsight Management"]);

    // Somebody else enables insights of data events, and another type of the insights that the spec
    // names.
    let selector = |kind: InsightType, categories: Vec<SourceEventCategory>| {
        InsightSelector::builder().insight_type(kind).set_event_categories(Some(categories)).build()
    };
    let call = cloudtrail(&installation)
        .put_insight_selectors()
        .trail_name("Trail")
        .insight_selectors(selector(
            InsightType::ApiErrorRateInsight,
            vec![SourceEventCategory::Management, SourceEventCategory::Data],
        ))
        .insight_selectors(selector(InsightType::ApiCallRateInsight, vec![SourceEventCategory::Data]));
    call.send().await.unwrap();
    let of_data = ["ApiCallRateInsight Data", "ApiErrorRateInsight Data"];
    let plan = installation.converge(&spec).await;
    let warnings: Vec<&str> = plan
        .warnings
        .iter()
        .filter(|it| it.code.as_str() == "insights-kept")
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        warnings,
        [
            "keeps recording insights of a category that the spec does not name: ApiCallRateInsight (Data), ApiErrorRateInsight \
             (Data); name the category in `insights` to manage it"
        ]
    );
    assert_eq!(
        insights(&installation).await,
        [of_data[0], "ApiCallRateInsight Management", of_data[1]],
        "the list of a category that the spec names is exact"
    );
    assert!(installation.plan(&spec).await.is_in_sync());

    for (value, expected) in [
        ("[]", vec![of_data[0], of_data[1]]),
        (
            "{ management: [ApiErrorRateInsight] }",
            vec![of_data[0], of_data[1], "ApiErrorRateInsight Management"],
        ),
        ("{ data: [ApiErrorRateInsight] }", vec![of_data[1], "ApiErrorRateInsight Management"]),
        ("{ management: [], data: [ApiCallRateInsight] }", vec![of_data[0]]),
        ("{ management: [], data: [] }", vec![]),
    ] {
        let spec = with(value);
        installation.converge(&spec).await;
        assert_eq!(insights(&installation).await, expected, "{value}");
        assert!(installation.plan(&spec).await.is_in_sync(), "{value}");
    }
}

/// Returns the templates by which data events are aggregated.
async fn aggregation(installation: &Installation) -> Vec<String> {
    let call = cloudtrail(installation).get_event_configuration().trail_name(TRAIL);
    let configurations = call.send().await.unwrap().aggregation_configurations.unwrap_or_default();
    configurations.iter().flat_map(|it| &it.templates).map(|it| it.as_str().to_owned()).collect()
}

#[tokio::test]
async fn data_events_are_aggregated_where_the_spec_names_templates_and_read_only_there() {
    let installation = Installation::new();
    let spec = members(0)
        .with("trails.0", "{ data_events: { s3: all }, event_aggregation: [USER_ACTIONS, API_ACTIVITY] }");
    installation.converge(&spec).await;
    assert_eq!(aggregation(&installation).await, ["API_ACTIVITY", "USER_ACTIONS"]);
    assert!(installation.plan(&spec).await.is_in_sync());

    // Somebody else turns aggregation off.
    let off = cloudtrail(&installation).put_event_configuration().trail_name("Trail");
    off.set_aggregation_configurations(Some(Vec::new())).send().await.unwrap();
    let found = findings(&installation.compare(&spec).await);
    let found: Vec<_> = found.into_iter().map(|it| (it.severity, it.message)).collect();
    let message = "the templates for the aggregation of data events differ from the spec".to_owned();
    assert_eq!(found, [(Severity::Medium, message)]);
    installation.converge(&spec).await;
    assert_eq!(aggregation(&installation).await, ["API_ACTIVITY", "USER_ACTIONS"]);

    // Without the key in the spec, aggregation is not changed and no request is made.
    let before = installation.twin.calls().len();
    assert!(
        installation.plan(&members(0).with("trails.0", "{ data_events: { s3: all } }")).await.is_in_sync()
    );
    let reads = |call: &reconcile_twin::Call| call.operation.ends_with(":GetEventConfiguration");
    assert!(!installation.twin.calls()[before..].iter().any(reads));
    assert_eq!(aggregation(&installation).await, ["API_ACTIVITY", "USER_ACTIONS"]);

    // Aggregation is turned off before the data events.
    let spec = members(0).with("trails.0", "{ event_aggregation: [] }");
    let before = installation.twin.calls().len();
    installation.converge(&spec).await;
    let calls = installation.twin.calls();
    let position =
        |name: &str| calls[before..].iter().position(|call| call.operation.ends_with(name)).unwrap();
    assert!(position(":PutEventConfiguration") < position(":PutEventSelectors"));
    assert_eq!(aggregation(&installation).await, [""; 0]);
    assert!(installation.plan(&spec).await.is_in_sync());
}
