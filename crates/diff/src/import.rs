//! Turns a set-up that was found into the text of the spec that describes it. Pure.
//!
//! What the set-up has otherwise than reconcile would have it is said in the spec, each with a comment, so that a plan of the
//! spec changes nothing; a line that is taken out becomes a change.

mod selectors;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use reconcile_policy::{PolicyKind, Region};
use reconcile_spec::{Account, AccountName, Accounts, SpecName};

use crate::compare::NOT_ALLOWED;
use crate::kind::Kind;
use crate::observe::survey::{Setup, SetupKey};
use crate::plan::{ActionKind, Plan};
use crate::view::{
    Bucket, CloudWatchLogs, Encryption, KeyRef, Notification, PublicAccessBlock, Rotation, Tags, Trail,
};

/// What else the spec is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The name of the installation.
    pub name: SpecName,
    /// The account that lists the organization, if it is known.
    pub organization: Option<AccountName>,
    /// Whether the bucket policy has to be ours to write, since the live one lacks what trails need.
    pub manage_bucket_policy: bool,
    /// The same of the key policy.
    pub manage_key_policy: bool,
    /// Whether a plan would remove trails of an installation of this name that the survey did not see.
    pub keep_trails: bool,
}

impl Options {
    /// Has the spec manage the policies that lack something; gives whether it did not manage one of them before.
    pub fn manage(&mut self, lacking: impl IntoIterator<Item = PolicyKind>) -> bool {
        let before = (self.manage_bucket_policy, self.manage_key_policy);
        for kind in lacking {
            self.manage_bucket_policy |= kind == PolicyKind::Bucket;
            self.manage_key_policy |= kind == PolicyKind::Key;
        }
        before != (self.manage_bucket_policy, self.manage_key_policy)
    }
}

/// The policies that a spec leaves alone and that lack what a trail needs.
pub fn lacking(plan: &Plan) -> Vec<PolicyKind> {
    let lacking = plan.warnings.iter().filter(|warning| warning.code == NOT_ALLOWED);
    lacking
        .filter_map(|warning| match warning.address.kind {
            Kind::BucketPolicy => Some(PolicyKind::Bucket),
            Kind::KeyPolicy => Some(PolicyKind::Key),
            _ => None,
        })
        .collect()
}

/// Whether a plan removes trails, which a spec that was imported must not.
pub fn removes_trails(plan: &Plan) -> bool {
    plan.changes.iter().any(|it| it.address.kind == Kind::Trail && it.action() == ActionKind::Delete)
}

/// The name of the installation whose mark most of the trails carry, if any do.
pub fn installation(setup: &Setup) -> Option<SpecName> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for owner in setup.trails.iter().filter_map(|(_, trail)| trail.tags.owner()) {
        *counts.entry(owner).or_default() += 1;
    }
    let (owner, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    owner.parse().ok()
}

/// The text of the spec; `accounts` are those that were looked at.
pub fn spec_text(setup: &Setup, accounts: &Accounts, options: &Options) -> String {
    let mut text = format!(
        "# What `reconcile import` found. A plan of this spec changes nothing, unless a comment says so: wherever the\n\
         # set-up is not as reconcile would have it, a line keeps it. Take such a line out, and the next plan shows\n\
         # what it would change.\n\
         version: 1\nname: {}\n\n",
        options.name
    );
    write_recognized(&mut text, setup);
    write_marks(&mut text, setup, options);
    write_accounts(&mut text, setup, accounts, options);
    write_bucket(&mut text, setup, options);
    write_key(&mut text, setup, options);
    write_trails(&mut text, setup);
    text
}

/// Declares the Regions that this version does not know, without which the spec would not be valid.
fn write_recognized(text: &mut String, setup: &Setup) {
    let homes = setup.trails.iter().filter_map(|(_, trail)| trail.arn.region().parse::<Region>().ok());
    let unknown: BTreeSet<Region> =
        homes.chain([setup.region.clone()]).filter(|region| !region.is_known()).collect();
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(Region::as_str).collect();
        let _ = writeln!(text, "recognize: [{}]\n", names.join(", "));
    }
}

/// What is ours, and whether it is removed.
fn write_marks(text: &mut String, setup: &Setup, options: &Options) {
    let is_marked = |tags: &Tags| tags.owner() == Some(options.name.as_str());
    let is_live = options.keep_trails
        || is_marked(&setup.bucket_view.tags)
        || setup.key.as_ref().is_some_and(|found| is_marked(&found.key.view.tags))
        || setup.trails.iter().any(|(_, trail)| is_marked(&trail.tags));
    if is_live {
        let _ = writeln!(
            text,
            "# There is an installation of this name already: some of it is marked as ours (`reconcile:spec`). Without this\n\
             # line a plan removes its trails that are not below.\n\
             deletion: {{ trails: false }}"
        );
    } else {
        text.push_str("# Nothing is marked as ours (`reconcile:spec`), so nothing is ever removed.\n");
    }
    text.push_str("# Without this line the bucket, the key and the trails are tagged.\ntags: unmanaged\n\n");
}

