//! Reads and writes the policy of a bucket, key or topic.

use reconcile_plan::observed::StoredPolicy;
use reconcile_policy::Document;

use crate::confirm::ConfirmationTarget;
use crate::error::ApplyError;
use crate::propagation::{Backoff, read_on};
use crate::work::Work;
use crate::write::{Write, document};

/// The calls for a policy.
pub(crate) trait PolicyStore {
    /// The resource that has the policy.
    fn resource(&self) -> ConfirmationTarget;

    /// The live policy.
    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError>;

    /// Writes the text of a policy in one call.
    async fn write(&self, text: &str) -> Result<(), ApplyError>;

    /// The text to write for a document; `None` means that the policy is deleted. Only a bucket can
    /// have no policy: KMS and SNS reject a policy without statements.
    fn text(&self, document: &Document) -> Result<Option<String>, ApplyError> {
        text(document).map(Some).ok_or(ApplyError::EmptyPolicy)
    }

    /// Deletes the policy.
    async fn delete(&self) -> Result<(), ApplyError> {
        Err(ApplyError::EmptyPolicy)
    }
}

/// Reads the policy. Retries while AWS still returns the document that this apply replaced.
pub(super) async fn read_fresh(
    work: &Work<'_>,
    store: &impl PolicyStore,
    backoff: &mut Backoff<'_>,
) -> Result<Option<StoredPolicy>, ApplyError> {
    let last = work.context.last_write(&work.change.address);
    let is_new = last.is_some() || work.context.has_created(&work.change.depends_on);
    let is_late = |live: &Option<StoredPolicy>| {
        last.as_ref().is_some_and(|last| last.is_missing_from(document(live.as_ref())))
    };
    read_on(backoff, is_new, is_late, || store.read()).await
}

/// Replaces the live document with a text, or deletes the policy. Returns the written policy.
pub(super) async fn put(
    work: &Work<'_>,
    store: &impl PolicyStore,
    live: Option<&StoredPolicy>,
    text: Option<String>,
) -> Result<Option<StoredPolicy>, ApplyError> {
    let written = stored(work, text)?;
    match &written {
        Some(policy) => store.write(&policy.text).await?,
        None => store.delete().await?,
    }
    let write = Write { before: live.cloned(), written: written.clone() };
    work.context.wrote(&work.change.address, write);
    Ok(written)
}

/// Parses the text of a policy.
pub(super) fn stored(work: &Work<'_>, text: Option<String>) -> Result<Option<StoredPolicy>, ApplyError> {
    let parse = |text| StoredPolicy::parse(&work.change.address.to_string(), text);
    Ok(text.map(parse).transpose()?)
}

/// The text of a document; `None` if it has no statements, because AWS accepts no such document.
pub(crate) fn text(document: &Document) -> Option<String> {
    (!document.statements().is_empty()).then(|| document.to_string())
}
