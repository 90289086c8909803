//! Writes the roles with which CloudTrail delivers to log groups as YAML of a spec.

use reconcile_policy::Arn;
use reconcile_spec::Installation;

use super::draft::Draft;
use super::text::{quoted, scalar};

impl Draft<'_> {
    /// Returns the keys of a log group that describe its role.
    pub(super) fn role_keys(&self, role: &Arn) -> Vec<String> {
        let name = role.resource_name();
        let is_default = name == Installation::new(self.name.clone(), None).log_role_name();
        let name = (!is_default).then(|| format!("role_name: {}", scalar(name)));
        let boundary = self.boundary_of(role).map(|it| format!("permissions_boundary: {it}"));
        name.into_iter().chain(boundary).collect()
    }

    /// Returns the permissions boundary of a role: its name if the policy is in the account of the
    /// role, and otherwise its ARN.
    fn boundary_of(&self, role: &Arn) -> Option<String> {
        let live = self.setup.destinations.roles.get(role)?.as_ref().ok()?.as_ref()?;
        let boundary = live.boundary.as_ref()?;
        let name =
            boundary.resource().strip_prefix("policy/").filter(|_| boundary.account() == role.account());
        Some(name.map_or_else(|| quoted(boundary.as_str()), scalar))
    }

    /// Returns the reason why the spec names neither the role nor the log group; `None` if the role
    /// belongs to the installation.
    pub(super) fn why_not_role(&self, role: &Arn) -> Option<String> {
        match self.setup.destinations.roles.get(role) {
            Some(Ok(Some(live))) if self.is_own(&live.tags) => None,
            Some(Ok(Some(live))) => Some(match live.tags.owner() {
                Some(owner) => format!("installation `{owner}` manages role {role}"),
                None => format!("role {role} does not carry the tag of this installation"),
            }),
            Some(Err(error)) => Some(format!("role {role} cannot be read: {error}")),
            Some(Ok(None)) | None => Some(format!("role {role} does not exist")),
        }
    }
}
