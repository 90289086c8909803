//! The request for the status page, without side effects.

use reconcile_plan::Severity;
use reconcile_report::watch::PageFilter;

/// Parses the query of a request, such as `account=production&severity=high`. Ignores unknown keys
/// and values, because a browser can add some.
pub(crate) fn asked(query: &str) -> PageFilter {
    let mut asked = PageFilter::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match name.as_ref() {
            "spec" => asked.spec = Some(value.into_owned()),
            "account" => asked.account = Some(value.into_owned()),
            "severity" => asked.severity = Severity::ALL.into_iter().find(|it| it.as_str() == value),
            _ => {}
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_selects_findings() {
        for (query, spec, account, severity) in [
            ("", None, None, None),
            ("spec=&account=&severity=", None, None, None),
            ("spec=specs%2Fa.yaml&account=prod", Some("specs/a.yaml"), Some("prod"), None),
            ("severity=high&utm=1", None, None, Some(Severity::High)),
            ("severity=huge", None, None, None),
        ] {
            let expected =
                PageFilter { spec: spec.map(str::to_owned), account: account.map(str::to_owned), severity };
            assert_eq!(asked(query), expected, "{query}");
        }
    }
}