/// Those that have a part in it.
fn write_accounts(text: &mut String, setup: &Setup, accounts: &Accounts, options: &Options) {
    let has_part = |account: &&Account| {
        account.name == setup.bucket_account
            || setup.key.as_ref().is_some_and(|key| key.account == account.name)
            || setup.trails.iter().any(|(name, _)| *name == account.name)
            || options.organization.as_ref() == Some(&account.name)
    };
    text.push_str("accounts:\n");
    for account in accounts.iter().filter(has_part) {
        let role = account.access.role.as_ref().map(|role| role.arn.resource_name());
        let role = role.map(|role| format!(", role: {role}")).unwrap_or_default();
        let _ = writeln!(text, "  {}: {{ id: \"{}\"{role} }}", account.name, account.id);
    }
    text.push('\n');
    if let Some(organization) = &options.organization {
        let _ = writeln!(
            text,
            "# With `include: all` and a `role` every member of the organization joins the accounts by itself.\n\
             organization: {{ account: {organization} }}\n"
        );
    }
}

/// A line that keeps something as it is, and what would come without it.
fn kept(text: &mut String, line: &str, without: &str) {
    let _ = writeln!(text, "  {line}  # without this line: {without}");
}

fn write_bucket(text: &mut String, setup: &Setup, options: &Options) {
    let Setup { bucket, bucket_account, region, bucket_view, .. } = setup;
    let _ = writeln!(text, "bucket:\n  name: {bucket}\n  account: {bucket_account}\n  region: {region}");
    if let Some(prefix) = prefix(setup) {
        let _ = writeln!(text, "  prefix: {}", quoted(&prefix));
    }
    let Bucket { encryption, versioning, public_access_block, object_ownership, .. } = bucket_view;
    if !is_encrypted_with_key(setup, encryption.as_ref()) {
        let how = if encryption == &Some(Encryption::S3) { "s3" } else { "unmanaged" };
        kept(text, &format!("encryption: {how}"), "new objects are encrypted with the key, by default");
    }
    if versioning != &Some(true) {
        kept(text, "versioning: unmanaged", "overwritten and deleted log files are kept");
    }
    if public_access_block != &Some(PublicAccessBlock::all(true)) {
        kept(text, "block_public_access: unmanaged", "public access is blocked, all four ways");
    }
    if let Some(ownership) = object_ownership.as_deref().filter(|it| *it != "BucketOwnerEnforced") {
        let line = format!("object_ownership: {ownership}");
        kept(text, &line, "the owner of the bucket owns all log files, and ACLs are off");
    }
    write_policy(text, "bucket", options.manage_bucket_policy);
    text.push('\n');
}

fn write_policy(text: &mut String, of: &str, has_to_be_managed: bool) {
    if has_to_be_managed {
        let _ = writeln!(
            text,
            "  # The live policy of the {of} lacks what some trail needs, so reconcile has to write into it."
        );
        return;
    }
    kept(
        text,
        "policy: unmanaged",
        "statements of our own let the trails deliver, and those of others that do are taken over",
    );
}

fn write_key(text: &mut String, setup: &Setup, options: &Options) {
    let Some(found) = &setup.key else {
        let _ = writeln!(
            text,
            "# No trail encrypts with a KMS key. With `key: {{ alias: {}-cloudtrail }}` in place of this line a plan makes one,\n\
             # and has all trails encrypt with it.\n\
             key: unmanaged\n",
            options.name
        );
        return;
    };
    text.push_str("key:\n");
    match &found.alias {
        Some(alias) => {
            let _ = writeln!(text, "  alias: {alias}");
        }
        None => {
            let _ = writeln!(text, "  arn: \"{}\"", found.key.arn);
        }
    }
    if found.account != setup.bucket_account {
        let _ = writeln!(text, "  account: {}", found.account);
    }
    if found.alias.is_some() {
        kept(text, "description: unmanaged", "the description says which spec the key is of");
        match found.key.view.rotation {
            Some(Rotation::EveryDays(365)) => {}
            Some(Rotation::EveryDays(days)) => {
                kept(text, &format!("rotation_days: {days}"), "the key material is rotated every 365 days");
            }
            Some(Rotation::Off) | None => {
                kept(text, "rotation_days: unmanaged", "the key material is rotated every 365 days");
            }
        }
    }
    write_policy(text, "key", options.manage_key_policy);
    text.push('\n');
}

