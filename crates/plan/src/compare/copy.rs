//! Converts live state into a plan that creates a copy.

use jiff::Timestamp;
use reconcile_spec::{AliasName, Site, Spec};

use super::change::{Compared, Terms};
use super::{Scope, plan_of};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::observed::Observed;
use crate::plan::{Changed, Phase, Plan, Risk};
use crate::view::{Alias, Bucket, Encryption, KeyRef, Trail};

/// Returns the plan that creates the observed key with its alias and grants, the bucket and the trails in an empty AWS. The two policies
/// are copied as text. Log groups, roles, topics, alarms, the organization and trails of accounts that the spec does not have are not
/// copied.
pub fn copy(spec: &Spec, observed: &Observed, now: Timestamp) -> Plan {
    let nothing = Observed::default();
    let scope = Scope::new(spec.desired(), &nothing);
    let copy = Copy { scope: &scope, observed };
    let mut compared = Compared::default();
    copy.key(&mut compared);
    copy.bucket(&mut compared);
    copy.trails(&mut compared);
    plan_of(spec, &scope, compared, now).0
}

struct Copy<'a> {
    scope: &'a Scope<'a>,
    observed: &'a Observed,
}

impl Copy<'_> {
    fn key(&self, compared: &mut Compared) {
        let (scope, desired) = (self.scope, self.scope.desired);
        let Some(hub) = &self.observed.key else { return };
        let site = &desired.key.site;
        // A key that the spec names by its ARN must already exist.
        if desired.key.identity.alias().is_some() {
            compared.create(self.terms(scope.key_address(), site, Changed::Key), hub.key.view.clone());
        }
        if hub.key.is_aliased {
            let name = desired.key.identity.alias().map(AliasName::with_prefix);
            let alias = name.map(|name| Alias { name, target: scope.key.clone() });
            let terms = self.terms(scope.alias_address(), site, Changed::Alias);
            if let Some(alias) = alias {
                compared.create(terms, alias);
            }
        }
        for grant in hub.grants.iter().filter(|grant| !grant.name.is_empty()) {
            let address = Address::new(Kind::Grant, &site.account, &grant.name);
            let mut grant = grant.clone();
            grant.key = scope.key.clone();
            compared.create(self.terms(address, site, Changed::Grant), grant);
        }
    }

    fn bucket(&self, compared: &mut Compared) {
        let Some(live) = self.observed.bucket.clone() else { return };
        let encryption = live.encryption.map(|encryption| match encryption {
            Encryption::Kms { key: Some(key), bucket_key } => {
                Encryption::Kms { key: Some(self.key_ref(key)), bucket_key }
            }
            other => other,
        });
        let terms = self.terms(self.scope.bucket_address(), &self.scope.desired.bucket.site, Changed::Bucket);
        compared.create(terms, Bucket { encryption, ..live });
    }

    fn trails(&self, compared: &mut Compared) {
        for trail in &self.scope.desired.trails {
            let Some(Some(live)) = self.observed.trails.get(&trail.arn) else { continue };
            let kms_key = live.kms_key.clone().map(|key| self.key_ref(key));
            let address = Address::of_trail(trail);
            let terms = self.terms(address, &trail.site, Changed::Trail);
            compared.create(terms, Trail { kms_key, ..live.clone() });
        }
    }

    /// Returns the key of the copy for the live key.
    fn key_ref(&self, key: KeyRef) -> KeyRef {
        let live = self.observed.key.as_ref().map(|hub| &hub.key.arn);
        let is_live = |live| key.identifier().is_some_and(|named| named.is_of(live));
        if live.is_some_and(is_live) { self.scope.key.clone() } else { key }
    }

    fn terms<A>(&self, address: Address, site: &Site, changed: fn(A) -> Changed) -> Terms<A> {
        Terms {
            address,
            place: self.scope.place(site),
            phase: Phase::Expand,
            depends_on: vec![self.scope.key_address(), self.scope.bucket_address()],
            changed,
            explain,
        }
    }
}

fn explain<A>(_: &A, _: &[Difference]) -> (Vec<String>, Risk) {
    (vec!["the copied installation has this resource".to_owned()], Risk::Safe)
}
