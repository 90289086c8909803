//! Dispatches requests of the services that use the query protocol, in which the request is a form
//! and the answer is XML.

use crate::answer::Answer;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::model::{Invalid, Model};
use crate::protocol::{self, escape};
use crate::request::Request;
use crate::state::State;

/// A service of the query protocol.
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) namespace: &'static str,
    /// The error code for unknown credentials.
    pub(super) unknown_caller: &'static str,
    /// The error code for denied calls.
    pub(super) denied: &'static str,
    pub(super) operations: &'static [Operation],
}

/// An operation of such a service. Its result is the content of the result element.
pub(super) struct Operation {
    pub(super) name: &'static str,
    mutating: bool,
    run: fn(&mut State, Caller<'_>, &Form) -> Result<String, Fault>,
}

/// Creates the row of an operation that only reads.
pub(super) const fn read(
    name: &'static str,
    run: fn(&mut State, Caller<'_>, &Form) -> Result<String, Fault>,
) -> Operation {
    Operation { name, mutating: false, run }
}

/// Creates the row of an operation that changes something.
pub(super) const fn write(
    name: &'static str,
    run: fn(&mut State, Caller<'_>, &Form) -> Result<String, Fault>,
) -> Operation {
    Operation { name, mutating: true, run }
}

/// The fields of a request.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses the form in the body of a request.
    pub(crate) fn of(request: &Request) -> Self {
        Self(form_urlencoded::parse(&request.body).into_owned().collect())
    }

    /// Returns all fields.
    pub(crate) fn into_fields(self) -> Vec<(String, String)> {
        self.0
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.optional(name).ok_or_else(|| Fault::bad("ValidationError", format!("{name} is required")))
    }

    /// The members of a list: `Tags.member.1`, `Tags.member.2`, …
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let members = (1..).map_while(|number| self.optional(&format!("{name}.member.{number}")));
        members.map(str::to_owned).collect()
    }

    /// The entries of a map: `Attributes.entry.1.key` and `Attributes.entry.1.value`, …
    pub(super) fn entries(&self, name: &str) -> Vec<(String, String)> {
        let entry = |number: usize| {
            let key = self.optional(&format!("{name}.entry.{number}.key"))?;
            let value = self.optional(&format!("{name}.entry.{number}.value")).unwrap_or_default();
            Some((key.to_owned(), value.to_owned()))
        };
        (1..).map_while(entry).collect()
    }

    /// The members of a list of tags.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let member = |number: usize| {
            let key = self.optional(&format!("Tags.member.{number}.Key"))?;
            let value = self.optional(&format!("Tags.member.{number}.Value")).unwrap_or_default();
            Some((key.to_owned(), value.to_owned()))
        };
        (1..).map_while(member).collect()
    }
}

/// Writes tags as a list.
pub(super) fn tags_xml<'t>(tags: impl IntoIterator<Item = (&'t String, &'t String)>) -> String {
    let member = |(key, value): (&String, &String)| {
        format!("<member><Key>{}</Key><Value>{}</Value></member>", escape(key), escape(value))
    };
    let members: String = tags.into_iter().map(member).collect();
    format!("<Tags>{members}</Tags>")
}

/// Rejects a form that the model of the service does not allow.
pub(super) fn check(service: &str, operation: &str, form: &[(String, String)]) -> Result<(), Fault> {
    let Some(model) = Model::of(service) else { return Ok(()) };
    model.check(operation, &model.input_of_form(operation, form)).map_err(|error| match error {
        Invalid::Type(message) => Fault::bad("MalformedInput", message),
        Invalid::Constraint { message, .. } => Fault::bad("ValidationError", message),
    })
}

/// Returns the operation of a request, and whether the operation changes anything.
pub(super) fn requested(service: &Service, request: &Request) -> (String, bool) {
    let form = Form::of(request);
    let name = form.optional("Action").unwrap_or_default();
    let operation = service.operations.iter().find(|operation| operation.name == name);
    (format!("{}:{name}", service.name), operation.is_some_and(|operation| operation.mutating))
}

pub(super) fn answer(service: &Service, state: &mut State, request: &Request) -> Answer {
    let form = Form::of(request);
    let name = form.optional("Action").unwrap_or_default();
    let operation = service.operations.iter().find(|operation| operation.name == name);
    let result = match operation {
        Some(operation) => Caller::of(state, request, service.unknown_caller)
            .and_then(|caller| caller.permitted(state, &format!("{}:{name}", service.name), service.denied))
            .and_then(|caller| {
                check(service.name, name, &form.0)?;
                (operation.run)(state, caller, &form)
            }),
        None => Err(Fault::bad("InvalidAction", format!("the twin has no operation `{name}`"))),
    };
    Answer {
        response: protocol::query(service.namespace, name, &result),
        operation: format!("{}:{name}", service.name),
        mutating: operation.is_some_and(|operation| operation.mutating),
        error: result.err().map(|fault| fault.code),
    }
}
