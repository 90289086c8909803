//! Converts live state into a plan that creates a copy.

use jiff::Timestamp;
use reconcile_spec::{AliasName, Site, Spec};

use super::change::{ChangeParts, Compared};
use super::{CompareContext, plan_of};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::observed::Observed;
use crate::plan::{Changed, Phase, Plan, Risk};
use crate::view::{Alias, Bucket, Encryption, KeyRef, Trail};

/// Returns the plan that creates the observed key with its alias and grants, the bucket and the
/// trails in an empty AWS. The two policies are copied as text. Log groups, roles, topics, alarms,
/// the organization and trails of accounts that the spec does not have are not copied.
pub fn copy(spec: &Spec, observed: &Observed, now: Timestamp) -> Plan {
    let nothing = Observed::default();
    let context = CompareContext::new(spec.desired(), &nothing);
    let copy = Copy { context: &context, observed };
    let mut compared = Compared::default();
    copy.key(&mut compared);
    copy.bucket(&mut compared);
    copy.trails(&mut compared);
    plan_of(spec, &context, compared, now).0
}

struct Copy<'a> {
    context: &'a CompareContext<'a>,
    observed: &'a Observed,
}

impl Copy<'_> {
    fn key(&self, compared: &mut Compared) {
        let (context, desired) = (self.context, self.context.desired);
        let Some(hub) = &self.observed.key else { return };
        let site = &desired.key.site;
        // A key that the spec names by its ARN must already exist.
        if desired.key.identity.alias().is_some() {
            compared.create(self.parts(context.key_address(), site, Changed::Key), hub.key.view.clone());
        }
        if hub.key.is_aliased {
            let name = desired.key.identity.alias().map(AliasName::with_prefix);
            let alias = name.map(|name| Alias { name, target: context.key.clone() });
            let parts = self.parts(context.alias_address(), site, Changed::Alias);
            if let Some(alias) = alias {
                compared.create(parts, alias);
            }
        }
        for grant in hub.grants.iter().filter(|grant| !grant.name.is_empty()) {
            let address = Address::new(Kind::Grant, &site.account, &grant.name);
            let mut grant = grant.clone();
            grant.key = context.key.clone();
            compared.create(self.parts(address, site, Changed::Grant), grant);
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
        let parts =
            self.parts(self.context.bucket_address(), &self.context.desired.bucket.site, Changed::Bucket);
        compared.create(parts, Bucket { encryption, ..live });
    }

    fn trails(&self, compared: &mut Compared) {
        for trail in &self.context.desired.trails {
            let Some(Some(live)) = self.observed.trails.get(&trail.arn) else { continue };
            let kms_key = live.kms_key.clone().map(|key| self.key_ref(key));
            let address = Address::trail(trail);
            let parts = self.parts(address, &trail.site, Changed::Trail);
            compared.create(parts, Trail { kms_key, ..live.clone() });
        }
    }

    /// Returns the key of the copy for the live key.
    fn key_ref(&self, key: KeyRef) -> KeyRef {
        let live = self.observed.key.as_ref().map(|hub| &hub.key.arn);
        let is_live = |live| key.identifier().is_some_and(|named| named.is_of(live));
        if live.is_some_and(is_live) { self.context.key.clone() } else { key }
    }

    fn parts<A>(&self, address: Address, site: &Site, changed: fn(A) -> Changed) -> ChangeParts<A> {
        ChangeParts {
            address,
            place: self.context.place(site),
            phase: Phase::Expand,
            depends_on: vec![self.context.key_address(), self.context.bucket_address()],
            changed,
            explain,
        }
    }
}

fn explain<A>(_: &A, _: &[Difference]) -> (Vec<String>, Risk) {
    (vec!["the copied installation has this resource".to_owned()], Risk::Safe)
}
