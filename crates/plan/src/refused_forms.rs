//! Reads and writes the tag that lists the forms of a policy with which CloudTrail refused a trail.

use std::collections::BTreeSet;

use reconcile_policy::StatementForm;
pub use reconcile_spec::REFUSED_FORMS_TAG as TAG;

use crate::view::Tags;

/// The value of the tag if no form is refused. CloudTrail and the spec do not support tags without
/// a value.
const NONE: &str = "none";

/// Returns the refused forms that the tags of a bucket, key or topic list. Words that are not the
/// name of a form are ignored.
pub fn refused_forms(tags: &Tags) -> BTreeSet<StatementForm> {
    let words = tags.0.get(TAG).map(String::as_str).unwrap_or_default().split_whitespace();
    words.filter_map(|word| StatementForm::ALL.into_iter().find(|form| form.name() == word)).collect()
}

/// Returns the value of the tag for these forms.
pub fn text(forms: &BTreeSet<StatementForm>) -> String {
    let names: Vec<&str> = forms.iter().map(|form| form.name()).collect();
    if names.is_empty() { NONE.to_owned() } else { names.join(" ") }
}

/// The alternatives of the user if a short form is refused.
pub const ALTERNATIVES: &str = "use one trail of the organization (`organization_trail: true`), which needs one statement for all \
    accounts; or split the accounts over two specs with a bucket and a key each";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_holds_the_refused_forms() {
        use StatementForm::{ByAccount, ByOrganization};
        let cases: [(&str, &[StatementForm], &str); 5] = [
            ("", &[], "none"),
            ("none", &[], "none"),
            ("by_account", &[ByAccount], "by_account"),
            ("by_organization by_account", &[ByAccount, ByOrganization], "by_account by_organization"),
            ("By_Account later", &[], "none"),
        ];
        for (value, expected, written) in cases {
            let tags = Tags([(TAG.to_owned(), value.to_owned())].into());
            let forms = refused_forms(&tags);
            assert_eq!(forms, expected.iter().copied().collect(), "{value}");
            assert_eq!(text(&forms), written, "{value}");
        }
        assert!(refused_forms(&Tags::default()).is_empty());
    }
}
