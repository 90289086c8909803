//! Gets, decompresses and hashes all objects below a prefix of a bucket with the AWS SDK, and does
//! nothing else. This is the minimum cost of a verification.
//!
//! `bare BUCKET PREFIX CONCURRENT PART...` skips keys that contain no `PART`.

use std::error::Error;
use std::io::Write;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use flate2::write::GzDecoder;
use futures::stream::{self, StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bucket, prefix, concurrent, parts @ ..] = arguments.as_slice() else {
        return Err("usage: bare BUCKET PREFIX CONCURRENT PART...".into());
    };
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load().await;
    let client = Client::from_conf(aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build());

    let mut keys = Vec::new();
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    while let Some(page) = pages.try_next().await? {
        keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    keys.retain(|key| parts.iter().any(|part| key.contains(part.as_str())));
    let client = &client;
    let hash = async |key: String| {
        let mut body = client.get_object().bucket(bucket).key(key).send().await?.body;
        let mut hasher = GzDecoder::new(Hashing(Sha256::new()));
        while let Some(bytes) = body.try_next().await? {
            hasher.write_all(&bytes)?;
        }
        Ok::<_, Failure>(hasher.finish()?.0.finalize())
    };
    let hashed = stream::iter(keys).map(hash).buffer_unordered(concurrent.parse()?);
    let count = hashed.try_fold(0_u64, async |count, _| Ok(count + 1)).await?;
    println!("{count} objects");
    Ok(())
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
