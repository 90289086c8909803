//! The keys with which the CloudTrail of the twin signs digests.
//!
//! The private keys are public, so everybody can create the signatures of the twin.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::Offset;

/// A key pair that signs the digests of a Region during a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SigningKey {
    /// The private key in PKCS #8, in DER.
    pub private: &'static [u8],
    /// The public key in PKCS #1, in DER, as `ListPublicKeys` returns it.
    pub public: &'static [u8],
    /// The fingerprint that digests name.
    pub fingerprint: &'static str,
    /// The start of the validity.
    pub valid_from: Timestamp,
    /// The end of the validity.
    pub valid_to: Timestamp,
}

/// Private key, public key, fingerprint.
type Pair = (&'static [u8], &'static [u8], &'static str);

const PAIRS: [Pair; 3] = [
    (include_bytes!("../keys/a.pk8"), include_bytes!("../keys/a.pub"), "edb594049721aa697c5230d49a707efb"),
    (include_bytes!("../keys/b.pk8"), include_bytes!("../keys/b.pub"), "c85432e4de5bf2c5b169746c56a8896e"),
    (include_bytes!("../keys/c.pk8"), include_bytes!("../keys/c.pub"), "cdce5383ecf600d524a1d9bd8cb80efd"),
];

/// Returns the key of a Region at a time. The keys of other Regions and other months are different:
/// a key of another Region or month does not verify a digest.
pub fn signing_key(region: &str, time: Timestamp) -> SigningKey {
    let first = first_of_month(time);
    let months = usize::try_from(i32::from(first.year()) * 12 + i32::from(first.month())).unwrap_or_default();
    let of_region: usize = region.bytes().map(usize::from).sum();
    let [a, b, c] = PAIRS;
    let (private, public, fingerprint) = match (months + of_region) % PAIRS.len() {
        0 => a,
        1 => b,
        _ => c,
    };
    let start = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(time);
    SigningKey {
        private,
        public,
        fingerprint,
        valid_from: start(first),
        valid_to: start(first.saturating_add(1.month())),
    }
}

/// Returns the keys of a Region that were valid at some time of a range.
pub(crate) fn signing_keys(region: &str, from: Timestamp, to: Timestamp) -> Vec<SigningKey> {
    let mut keys = vec![signing_key(region, from)];
    while let Some(last) = keys.last().filter(|last| last.valid_to <= to) {
        let next = signing_key(region, last.valid_to);
        if next.valid_to <= last.valid_to {
            break;
        }
        keys.push(next);
    }
    keys
}

fn first_of_month(time: Timestamp) -> Date {
    Offset::UTC.to_datetime(time).date().first_of_month()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_valid_for_a_month_and_the_next_one_is_another() {
        let key = signing_key("eu-west-1", time("2026-02-14T10:00:00Z"));
        assert_eq!(
            (key.valid_from, key.valid_to),
            (time("2026-02-01T00:00:00Z"), time("2026-03-01T00:00:00Z"))
        );
        let next = signing_key("eu-west-1", key.valid_to);
        assert_ne!(key.fingerprint, next.fingerprint);
        assert_eq!(next.valid_to, time("2026-04-01T00:00:00Z"));
        assert_ne!(key.public, signing_key("us-east-1", key.valid_from).public);
    }

    #[test]
    fn all_keys_of_a_range_are_returned() {
        let starts = |from, to| {
            let keys = signing_keys("eu-west-1", time(from), time(to));
            keys.iter().map(|key| key.valid_from.strftime("%m").to_string()).collect::<Vec<_>>()
        };
        assert_eq!(starts("2026-02-14T10:00:00Z", "2026-02-14T11:00:00Z"), ["02"]);
        assert_eq!(starts("2026-02-14T10:00:00Z", "2026-04-01T00:00:00Z"), ["02", "03", "04"]);
    }
}
