//! Creates and deletes the alias of the key.

use reconcile_diff::observe::key::find_named;
use reconcile_operations::Operation;
use reconcile_plan::plan::CreateOrDelete;
use reconcile_plan::view::{Alias, KeyRef};
use reconcile_spec::AliasName;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, Reads, create, delete};
use crate::work::{Made, Work, made};

pub(super) async fn execute(work: &Work<'_>, action: &CreateOrDelete<Alias>) -> Result<Made, ApplyError> {
    let name = work.change.address.name.parse();
    let name = name.map_err(|_| ApplyError::BadAddress(work.change.address.clone()))?;
    let calls = AliasCalls { work, name };
    match action {
        CreateOrDelete::Create { after } => {
            let wanted = Alias { target: work.context.known(&after.target)?, ..after.clone() };
            let made = create(work, &calls, &wanted).await?;
            // If this apply created the key, the key already got its alias then.
            Ok(if work.depends_on_new() { Made::Applied } else { made })
        }
        CreateOrDelete::Delete { before } => delete(work, &calls, before).await,
    }
}

/// The calls for an alias.
struct AliasCalls<'a> {
    work: &'a Work<'a>,
    name: AliasName,
}

impl Reads for AliasCalls<'_> {
    type View = Alias;
    type Live = Alias;

    async fn read(&self) -> Result<Option<Alias>, ApplyError> {
        let found = find_named(self.work.session, self.work.region(), &self.name).await?;
        Ok(found.map(|found| Alias { name: self.name.with_prefix(), target: KeyRef::known(&found.arn) }))
    }
}

impl Creates for AliasCalls<'_> {
    async fn create(&self, wanted: &Alias) -> Result<(), ApplyError> {
        let (kms, key) = (self.work.session.kms(self.work.region()), self.work.context.key(&wanted.target)?);
        let create = || kms.create_alias().alias_name(&wanted.name).target_key_id(key.as_str()).send();
        made(self.work.write(Operation::CreateAlias, create).await)
    }
}

impl Deletes for AliasCalls<'_> {
    async fn delete(&self, live: &Alias) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work.delete(Operation::DeleteAlias, || kms.delete_alias().alias_name(&live.name).send()).await
    }
}
