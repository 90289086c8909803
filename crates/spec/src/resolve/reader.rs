//! Resolves the readers.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Logs, Partition, Reader};

use super::Resolver;
use crate::digest::sha256_hex;
use crate::problems::Problems;
use crate::raw::{Located, RawLogs, RawReader, WordOr};

/// The log files of a reader, while the entries of the reader are combined.
enum Wanted {
    All,
    Of(BTreeSet<AccountId>),
}

/// Returns one reader for each principal, in the order of the spec, without readers that have a
/// problem.
pub(super) fn resolve(
    raw: Option<&Located<Vec<RawReader>>>,
    resolver: &Resolver<'_>,
    partition: Partition,
    problems: &mut Problems,
) -> Vec<Reader> {
    let mut order: Vec<Arn> = Vec::new();
    let mut readers: BTreeMap<Arn, Wanted> = BTreeMap::new();
    for reader in raw.into_iter().flat_map(|readers| &readers.value) {
        let principal = principal(reader, resolver, partition, problems);
        let logs = logs(reader, principal.as_ref(), resolver, problems);
        let (Some(principal), Some(logs)) = (principal, logs) else { continue };
        match (readers.get_mut(&principal), logs) {
            (Some(Wanted::Of(known)), Wanted::Of(more)) => known.extend(more),
            (Some(known), Wanted::All) => *known = Wanted::All,
            (Some(Wanted::All), Wanted::Of(_)) => {}
            (None, logs) => {
                order.push(principal.clone());
                readers.insert(principal, logs);
            }
        }
    }
    let resolve = |principal: Arn| {
        let logs = match readers.remove(&principal)? {
            Wanted::All => Logs::All,
            Wanted::Of(accounts) => Logs::Of(accounts.into_iter().collect()),
        };
        let mark = sha256_hex(principal.as_str().as_bytes()).chars().take(8).collect();
        Some(Reader { mark, principal, logs })
    };
    order.into_iter().filter_map(resolve).collect()
}

fn principal(
    reader: &RawReader,
    resolver: &Resolver<'_>,
    partition: Partition,
    problems: &mut Problems,
) -> Option<Arn> {
    match (&reader.principal, &reader.account) {
        (Some(principal), None) => super::principal::resolve(principal, partition, problems),
        (None, Some(account)) => {
            let name = resolver.account(account, problems)?;
            Some(Arn::new(partition, "iam", "", resolver.id(&name)?.as_str(), "root"))
        }
        _ => {
            let place = reader.logs.place;
            problems.add(
                place,
                "a reader must have either a `principal` or an `account`",
                "use one of the two",
            );
            None
        }
    }
}

fn logs(
    reader: &RawReader,
    principal: Option<&Arn>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Option<Wanted> {
    match &reader.logs.value {
        WordOr::Word(RawLogs::All) => Some(Wanted::All),
        WordOr::Word(RawLogs::Own) => {
            let own: Option<AccountId> = principal?.account().parse().ok();
            if own.is_none() {
                let message =
                    format!("`{}` belongs to no account, so it has no log files of its own", principal?);
                problems.add(
                    reader.logs.place,
                    message,
                    "list the accounts whose log files the reader can read",
                );
            }
            Some(Wanted::Of(BTreeSet::from([own?])))
        }
        WordOr::Value(accounts) => {
            let mut ids = BTreeSet::new();
            for account in accounts {
                if let Some(name) = resolver.account(account, problems) {
                    ids.extend(resolver.id(&name).cloned());
                }
            }
            Some(Wanted::Of(ids))
        }
    }
}