/// The trails, those of the same name and settings as one.
fn write_trails(text: &mut String, setup: &Setup) {
    let prefix = prefix(setup);
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut left_out = String::new();
    let mut taken: BTreeSet<(&AccountName, &str)> = BTreeSet::new();
    for (account, trail) in &setup.trails {
        if trail.prefix != prefix {
            let _ = writeln!(
                left_out,
                "  # {} delivers below another prefix, and goes on to: a spec has one prefix.",
                trail.arn
            );
            continue;
        }
        if !taken.insert((account, trail.arn.resource_name())) {
            let _ = writeln!(
                left_out,
                "  # {} goes on as it is: a spec has one trail of a name in an account, and this is the second.",
                trail.arn
            );
            continue;
        }
        let name = trail.arn.resource_name().to_owned();
        let (settings, notes) = (settings(trail, setup.region.as_str()), notes(setup, trail));
        match groups.iter_mut().find(|it| it.name == name && it.settings == settings) {
            Some(group) => {
                group.accounts.push(account);
                group.notes.extend(notes);
            }
            None => groups.push(Group { name, settings, notes, accounts: vec![account] }),
        }
    }
    text.push_str("trails:\n");
    text.push_str(&left_out);
    for Group { name, settings, notes, accounts } in groups {
        let accounts: Vec<&str> = accounts.into_iter().map(AccountName::as_str).collect();
        let _ = writeln!(text, "  - name: {name}");
        if !settings.iter().any(|line| line == ORGANIZATION_TRAIL) {
            let _ = writeln!(text, "    accounts: [{}]", accounts.join(", "));
        }
        for line in settings.into_iter().chain(notes) {
            let _ = writeln!(text, "    {line}");
        }
    }
}

const ORGANIZATION_TRAIL: &str = "organization_trail: true";

/// Trails that one entry of the spec stands for.
struct Group<'a> {
    name: String,
    settings: Vec<String>,
    notes: Vec<String>,
    accounts: Vec<&'a AccountName>,
}

/// What of a trail is not as by default, a line each; `region` is the bucket's.
fn settings(trail: &Trail, region: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if trail.organization {
        lines.push(ORGANIZATION_TRAIL.to_owned());
    }
    if trail.arn.region() != region {
        lines.push(format!("home_region: {}", trail.arn.region()));
    }
    for (name, is_on) in [
        ("enabled", trail.logging),
        ("multi_region", trail.multi_region),
        ("global_service_events", trail.global_service_events),
        ("log_file_validation", trail.log_file_validation),
    ] {
        if !is_on {
            lines.push(format!("{name}: false  # without this line: true"));
        }
    }
    lines.extend(selectors::lines(&trail.selectors));
    if let Some(insights) = trail.insights.as_ref().filter(|insights| !insights.is_empty()) {
        let names = insights.join(", ");
        lines.push(match selectors::can_say_insights(&trail.selectors, insights) {
            true => format!("insights: [{names}]"),
            false => format!("# It records insights that a spec cannot say, and goes on to: {names}"),
        });
    }
    lines
}

/// What a spec does not say of a trail, and the user should know.
fn notes(setup: &Setup, trail: &Trail) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(CloudWatchLogs::To { group, .. }) = &trail.cloudwatch_logs {
        notes.push(format!(
            "# One delivers to {group}, too, and goes on to; `cloudwatch_logs` is for log groups of our own."
        ));
    }
    if let Some(Notification::To { topic }) = &trail.notification {
        notes
            .push(format!("# One tells {topic}, too, and goes on to; `sns_topic` is for topics of our own."));
    }
    let encrypts = |key: &SetupKey| trail.kms_key == Some(KeyRef::known(&key.key.arn));
    if setup.key.as_ref().is_some_and(|key| !encrypts(key)) {
        notes.push(format!(
            "# {} does not encrypt with the key above;\n    \
             # a plan has it do so. `key: unmanaged` in place of the key, with `encryption: unmanaged` in the\n    \
             # bucket, leaves alone what each encrypts with.",
            trail.arn
        ));
    }
    notes
}

/// The prefix below which most trails deliver.
fn prefix(setup: &Setup) -> Option<String> {
    let mut counts: BTreeMap<&Option<String>, usize> = BTreeMap::new();
    for (_, trail) in &setup.trails {
        *counts.entry(&trail.prefix).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).and_then(|(prefix, _)| prefix.clone())
}

/// Whether new objects are encrypted as they are by default.
fn is_encrypted_with_key(setup: &Setup, encryption: Option<&Encryption>) -> bool {
    let Some(Encryption::Kms { key: Some(KeyRef::Known(named)), bucket_key: true }) = encryption else {
        return false;
    };
    let arn = setup.key.as_ref().map(|key| &key.key.arn);
    arn.is_some_and(|arn| arn.as_str() == named || arn.resource_name() == named)
}

/// A text as YAML takes it whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
