//! The context that all changes of an apply share: sessions, results and observers.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use reconcile_aws::{Aws, Session};
use reconcile_diff::observe::key::{DescribedKey, find, find_by_arn};
use reconcile_diff::observe::topic::read_attributes;
use reconcile_diff::observe::{bucket_policy, key_policy};
use reconcile_operations::Operation;
use reconcile_plan::plan::{AccountRef, Changed, CreateOrDelete};
use reconcile_plan::view::{AtRest, KeyRef};
use reconcile_plan::{Address, Kind, Plan};
use reconcile_policy::{
    Arn, Delivery, Document, KeyIdentifier, Membership, Owner, Ownership, PolicyKind, Proof,
};
use reconcile_spec::{Account, AccountName, Alarm, AliasName, Desired, Installation, KeyIdentity, Site};
use tokio::sync::{OnceCell, RwLock};

use crate::error::ApplyError;
use crate::pauses::ConfirmationPauses;
use crate::propagation::{Backoff, WaitSettings, read_on};
use crate::write::Write;

pub(crate) struct Context {
    pub(crate) aws: Aws,
    pub(crate) installation: Installation,
    pub(crate) ownership: Ownership,
    pub(crate) waits: WaitSettings,
    /// The pauses between requests to CloudTrail to check trails; `None` if CloudTrail is not
    /// asked.
    pub(crate) confirm: Option<ConfirmationPauses>,
    /// A lock that is held until a policy is confirmed. Every trail depends on the policies of the
    /// bucket and the key, so only one of these two policies is confirmed at a time, and no topic
    /// policy at the same time. The reason for a refusal is therefore known.
    pub(crate) confirmations: RwLock<()>,
    /// The content of the spec: the accounts, the bucket and the key.
    desired: Desired,
    /// The key in use when the plan was made.
    key_in_use: Option<Arn>,
    /// Whether the plan creates the alias of the key.
    creates_alias: bool,
    /// The index of each alarm of the spec in the list of alarms.
    alarms: HashMap<Address, usize>,
    sessions: HashMap<AccountName, OnceCell<Session>>,
    /// ARNs of keys that this apply created or found.
    keys: Mutex<HashMap<Address, Arn>>,
    /// The resources that this apply created.
    created: Mutex<HashSet<Address>>,
    /// The last document that this apply wrote to each policy.
    writes: Mutex<HashMap<Address, Write>>,
}

impl Context {
    pub(crate) fn new(
        aws: &Aws,
        desired: &Desired,
        plan: &Plan,
        waits: WaitSettings,
        confirm: Option<ConfirmationPauses>,
    ) -> Self {
        let sessions = desired.accounts.iter().map(|it| (it.name.clone(), OnceCell::new()));
        let alarms = desired.alarms.iter().enumerate();
        let alarms = alarms.map(|(index, it)| (Address::new(Kind::Alarm, &it.site.account, &it.name), index));
        Self {
            key_in_use: plan.key.clone(),
            creates_alias: plan
                .changes
                .iter()
                .any(|change| matches!(&change.changed, Changed::Alias(CreateOrDelete::Create { .. }))),
            aws: aws.clone(),
            ownership: desired.installation.ownership(),
            installation: desired.installation.clone(),
            waits,
            confirm,
            confirmations: RwLock::default(),
            alarms: alarms.collect(),
            sessions: sessions.collect(),
            desired: desired.clone(),
            keys: Mutex::default(),
            created: Mutex::default(),
            writes: Mutex::default(),
        }
    }

    /// The alarm of the spec with an address.
    pub(crate) fn alarm(&self, address: &Address) -> Option<&Alarm> {
        self.desired.alarms.get(*self.alarms.get(address)?)
    }

    /// The session of an account, opened when it is first needed.
    pub(crate) async fn session(&self, account: &AccountRef) -> Result<&Session, ApplyError> {
        let declared = self.desired.account(&account.name).filter(|declared| declared.id == account.id);
        self.open(declared.ok_or_else(|| ApplyError::NoSuchAccount(account.name.to_string()))?).await
    }

    /// The session of an account by its name.
    pub(crate) async fn session_of(&self, account: &AccountName) -> Result<&Session, ApplyError> {
        let declared = self.desired.account(account);
        self.open(declared.ok_or_else(|| ApplyError::NoSuchAccount(account.to_string()))?).await
    }

