//! Creates, updates and deletes the roles with which CloudTrail delivers to log groups.

use aws_sdk_iam::types::Tag;
use reconcile_diff::observe::role::{others, read};
use reconcile_operations::Operation;
use reconcile_plan::additions::role_additions;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Role, Tags, View};
use reconcile_policy::Document;
use reconcile_spec::DerivedNames;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, Reads, Updates, change};
use crate::work::{Made, Work, made};

pub(super) async fn execute(work: &Work<'_>, action: &Action<Role>) -> Result<Made, ApplyError> {
    let calls = RoleCalls {
        work,
        iam: work.session.iam(work.region()),
        name: work.change.address.name.as_str(),
        policies: work.context.installation.log_policies(),
    };
    change(work, &calls, action).await
}

/// The calls for a role.
struct RoleCalls<'a> {
    work: &'a Work<'a>,
    iam: aws_sdk_iam::Client,
    name: &'a str,
    policies: DerivedNames,
}

impl Reads for RoleCalls<'_> {
    type View = Role;
    type Live = Role;

    async fn read(&self) -> Result<Option<Role>, ApplyError> {
        Ok(read(self.work.session, self.work.region(), self.name, &self.policies).await?)
    }

    async fn additions(&self, _: &Role) -> Result<Vec<String>, ApplyError> {
        let others = others(self.work.session, self.work.region(), self.name, &self.policies).await?;
        Ok(role_additions(&others))
    }
}

impl Creates for RoleCalls<'_> {
    async fn create(&self, wanted: &Role) -> Result<(), ApplyError> {
        let call = self
            .iam
            .create_role()
            .role_name(self.name)
            .description("Lets CloudTrail deliver to CloudWatch Logs")
            .assume_role_policy_document(wanted.trust.to_string())
            .set_permissions_boundary(wanted.boundary.as_ref().map(ToString::to_string))
            .set_tags(Some(tags(&wanted.tags)));
        made(self.work.call(Operation::CreateRole, call.send()).await)?;
        match &wanted.permissions {
            Some(permissions) => self.permit(&wanted.policy_name, permissions).await,
            None => Ok(()),
        }
    }
}

impl Updates for RoleCalls<'_> {
    async fn update(&self, live: &Role, wanted: &Role) -> Result<(), ApplyError> {
        let (work, live) = (self.work, live.managed(wanted));
        // The boundary is first: a permission to change the role can depend on the boundary.
        if let Some(boundary) = wanted.boundary.as_ref().filter(|it| live.boundary.as_ref() != Some(it)) {
            let put = || {
                let call = self.iam.put_role_permissions_boundary().role_name(self.name);
                call.permissions_boundary(boundary.as_str()).send()
            };
            work.write(Operation::PutRolePermissionsBoundary, put).await?;
        }
        if live.trust != wanted.trust {
            let trust = wanted.trust.to_string();
            let update = || {
                let call = self.iam.update_assume_role_policy().role_name(self.name);
                call.policy_document(&trust).send()
            };
            work.write(Operation::UpdateAssumeRolePolicy, update).await?;
        }
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            let tag = || self.iam.tag_role().role_name(self.name).set_tags(Some(tags(&missing))).send();
            work.write(Operation::TagRole, tag).await?;
        }
        let is_renamed = live.policy_name != wanted.policy_name;
        if let Some(permissions) = &wanted.permissions
            && (is_renamed || live.permissions != wanted.permissions)
        {
            self.permit(&wanted.policy_name, permissions).await?;
        }
        // The previous policy is deleted last: the role must never be without a policy.
        if is_renamed && live.permissions.is_some() {
            self.forbid(&live.policy_name).await?;
        }
        Ok(())
    }
}

impl Deletes for RoleCalls<'_> {
    /// Deletes the role and its policies. IAM rejects the deletion of a role that has a policy, and
    /// can still see a policy that was deleted a short time ago.
    async fn delete(&self, live: &Role) -> Result<(), ApplyError> {
        if live.permissions.is_some() {
            self.forbid(&self.policies.present).await?;
            if let Some(previous) = &self.policies.previous {
                self.forbid(previous).await?;
            }
        }
        self.work.delete(Operation::DeleteRole, || self.iam.delete_role().role_name(self.name).send()).await
    }
}

impl RoleCalls<'_> {
    async fn permit(&self, policy: &str, permissions: &Document) -> Result<(), ApplyError> {
        let permissions = permissions.to_string();
        let put = || {
            let call = self.iam.put_role_policy().role_name(self.name).policy_name(policy);
            call.policy_document(&permissions).send()
        };
        self.work.write(Operation::PutRolePolicy, put).await
    }

    async fn forbid(&self, policy: &str) -> Result<(), ApplyError> {
        let delete = || self.iam.delete_role_policy().role_name(self.name).policy_name(policy).send();
        self.work.delete(Operation::DeleteRolePolicy, delete).await
    }
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // `build` fails only if the key or the value is missing, and both are always set.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
