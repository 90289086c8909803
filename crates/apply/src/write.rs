//! Policy writes of this apply, and checks whether later reads show them.

use reconcile_plan::observed::StoredPolicy;
use reconcile_policy::{Document, canonical_text};

/// The write of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// The replaced document; `None` if there was none.
    pub(crate) before: Option<StoredPolicy>,
    /// The written document; `None` if the policy was deleted.
    pub(crate) written: Option<StoredPolicy>,
}

impl Write {
    /// Whether a read returned the document before the write. AWS can return this document for some
    /// time.
    pub(crate) fn is_missing_from(&self, live: Option<&Document>) -> bool {
        is_same(live, document(self.before.as_ref())) && !is_same(live, document(self.written.as_ref()))
    }
}

/// The document of a policy.
pub(crate) fn document(stored: Option<&StoredPolicy>) -> Option<&Document> {
    stored.map(|stored| &stored.document)
}

/// Whether two documents are equal except for the spelling, which AWS can change when it stores a
/// policy.
pub(crate) fn is_same(a: Option<&Document>, b: Option<&Document>) -> bool {
    let content = |document: Option<&Document>| {
        document.map(|it| (it.version().map(str::to_owned), canonical_text(it.statements())))
    };
    content(a) == content(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_of_the_document_before_a_write_is_late() {
        let policy = |sid: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{sid}","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}]}}"#
            );
            StoredPolicy::parse("test", text).unwrap()
        };
        let (first, second, third) = (policy("First"), policy("Second"), policy("Third"));
        let write = |before, written| Write { before, written };
        for (write, live, expected) in [
            (write(None, Some(first.clone())), None, true),
            (write(None, Some(first.clone())), Some(&first), false),
            (write(Some(first.clone()), Some(second.clone())), Some(&first), true),
            (write(Some(first.clone()), Some(second.clone())), Some(&second), false),
            (write(Some(first.clone()), Some(second.clone())), Some(&third), false),
            (write(Some(first.clone()), Some(second.clone())), None, false),
            (write(Some(first.clone()), None), Some(&first), true),
            // A write that does not change the policy is visible at once.
            (write(Some(first.clone()), Some(first.clone())), Some(&first), false),
        ] {
            assert_eq!(write.is_missing_from(document(live)), expected, "{write:?} {live:?}");
        }
    }
}
