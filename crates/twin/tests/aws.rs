//! Tests the twin through the real SDK, so that the code that reads AWS also reads the answers of
//! the twin.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "aws/clients.rs"]
mod clients;
#[path = "aws/cloudtrail.rs"]
mod cloudtrail;
#[path = "aws/cloudwatch.rs"]
mod cloudwatch;
#[path = "aws/events.rs"]
mod events;
#[path = "aws/facts.rs"]
mod facts;
#[path = "aws/history.rs"]
mod history;
#[path = "aws/iam.rs"]
mod iam;
#[path = "aws/kms.rs"]
mod kms;
#[path = "aws/logs.rs"]
mod logs;
#[path = "aws/objects.rs"]
mod objects;
#[path = "aws/organizations.rs"]
mod organizations;
#[path = "aws/s3.rs"]
mod s3;
#[path = "aws/server.rs"]
mod server;
#[path = "aws/sns.rs"]
mod sns;
#[path = "aws/sts.rs"]
mod sts;
#[path = "aws/weather.rs"]
mod weather;
