//! Writes the readers of log files as YAML of a spec.

use reconcile_policy::{Logs, Reader};

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text, quoted, scalar};

impl Draft<'_> {
    /// Writes the readers of the policies that the spec manages.
    pub(super) fn write_readers(&self, text: &mut Text) {
        let own = self.own_bucket_statements().or_else(|| self.own_key_statements());
        let readers: Vec<String> =
            own.into_iter().flat_map(|own| &own.readers).filter_map(|reader| self.reader(reader)).collect();
        if readers.is_empty() || self.aside.contains(&Aspect::Readers) {
            return;
        }
        let about = About::Aspect(Aspect::Readers);
        text.push("readers:", &about);
        for reader in readers {
            text.push(format!("  - {reader}"), &about);
        }
        text.comment("");
    }

    /// Returns the YAML of a reader; `None` if the reader can read logs of an account that the spec
    /// does not declare.
    fn reader(&self, reader: &Reader) -> Option<String> {
        let principal = &reader.principal;
        let root = self.account(principal.account()).filter(|_| principal.resource() == "root");
        let who = match root {
            Some(account) => format!("account: {}", scalar(account.name.as_str())),
            None => format!("principal: {}", quoted(principal.as_str())),
        };
        let logs = match &reader.logs {
            Logs::All => "all".to_owned(),
            Logs::Of(accounts) => match accounts.as_slice() {
                [one] if one.as_str() == principal.account() => "own".to_owned(),
                accounts => {
                    let name = |id: &reconcile_policy::AccountId| {
                        Some(scalar(self.account(id.as_str())?.name.as_str()))
                    };
                    let names: Option<Vec<String>> = accounts.iter().map(name).collect();
                    format!("[{}]", names?.join(", "))
                }
            },
        };
        Some(format!("{{ {who}, logs: {logs} }}"))
    }
}
