//! Resolves the settings that the bucket policy and the key policy share.

use reconcile_policy::{Keep, OrganizationTrail, Partition, Statement, StatementForm};

use super::Resolver;
use super::statement::{self, PolicyTarget};
use crate::desired::{Foreign, ForeignStatements, OnDoubt, Trail, Unlisted};
use crate::problems::Problems;
use crate::raw::{
    Located, OrUnmanaged, RawForeign, RawForm, RawKeep, RawPolicy, RawProof, RawSpec, RawUnlisted,
};

/// Resolves `extra_statements`, even if the resource of the policy has a problem.
pub(super) fn extra_statements(
    raw: Option<&OrUnmanaged<RawPolicy>>,
    target: PolicyTarget<'_>,
    partition: Partition,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Vec<Statement> {
    let context = statement::Context { target, partition, recognized: &resolver.recognized };
    let statements = managed(raw).map_or(&[][..], |policy| &policy.extra_statements);
    statement::resolve(statements, &context, problems)
}

/// The settings of the policy, if there are any and the policy is managed.
fn managed(raw: Option<&OrUnmanaged<RawPolicy>>) -> Option<&RawPolicy> {
    match raw {
        Some(OrUnmanaged::Value(policy)) => Some(policy),
        Some(OrUnmanaged::Unmanaged) | None => None,
    }
}

pub(super) fn is_managed(raw: Option<&OrUnmanaged<RawPolicy>>) -> bool {
    !matches!(raw, Some(OrUnmanaged::Unmanaged))
}

/// The organization trails; empty if the ID of the organization is unknown.
pub(super) fn organization_trails(resolver: &Resolver<'_>, trails: &[Trail]) -> Vec<OrganizationTrail> {
    let Some(roster) = resolver.roster else { return Vec::new() };
    let of_organization = trails.iter().filter(|trail| trail.is_organization);
    of_organization
        .map(|trail| OrganizationTrail { trail: trail.arn.clone(), organization: roster.id.clone() })
        .collect()
}

pub(super) fn proof(raw: Option<&OrUnmanaged<RawPolicy>>) -> OnDoubt {
    on_doubt(managed(raw).and_then(|policy| policy.proof.as_ref()))
}

pub(super) fn on_doubt(raw: Option<&Located<RawProof>>) -> OnDoubt {
    match raw {
        Some(Located { value: RawProof::Warn, .. }) => OnDoubt::Warn,
        Some(Located { value: RawProof::Refuse, .. }) | None => OnDoubt::Refuse,
    }
}

/// The only form to use; `None` to use the first form that fits the size limit. Rejects
/// `by_organization` without `organization`, because the organization ID is unknown.
pub(super) fn form(
    raw: &RawSpec,
    policy: Option<&OrUnmanaged<RawPolicy>>,
    problems: &mut Problems,
) -> Option<StatementForm> {
    let form = managed(policy)?.form.as_ref()?;
    match form.value {
        RawForm::Auto => None,
        RawForm::Plain => Some(StatementForm::Plain),
        RawForm::ByAccount => Some(StatementForm::ByAccount),
        RawForm::ByOrganization => {
            if raw.organization.is_none() {
                let hint = "add `organization`, or use `by_account`";
                problems.add(form.place, "`by_organization` needs `organization` in the spec", hint);
            }
            Some(StatementForm::ByOrganization)
        }
    }
}

/// The treatment of foreign statements.
pub(super) fn foreign(raw: Option<&OrUnmanaged<RawPolicy>>) -> Foreign {
    let Some(raw) = managed(raw) else { return Foreign::default() };
    Foreign {
        statements: match raw.foreign_statements {
            Some(Located { value: RawForeign::Report, .. }) => ForeignStatements::Report,
            Some(Located { value: RawForeign::Remove, .. }) => ForeignStatements::Remove,
            Some(Located { value: RawForeign::Keep, .. }) | None => ForeignStatements::Keep,
        },
        unlisted_accounts: match raw.unlisted_accounts {
            Some(Located { value: RawUnlisted::Keep, .. }) => Unlisted::Keep,
            Some(Located { value: RawUnlisted::Report, .. }) | None => Unlisted::Report,
            Some(Located { value: RawUnlisted::Remove, .. }) => Unlisted::Remove,
        },
        deleted_principals: match raw.deleted_principals {
            Some(Located { value: RawKeep::Remove, .. }) => Keep::Remove,
            Some(Located { value: RawKeep::Keep, .. }) | None => Keep::Keep,
        },
    }
}
