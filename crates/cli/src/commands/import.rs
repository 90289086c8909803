//! `reconcile import`

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_diff::import::{Options, installation, lacking, removes_trails, spec_text};
use reconcile_diff::observe::survey::{Setup, Wanted, survey};
use reconcile_diff::{Comparison, Progress, compare, discover, observe};
use reconcile_policy::Region;
use reconcile_spec::{AccountName, Spec, SpecName, parse};

use crate::args::{Global, ImportArgs};
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::reading;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &ImportArgs) -> Result<Exit, CliError> {
    let accounts = accounts_alone(global, args)?;
    let world = World::open(global)?;
    let aws = world.connect(global, &accounts).await?;
    let organization = discover(&aws, accounts.desired()).await?;
    let accounts = match &organization {
        Some(organization) => accounts.in_organization(&organization.roster).map_err(CliError::Spec)?,
        None => accounts,
    };

    // Reads live state; changes nothing.
    let wanted = Wanted { bucket: args.bucket.clone(), trail: args.trail.clone() };
    let setup = survey(&aws, &accounts, &wanted).await?;
    let mut options = Options {
        name: args.name.clone().map_or_else(|| name_of(&setup), Ok)?,
        organization: organization_of(args, &setup),
        manage_bucket_policy: false,
        manage_key_policy: false,
        keep_trails: false,
    };
    let mut text = spec_text(&setup, &accounts.desired().accounts, &options);
    let mut comparison = planned(global, &aws, &text).await?;
    // A live policy that does not let a trail deliver cannot be left alone.
    while options.manage(lacking(&comparison.plan)) {
        text = spec_text(&setup, &accounts.desired().accounts, &options);
        comparison = planned(global, &aws, &text).await?;
    }
    // Marks are on trails that deliver elsewhere, too, and were not asked for. Only the plan has seen those.
    if removes_trails(&comparison.plan) {
        options.keep_trails = true;
        text = spec_text(&setup, &accounts.desired().accounts, &options);
        comparison = planned(global, &aws, &text).await?;
    }
    match &args.out {
        Some(path) => files::write_new(path, &text)?,
        None => output::print(&text)?,
    }
    output::note(&told(args, &setup, &comparison));
    Ok(Exit::Ok)
}

/// A spec that says nothing but how to get into the accounts.
fn accounts_alone(global: &Global, args: &ImportArgs) -> Result<Spec, CliError> {
    const REGION: &str = "us-east-1";

    let mut text = "version: 1\nname: import\naccounts:\n".to_owned();
    for account in &args.accounts {
        let role = account.role.as_ref().map(|role| format!(", role: {role:?}")).unwrap_or_default();
        let _ = writeln!(text, "  \"{}\": {{ id: \"{}\"{role} }}", account.name, account.id);
    }
    let first = args.accounts.first().map_or("", |account| account.name.as_str());
    if let Some(organization) = &args.organization {
        let role = &args.role;
        let _ = writeln!(text, "organization: {{ account: {organization:?}, include: all, role: {role:?} }}");
    }
    let region = global.region.as_deref().unwrap_or(REGION);
    let _ = writeln!(text, "bucket: {{ name: import, account: {first:?}, region: {region:?} }}");
    if region.parse::<Region>().is_ok() {
        let _ = writeln!(text, "recognize: [{region}]");
    }
    text.push_str("key: { alias: import }\ntrails: [{ name: Import, accounts: all }]\n");
    parse("the accounts of the command line", text.as_bytes()).map_err(CliError::Spec)
}

/// The account that lists the organization: the one that is named, or the one that a trail of all accounts is of.
fn organization_of(args: &ImportArgs, setup: &Setup) -> Option<AccountName> {
    let named = args.organization.as_deref().and_then(|name| name.parse().ok());
    named.or_else(|| {
        setup.trails.iter().find(|(_, trail)| trail.organization).map(|(account, _)| account.clone())
    })
}

/// The name of the installation that manages the trails; a name derived from that of the bucket, where none does.
fn name_of(setup: &Setup) -> Result<SpecName, CliError> {
    if let Some(name) = installation(setup) {
        return Ok(name);
    }
    let letters: String =
        setup.bucket.as_str().chars().map(|c| if c.is_ascii_lowercase() { c } else { '-' }).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| word.len() > 1).collect();
    let name: String = words.join("-").chars().take(32).collect();
    name.trim_end_matches('-').parse().or_else(|_| "imported".parse()).map_err(|_| CliError::NoName)
}

/// What a plan of the new spec would come to.
async fn planned(global: &Global, aws: &Aws, text: &str) -> Result<Comparison, CliError> {
    let spec = parse("the imported spec", text.as_bytes()).map_err(CliError::Spec)?;
    let organization = discover(aws, spec.desired()).await?;
    let spec = match &organization {
        Some(organization) => spec.in_organization(&organization.roster).map_err(CliError::Spec)?,
        None => spec,
    };
    let (desired, progress) = (Arc::new(spec.desired().clone()), Arc::new(Progress::default()));
    let observed = reading(global, &progress, observe(aws, &desired, organization, &progress)).await?;
    Ok(compare(&spec, &observed, Timestamp::now()))
}

fn told(args: &ImportArgs, setup: &Setup, comparison: &Comparison) -> String {
    let trails = match setup.trails.len() {
        1 => "1 trail".to_owned(),
        count => format!("{count} trails"),
    };
    let out = args.out.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default();
    let mut text = format!("{out}{trails} to bucket {}. ", setup.bucket);
    for refused in &comparison.plan.refused {
        let _ = writeln!(
            text,
            "\nA plan of this spec refuses a part: {}\n  hint: {}",
            refused.message, refused.hint
        );
    }
    match comparison.plan.changes.as_slice() {
        [] => text.push_str("A plan of this spec shows no change."),
        changes => {
            let changes_are =
                if changes.len() == 1 { "1 change".to_owned() } else { format!("{} changes", changes.len()) };
            let _ = write!(text, "A plan of this spec shows {changes_are}:");
            for change in changes {
                let _ = write!(text, "\n  {}: {}", change.address, change.reasons.join("; "));
            }
        }
    }
    text
}
