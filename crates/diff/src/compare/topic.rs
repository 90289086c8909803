//! Compares topics.

use reconcile_spec as spec;

use super::Scope;
use super::change::{Compared, Terms, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::Topic;

pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) {
    for desired in &scope.desired.topics {
        let Some(live) = scope.observed.topics.get(&desired.arn) else { continue };
        let tags = scope.tags_of_made(&desired.tags, live.as_ref().map(|live| &live.view.tags));
        let wanted = Topic { arn: desired.arn.clone(), tags };
        let terms = Terms {
            address: address(desired),
            place: scope.place(&desired.site),
            phase: Phase::Expand,
            depends_on: Vec::new(),
            changed: Changed::Topic,
            explain,
        };
        compared.view(terms, live.as_ref().map(|live| live.view.clone()), wanted);
    }
}

pub(super) fn address(desired: &spec::Topic) -> Address {
    Address::new(Kind::Topic, &desired.site.account, &desired.name)
}

pub(super) fn explain(action: &Action<Topic>, diff: &[Difference]) -> (Vec<String>, Risk) {
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
