//! Derives the Sids of the managed statements from the name of an installation, and the owner of a
//! statement from its Sid.
//!
//! There is no state file: only the Sid shows that a statement is managed. This module must not
//! read the content of a statement.

use std::collections::BTreeSet;

use crate::{Document, Sid, Statement};

const READER: &str = "Read";
const READER_PURPOSES: [&str; 2] = ["List", "Describe"];
const EXTRA: &str = "Extra";
const PREVIOUS: &str = "Previous";

/// The purpose of a managed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementRole {
    /// Bucket: CloudTrail reads the ACL of the bucket.
    TrailAclCheck,
    /// Bucket: CloudTrail writes log files.
    TrailWrite,
    /// Bucket: CloudTrail writes log files of an organization.
    OrganizationWrite,
    /// Bucket: requests without TLS are denied.
    DenyInsecureTransport,
    /// Key: the administrators.
    Administration,
    /// Key: CloudTrail encrypts log files.
    TrailEncrypt,
    /// Key: CloudTrail describes the key.
    TrailDescribe,
    /// Key: CloudTrail decrypts, which S3 bucket keys require.
    TrailDecrypt,
    /// Key: CloudTrail publishes to encrypted topics.
    TrailTopicEncrypt,
    /// Key: CloudWatch Logs encrypts log groups.
    TrailLogGroupEncrypt,
    /// Topic: CloudTrail publishes notifications of log files.
    TrailNotify,
}

impl StatementRole {
    pub(crate) const ALL: [Self; 11] = [
        Self::TrailAclCheck,
        Self::TrailWrite,
        Self::OrganizationWrite,
        Self::DenyInsecureTransport,
        Self::Administration,
        Self::TrailEncrypt,
        Self::TrailDescribe,
        Self::TrailDecrypt,
        Self::TrailTopicEncrypt,
        Self::TrailLogGroupEncrypt,
        Self::TrailNotify,
    ];

    /// The roles of the statements that allow trails to deliver.
    const FOR_TRAILS: [Self; 7] = [
        Self::TrailAclCheck,
        Self::TrailWrite,
        Self::OrganizationWrite,
        Self::TrailEncrypt,
        Self::TrailDescribe,
        Self::TrailDecrypt,
        Self::TrailNotify,
    ];

    /// The suffix of the Sid.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::TrailAclCheck => "TrailAclCheck",
            Self::TrailWrite => "TrailWrite",
            Self::OrganizationWrite => "OrganizationWrite",
            Self::DenyInsecureTransport => "DenyInsecureTransport",
            Self::Administration => "Administration",
            Self::TrailEncrypt => "TrailEncrypt",
            Self::TrailDescribe => "TrailDescribe",
            Self::TrailDecrypt => "TrailDecrypt",
            Self::TrailTopicEncrypt => "TrailTopicEncrypt",
            Self::TrailLogGroupEncrypt => "TrailLogGroupEncrypt",
            Self::TrailNotify => "TrailNotify",
        }
    }
}

/// Decides which statements belong to one installation.
///
/// A managed Sid is the name of the installation in camel case with a known suffix: the suffix of a
/// [`StatementRole`]; `Read` and 8 hexadecimal digits for a reader, followed by `List` or
/// `Describe` in its second statement; or `Extra` and a name for a statement from the spec.
/// `Previous` and a number can follow, for a former version of the statement. If the names of
/// installations begin alike (`sec`, `secprod`, `sec-extra`), each installation still owns only its
/// own statements.
///
/// A renamed installation also owns the statements of its previous name. [`merge`](crate::merge)
/// renames these in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    prefix: String,
    /// The prefix of the previous name.
    previous: Option<String>,
}

impl Ownership {
    /// Creates the ownership of the installation with this name: `log-archive` owns `LogArchive…`.
    pub fn of(installation: &str) -> Self {
        Self { prefix: camel_case(installation), previous: None }
    }

    /// Extends the ownership to the statements of a previous name of the installation.
    #[must_use]
    pub fn formerly(self, installation: &str) -> Self {
        Self { previous: Some(camel_case(installation)), ..self }
    }