    async fn open(&self, account: &Account) -> Result<&Session, ApplyError> {
        let session = self.sessions.get(&account.name);
        let session = session.ok_or_else(|| ApplyError::NoSuchAccount(account.name.to_string()))?;
        Ok(session.get_or_try_init(|| Session::open_to_apply(&self.aws, account, &self.desired)).await?)
    }

    /// The owner of the bucket.
    pub(crate) fn owner(&self) -> Option<Owner> {
        let site = &self.desired.bucket.site;
        let account = self.desired.account(&site.account)?;
        let organization = Membership::Unknown;
        Some(Owner { account: account.id.clone(), region: site.region.clone(), organization })
    }

    /// The key of the installation. `address` is the resource that needs the key. A key that this
    /// apply created is read by the ARN that KMS returned, because KMS may not list the key yet.
    ///
    /// # Errors
    /// Returns an error if the key cannot be read.
    pub(crate) async fn find_key(
        &self,
        session: &Session,
        address: &Address,
    ) -> Result<Option<DescribedKey>, ApplyError> {
        let key = &self.desired.key;
        let region = &key.site.region;
        if let Some(arn) = self.known_key() {
            let mut backoff = Backoff::new(&self.waits, address);
            let read = || find_by_arn(session, region, &arn);
            return read_on(&mut backoff, true, Option::is_none, read).await;
        }
        match &self.key_in_use {
            Some(arn) => Ok(find_by_arn(session, region, arn).await?),
            None => Ok(find(session, region, &key.identity, &self.installation).await?.found),
        }
    }

    /// The ARN of the key at an address, if the key belongs to the installation and is not in use.
    pub(crate) fn spare_key(&self, address: &Address) -> Option<Arn> {
        reconcile_plan::spare_key(&self.desired, address)
    }

    /// The ARN of the key of the installation; `None` if there is no key.
    ///
    /// # Errors
    /// Returns an error if the key cannot be read.
    async fn key_arn(&self, session: &Session, address: &Address) -> Result<Option<Arn>, ApplyError> {
        match self.known_key() {
            Some(arn) => Ok(Some(arn)),
            None => Ok(self.find_key(session, address).await?.map(|found| found.arn)),
        }
    }

    /// The ARN of the key of the installation.
    ///
    /// # Errors
    /// Returns [`ApplyError::Stale`] if there is no key, or another error if the key cannot be
    /// read.
    pub(crate) async fn existing_key(&self, session: &Session, address: &Address) -> Result<Arn, ApplyError> {
        let found = self.key_arn(session, address).await?;
        found.ok_or_else(|| ApplyError::Stale { what: "the key no longer exists".to_owned() })
    }

