//! Creates, updates and deletes the roles with which CloudTrail delivers to log groups.

use aws_sdk_iam::types::Tag;
use reconcile_diff::observe::role::{others, read};
use reconcile_operations::Operation;
use reconcile_plan::additions::of_role;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Role, Tags, View};
use reconcile_policy::{Arn, Document};
use reconcile_spec::Marks;

use super::{Made, Verdict, Work, made, unused};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Role>) -> Result<Made, ApplyError> {
    let step = Step {
        work,
        iam: work.session.iam(work.region()),
        name: work.change.address.name.as_str(),
        policies: work.context.installation.log_policies(),
    };
    let look = || read(work.session, work.region(), step.name, &step.policies);
    let live = look().await?;
    if let (Action::Delete { .. }, Some(_)) = (action, &live) {
        unused(&of_role(&others(work.session, work.region(), step.name, &step.policies).await?))?;
    }
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    match action.after() {
        Some(wanted) => step.converge(live.as_ref(), wanted).await?,
        None => step.delete(live.as_ref()).await?,
    }
    work.shown(action, live.as_ref(), look).await
}

struct Step<'a> {
    work: &'a Work<'a>,
    iam: aws_sdk_iam::Client,
    name: &'a str,
    policies: Marks,
}

impl Step<'_> {
    async fn converge(&self, live: Option<&Role>, wanted: &Role) -> Result<(), ApplyError> {
        let live = live.map(|live| live.managed(wanted));
        match &live {
            None => self.create(wanted).await?,
            Some(live) => {
                // First of all: a permission to change the role can be bound to the boundary.
                if let Some(boundary) =
                    wanted.boundary.as_ref().filter(|it| live.boundary.as_ref() != Some(it))
                {
                    self.bound(boundary).await?;
                }
                if live.trust != wanted.trust {
                    self.trust(&wanted.trust).await?;
                }
                let missing = wanted.tags.missing_from(&live.tags);
                if !missing.0.is_empty() {
                    self.tag(&missing).await?;
                }
            }
        }
        let has_policy =
            |live: &Role| live.policy_name == wanted.policy_name && live.permissions == wanted.permissions;
        if let Some(permissions) =
            wanted.permissions.as_ref().filter(|_| !live.as_ref().is_some_and(has_policy))
        {
            self.permit(&wanted.policy_name, permissions).await?;
        }
        // Only now: the role must not be without a policy in between.
        let renamed =
            live.filter(|live| live.permissions.is_some() && live.policy_name != wanted.policy_name);
        match renamed {
            Some(live) => self.forbid(&live.policy_name).await,
            None => Ok(()),
        }
    }

    async fn create(&self, wanted: &Role) -> Result<(), ApplyError> {
        let call = self
            .iam
            .create_role()
            .role_name(self.name)
            .description("Lets CloudTrail deliver to CloudWatch Logs")
            .assume_role_policy_document(wanted.trust.to_string())
            .set_permissions_boundary(wanted.boundary.as_ref().map(ToString::to_string))
            .set_tags(Some(tags(&wanted.tags)));
        Ok(made(self.work.session.call(Operation::CreateRole, call.send()).await)?)
    }

    async fn bound(&self, boundary: &Arn) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.iam.put_role_permissions_boundary().role_name(self.name);
                let call = call.permissions_boundary(boundary.as_str());
                async {
                    self.work.session.call(Operation::PutRolePermissionsBoundary, call.send()).await.map(drop)
                }
            })
            .await
    }

    async fn trust(&self, trust: &Document) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.iam.update_assume_role_policy().role_name(self.name);
                let call = call.policy_document(trust.to_string());
                async {
                    self.work.session.call(Operation::UpdateAssumeRolePolicy, call.send()).await.map(drop)
                }
            })
            .await
    }

    async fn permit(&self, policy: &str, permissions: &Document) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.iam.put_role_policy().role_name(self.name).policy_name(policy);
                let call = call.policy_document(permissions.to_string());
                async { self.work.session.call(Operation::PutRolePolicy, call.send()).await.map(drop) }
            })
            .await
    }

    async fn tag(&self, missing: &Tags) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.iam.tag_role().role_name(self.name).set_tags(Some(tags(missing)));
                async { self.work.session.call(Operation::TagRole, call.send()).await.map(drop) }
            })
            .await
    }

    /// IAM deletes no role that has a policy, and may still see a policy that was deleted a moment ago.
    async fn delete(&self, live: Option<&Role>) -> Result<(), ApplyError> {
        if live.is_some_and(|live| live.permissions.is_some()) {
            self.forbid(&self.policies.present).await?;
            if let Some(previous) = &self.policies.previous {
                self.forbid(previous).await?;
            }
        }
        self.work
            .delete(|| {
                let call = self.iam.delete_role().role_name(self.name);
                async { self.work.session.call(Operation::DeleteRole, call.send()).await }
            })
            .await
    }

    async fn forbid(&self, policy: &str) -> Result<(), ApplyError> {
        self.work
            .delete(|| {
                let call = self.iam.delete_role_policy().role_name(self.name).policy_name(policy);
                async { self.work.session.call(Operation::DeleteRolePolicy, call.send()).await }
            })
            .await
    }
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // `build` fails only where key or value is missing, and both are given.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
