//! Contains the resource types of data events.

use crate::problems::distance;

/// Resource types for which CloudTrail can log data events. The list is the basis for "did you
/// mean" and is not complete: CloudTrail adds types nearly every month.
///
/// See "Data events" in "Logging data events" in the CloudTrail user guide.
const KNOWN: &[&str] = &[
    "AWS::AppConfig::Configuration",
    "AWS::AppSync::GraphQLApi",
    "AWS::B2BI::Transformer",
    "AWS::Bedrock::AgentAlias",
    "AWS::Bedrock::AsyncInvoke",
    "AWS::Bedrock::FlowAlias",
    "AWS::Bedrock::Guardrail",
    "AWS::Bedrock::InlineAgent",
    "AWS::Bedrock::KnowledgeBase",
    "AWS::Bedrock::Model",
    "AWS::Cassandra::Table",
    "AWS::CloudFront::KeyValueStore",
    "AWS::CloudTrail::Channel",
    "AWS::CloudWatch::Metric",
    "AWS::CodeWhisperer::Customization",
    "AWS::CodeWhisperer::Profile",
    "AWS::Cognito::IdentityPool",
    "AWS::DataExchange::Asset",
    "AWS::Deadline::Fleet",
    "AWS::Deadline::Job",
    "AWS::Deadline::Queue",
    "AWS::Deadline::Worker",
    "AWS::DynamoDB::Stream",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Snapshot",
    "AWS::EMRWAL::Workspace",
    "AWS::FinSpace::Environment",
    "AWS::Glue::Table",
    "AWS::GreengrassV2::ComponentVersion",
    "AWS::GreengrassV2::Deployment",
    "AWS::GuardDuty::Detector",
    "AWS::IoT::Certificate",
    "AWS::IoT::Thing",
    "AWS::IoTSiteWise::Asset",
    "AWS::IoTSiteWise::TimeSeries",
    "AWS::IoTTwinMaker::Entity",
    "AWS::IoTTwinMaker::Workspace",
    "AWS::KendraRanking::ExecutionPlan",
    "AWS::Kinesis::Stream",
    "AWS::Kinesis::StreamConsumer",
    "AWS::KinesisVideo::Stream",
    "AWS::Lambda::Function",
    "AWS::ManagedBlockchain::Network",
    "AWS::ManagedBlockchain::Node",
    "AWS::ManagedBlockchainQuery::QueryAPI",
    "AWS::MedicalImaging::Datastore",
    "AWS::NeptuneGraph::Graph",
    "AWS::PCAConnectorAD::Connector",
    "AWS::PCAConnectorSCEP::Connector",
    "AWS::PaymentCryptography::Alias",
    "AWS::PaymentCryptography::Key",
    "AWS::QApps::QApp",
    "AWS::QBusiness::Application",
    "AWS::QBusiness::DataSource",
    "AWS::QBusiness::Index",
    "AWS::QBusiness::WebExperience",
    "AWS::RDS::DBCluster",
    "AWS::RUM::AppMonitor",
    "AWS::S3::AccessPoint",
    "AWS::S3::Object",
    "AWS::S3Express::Object",
    "AWS::S3ObjectLambda::AccessPoint",
    "AWS::S3Outposts::Object",
    "AWS::S3Tables::Table",
    "AWS::S3Tables::TableBucket",
    "AWS::SCN::Instance",
    "AWS::SNS::PlatformEndpoint",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SSM::ManagedNode",
    "AWS::SSMMessages::ControlChannel",
    "AWS::SWF::Domain",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::ExperimentTrialComponent",
    "AWS::SageMaker::FeatureGroup",
    "AWS::ServiceDiscovery::Namespace",
    "AWS::ServiceDiscovery::Service",
    "AWS::SocialMessaging::PhoneNumberId",
    "AWS::StepFunctions::Activity",
    "AWS::StepFunctions::StateMachine",
    "AWS::ThinClient::Device",
    "AWS::ThinClient::Environment",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
    "AWS::VerifiedPermissions::PolicyStore",
    "AWS::XRay::Trace",
];

/// Returns whether a text has the form of a resource type: `AWS::Service::Resource`.
pub(crate) fn is_resource_type(text: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    matches!(text.split("::").collect::<Vec<_>>().as_slice(), ["AWS", service, resource] if is_name(service) && is_name(resource))
}

/// Returns the known type that a text misspells. A type that is not similar to a known type is
/// probably newer.
pub(crate) fn misspelled(text: &str) -> Option<&'static str> {
    /// The maximum number of different letters. A larger number would reject new types that only
    /// resemble a known one.
    const MAX: usize = 2;

    if KNOWN.contains(&text) {
        return None;
    }
    let is_close = |known: &&&str| known.eq_ignore_ascii_case(text) || distance(text, known) <= MAX;
    KNOWN.iter().find(is_close).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_types_are_distinguished_from_new_types() {
        for (text, known) in [
            ("AWS::S3::Object", None),
            ("AWS::S3::Objects", Some("AWS::S3::Object")),
            ("AWS::dynamodb::table", Some("AWS::DynamoDB::Table")),
            ("AWS::Quantum::Teleporter", None),
        ] {
            assert_eq!(misspelled(text), known, "{text}");
        }
    }

    #[test]
    fn known_types_have_the_form_of_a_type() {
        assert!(KNOWN.iter().all(|known| is_resource_type(known)));
        for text in ["AWS::S3", "aws::s3::object", "AWS::S3::Object::", "AWS:S3:Object", ""] {
            assert!(!is_resource_type(text), "{text}");
        }
    }
}
