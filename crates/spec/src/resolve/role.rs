//! Resolves the roles with which CloudTrail delivers to log groups.

use reconcile_policy::{Arn, LogRoleIntent, Region};

use super::{Resolver, known};
use crate::desired::{LogRole, Site};
use crate::diagnostic::SourceSpan;
use crate::names::{PolicyName, RoleName};
use crate::problems::Problems;
use crate::raw::{Located, RawCloudWatchLogs};

/// The role of one trail of the spec, in each of its accounts.
pub(super) struct TrailRole {
    place: SourceSpan,
    name: RoleName,
    boundary: Option<Boundary>,
}

/// The managed policy that is the permissions boundary of a role.
enum Boundary {
    /// A policy of the account of the trail.
    OfAccount(PolicyName),
    /// A policy of AWS.
    OfAws(Arn),
}

/// Resolves the role of a trail whose home Region is `region`; `None` if there is a problem.
pub(super) fn resolve(
    raw: &Located<RawCloudWatchLogs>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Option<TrailRole> {
    let RawCloudWatchLogs { role_name, permissions_boundary, .. } = &raw.value;
    let name = match role_name {
        Some(name) => problems.name(name, ""),
        None => resolver.installation.log_role_name().parse().ok(),
    };
    let boundary = permissions_boundary.as_ref().map(|it| resolve_boundary(it, region, problems));
    Some(TrailRole { place: raw.place, name: name?, boundary: known(boundary)? })
}

/// Resolves the boundary. IAM accepts a policy of the account of the role, or a policy of AWS. See
/// `PutRolePermissionsBoundary` in the IAM API reference.
fn resolve_boundary(
    raw: &Located<String>,
    region: Option<&Region>,
    problems: &mut Problems,
) -> Option<Boundary> {
    if !raw.value.starts_with("arn:") {
        return problems.name(raw, "").map(Boundary::OfAccount);
    }
    let arn: Arn = problems.name(raw, "")?;
    let is_policy = arn.service() == "iam" && arn.resource().starts_with("policy/");
    if !is_policy || arn.account() != "aws" {
        problems.add(
            raw.place,
            format!("`{arn}` is not the ARN of a managed policy of AWS"),
            "write the name of a policy instead, such as `boundaries/Logs`: each account has its own policy",
        );
        return None;
    }
    if let Some(region) = region.filter(|region| region.partition().as_str() != arn.partition()) {
        problems.add(
            raw.place,
            format!("the policy is in the partition {}, but the trail is in {region}", arn.partition()),
            "write the ARN of a policy in the partition of the trail",
        );
        return None;
    }
    Some(Boundary::OfAws(arn))
}

/// The roles of all trails, each once.
#[derive(Default)]
pub(super) struct Roles(pub(super) Vec<LogRole>);

impl Roles {
    /// Adds a role, or adds a log group to a known role. Returns the ARN of the role. All trails
    /// with the role must declare the same boundary.
    pub(super) fn add(
        &mut self,
        wanted: &TrailRole,
        intent: LogRoleIntent,
        site: &Site,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Arn {
        let TrailRole { place, name, boundary } = wanted;
        let of_account =
            |resource: String| Arn::new(intent.partition, "iam", "", intent.account.as_str(), &resource);
        let arn = of_account(format!("role/{name}"));
        let boundary = boundary.as_ref().map(|boundary| match boundary {
            Boundary::OfAccount(name) => of_account(format!("policy/{name}")),
            Boundary::OfAws(arn) => arn.clone(),
        });
        match self.0.iter_mut().find(|it| it.arn == arn) {
            Some(known) if known.boundary != boundary => problems.add(
                *place,
                format!(
                    "role `{name}` has two different values of `permissions_boundary` in account `{}`",
                    site.account
                ),
                "set the same `permissions_boundary` everywhere for this role",
            ),
            Some(known) if known.intents.contains(&intent) => {}
            Some(known) => known.intents.push(intent),
            None => self.0.push(LogRole {
                site: site.clone(),
                name: name.clone(),
                arn: arn.clone(),
                policy_name: resolver.installation.log_policies().present,
                intents: vec![intent],
                boundary,
                tags: resolver.tags.clone(),
            }),
        }
        arn
    }
}
