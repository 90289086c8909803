//! Finds the spec that describes an existing installation, made by `reconcile` or by other tools.
//!
//! A plan of this spec changes nothing, or only what the import reports. If the installation
//! differs from the defaults of `reconcile`, a line of the spec keeps the difference, and a comment
//! describes what a plan without the line would do. The caller of [`import`] reads live state.

mod alarm;
mod bucket;
mod bucket_policy;
mod choice;
mod destinations;
mod draft;
mod effect;
mod error;
mod frame;
mod grant;
mod key;
mod key_policy;
mod log_group;
mod names;
mod notes;
mod policy;
mod reader;
mod revise;
mod role;
mod text;
mod topic;
mod trail;

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_spec::{AccountName, BucketName, Diagnostics, Spec, SpecName, parse};

use crate::compare::{Comparison, compare};
use crate::observed::{Live, LiveError, Observed, Setup, SurveyFilter, joined};
use draft::Draft;
pub use error::ImportError;
use text::Text;

/// The options of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportRequest {
    /// The installation to import.
    pub wanted: SurveyFilter,
    /// The name of the installation; `None` to use the name that is found.
    pub name: Option<SpecName>,
    /// The previous name of the installation, if the import renames it.
    pub previous_name: Option<SpecName>,
    /// The account that lists the organization, if the user names one.
    pub organization: Option<AccountName>,
    /// The accounts that the user named. The spec contains all of them.
    pub accounts: BTreeSet<AccountName>,
}

/// An imported spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The text of the spec.
    pub text: String,
    /// The name of the installation.
    pub name: SpecName,
    /// The bucket.
    pub bucket: BucketName,
    /// The number of trails in the spec.
    pub trails: usize,
    /// The resources in the spec, one line each.
    pub contents: Vec<String>,
    /// The keys of the spec that leave a setting unmanaged, such as `bucket.policy`.
    pub unmanaged: Vec<&'static str>,
    /// The settings that are not in the spec.
    pub left_out: Vec<LeftOut>,
    /// Other messages for the user, such as events that a plan adds.
    pub notes: Vec<String>,
    /// The comparison of the spec with live state.
    pub comparison: Comparison,
}

/// A setting of the installation that is not in the spec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The setting.
    pub what: String,
    /// The reason.
    pub why: String,
    /// The next step of the user.
    pub hint: Option<String>,
}

/// The number of candidates that are compared before the last one is accepted unchanged. Every
/// candidate leaves more unmanaged than the previous one, so few candidates are needed.
const MAX_CANDIDATES: usize = 24;

/// Finds the spec that describes an installation. `read` returns live state of a spec, and is
/// called for each candidate.
///
/// # Errors
/// [`ImportError`].
pub async fn import(
    setup: &Setup,
    accounts: &Spec,
    request: &ImportRequest,
    now: Timestamp,
    read: impl AsyncFn(Spec) -> Result<Live, LiveError>,
) -> Result<Imported, ImportError> {
    let accounts = &accounts.desired().accounts;
    let decided = Draft::of(setup, accounts, request)?;
    // Trails may deliver below several prefixes, but a spec has only one. The first prefix whose
    // spec changes nothing is used, or else the first prefix.
    let mut first = None;
    for prefix in decided.prefixes() {
        let found = Box::pin(refine(decided.below(prefix), now, &read)).await;
        let (draft, candidate) = match (found, &first) {
            (Ok(found), _) => found,
            (Err(error), None) => return Err(error),
            (Err(_), Some(_)) => continue,
        };
        let changes_nothing = candidate.changes_nothing();
        if changes_nothing || first.is_none() {
            first = Some((draft, candidate));
        }
        if changes_nothing {
            break;
        }
    }
    let (mut draft, mut candidate) = first
        .ok_or_else(|| ImportError::NoTrailLeft { bucket: setup.bucket.clone(), left_out: Vec::new() })?;
    // An installation that was found under its previous name is renamed as a whole. A plan shows
    // the rename.
    if draft.rename(request) {
        candidate = Box::pin(Candidate::of(&mut draft, now, &read)).await?;
    }
    Ok(candidate.into_imported(&draft, now))
}

/// Compares the draft spec with live state and revises the draft, until a revision changes nothing.
/// Most settings that a plan would change become unmanaged.
async fn refine<'s>(
    mut draft: Draft<'s>,
    now: Timestamp,
    read: &impl AsyncFn(Spec) -> Result<Live, LiveError>,
) -> Result<(Draft<'s>, Candidate), ImportError> {
    let mut candidate = Box::pin(Candidate::of(&mut draft, now, read)).await?;
    for _ in 0..MAX_CANDIDATES {
        if !revise::revise(&mut draft, &candidate.comparison)? {
            break;
        }
        candidate = Box::pin(Candidate::of(&mut draft, now, read)).await?;
    }
    Ok((draft, candidate))
}

/// A possible spec, with its comparison with live state.
struct Candidate {
    text: Text,
    observed: Observed,
    comparison: Comparison,
}

impl Candidate {
    /// Creates the candidate of a draft. Parts that make the spec invalid are removed from the
    /// draft.
    async fn of(
        draft: &mut Draft<'_>,
        now: Timestamp,
        read: &impl AsyncFn(Spec) -> Result<Live, LiveError>,
    ) -> Result<Self, ImportError> {
        let (text, spec) = loop {
            let text = draft.text();
            match parsed(&text.plain()) {
                Ok(spec) => break (text, spec),
                Err(problems) => draft.drop_invalid(&text, &problems)?,
            }
        };
        // Live state is read for a spec without the lines that keep something unchanged, so that
        // the effect of each line can be determined.
        let bare = parsed(&text.bare()).unwrap_or_else(|_| spec.clone());
        let observed = read(bare).await?.observed;
        let spec = joined(spec, observed.organization.as_ref()).map_err(|it| ImportError::invalid(&it))?;
        let comparison = compare(&spec, &observed, now);
        Ok(Self { text, observed, comparison })
    }

    fn changes_nothing(&self) -> bool {
        self.comparison.plan.is_in_sync()
    }

    fn into_imported(self, draft: &Draft<'_>, now: Timestamp) -> Imported {
        let Self { text, observed, comparison } = self;
        let comments: Vec<(usize, String)> = text
            .kept()
            .map(|index| {
                let without = compared(&text.without(index), &observed, now);
                (index, effect::describe(&comparison, without.as_ref()))
            })
            .collect();
        Imported {
            text: text.commented(&comments),
            name: draft.name.clone(),
            bucket: draft.setup.bucket.clone(),
            trails: draft.included().count(),
            contents: draft.contents(),
            unmanaged: text.unmanaged(),
            left_out: draft.left_out(),
            notes: draft.notes(),
            comparison,
        }
    }
}

/// Compares the text of a spec with live state that was read for another spec of the same
/// resources.
fn compared(text: &str, observed: &Observed, now: Timestamp) -> Result<Comparison, Diagnostics> {
    Ok(compare(&joined(parsed(text)?, observed.organization.as_ref())?, observed, now))
}

fn parsed(text: &str) -> Result<Spec, Diagnostics> {
    parse("the imported spec", text.as_bytes())
}
