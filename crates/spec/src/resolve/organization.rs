//! Checks what a spec says of an organization.

use super::Scope;
use crate::problems::Problems;
use crate::raw::{Located, RawOrganization};

pub(super) fn check(raw: Option<&Located<RawOrganization>>, scope: &Scope<'_>, problems: &mut Problems) {
    let Some(Located { value: organization, .. }) = raw else { return };
    scope.account(&organization.account, problems);
    if let Some(administrator) = &organization.delegated_administrator {
        scope.account(administrator, problems);
    }
}
