//! What the end-to-end tests share.

mod moto;
mod project;

pub use moto::{GUIDE, Moto, boto3, search_path};
pub use project::{PROD, Project, Run};
