//! Defines the kinds of keys, and their capabilities.

use serde_json::Value;

use super::super::json::optional;
use crate::fault::Fault;
use crate::state::{Key, KeyMaterial, MultiRegion, State};

/// The valid usages of a key spec.
///
/// See "Key spec reference" in the KMS developer guide.
fn usages(spec: &str) -> &'static [&'static str] {
    match spec {
        "SYMMETRIC_DEFAULT" => &["ENCRYPT_DECRYPT"],
        "ECC_SECG_P256K1" | "ECC_NIST_EDWARDS25519" => &["SIGN_VERIFY"],
        "SM2" => &["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"],
        rsa if rsa.starts_with("RSA_") => &["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
        nist if nist.starts_with("ECC_NIST_") => &["SIGN_VERIFY", "KEY_AGREEMENT"],
        dsa if dsa.starts_with("ML_DSA_") => &["SIGN_VERIFY"],
        kem if kem.starts_with("ML_KEM_") => &["ENCAPSULATE_DECAPSULATE"],
        hmac if hmac.starts_with("HMAC_") => &["GENERATE_VERIFY_MAC"],
        _ => &[],
    }
}

/// Returns the material that a call of `CreateKey` requests.
///
/// See `CreateKey` in the KMS API reference: only a symmetric encryption key has a default usage.
pub(super) fn asked(input: &Value) -> Result<KeyMaterial, Fault> {
    let default = KeyMaterial::default();
    let spec = optional(input, "KeySpec").or_else(|| optional(input, "CustomerMasterKeySpec"));
    let spec = spec.map_or(default.spec, str::to_owned);
    let usage = optional(input, "KeyUsage").map_or(default.usage, str::to_owned);
    if !usages(&spec).contains(&usage.as_str()) {
        let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
        return Err(Fault::bad("ValidationException", message));
    }
    let origin = optional(input, "Origin").map_or(default.origin, str::to_owned);
    if matches!(origin.as_str(), "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE") {
        return Err(Fault::bad("CustomKeyStoreNotFoundException", "the twin has no custom key stores"));
    }
    let multi_region = (input["MultiRegion"].as_bool() == Some(true)).then_some(MultiRegion::Primary);
    Ok(KeyMaterial { usage, spec, origin, multi_region })
}

/// Returns the state of a new key. A key with imported material has no material yet.
pub(super) fn first_state(material: &KeyMaterial) -> &'static str {
    if material.origin == "EXTERNAL" { "PendingImport" } else { "Enabled" }
}

/// Rejects an operation on the automatic rotation of a key that AWS does not rotate.
///
/// See "Rotate AWS KMS keys" and note 7 of "Key states of AWS KMS keys" in the KMS developer guide.
pub(super) fn check_rotates(key: &Key) -> Result<(), Fault> {
    let KeyMaterial { origin, spec, .. } = &key.material;
    let unsupported = |what: &str, value: &str| {
        let message = format!("{} {what} is {value} which is not valid for this operation.", key.arn);
        Err(Fault::bad("UnsupportedOperationException", message))
    };
    if !key.material.is_symmetric_encryption() {
        return unsupported("spec", spec);
    }
    if origin == "AWS_KMS" { Ok(()) } else { unsupported("origin", origin) }
}

/// Rejects a change of the rotation of a replica, which has the rotation of its primary key.
///
/// See "Rotating multi-Region keys" in the KMS developer guide.
pub(super) fn check_primary(key: &Key) -> Result<(), Fault> {
    match &key.material.multi_region {
        Some(MultiRegion::ReplicaOf(primary)) => {
            let message = format!("{} is a replica of {primary}, which is rotated.", key.arn);
            Err(Fault::bad("UnsupportedOperationException", message))
        }
        Some(MultiRegion::Primary) | None => Ok(()),
    }
}