    /// The key that this apply created or found.
    fn known_key(&self) -> Option<Arn> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).values().next().cloned()
    }

    /// The alias of the key, if the plan creates it.
    pub(crate) fn new_alias(&self) -> Option<&AliasName> {
        self.desired.key.identity.alias().filter(|_| self.creates_alias)
    }

    /// Whether CloudTrail acts for the whole organization in the spec, so that an earlier change
    /// can have given CloudTrail its permissions.
    pub(crate) fn acts_for_organization(&self) -> bool {
        let organization = self.desired.organization.as_ref();
        organization.is_some_and(|it| it.service_access || !it.delegated_administrators.is_empty())
    }

    /// Records that this apply created a resource.
    pub(crate) fn created(&self, address: &Address) {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone());
    }

    /// Whether this apply created one of these resources.
    pub(crate) fn has_created(&self, addresses: &[Address]) -> bool {
        let created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().any(|address| created.contains(address))
    }

    /// Records the write of a policy.
    pub(crate) fn wrote(&self, policy: &Address, write: Write) {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).insert(policy.clone(), write);
    }

    /// Removes the record of the last write of a policy.
    pub(crate) fn forget_write(&self, policy: &Address) {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).remove(policy);
    }

    /// The last write of a policy by this apply.
    pub(crate) fn last_write(&self, policy: &Address) -> Option<Write> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).get(policy).cloned()
    }

    /// Evaluates every request of a delivery under the live policies.
    pub(crate) async fn prove(
        &self,
        address: &Address,
        delivery: &Delivery,
    ) -> Result<Vec<Proof>, ApplyError> {
        let bucket = &self.desired.bucket;
        let session = self.session_of(&bucket.site.account).await?;
        let bucket_policy = bucket_policy::read(session, &bucket.site.region, &bucket.name).await?;
        let bucket_policy =
            self.not_before_our_write(Kind::BucketPolicy, &bucket.site, &bucket.name, bucket_policy);
        let (site, identity) = (&self.desired.key.site, &self.desired.key.identity);
        let hub = self.session_of(&site.account).await?;
        let key_policy = match self.key_arn(hub, address).await? {
            Some(key) => {
                let policy = key_policy::read(hub, &site.region, &key).await?;
                self.not_before_our_write(Kind::KeyPolicy, site, identity, Some(policy))
            }
            None => None,
        };
        let topic_policy = match &delivery.topic {
            Some(topic) => self.topic_policy(topic).await?,
            None => None,
        };
        let mut proofs = delivery.prove(|kind| match kind {
            PolicyKind::Bucket => bucket_policy.as_ref(),
            PolicyKind::Key => key_policy.as_ref(),
            PolicyKind::Topic => topic_policy.as_ref(),
            // The deliveries of an apply do not contain the key of the topic, because the plan has
            // already proven this key.
            PolicyKind::TopicKey => None,
        });
        // If the spec does not manage the key, its policy is unknown.
        proofs.retain(|it| it.hop.policy() != PolicyKind::Key || *identity != KeyIdentity::Unmanaged);
        Ok(proofs)
    }

    async fn topic_policy(&self, topic: &Arn) -> Result<Option<Document>, ApplyError> {
        let account = self.desired.accounts.iter().find(|account| account.id.as_str() == topic.account());
        let account = account.ok_or_else(|| ApplyError::NoSuchAccount(topic.account().to_owned()))?;
        let session = self.open(account);
        let region = topic
            .region()
            .parse()
            .map_err(|_| ApplyError::Incomplete { what: "a topic", missing: "a Region" })?;
        let found = read_attributes(session.await?, &region, topic, Operation::GetTopicAttributes).await?;
        let site = Site { account: account.name.clone(), region };
        let policy = found.map(|topic| topic.policy.document);
        Ok(self.not_before_our_write(Kind::TopicPolicy, &site, topic.resource(), policy))
    }

    /// Returns the policy from a read. If the read still returns the policy before the write of
    /// this apply, returns the written policy instead.
    fn not_before_our_write(
        &self,
        kind: Kind,
        site: &Site,
        name: impl fmt::Display,
        live: Option<Document>,
    ) -> Option<Document> {
        match self.last_write(&Address::new(kind, &site.account, name)) {
            Some(last) if last.is_missing_from(live.as_ref()) => last.written.map(|it| it.document),
            _ => live,
        }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.waits.interrupt.is_stopped()
    }

    /// Records the key that a change created or found, for the changes that use the key.
    pub(crate) fn made_key(&self, address: &Address, arn: &Arn) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(address.clone(), arn.clone());
    }

    /// The identifier of a key.
    pub(crate) fn key(&self, key: &KeyRef) -> Result<KeyIdentifier, ApplyError> {
        match key {
            KeyRef::Known(identifier) => Ok(identifier.clone()),
            KeyRef::KnownAfterApply(address) => {
                let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                let arn = keys.get(address).ok_or_else(|| ApplyError::UnknownKey(address.clone()))?;
                Ok(arn.clone().into())
            }
        }
    }

    /// The encryption with the ARN of its key in place of "known after apply".
    pub(crate) fn known_at_rest(&self, encryption: Option<&AtRest>) -> Result<Option<AtRest>, ApplyError> {
        Ok(match encryption {
            Some(AtRest::Kms { key }) => Some(AtRest::Kms { key: self.known(key)? }),
            other => other.cloned(),
        })
    }

    /// The reference with its identifier in place of "known after apply".
    pub(crate) fn known(&self, key: &KeyRef) -> Result<KeyRef, ApplyError> {
        self.key(key).map(KeyRef::Known)
    }
}
