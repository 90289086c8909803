//! Converts CBOR into JSON values and back, for the services whose requests are CBOR.
//!
//! See "Smithy RPC v2 CBOR protocol" in the Smithy documentation. Blobs and big numbers do not
//! occur in the operations of the twin.

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value};

/// The deepest nesting that is decoded.
const DEPTH: usize = 32;

/// Decodes one value, which must be the whole input.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, Error> {
    let mut decoder = Decoder::new(bytes);
    let value = value(&mut decoder, DEPTH)?;
    if decoder.position() < bytes.len() {
        return Err(Error::message("bytes after the value"));
    }
    Ok(value)
}

fn value(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::message("too deep"))?;
    match decoder.datatype()? {
        Type::Bool => decoder.bool().map(Value::Bool),
        Type::Null => decoder.null().map(|()| Value::Null),
        Type::Undefined => decoder.undefined().map(|()| Value::Null),
        Type::F16 | Type::F32 | Type::F64 => Ok(decoder.f64()?.into()),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Ok(decoder.u64()?.into()),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Ok(decoder.i64()?.into()),
        Type::String | Type::StringIndef => text(decoder).map(Value::String),
        Type::Array | Type::ArrayIndef => array(decoder, depth),
        Type::Map | Type::MapIndef => map(decoder, depth),
        Type::Tag => {
            decoder.tag()?;
            value(decoder, depth)
        }
        other => Err(Error::type_mismatch(other)),
    }
}

fn text(decoder: &mut Decoder<'_>) -> Result<String, Error> {
    decoder.str_iter()?.collect()
}

fn array(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let mut members = Vec::new();
    let length = decoder.array()?;
    while has_next(decoder, length, members.len())? {
        members.push(value(decoder, depth)?);
    }
    Ok(Value::Array(members))
}

fn map(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    let mut members = Map::new();
    let length = decoder.map()?;
    let mut read = 0;
    while has_next(decoder, length, read)? {
        members.insert(text(decoder)?, value(decoder, depth)?);
        read += 1;
    }
    Ok(Value::Object(members))
}

/// Returns whether a list has another entry. A list without a length ends with a break.
fn has_next(decoder: &mut Decoder<'_>, length: Option<u64>, read: usize) -> Result<bool, Error> {
    match length {
        Some(length) => Ok(u64::try_from(read).is_ok_and(|read| read < length)),
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

/// Encodes a value.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // A vector accepts every write.
    _ = write(&mut encoder, value);
    encoder.into_writer()
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(encoder: &mut Encoder<Vec<u8>>, value: &Value) -> Written {
    match value {
        Value::Null => encoder.null().map(drop),
        Value::Bool(value) => encoder.bool(*value).map(drop),
        Value::String(text) => encoder.str(text).map(drop),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => encoder.u64(number).map(drop),
            (None, Some(number), _) => encoder.i64(number).map(drop),
            (None, None, number) => encoder.f64(number.unwrap_or_default()).map(drop),
        },
        Value::Array(members) => {
            encoder.array(length(members.len()))?;
            members.iter().try_for_each(|member| write(encoder, member))
        }
        Value::Object(members) => {
            encoder.map(length(members.len()))?;
            members.iter().try_for_each(|(name, member)| {
                encoder.str(name)?;
                write(encoder, member)
            })
        }
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_decoded_as_it_was_encoded() {
        for value in [
            json!(null),
            json!(true),
            json!(-7),
            json!(300),
            json!(1.0),
            json!(0.5),
            json!("käse"),
            json!([]),
            json!({ "a": [1, { "b": "c" }], "d": {} }),
        ] {
            assert_eq!(decode(&encode(&value)).unwrap(), value);
        }
    }

    /// The examples of RFC 8949, appendix A.
    #[test]
    fn every_form_of_a_value_is_decoded() {
        for (bytes, expected) in [
            (&[0xf9, 0x3c, 0x00][..], json!(1.0)),
            (&[0xfa, 0x47, 0xc3, 0x50, 0x00], json!(100_000.0)),
            (&[0x38, 0x63], json!(-100)),
            (&[0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0], json!(1_363_896_240)),
            (&[0x7f, 0x61, b'a', 0x61, b'b', 0xff], json!("ab")),
            (&[0x9f, 0x01, 0x82, 0x02, 0x03, 0xff], json!([1, [2, 3]])),
            (&[0xbf, 0x61, b'a', 0x01, 0xff], json!({ "a": 1 })),
        ] {
            assert_eq!(decode(bytes).unwrap(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_an_error() {
        let deep = [0x81; 100];
        let bad: [&[u8]; 7] =
            [&[], &[0xff], &[0x61], &[0x9f, 0x01], &[0x01, 0x01], &[0xa1, 0x01, 0x02], &deep];
        for bytes in bad {
            assert!(decode(bytes).is_err(), "{bytes:x?}");
        }
    }
}