/// The rotation period of a key in days, which is the period of its primary key; `None` if rotation
/// is off.
pub(super) fn rotation_days(state: &State, key: &Key) -> Option<u64> {
    match &key.material.multi_region {
        Some(MultiRegion::ReplicaOf(primary)) => state.key_by_arn(primary)?.rotation_days,
        Some(MultiRegion::Primary) | None => key.rotation_days,
    }
}

/// Returns whether an alias can be moved between keys with these materials.
///
/// See `UpdateAlias` in the KMS API reference: both keys are symmetric, both are asymmetric, or
/// both are HMAC keys, and both have the same usage.
pub(super) fn are_exchangeable(one: &KeyMaterial, other: &KeyMaterial) -> bool {
    let kind = |spec: &str| match spec {
        "SYMMETRIC_DEFAULT" => "symmetric",
        hmac if hmac.starts_with("HMAC_") => "HMAC",
        _ => "asymmetric",
    };
    kind(&one.spec) == kind(&other.spec) && one.usage == other.usage
}

/// Returns whether a grant on a key with this usage can allow the operation.
///
/// See "Grant operations" in the KMS developer guide.
pub(super) fn is_granted(material: &KeyMaterial, operation: &str) -> bool {
    let of_usage: &[&str] = match material.usage.as_str() {
        "ENCRYPT_DECRYPT" => &["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"],
        "SIGN_VERIFY" => &["Sign", "Verify"],
        "GENERATE_VERIFY_MAC" => &["GenerateMac", "VerifyMac"],
        "KEY_AGREEMENT" => &["DeriveSharedSecret"],
        "ENCAPSULATE_DECAPSULATE" => &["Decapsulate", "Encapsulate"],
        _ => &[],
    };
    match operation {
        "CreateGrant" | "DescribeKey" | "RetireGrant" => true,
        "GetPublicKey" => !material.is_symmetric_encryption() && material.usage != "GENERATE_VERIFY_MAC",
        "GenerateDataKey"
        | "GenerateDataKeyPair"
        | "GenerateDataKeyPairWithoutPlaintext"
        | "GenerateDataKeyWithoutPlaintext" => material.is_symmetric_encryption(),
        other => of_usage.contains(&other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usage_and_spec_must_match() {
        for (spec, usage, is_accepted) in [
            (None, None, true),
            (None, Some("SIGN_VERIFY"), false),
            (Some("RSA_2048"), None, true),
            (Some("RSA_2048"), Some("SIGN_VERIFY"), true),
            (Some("ECC_NIST_P256"), None, false),
            (Some("ECC_NIST_P256"), Some("KEY_AGREEMENT"), true),
            (Some("HMAC_256"), None, false),
            (Some("HMAC_256"), Some("GENERATE_VERIFY_MAC"), true),
        ] {
            let input = json!({ "KeySpec": spec, "KeyUsage": usage });
            assert_eq!(asked(&input).is_ok(), is_accepted, "{input}");
        }
    }

    #[test]
    fn a_grant_allows_operations_of_its_key() {
        let of = |spec: &str, usage: &str| KeyMaterial {
            spec: spec.to_owned(),
            usage: usage.to_owned(),
            ..KeyMaterial::default()
        };
        let symmetric = KeyMaterial::default();
        let rsa = of("RSA_2048", "ENCRYPT_DECRYPT");
        let hmac = of("HMAC_256", "GENERATE_VERIFY_MAC");
        for (material, operation, is_allowed) in [
            (&symmetric, "Decrypt", true),
            (&symmetric, "GenerateDataKey", true),
            (&symmetric, "GetPublicKey", false),
            (&symmetric, "Sign", false),
            (&rsa, "Decrypt", true),
            (&rsa, "GenerateDataKey", false),
            (&rsa, "GetPublicKey", true),
            (&hmac, "GenerateMac", true),
            (&hmac, "Decrypt", false),
            (&hmac, "DescribeKey", true),
        ] {
            assert_eq!(is_granted(material, operation), is_allowed, "{operation} on {}", material.spec);
        }
    }
}
