//! The public keys of digests.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types;
use futures::future::join_all;
use jiff::Timestamp;
use reconcile_evidence::{EvidenceFinding, PublicKey, PublicKeys};
use reconcile_operations::{Error, Operation};
use reconcile_policy::Region;

use super::bucket::LogFiles;
use crate::observe::page;

impl LogFiles {
    /// Reads the public keys of Regions that were valid during a time range, or a part of it. If
    /// the keys of a Region cannot be read, returns a finding for the Region.
    ///
    /// The keys of a Region are the same in all accounts.
    pub async fn public_keys(
        &self,
        regions: impl IntoIterator<Item = Region>,
        from: Timestamp,
        to: Timestamp,
    ) -> (PublicKeys, Vec<EvidenceFinding>) {
        let read = regions.into_iter().map(|region| async move {
            let keys = self.keys_of(&region, from, to).await;
            (region, keys)
        });
        let (mut keys, mut findings) = (PublicKeys::default(), Vec::new());
        for (region, read) in join_all(read).await {
            match read {
                Ok(found) => keys.add(region, found),
                Err(error) => {
                    findings.push(EvidenceFinding::KeysUnread { region, reason: error.to_string() });
                }
            }
        }
        (keys, findings)
    }

    async fn keys_of(
        &self,
        region: &Region,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<PublicKey>, Error> {
        let client = self.session().cloudtrail(region);
        let (from, to) = (DateTime::from_secs(from.as_second()), DateTime::from_secs(to.as_second()));
        let keys = page::all(self.session(), Operation::ListPublicKeys, |token| {
            let call = client.list_public_keys().start_time(from).end_time(to).set_next_token(token).send();
            async move {
                let page = self.session().call(Operation::ListPublicKeys, call).await?;
                let missing = || self.session().incomplete(Operation::ListPublicKeys, "PublicKeyList");
                Ok::<_, Error>((page.public_key_list.ok_or_else(missing)?, page.next_token))
            }
        });
        let missing = || self.session().incomplete(Operation::ListPublicKeys, "PublicKey");
        keys.await?.into_iter().map(|key| public_key(key).ok_or_else(missing)).collect()
    }
}

fn public_key(key: types::PublicKey) -> Option<PublicKey> {
    let time = |time: DateTime| Timestamp::from_second(time.secs()).ok();
    Some(PublicKey {
        fingerprint: key.fingerprint?,
        der: key.value?.into_inner(),
        valid_from: time(key.validity_start_time?)?,
        valid_to: time(key.validity_end_time?)?,
    })
}
