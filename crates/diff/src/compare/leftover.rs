//! Takes away what was made for trails and is of use to none any more.

use reconcile_policy::Arn;
use reconcile_spec::Site;

use super::Scope;
use super::change::{Compared, Explain, Terms};
use super::{log_group, role, topic};
use crate::address::Address;
use crate::kind::Kind;
use crate::observe::{Leftover, What};
use crate::plan::{Action, Changed, Phase};
use crate::view::View;

pub(super) fn contract(scope: &Scope<'_>, compared: &mut Compared) {
    for (arn, leftover) in &scope.observed.leftovers {
        let address = address(arn, leftover);
        match leftover.what.clone() {
            What::LogGroup(live) => {
                let terms = terms(scope, leftover, address, Changed::LogGroup, log_group::explain);
                let_go(scope, terms, live, compared);
            }
            What::Role(live) => {
                let terms = terms(scope, leftover, address, Changed::Role, role::explain);
                let_go(scope, terms, live, compared);
            }
            What::Topic(live) => {
                let terms = terms(scope, leftover, address, Changed::Topic, topic::explain);
                let_go(scope, terms, live, compared);
            }
        }
    }
}

fn address(arn: &Arn, Leftover { account, what, .. }: &Leftover) -> Address {
    match what {
        What::LogGroup(_) => {
            Address::new(Kind::LogGroup, account, arn.resource().trim_start_matches("log-group:"))
        }
        What::Role(_) => Address::new(Kind::Role, account, arn.resource_name()),
        What::Topic(_) => Address::new(Kind::Topic, account, arn.resource()),
    }
}

fn terms<V>(
    scope: &Scope<'_>,
    Leftover { account, region, .. }: &Leftover,
    address: Address,
    changed: fn(Action<V>) -> Changed,
    explain: Explain<V>,
) -> Terms<V> {
    Terms {
        address,
        place: scope.place(&Site { account: account.clone(), region: region.clone() }),
        phase: Phase::Contract,
        // Any of them may have used it.
        depends_on: scope.all_trail_addresses().collect(),
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
        Kind::Topic => scope.withholds(&terms.address, "its removal"),
        _ => None,
    };
    match withheld {
        Some(warning) => compared.warnings.push(warning),
        None => compared.delete(terms, live),
    }
}