    /// Returns the other installations whose statements are among these Sids. An installation is
    /// recognized by two Sids that every installation writes together, or by the single Sid that it
    /// writes into the policy of a topic.
    ///
    /// Anybody can choose such a Sid, so a wrong guess must do no harm.
    pub fn others<'s>(&self, sids: impl Iterator<Item = &'s str>) -> Vec<Self> {
        let sids: BTreeSet<&str> = sids.collect();
        let has =
            |prefix: &str, role: StatementRole| sids.contains(format!("{prefix}{}", role.suffix()).as_str());
        let is_ours = |prefix: &str| self.prefixes().any(|it| it == prefix);
        let is_installation = |prefix: &&str| {
            !is_ours(prefix)
                && is_camel_case(prefix)
                && [
                    (StatementRole::TrailAclCheck, StatementRole::TrailWrite),
                    (StatementRole::TrailEncrypt, StatementRole::TrailDescribe),
                ]
                .iter()
                .any(|(one, other)| has(prefix, *one) && has(prefix, *other))
        };
        let endings = [StatementRole::TrailWrite, StatementRole::TrailEncrypt];
        let prefixes = sids.iter().flat_map(|sid| endings.map(|role| sid.strip_suffix(role.suffix())));
        let of_topics = sids.iter().filter_map(|sid| sid.strip_suffix(StatementRole::TrailNotify.suffix()));
        let of_topics = of_topics.filter(|prefix| !is_ours(prefix) && is_camel_case(prefix));
        let found: BTreeSet<&str> = prefixes.flatten().filter(is_installation).chain(of_topics).collect();
        found.into_iter().map(|prefix| Self { prefix: prefix.to_owned(), previous: None }).collect()
    }

    /// The name of the installation, derived from its Sids.
    pub fn name(&self) -> String {
        let mut name = String::new();
        // In a name, a letter follows every hyphen, so each capital letter begins a word.
        for letter in self.prefix.chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// Returns whether a statement with this Sid is managed.
    pub fn owns(&self, sid: &str) -> bool {
        self.endings(sid).any(is_of_ours)
    }

    /// Returns whether a statement with this Sid is managed and has this role, in its present
    /// version.
    pub fn is_in_role(&self, sid: &str, role: StatementRole) -> bool {
        self.prefixes().any(|prefix| sid.strip_prefix(prefix) == Some(role.suffix()))
    }

    /// Returns whether a statement with this Sid allows trails to deliver, in its present or a
    /// former version.
    pub(crate) fn is_of_trails(&self, sid: &str) -> bool {
        let suffixes = || StatementRole::FOR_TRAILS.iter().map(|role| role.suffix());
        self.endings(sid).any(|ending| suffixes().any(|suffix| suffix == ending))
    }

    /// Returns the Sid that replaces a Sid with the previous name; `None` for any other Sid.
    pub(crate) fn renamed(&self, sid: &str) -> Option<Sid> {
        let ending = sid.strip_prefix(self.previous.as_deref()?)?;
        let is_current = ending_of(&self.prefix, sid).is_some_and(is_of_ours);
        (self.owns(sid) && !is_current).then(|| self.sid_ending(ending))
    }

    /// Returns whether a statement is managed. A statement without a Sid is not.
    pub fn has(&self, statement: &Statement) -> bool {
        statement.sid().is_some_and(|sid| self.owns(sid))
    }

    /// The Sid of the managed statement with this role.
    pub fn sid(&self, role: StatementRole) -> Sid {
        self.sid_ending(role.suffix())
    }

    /// The role of the managed statement with this Sid, in its present or a former version. `None`
    /// if the Sid is foreign or belongs to a statement without a role.
    pub fn role(&self, sid: &str) -> Option<StatementRole> {
        self.endings(sid)
            .find_map(|ending| StatementRole::ALL.into_iter().find(|role| role.suffix() == ending))
    }

    /// Returns whether the statement with this Sid belongs to a reader.
    pub fn is_reader(&self, sid: &str) -> bool {
        self.endings(sid).any(is_reader)
    }

    /// The Sid of a statement of the reader with this mark (8 hexadecimal digits). `of` is empty
    /// for the first statement, and `List` or `Describe` for the second.
    pub(crate) fn reader_sid(&self, mark: &str, of: &str) -> Sid {
        self.sid_ending(&format!("{READER}{mark}{of}"))
    }

    /// The mark of the reader whose first statement has this Sid.
    pub(crate) fn reader<'s>(&self, sid: &'s str) -> Option<&'s str> {
        let ending = self.prefixes().find_map(|prefix| sid.strip_prefix(prefix))?;
        ending.strip_prefix(READER).filter(|mark| is_fingerprint(mark))
    }

    /// The name in the spec of the extra statement with this Sid, if the Sid belongs to one.
    pub(crate) fn extra<'s>(&self, sid: &'s str) -> Option<&'s str> {
        let ending = self.prefixes().find_map(|prefix| sid.strip_prefix(prefix))?;
        // Skips a former version, which is about to be removed.
        extra_name(ending).filter(|_| ending_of("", ending) == Some(ending))
    }

    /// Returns whether the statement with this Sid is an extra statement of the spec.
    pub(crate) fn is_extra(&self, sid: &str) -> bool {
        self.endings(sid).any(|ending| extra_name(ending).is_some())
    }

    /// The Sid of an extra statement with the name `name`, or `None` if another kind of statement
    /// could have the same Sid.
    pub(crate) fn extra_sid(&self, name: &str) -> Option<Sid> {
        let sid = self.sid_ending(&format!("{EXTRA}{name}"));
        let is_plain = ending_of(&self.prefix, sid.as_str()) == sid.as_str().strip_prefix(&self.prefix);
        (is_plain && self.is_extra(sid.as_str())).then_some(sid)
    }

    /// The Sid of an extra statement without a usable name. `number` distinguishes such statements.
    pub(crate) fn numbered_extra_sid(&self, number: usize) -> Sid {
        self.sid_ending(&format!("{EXTRA}{number}"))
    }

    fn sid_ending(&self, ending: &str) -> Sid {
        Sid::from_alphanumerics(&format!("{}{ending}", self.prefix))
    }

    /// The prefixes of managed Sids, the present one first.
    fn prefixes(&self) -> impl Iterator<Item = &str> {
        [self.prefix.as_str()].into_iter().chain(self.previous.as_deref())
    }

    /// The rest of the Sid after each managed prefix, without the suffix of a former version.
    fn endings<'s>(&self, sid: &'s str) -> impl Iterator<Item = &'s str> {
        self.prefixes().filter_map(move |prefix| ending_of(prefix, sid))
    }
}

