//! Compares topics.

use reconcile_spec as spec;

use super::Scope;
use super::change::{Compared, Terms, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::observe::{Leftover, What};
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::Topic;

pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) {
    for desired in &scope.desired.topics {
        let Some(live) = scope.observed.topics.get(&desired.arn) else { continue };
        let tags = desired.tags.wanted(live.is_some()).collect();
        let wanted = Topic { arn: desired.arn.clone(), tags };
        let terms = terms(scope, address(desired), &desired.site, Phase::Expand, Vec::new());
        compared.view(terms, live.as_ref().map(|live| live.view.clone()), wanted);
    }
}

/// Takes away a topic of ours that no trail is to tell, when none does any more.
pub(super) fn contract(scope: &Scope<'_>, compared: &mut Compared) {
    for (arn, Leftover { account, region, what }) in &scope.observed.leftovers {
        let What::Topic(live) = what else { continue };
        let address = Address::new(Kind::Topic, account, arn.resource());
        let site = spec::Site { account: account.clone(), region: region.clone() };
        let depends_on = scope.all_trail_addresses().collect();
        compared.let_go(scope, terms(scope, address, &site, Phase::Contract, depends_on), live.clone());
    }
}

pub(super) fn address(desired: &spec::Topic) -> Address {
    Address::new(Kind::Topic, &desired.site.account, &desired.name)
}

fn terms(
    scope: &Scope<'_>,
    address: Address,
    site: &spec::Site,
    phase: Phase,
    depends_on: Vec<Address>,
) -> Terms<Topic> {
    Terms { address, place: scope.place(site), phase, depends_on, changed: Changed::Topic, explain }
}

fn explain(action: &Action<Topic>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (vec!["there is no topic to tell of log files".to_owned()], Risk::Safe),
        Action::Delete { .. } => {
            (vec!["no trail of the spec tells this topic of log files".to_owned()], Risk::Destructive)
        }
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                "tags" => "tags are missing or differ".to_owned(),
                other => format!("{other} differs"),
            });
            (why, Risk::Safe)
        }
    }
}
