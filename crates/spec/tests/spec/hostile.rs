//! Tests that invalid content of a file causes an error, and never a crash or a hang.

use proptest::prelude::*;
use reconcile_samples::PROD;
use reconcile_spec::parse;

use crate::prod_with;

#[test]
fn hostile_files_are_errors() {
    let bomb: String = (1..30).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        let aliases = vec![format!("*a{}", n - 1); 10].join(", ");
        format!("{text}a{n}: &a{n} [{aliases}]\n")
    });
    for (name, text) in [
        ("deep lists", format!("version: {}", "[".repeat(100_000))),
        ("deep maps", "{a: ".repeat(100_000)),
        ("deep blocks", (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect()),
        ("an alias bomb", bomb),
        ("five megabytes", "# x\n".repeat(1_250_000)),
        ("a huge scalar", format!("version: 1\nname: {}\n", "x".repeat(3_000_000))),
        ("a hundred thousand unknown keys", (0..100_000).map(|n| format!("key{n}: 1\n")).collect()),
        ("an unknown key of a megabyte", format!("version: 1\n{}: 1\n", "x".repeat(1_000_000))),
        (
            "deep statements",
            prod_with(
                "  region: us-east-1\n",
                &format!(
                    "  region: us-east-1\n  policy: {{ extra_statements: [{}] }}\n",
                    "{a: ".repeat(1_000)
                ),
            ),
        ),
        ("a null byte", prod_with("secprod\n", "sec\0prod\n")),
        ("a number too large", prod_with("version: 1", "version: 99999999999999999999999")),
        ("a negative number", prod_with("version: 1", "version: -1")),
    ] {
        let problems = parse("spec.yaml", text.as_bytes()).unwrap_err().to_string();
        assert!(problems.len() < 100_000, "{name}: {} bytes", problems.len());
    }
    assert!(parse("spec.yaml", &[0xff, 0xfe, 0x00]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_parsed_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse("spec.yaml", &bytes);
    }

    #[test]
    fn a_spec_with_changed_bytes_is_parsed_without_a_panic(
        edits in prop::collection::vec((0..PROD.len(), prop::option::of(any::<u8>())), 1..4)
    ) {
        let mut bytes = PROD.as_bytes().to_vec();
        for (at, byte) in edits {
            let at = at.min(bytes.len() - 1);
            match byte {
                Some(byte) => bytes[at] = byte,
                None => drop(bytes.remove(at)),
            }
        }
        if let Err(problems) = parse("spec.yaml", &bytes) {
            prop_assert!(!problems.to_string().is_empty());
        }
    }
}
