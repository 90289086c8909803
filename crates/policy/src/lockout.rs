//! Turns a key policy into the answer whether anybody could still change it.

use crate::{AccountId, Arn, Document, Partition, Principal, Request, Statement, evaluate};

/// Whether the policy lets some principal of the key's account change it: the root of the account, so that the
/// account's own policies decide, or one that it names.
///
/// Where it does not, the key is lost to everybody but AWS support. See "Key policies in AWS KMS" in the KMS developer
/// guide, and `BypassPolicyLockoutSafetyCheck` of `PutKeyPolicy`.
pub fn can_be_administered(policy: &Document, partition: Partition, account: &AccountId) -> bool {
    let root = Arn::new(partition, "iam", "", account.as_str(), "root");
    let key = Arn::new(partition, "kms", "", account.as_str(), "key/this");
    let named = policy.statements().iter().flat_map(Statement::principals);
    let of_account = |principal: Principal<'_>| {
        principal.id.parse::<Arn>().ok().filter(|arn| arn.account() == account.as_str())
    };
    let mut candidates = std::iter::once(root).chain(named.filter_map(of_account));
    candidates.any(|arn| {
        let request = Request::by_principal(&arn, "kms:PutKeyPolicy", key.as_str())
            .with("kms:CallerAccount", account.as_str());
        evaluate(policy, &request).is_allowed()
    })
}
