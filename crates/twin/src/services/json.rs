//! Dispatches requests of the services that use AWS JSON 1.1. Each service has a table of
//! operations.

use serde_json::Value;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::model::{Invalid, Model};
use crate::protocol;
use crate::request::Request;
use crate::state::State;

/// An operation of a service that uses AWS JSON 1.1.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) mutating: bool,
    pub(super) run: fn(&mut State, Caller<'_>, &Value) -> Result<Value, Fault>,
}

/// Creates the row of an operation that only reads.
pub(super) const fn read(
    name: &'static str,
    run: fn(&mut State, Caller<'_>, &Value) -> Result<Value, Fault>,
) -> Operation {
    Operation { name, mutating: false, run }
}

/// Creates the row of an operation that changes something.
pub(super) const fn write(
    name: &'static str,
    run: fn(&mut State, Caller<'_>, &Value) -> Result<Value, Fault>,
) -> Operation {
    Operation { name, mutating: true, run }
}

/// Returns the operation of a request, and whether the operation changes anything.
pub(super) fn requested(service: &str, operations: &[Operation], request: &Request) -> (String, bool) {
    let (name, operation) = find(operations, request);
    (format!("{service}:{name}"), operation.is_some_and(|operation| operation.mutating))
}

fn find<'r>(operations: &'r [Operation], request: &'r Request) -> (&'r str, Option<&'r Operation>) {
    let target = request.header("x-amz-target").unwrap_or_default();
    let name = target.rsplit('.').next().unwrap_or_default();
    (name, operations.iter().find(|operation| operation.name == name))
}

/// Answers a request. `invalid` is the error code of the service for an input that the model does
/// not allow.
pub(super) fn answer(
    service: &str,
    invalid: &'static str,
    operations: &[Operation],
    state: &mut State,
    request: &Request,
) -> Answer {
    let (name, operation) = find(operations, request);
    let result = match operation {
        Some(operation) => {
            let codes = Codes { invalid, denied: "AccessDeniedException" };
            run(service, &codes, operation, state, request, parse)
        }
        None => Err(Fault::bad("UnknownOperationException", format!("the twin has no operation `{name}`"))),
    };
    Answer {
        response: protocol::json(&result),
        operation: format!("{service}:{name}"),
        mutating: operation.is_some_and(|operation| operation.mutating),
        error: result.err().map(|fault| fault.code),
    }
}

/// The error codes of a service.
pub(super) struct Codes {
    /// The code for an input that the model of the service does not allow.
    pub(super) invalid: &'static str,
    /// The code for denied calls.
    pub(super) denied: &'static str,
}

fn parse(body: &[u8]) -> Result<Value, String> {
    match body.is_empty() {
        true => Ok(Value::Null),
        false => serde_json::from_slice(body).map_err(|error| error.to_string()),
    }
}

/// Runs an operation for the caller of a request. `parse` reads the input from the body of the
/// request.
pub(super) fn run(
    service: &str,
    codes: &Codes,
    operation: &Operation,
    state: &mut State,
    request: &Request,
    parse: impl Fn(&[u8]) -> Result<Value, String>,
) -> Result<Value, Fault> {
    let caller = Caller::of(state, request, "UnrecognizedClientException")?;
    let caller = caller.permitted(state, &format!("{service}:{}", operation.name), codes.denied)?;
    let input = parse(&request.body).map_err(|error| Fault::bad("SerializationException", error))?;
    if let Some(model) = Model::of(service) {
        model.check(operation.name, &input).map_err(|error| match error {
            Invalid::Type(message) => Fault::bad("SerializationException", message),
            Invalid::Constraint { message, .. } => Fault::bad(codes.invalid, message),
        })?;
    }
    (operation.run)(state, caller, &input)
}

/// Returns a required text.
pub(super) fn required<'v>(input: &'v Value, name: &str) -> Result<&'v str, Fault> {
    optional(input, name).ok_or_else(|| Fault::bad("ValidationException", format!("{name} is required")))
}

pub(super) fn optional<'v>(input: &'v Value, name: &str) -> Option<&'v str> {
    input.get(name).and_then(Value::as_str)
}

pub(super) fn list<'v>(input: &'v Value, name: &str) -> &'v [Value] {
    input.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