/// The rest of a Sid after a prefix, without the suffix of a former version.
fn ending_of<'s>(prefix: &str, sid: &'s str) -> Option<&'s str> {
    let ending = sid.strip_prefix(prefix)?;
    Some(ending.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix(PREVIOUS).unwrap_or(ending))
}

fn is_of_ours(ending: &str) -> bool {
    is_role(ending) || is_reader(ending) || extra_name(ending).is_some()
}

/// The Sid of the former version with this number of a managed statement.
pub(crate) fn previous_sid(sid: &str, number: usize) -> Sid {
    let number = if number == 1 { String::new() } else { number.to_string() };
    Sid::from_alphanumerics(&format!("{sid}{PREVIOUS}{number}"))
}

/// The managed statements of a document, in document order.
pub fn owned(document: &Document, ownership: &Ownership) -> Vec<Statement> {
    document.statements().iter().filter(|statement| ownership.has(statement)).cloned().collect()
}

/// Returns the document in which the managed statements have the present name of the installation,
/// or `None` if no statement has the previous name.
///
/// If the new Sid already exists in the document, the statement keeps its Sid, and counts as a
/// repeated managed statement.
pub fn under_present_name(document: &Document, ownership: &Ownership) -> Option<Document> {
    let sids: BTreeSet<&str> = document.statements().iter().filter_map(Statement::sid).collect();
    let renamed = |statement: &Statement| {
        let sid = ownership.renamed(statement.sid()?)?;
        (!sids.contains(sid.as_str())).then(|| statement.with_sid(&sid))
    };
    let statements: Vec<Option<Statement>> = document.statements().iter().map(renamed).collect();
    if statements.iter().all(Option::is_none) {
        return None;
    }
    let statements = statements.into_iter().zip(document.statements());
    Some(
        document.with_statements(
            statements.map(|(renamed, live)| renamed.unwrap_or_else(|| live.clone())).collect(),
        ),
    )
}

/// Returns the document without the managed statements.
pub fn foreign(document: &Document, ownership: &Ownership) -> Document {
    document.retain(|statement| !ownership.has(statement))
}

/// Returns whether the text can be the prefix of an installation. `AWS…` and `Cloud` cannot: Sids
/// in AWS guides and Sids that the console writes begin with them.
fn is_camel_case(prefix: &str) -> bool {
    let begins = prefix.starts_with(|c: char| c.is_ascii_uppercase());
    begins && !prefix.starts_with("AWS") && prefix != "Cloud"
}

fn camel_case(installation: &str) -> String {
    installation.split(|c: char| !c.is_ascii_alphanumeric()).flat_map(capitalized).collect()
}

fn capitalized(word: &str) -> impl Iterator<Item = char> {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
}

