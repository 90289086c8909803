//! Hints: the next step of the user after an error.

use std::iter::successors;

use reconcile_text::Hint;

use crate::denial::{DenialMessage, DenyingPolicy, Effect, Reason};
use crate::table::row;
use crate::{Class, Error, Operation};

impl Hint for Error {
    fn own_hint(&self) -> Option<String> {
        if let Some(region) = &self.bucket_region {
            return Some(format!(
                "set the Region of the bucket to {region} in the spec, or name another bucket"
            ));
        }
        if let Some(failure) = self.failure {
            return Some(failure.hint(self.endpoint.as_deref()));
        }
        let region = self.endpoint.as_ref().and_then(|endpoint| endpoint.region.as_ref());
        let row = self.code.as_deref().and_then(|code| row(self.operation, code, &self.message, region));
        if let Some(hint) = row.and_then(|row| row.hint) {
            return Some(hint.to_owned());
        }
        Some(match self.class {
            Class::Denied => self.denied(),
            Class::Credentials => {
                "set credentials that AWS accepts, as for the AWS CLI (environment, profile or role), and test them with \
                 `aws sts get-caller-identity`"
                    .to_owned()
            }
            Class::Clock => "synchronize the clock of this machine, for example with `timedatectl set-ntp true`: AWS accepts a \
                 difference of a few minutes only"
                .to_owned(),
            Class::RegionNotEnabled => match region {
                Some(region) => format!(
                    "enable Region {region} in account {}, for example with `aws account enable-region \
                     --region-name {region}`, or remove the Region from the spec",
                    self.account
                ),
                None => format!("enable the Region in account {}, or remove the Region from the \
                    spec", self.account),
            },
            Class::Throttled => "run again, with a lower --concurrency".to_owned(),
            Class::LimitReached => "delete unused resources, or request an increase of the quota with Service \
                Quotas".to_owned(),
            Class::Busy => "run again in a few minutes: another change of the same resource is in progress".to_owned(),
            Class::NotYetSeen(_) => {
                "run again in a few minutes, and check that every resource in the call exists: AWS does not find \
                 all of them".to_owned()
            }
            Class::Unavailable => "run again; if the error stays, check the network and --endpoint-url".to_owned(),
            Class::Absent | Class::Conflict | Class::Refused => return None,
        })
    }
}

impl Error {
    /// Returns the AWS call that failed, if it is the last cause of an error.
    pub fn cause_of<'a>(error: &'a (dyn Hint + 'static)) -> Option<&'a Self> {
        let causes = successors(Some(error), |error| error.caused_by());
        causes.last().and_then(|error| (error as &dyn std::error::Error).downcast_ref())
    }

    /// Returns the hint for a denial: a change of the policy that the message names, or of the most
    /// likely policy.
    fn denied(&self) -> String {
        let denial = DenialMessage::read(&self.message);
        let action = denial.action.unwrap_or(self.operation.action());
        let account = &self.account;
        let caller =
            denial.caller.map_or_else(|| format!("the credentials used in account {account}"), str::to_owned);
        match denial.reason {
            Reason::Policy { kind: Some(kind), effect, arn } => {
                let policy = self.policy(kind, &caller);
                let name = arn.map(|arn| format!(" {arn}")).unwrap_or_default();
                let change = match effect {
                    Some(Effect::Explicit) => format!("remove or narrow the Deny for {action} in {policy}{name}"),
                    Some(Effect::Implicit) => format!("allow {action} in {policy}"),
                    None => format!("allow {action} in {policy}, and check for a Deny there"),
                };
                match kind {
                    DenyingPolicy::ServiceControl | DenyingPolicy::ResourceControl => {
                        format!("{change}; no policy in an account overrides it")
                    }
                    DenyingPolicy::IdentityBased if effect == Some(Effect::Implicit) => {
                        format!("{change}; `reconcile permissions` prints the policies that a spec needs")
                    }
                    DenyingPolicy::Session => {
                        format!("{change}; with `--no-session-policy`, reconcile assumes roles without a session \
                            policy")
                    }
                    _ => change,
                }
            }
            Reason::Policy { kind: None, .. } => format!(
                "find the Deny for {action}: in a policy of {caller}, in the policy of the resource, in a permissions boundary, or \
                 in a service control policy of the organization"
            ),
            Reason::BlockPublicAccess => "remove the public statement from the policy, or turn off Block Public \
                Access: for the bucket with `bucket.block_public_access: false`, and also for its account and \
                organization if they block public access"
                .to_owned(),
            Reason::Encoded(encoded) => {
                format!("decode the reason with `aws sts decode-authorization-message --encoded-message {encoded}`")
            }
            Reason::Unknown => self.denied_without_a_reason(),
        }
    }

    fn denied_without_a_reason(&self) -> String {
        let (action, account) = (self.operation.action(), &self.account);
        match self.operation {
            Operation::AssumeRole => format!(
                "check that the role exists in account {account} and that its trust policy lets your credentials assume it"
            ),
            Operation::GetBucketVersioning => format!(
                "allow {action} on the bucket, if it is yours: bucket names are shared by all of AWS, and this one can belong to \
                 another account"
            ),
            Operation::PutBucketPolicy => format!(
                "allow {action} for the credentials used in account {account}; S3 also refuses a policy with a \
                 public statement while Block Public Access is on for the bucket, its account or its organization"
            ),
            _ => format!("allow {action} for the credentials used in account {account}"),
        }
    }

    /// Returns a readable name for the policy of a kind.
    fn policy(&self, kind: DenyingPolicy, caller: &str) -> String {
        let service = self.operation.action().split(':').next().unwrap_or_default();
        match kind {
            DenyingPolicy::ServiceControl => {
                format!(
                    "the service control policies of the organization that apply to account {}",
                    self.account
                )
            }
            DenyingPolicy::ResourceControl => {
                "the resource control policies of the organization that apply to the account of the resource"
                    .to_owned()
            }
            DenyingPolicy::PermissionsBoundary => format!("the permissions boundary of {caller}"),
            DenyingPolicy::Session => format!("the session policy of {caller}"),
            DenyingPolicy::IdentityBased => format!("the identity-based policies of {caller}"),
            DenyingPolicy::RoleTrust => "the trust policy of the role".to_owned(),
            DenyingPolicy::VpcEndpoint => {
                "the policy of the VPC endpoint through which this machine reaches AWS".to_owned()
            }
            DenyingPolicy::ResourceBased => match service {
                "s3" => "the bucket policy".to_owned(),
                "kms" => "the key policy".to_owned(),
                "sns" => "the policy of the topic".to_owned(),
                "sts" => "the trust policy of the role".to_owned(),
                _ => "the policy of the resource".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
