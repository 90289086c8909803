//! Deletes log groups, roles and topics that were created for trails and that no trail uses any more.

use std::collections::BTreeMap;

use reconcile_policy::Arn;
use reconcile_spec::{AccountName, Site};

use super::Scope;
use super::change::{Compared, Explain, Terms};
use super::{log_group, role, topic};
use crate::address::Address;
use crate::kind::Kind;
use crate::observed::{Hidden, Leftover, What};
use crate::plan::{Action, Changed, Phase, Warning};
use crate::view::View;

pub(super) fn contract(scope: &Scope<'_>, compared: &mut Compared) {
    let users = users(scope);
    for (arn, leftover) in &scope.observed.leftovers {
        // It goes after the trails that lead to it, and not while one of them still does: nothing else tells of it.
        let after = users.get(arn).cloned().unwrap_or_default();
        match leftover.what.clone() {
            What::LogGroup(live) => {
                let terms = terms(scope, arn, leftover, after, Changed::LogGroup, log_group::explain);
                let_go(scope, terms, live, compared);
            }
            What::Role(live) => {
                let terms = terms(scope, arn, leftover, after, Changed::Role, role::explain);
                let_go(scope, terms, live, compared);
            }
            What::Topic(live) => {
                let terms = terms(scope, arn, leftover, after, Changed::Topic, topic::explain);
                let_go(scope, terms, live, compared);
            }
        }
    }
    warn_of_hidden(scope, compared);
}

/// The trails that lead to each log group, role and topic.
fn users(scope: &Scope<'_>) -> BTreeMap<Arn, Vec<Address>> {
    let wanted = scope.desired.trails.iter().filter_map(|trail| {
        let live = scope.observed.trails.get(&trail.arn)?.as_ref()?;
        Some((&trail.site.account, live))
    });
    let strays = scope.observed.strays.values().map(|stray| (&stray.account, &stray.trail));
    let mut users: BTreeMap<Arn, Vec<Address>> = BTreeMap::new();
    for (account, trail) in wanted.chain(strays) {
        for arn in trail.destinations() {
            let address = Address::new(Kind::Trail, account, trail.arn.resource_name());
            users.entry(arn).or_default().push(address);
        }
    }
    users
}

/// Tells of what may be ours, and stays since nobody could look.
fn warn_of_hidden(scope: &Scope<'_>, compared: &mut Compared) {
    for (arn, Hidden { account, error }) in &scope.observed.hidden {
        let Some(kind) = kind(arn) else { continue };
        let then = match kind {
            Kind::Key => "a second key would be created if this installation already has the key",
            _ => "it is kept, even if it belongs to this installation",
        };
        compared.warnings.push(Warning {
            code: "hidden".to_owned(),
            address: address(kind, arn, account),
            message: format!("it cannot be read, and {then}: {error}"),
        });
    }
}

fn kind(arn: &Arn) -> Option<Kind> {
    match arn.service() {
        "iam" => Some(Kind::Role),
        "kms" => Some(Kind::Key),
        "logs" => Some(Kind::LogGroup),
        "sns" => Some(Kind::Topic),
        _ => None,
    }
}

fn address(kind: Kind, arn: &Arn, account: &AccountName) -> Address {
    let name = match kind {
        Kind::LogGroup => arn.resource().trim_start_matches("log-group:"),
        _ => arn.resource_name(),
    };
    Address::new(kind, account, name)
}

fn terms<V>(
    scope: &Scope<'_>,
    arn: &Arn,
    Leftover { account, region, what }: &Leftover,
    depends_on: Vec<Address>,
    changed: fn(Action<V>) -> Changed,
    explain: Explain<V>,
) -> Terms<V> {
    let kind = match what {
        What::LogGroup(_) => Kind::LogGroup,
        What::Role(_) => Kind::Role,
        What::Topic(_) => Kind::Topic,
    };
    Terms {
        address: address(kind, arn, account),
        place: scope.place(&Site { account: account.clone(), region: region.clone() }),
        phase: Phase::Contract,
        depends_on,
        changed,
        explain,
    }
}

fn let_go<V: View>(scope: &Scope<'_>, terms: Terms<V>, live: V, compared: &mut Compared) {
    if !scope.desired.deletion.trails {
        compared.warn_of_kept(&terms.address, "deletion.trails");
        return;
    }
    // Only trails of its own account use a log group or a role, and those are known.
    let withheld = match terms.address.kind {
        Kind::Topic => scope.withholds(&terms.address, "its deletion"),
        _ => None,
    };
    match withheld {
        Some(warning) => compared.warnings.push(warning),
        None => compared.delete(terms, live),
    }
}
