//! Contains the alarms of section 4 ("Monitoring") of the CIS AWS Foundations Benchmark.
//!
//! The patterns are those of the controls [CloudWatch.1 to
//! CloudWatch.14](https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html)
//! of Security Hub CSPM, which fail if a term is added or missing. CIS 4.15 has no such control;
//! its pattern has the events of the benchmark and three more changes of an organization.

/// An alarm of the benchmark: a pattern of events and a description of these events.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CisAlarm {
    /// The recommendation of the benchmark, as a spec names it: `CIS 4.3`.
    pub id: &'static str,
    /// The identifier of the control in the documentation of Security Hub CSPM; `None` if there is
    /// no control.
    pub control: Option<&'static str>,
    /// A short name of the detected events, which is a part of the names of the metric filter, the
    /// metric and the alarm.
    pub name: &'static str,
    /// A description of the detected events.
    pub detects: &'static str,
    /// The pattern of a metric filter for a log group to which CloudTrail delivers.
    pub pattern: &'static str,
}

impl CisAlarm {
    /// Returns the alarm of a recommendation.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        CIS_ALARMS.iter().find(|alarm| alarm.id == id)
    }
}

/// Every alarm of the benchmark, in its order.
pub static CIS_ALARMS: [CisAlarm; 15] = [
    CisAlarm {
        id: "CIS 4.1",
        control: Some("CloudWatch.2"),
        name: "unauthorized-calls",
        detects: "calls that are not authorized",
        pattern: r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#,
    },
    CisAlarm {
        id: "CIS 4.2",
        control: Some("CloudWatch.3"),
        name: "sign-in-without-mfa",
        detects: "sign-ins to the console without MFA",
        pattern: r#"{($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success")}"#,
    },
    CisAlarm {
        id: "CIS 4.3",
        control: Some("CloudWatch.1"),
        name: "root-user",
        detects: "the use of the root user",
        pattern: r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
    },
    CisAlarm {
        id: "CIS 4.4",
        control: Some("CloudWatch.4"),
        name: "iam-policies",
        detects: "changes of IAM policies",
        pattern: "{($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy)}",
    },
    CisAlarm {
        id: "CIS 4.5",
        control: Some("CloudWatch.5"),
        name: "cloudtrail",
        detects: "changes of trails",
        pattern: "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
    },
    CisAlarm {
        id: "CIS 4.6",
        control: Some("CloudWatch.6"),
        name: "failed-sign-in",
        detects: "failed sign-ins to the console",
        pattern: r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#,
    },
    CisAlarm {
        id: "CIS 4.7",
        control: Some("CloudWatch.7"),
        name: "disabled-keys",
        detects: "KMS keys that are disabled or scheduled for deletion",
        pattern: "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
    },
    CisAlarm {
        id: "CIS 4.8",
        control: Some("CloudWatch.8"),
        name: "bucket-policies",
        detects: "changes of bucket policies",
        pattern: "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}",
    },
    CisAlarm {
        id: "CIS 4.9",
        control: Some("CloudWatch.9"),
        name: "config",
        detects: "changes of AWS Config",
        pattern: "{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}",
    },
    CisAlarm {
        id: "CIS 4.10",
        control: Some("CloudWatch.10"),
        name: "security-groups",
        detects: "changes of security groups",
        pattern: "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}",
    },
    CisAlarm {
        id: "CIS 4.11",
        control: Some("CloudWatch.11"),
        name: "network-acls",
        detects: "changes of network ACLs",
        pattern: "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}",
    },
    CisAlarm {
        id: "CIS 4.12",
        control: Some("CloudWatch.12"),
        name: "network-gateways",
        detects: "changes of network gateways",
        pattern: "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
    },
    CisAlarm {
        id: "CIS 4.13",
        control: Some("CloudWatch.13"),
        name: "route-tables",
        detects: "changes of route tables",
        pattern: "{($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable)}",
    },
    CisAlarm {
        id: "CIS 4.14",
        control: Some("CloudWatch.14"),
        name: "vpcs",
        detects: "changes of VPCs",
        pattern: "{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
    },
    CisAlarm {
        id: "CIS 4.15",
        control: None,
        name: "organizations",
        detects: "changes of the organization",
        pattern: "{($.eventSource=organizations.amazonaws.com) && (($.eventName=AcceptHandshake) || ($.eventName=AttachPolicy) || ($.eventName=CancelHandshake) || ($.eventName=CreateAccount) || ($.eventName=CreateOrganization) || ($.eventName=CreateOrganizationalUnit) || ($.eventName=CreatePolicy) || ($.eventName=DeclineHandshake) || ($.eventName=DeleteOrganization) || ($.eventName=DeleteOrganizationalUnit) || ($.eventName=DeletePolicy) || ($.eventName=EnableAllFeatures) || ($.eventName=EnablePolicyType) || ($.eventName=InviteAccountToOrganization) || ($.eventName=LeaveOrganization) || ($.eventName=DetachPolicy) || ($.eventName=DisablePolicyType) || ($.eventName=MoveAccount) || ($.eventName=RemoveAccountFromOrganization) || ($.eventName=UpdateOrganizationalUnit) || ($.eventName=UpdatePolicy))}",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_recommendation_has_one_alarm_whose_pattern_cloudwatch_logs_accepts() {
        for (index, alarm) in CIS_ALARMS.iter().enumerate() {
            assert_eq!(alarm.id, format!("CIS 4.{}", index + 1));
            assert_eq!(CisAlarm::by_id(alarm.id), Some(alarm));
            // See `PutMetricFilter`: a pattern has up to 1024 characters.
            assert!(alarm.pattern.len() <= 1024, "{}: {}", alarm.id, alarm.pattern.len());
            assert!(alarm.pattern.starts_with('{') && alarm.pattern.ends_with('}'), "{}", alarm.id);
        }
        let controls: BTreeSet<&str> = CIS_ALARMS.iter().filter_map(|alarm| alarm.control).collect();
        let all: BTreeSet<String> = (1..=14).map(|number| format!("CloudWatch.{number}")).collect();
        assert_eq!(controls, all.iter().map(String::as_str).collect());
        assert_eq!(CisAlarm::by_id("CIS 4.16"), None);
    }

    /// The names of an installation `a` never equal the names of an installation `a-b`.
    #[test]
    fn no_name_ends_with_another_one() {
        for alarm in &CIS_ALARMS {
            let is_end = |it: &&CisAlarm| it.name.ends_with(&format!("-{}", alarm.name));
            assert_eq!(CIS_ALARMS.iter().find(is_end), None, "{}", alarm.name);
        }
        let names: BTreeSet<&str> = CIS_ALARMS.iter().map(|alarm| alarm.name).collect();
        assert_eq!(names.len(), CIS_ALARMS.len());
    }
}
