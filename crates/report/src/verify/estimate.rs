//! Views of the estimate of a validation.

use reconcile_evidence::{Estimate, EvidenceFinding, VerificationOutcome};
use reconcile_text::{Line, Text, count};
use serde_json::json;

use super::{append, to_usize};
use crate::paint::{STRONG, beginning};
use crate::{FORMAT_VERSION, TextOptions};

/// The estimated requests and cost of a validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimated {
    /// The path of the spec in the arguments.
    pub spec: String,
    /// The number of accounts and Regions.
    pub cells: usize,
    /// The numbers of files and requests, and the size of the files.
    pub estimate: Estimate,
    /// Folders that could not be listed.
    pub unlisted: Vec<EvidenceFinding>,
}

/// The price of a request of each kind in us-east-1, in millionths of a US dollar: "Requests & data
/// retrievals" in "Amazon S3 pricing" for S3 Standard, and "AWS Key Management Service pricing".
const LIST: u64 = 5;
const GET_THOUSAND: u64 = 400;
const DECRYPT: u64 = 3;
/// The price of a gigabyte to the internet, in millionths of a US dollar: "Data transfer" in
/// "Amazon S3 pricing". Transfer within a Region is free.
const GIGABYTE: u64 = 90_000;

impl Estimated {
    /// The number of requests that read a file.
    fn reads(&self) -> u64 {
        self.estimate.digests + self.estimate.logs
    }

    /// The cost of the requests, in millionths of a US dollar. A log file needs at most one request
    /// to KMS, and fewer with a bucket key.
    fn micros(&self) -> u64 {
        let Estimate { logs, lists, .. } = self.estimate;
        lists * LIST + (self.reads() * GET_THOUSAND).div_ceil(1000) + logs * DECRYPT
    }

    fn transfer_micros(&self) -> u64 {
        (self.estimate.bytes * GIGABYTE).div_ceil(1 << 30)
    }

    /// The text view.
    pub fn text(&self, options: TextOptions) -> Text {
        let Estimate { digests, logs, bytes, lists } = self.estimate;
        let mut text = beginning(options);
        let of = |number: u64, noun| count(to_usize(number), noun);
        text.line(Line::styled(STRONG, &self.spec).and(format_args!(
            ": {} and {} in {} accounts and Regions, {}",
            of(digests, "digest"),
            of(logs, "log file"),
            self.cells,
            size(bytes),
        )));
        text.line(format_args!(
            "  {} to S3: {lists} that list objects, {} that read files; at most {} to KMS",
            of(lists + self.reads(), "request"),
            self.reads(),
            of(logs, "request"),
        ));
        text.line(format_args!(
            "  at most {} for the requests, and {} for the data if it leaves the Region (prices of us-east-1)",
            dollars(self.micros()),
            dollars(self.transfer_micros()),
        ));
        for finding in &self.unlisted {
            append(&mut text, finding);
        }
        text
    }

    /// The JSON view.
    ///
    /// # Errors
    /// None in practice: every estimate can be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let Estimate { digests, logs, bytes, lists } = self.estimate;
        let document = json!({
            "format_version": FORMAT_VERSION,
            "spec": self.spec,
            "cells": self.cells,
            "digests": digests,
            "logs": logs,
            "bytes": bytes,
            "requests": { "list": lists, "get": self.reads(), "decrypt": logs },
            "micro_usd": { "requests": self.micros(), "transfer": self.transfer_micros() },
            "findings": self.unlisted,
        });
        serde_json::to_string_pretty(&document).map(|text| text + "\n")
    }

    /// The worst outcome.
    pub fn outcome(&self) -> VerificationOutcome {
        self.unlisted.iter().map(EvidenceFinding::outcome).max().unwrap_or_default()
    }
}

/// Formats a size in the largest unit that fits.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    // The size in tenths of a kibibyte.
    let (mut tenths, mut units) = (bytes.saturating_mul(10).div_ceil(1024), UNITS.iter());
    let mut unit = units.next();
    while tenths >= 10_240
        && let Some(larger) = units.next()
    {
        tenths = tenths.div_ceil(1024);
        unit = Some(larger);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, unit.unwrap_or(&""))
}

/// An amount in US dollars, rounded up to a cent.
fn dollars(micros: u64) -> String {
    let cents = micros.div_ceil(10_000);
    format!("{}.{:02} USD", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_data_have_the_published_prices() {
        let estimate = Estimate { digests: 1_000_000, logs: 4_000_000, bytes: 10 << 30, lists: 10_000 };
        let estimated =
            Estimated { spec: "prod.yaml".to_owned(), cells: 5000, estimate, unlisted: Vec::new() };
        let text = anstream::adapter::strip_str(estimated.text(TextOptions::default()).as_str()).to_string();
        let expected = "\
prod.yaml: 1000000 digests and 4000000 log files in 5000 accounts and Regions, 10.0 GiB
  5010000 requests to S3: 10000 that list objects, 5000000 that read files; at most 4000000 requests to KMS
  at most 14.05 USD for the requests, and 0.90 USD for the data if it leaves the Region (prices of us-east-1)
";
        assert_eq!(text, expected);
        assert_eq!((dollars(0), dollars(1)), ("0.00 USD".to_owned(), "0.01 USD".to_owned()));
    }
}
