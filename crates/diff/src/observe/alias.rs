//! Reads aliases of keys.

use aws_sdk_kms::types::AliasListEntry;
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::ReadError;
use reconcile_policy::{Arn, Region};
use reconcile_spec::AliasName;

use super::page::{self, Next};

/// An alias of a key.
pub(super) struct KeyAlias {
    /// The name, with `alias/`.
    pub(super) name: String,
    /// The ID of the key.
    pub(super) key: String,
}

/// Reads all aliases of an account in a Region.
pub(super) async fn list(session: &Session, region: &Region) -> Result<Vec<KeyAlias>, Error> {
    let aliases = list_entries(session, region, None).await?.into_iter();
    Ok(aliases.filter_map(|it| Some(KeyAlias { name: it.alias_name?, key: it.target_key_id? })).collect())
}

/// Reads the aliases that point to a key.
pub(super) async fn list_of_key(
    session: &Session,
    region: &Region,
    key: &Arn,
) -> Result<Vec<AliasName>, ReadError> {
    let aliases = list_entries(session, region, Some(key)).await?.into_iter();
    let names = aliases.filter_map(|alias| alias.alias_name);
    Ok(names.filter_map(|name| name.strip_prefix("alias/")?.parse().ok()).collect())
}

async fn list_entries(
    session: &Session,
    region: &Region,
    key: Option<&Arn>,
) -> Result<Vec<AliasListEntry>, Error> {
    let kms = &session.kms(region);
    page::all(session, Operation::ListAliases, |marker| async move {
        let call = kms.list_aliases().set_key_id(key.map(ToString::to_string)).set_marker(marker).send();
        let page = session.call(Operation::ListAliases, call).await?;
        let aliases = page.aliases.ok_or_else(|| session.incomplete(Operation::ListAliases, "Aliases"))?;
        Ok::<_, Error>((aliases, Next::truncated(page.truncated, page.next_marker)))
    })
    .await
}
