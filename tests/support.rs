//! What the end-to-end tests share.

mod moto;
mod project;

pub use moto::{Moto, boto3};
pub use project::{PROD, Project, Run};
