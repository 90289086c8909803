//! Code that the end-to-end tests share.

mod moto;
mod project;
pub mod python;
mod served;
mod state;

pub use moto::{GUIDE, Moto, boto3, search_path};
pub use project::{Project, Run};
pub use served::Served;
pub use state::{addresses, regional};

/// Returns the tests that a page of the book names (`tests/file.rs::name`) but that do not exist.
pub fn missing_tests(page: &str) -> Vec<&str> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|code| code.contains(".rs::")).collect();
    assert!(!named.is_empty());
    let exists = |test: &&str| {
        let (file, name) = test.split_once("::").unwrap();
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        text.contains(&format!("fn {name}("))
    };
    named.into_iter().filter(|test| !exists(test)).collect()
}