fn is_role(ending: &str) -> bool {
    StatementRole::ALL.iter().any(|role| role.suffix() == ending)
}

fn is_reader(ending: &str) -> bool {
    ending.strip_prefix(READER).map(without_purpose).is_some_and(is_fingerprint)
}

/// Removes `List` or `Describe` from the end of the text.
fn without_purpose(text: &str) -> &str {
    READER_PURPOSES.iter().find_map(|purpose| text.strip_suffix(purpose)).unwrap_or(text)
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The name in `Extra<name>`, unless a Sid of *another* installation has this suffix:
/// `SecExtraTrailWrite` is the `TrailWrite` of an installation `sec-extra`, not an extra statement
/// of `sec`.
fn extra_name(ending: &str) -> Option<&str> {
    let name = ending.strip_prefix(EXTRA)?;
    let is_word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_elsewhere = name.contains(EXTRA)
        || StatementRole::ALL.iter().any(|role| name.ends_with(role.suffix()))
        || name.rsplit_once(READER).is_some_and(|(_, rest)| is_fingerprint(without_purpose(rest)));
    (is_word && !is_elsewhere).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_the_name_in_camel_case() {
        for (installation, sid) in [
            ("secprod", "SecprodTrailWrite"),
            ("log-archive", "LogArchiveTrailWrite"),
            ("a-2b-c", "A2bCTrailWrite"),
        ] {
            assert_eq!(Ownership::of(installation).sid(StatementRole::TrailWrite).as_str(), sid);
        }
    }

    #[test]
    fn a_sid_is_managed_by_prefix_and_exact_suffix() {
        for (installation, sid, expected) in [
            ("sec", "SecTrailWrite", true),
            ("sec", "SecTrailWritePrevious", true),
            ("sec", "SecTrailTopicEncrypt", true),
            ("sec", "SecTrailLogGroupEncryptPrevious", true),
            ("sec", "SecOrganizationWrite", true),
            ("sec", "SecExtraOrganizationWrite", false),
            ("sec", "SecTrailWritePrevious12", true),
            ("sec", "SecRead0123abcd", true),
            ("sec", "SecExtraBackup", true),
            ("sec", "SecExtra1", true),
            ("sec", "SecExtraBackupPrevious", true),
            ("sec", "SecprodTrailWrite", false),
            ("sec", "SecTrailWrite2", false),
            ("sec", "SecTrailWriter", false),
            ("sec", "SecRead0123abcdList", true),
            ("sec", "SecRead0123abcdDescribe", true),
            ("sec", "SecRead0123abcdWrite", false),
            ("sec", "SecExtraRead0123abcdList", false),
            ("sec", "SecReadEverything", false),
            ("sec", "SecRead0123ABCD", false),
            ("sec", "SecExtra", false),
            ("sec", "SecPrevious", false),
            ("sec", "sectrailwrite", false),
            ("sec", "Sec", false),
            ("sec", "SecExtra two words", false),
            // Sids of the installations `sec-extra` and `sec-extra-prod`.
            ("sec", "SecExtraTrailWrite", false),
            ("sec", "SecExtraProdTrailWritePrevious", false),
            ("sec", "SecExtraExtraBackup", false),
            ("sec", "SecExtraRead0123abcd", false),
            ("sec-extra", "SecExtraTrailWrite", true),
            ("sec-extra-prod", "SecExtraProdTrailWritePrevious", true),
        ] {
            assert_eq!(Ownership::of(installation).owns(sid), expected, "{installation}: {sid}");
        }
    }

    #[test]
    fn the_installation_name_is_derived_from_the_prefix() {
        for name in ["secprod", "log-archive", "a2b-c"] {
            assert_eq!(Ownership::of(name).name(), name);
        }
    }

    #[test]
    fn a_renamed_installation_owns_the_statements_of_both_names_only() {
        let ownership = Ownership::of("logs").formerly("sec");
        for (sid, owned, renamed) in [
            ("LogsTrailWrite", true, None),
            ("SecTrailWrite", true, Some("LogsTrailWrite")),
            ("SecTrailWritePrevious2", true, Some("LogsTrailWritePrevious2")),
            ("SecRead0123abcdList", true, Some("LogsRead0123abcdList")),
            ("SecExtraBackup", true, Some("LogsExtraBackup")),
            ("SecprodTrailWrite", false, None),
            ("SecExtraTrailWrite", false, None),
            ("OtherTrailWrite", false, None),
        ] {
            assert_eq!(ownership.owns(sid), owned, "{sid}");
            assert_eq!(ownership.renamed(sid).as_ref().map(Sid::as_str), renamed, "{sid}");
        }
        assert!(ownership.is_in_role("SecTrailWrite", StatementRole::TrailWrite));
        assert!(!ownership.is_in_role("SecTrailWritePrevious", StatementRole::TrailWrite));
        // One name can be a prefix of the other.
        let longer = Ownership::of("sec-extra").formerly("sec");
        assert_eq!(longer.renamed("SecExtraTrailWrite"), None);
        assert_eq!(longer.renamed("SecExtraBackup").unwrap().as_str(), "SecExtraExtraBackup");
    }

    #[test]
    fn another_installation_is_recognized_by_two_sids_or_by_that_of_a_topic() {
        let ownership = Ownership::of("sec").formerly("old");
        for (sids, expected) in [
            (&["OtherTrailAclCheck", "OtherTrailWrite"][..], &["other"][..]),
            (&["OtherTrailEncrypt", "OtherTrailDescribe"], &["other"]),
            (&["LogArchiveTrailNotify"], &["log-archive"]),
            (&["OtherTrailNotify", "OtherTrailAclCheck", "OtherTrailWrite"], &["other"]),
            (&["ATrailNotify", "BTrailNotify"], &["a", "b"]),
            (&["OtherTrailAclCheck"], &[]),
            (&["OtherTrailWrite"], &[]),
            (&["OtherTrailEncrypt"], &[]),
            (&["OtherTrailWrite", "OtherTrailEncrypt"], &[]),
            (&["OtherTrailAclCheck", "AnotherTrailWrite"], &[]),
            // No installation has such a prefix.
            (&["otherTrailAclCheck", "otherTrailWrite"], &[]),
            (&["TrailAclCheck", "TrailWrite"], &[]),
            (&["otherTrailNotify"], &[]),
            (&["TrailNotify"], &[]),
            // These Sids belong to the installation itself.
            (&["SecTrailAclCheck", "SecTrailWrite", "SecTrailNotify"], &[]),
            (&["OldTrailEncrypt", "OldTrailDescribe", "OldTrailNotify"], &[]),
        ] {
            let found = ownership.others(sids.iter().copied());
            let names: Vec<String> = found.iter().map(Ownership::name).collect();
            assert_eq!(names, expected, "{sids:?}");
        }
    }

    #[test]
    fn an_extra_statement_keeps_its_name_if_the_sid_is_unambiguous() {
        let ownership = Ownership::of("sec");
        for (name, sid) in [
            ("Backup", Some("SecExtraBackup")),
            ("Allow backup!", Some("SecExtraAllowbackup")),
            ("", None),
            ("!", None),
            ("TrailWrite", None),
            ("MyExtra", None),
            ("BackupPrevious", None),
            ("BackupPrevious2", None),
        ] {
            assert_eq!(ownership.extra_sid(name).as_ref().map(Sid::as_str), sid, "{name}");
        }
    }

    #[test]
    fn every_generated_sid_is_managed() {
        let ownership = Ownership::of("log-archive");
        let given = StatementRole::ALL.map(|role| ownership.sid(role)).into_iter().chain([
            ownership.numbered_extra_sid(1),
            previous_sid("LogArchiveTrailWrite", 1),
            previous_sid("LogArchiveTrailWrite", 2),
        ]);
        for sid in given {
            assert!(ownership.owns(sid.as_str()), "{sid}");
        }
    }

    #[test]
    fn a_document_under_the_previous_name_receives_the_present_name() {
        let document = |sids: &[&str]| {
            let statements = sids.iter().map(|sid| {
                let value = serde_json::json!({
                    "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "a", "Resource": "b",
                });
                Statement::from_value(value).unwrap()
            });
            Document::new(statements.collect())
        };
        let ownership = Ownership::of("new").formerly("old");
        for (sids, expected) in [
            (["OldTrailWrite", "Theirs"].as_slice(), Some(["NewTrailWrite", "Theirs"].as_slice())),
            (&["NewTrailWrite", "Theirs"], None),
            (&["OldTrailWrite", "NewTrailWrite"], None),
            (
                &["OldTrailWrite", "OldExtraA", "NewExtraA"],
                Some(&["NewTrailWrite", "OldExtraA", "NewExtraA"]),
            ),
            (&[], None),
        ] {
            let renamed = under_present_name(&document(sids), &ownership);
            assert_eq!(renamed, expected.map(document), "{sids:?}");
        }
    }
}
