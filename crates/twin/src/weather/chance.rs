//! Numbers that look random, but depend only on the arguments.

/// Returns a number for the `n`th subject that `words` name: FNV-1a over the words, mixed as in
/// `SplitMix64`.
pub(super) fn chance(seed: u64, kind: &str, words: &[&str], n: u64) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;

    let words = [kind].into_iter().chain(words.iter().copied());
    // A byte that no word contains separates the words, so that `ab`, `c` and `a`, `bc` differ.
    let bytes = words.flat_map(|word| word.bytes().chain([0xff]));
    let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    mix(mix(hash ^ mix(seed)).wrapping_add(n))
}

fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depends_on_each_of_its_arguments_alone() {
        let one = chance(1, "kind", &["ab", "c"], 0);
        assert_eq!(one, chance(1, "kind", &["ab", "c"], 0));
        for other in [
            chance(2, "kind", &["ab", "c"], 0),
            chance(1, "other", &["ab", "c"], 0),
            chance(1, "kind", &["a", "bc"], 0),
            chance(1, "kind", &["ab", "c"], 1),
        ] {
            assert_ne!(one, other);
        }
    }
}
