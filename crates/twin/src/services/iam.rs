//! Implements IAM: roles with inline policies, which belong to the account and not to a Region.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Document, Statement};

use super::query::{Form, Operation, Service, read, tags_xml, write};
use super::tags::{self, Faults};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::escape;
use crate::state::{Role, State, partition};

const OPERATIONS: &[Operation] = &[
    write("CreateRole", create),
    read("GetRole", get),
    write("CreatePolicy", create_policy),
    write("PutRolePermissionsBoundary", put_boundary),
    write("DeleteRolePermissionsBoundary", delete_boundary),
    write("UpdateAssumeRolePolicy", update_trust),
    write("DeleteRole", delete),
    write("TagRole", tag),
    write("UntagRole", untag),
    write("PutRolePolicy", put_policy),
    read("GetRolePolicy", get_policy),
    write("DeleteRolePolicy", delete_policy),
    read("ListRolePolicies", list_policies),
    write("AttachRolePolicy", attach),
    write("DetachRolePolicy", detach),
    read("ListAttachedRolePolicies", list_attached),
];

pub(super) const SERVICE: Service = Service {
    name: "iam",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    unknown_caller: "InvalidClientTokenId",
    denied: "AccessDenied",
    operations: OPERATIONS,
};

fn roles<'s>(state: &'s mut State, caller: Caller<'_>) -> &'s mut BTreeMap<String, Role> {
    &mut state.accounts.entry(caller.account.to_owned()).or_default().iam_roles
}

fn named<'s>(state: &'s mut State, caller: Caller<'_>, form: &Form) -> Result<&'s mut Role, Fault> {
    let name = form.required("RoleName")?;
    roles(state, caller).get_mut(name).ok_or_else(|| no_role(name))
}

fn no_role(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found."))
}

/// Parses a document that a caller wants to save.
fn document(caller: Caller<'_>, text: &str) -> Result<String, Fault> {
    let malformed = |message: String| Fault::bad("MalformedPolicyDocument", message);
    let document: Document =
        text.parse().map_err(|_| malformed("This policy contains invalid Json".to_owned()))?;
    if document.statements().is_empty() {
        return Err(malformed("Syntax errors in policy.".to_owned()));
    }
    let own = partition(caller.region);
    for resource in document.statements().iter().flat_map(Statement::resources) {
        match resource.split(':').nth(1) {
            Some(other) if !matches!(other, "*" | "") && other != own.as_str() => {
                let message = format!("Partition \"{other}\" is not valid for resource \"{resource}\".");
                return Err(malformed(message));
            }
            _ => {}
        }
    }
    Ok(text.to_owned())
}

/// Percent-encodes a document, as IAM does. See `GetRole` in the IAM API reference.
fn encoded(document: &str) -> String {
    form_urlencoded::byte_serialize(document.as_bytes()).collect::<String>().replace('+', "%20")
}

fn details(name: &str, role: &Role) -> String {
    let boundary = role.boundary.as_ref().map(|arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{}</PermissionsBoundaryArn></PermissionsBoundary>",
            escape(arn)
        )
    });
    format!(
        "<Role><Path>{path}</Path><RoleName>{name}</RoleName><RoleId>AROATWIN</RoleId><Arn>{arn}</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>{boundary}{tags}</Role>",
        path = escape(&role.path),
        name = escape(name),
        arn = escape(&role.arn),
        trust = encoded(&role.trust),
        boundary = boundary.unwrap_or_default(),
        tags = tags_xml(&role.tags),
    )
}

fn create(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = form.required("RoleName")?;
    let path = form.optional("Path").unwrap_or("/");
    if !state.is_trusting {
        check_tags(&BTreeMap::new(), form)?;
    }
    let boundary = form.optional("PermissionsBoundary");
    let boundary = boundary.map(|arn| attachable(state, caller, arn)).transpose()?;
    let role = Role {
        arn: format!("arn:{}:iam::{}:role{path}{name}", partition(caller.region), caller.account),
        path: path.to_owned(),
        trust: document(caller, form.required("AssumeRolePolicyDocument")?)?,
        policies: BTreeMap::new(),
        boundary,
        attached: BTreeSet::new(),
        tags: form.tags().into_iter().collect(),
    };
    let roles = roles(state, caller);
    if roles.contains_key(name) {
        let message = format!("Role with name {name} already exists.");
        return Err(Fault::new(409, "EntityAlreadyExists", message));
    }
    let details = details(name, &role);
    roles.insert(name.to_owned(), role);
    Ok(details)
}

fn get(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let role = named(state, caller, form)?;
    Ok(details(form.required("RoleName")?, role))
}

/// Returns a managed policy. Accepts every policy of AWS, because there are too many to list, and
/// policies of the account.
fn attachable(state: &mut State, caller: Caller<'_>, arn: &str) -> Result<String, Fault> {
    let of_aws = format!("arn:{}:iam::aws:policy/", partition(caller.region));
    let account = state.accounts.entry(caller.account.to_owned()).or_default();
    if arn.starts_with(&of_aws) || account.iam_policies.contains_key(arn) {
        return Ok(arn.to_owned());
    }
    Err(Fault::new(404, "NoSuchEntity", format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

fn create_policy(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let (name, path) = (form.required("PolicyName")?, form.optional("Path").unwrap_or("/"));
    let arn = format!("arn:{}:iam::{}:policy{path}{name}", partition(caller.region), caller.account);
    let text = document(caller, form.required("PolicyDocument")?)?;
    let policies = &mut state.accounts.entry(caller.account.to_owned()).or_default().iam_policies;
    if policies.contains_key(&arn) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(Fault::new(409, "EntityAlreadyExists", message));
    }
    policies.insert(arn.clone(), text);
    Ok(format!(
        "<Policy><PolicyName>{}</PolicyName><Path>{}</Path><Arn>{}</Arn></Policy>",
        escape(name),
        escape(path),
        escape(&arn)
    ))
}

fn put_boundary(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    named(state, caller, form)?;
    let boundary = attachable(state, caller, form.required("PermissionsBoundary")?)?;
    named(state, caller, form)?.boundary = Some(boundary);
    Ok(String::new())
}

fn delete_boundary(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = form.required("RoleName")?.to_owned();
    let none =
        || Fault::new(404, "NoSuchEntity", format!("Role {name} does not have a permissions boundary."));
    named(state, caller, form)?.boundary.take().map(|_| String::new()).ok_or_else(none)
}

fn update_trust(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let trust = document(caller, form.required("PolicyDocument")?)?;
    named(state, caller, form)?.trust = trust;
    Ok(String::new())
}

fn delete(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let role = named(state, caller, form)?;
    if !role.policies.is_empty() {
        let message = "Cannot delete entity, must delete policies first.";
        return Err(Fault::new(409, "DeleteConflict", message));
    }
    if !role.attached.is_empty() {
        let message = "Cannot delete entity, must detach all policies first.";
        return Err(Fault::new(409, "DeleteConflict", message));
    }
    roles(state, caller).remove(form.required("RoleName")?);
    Ok(String::new())
}

fn tag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let is_trusting = state.is_trusting;
    let role = named(state, caller, form)?;
    if !is_trusting {
        check_tags(&role.tags, form)?;
    }
    role.tags.extend(form.tags());
    Ok(String::new())
}

/// Checks tags. See the errors of `TagRole` in the IAM API reference.
fn check_tags(live: &BTreeMap<String, String>, form: &Form) -> Result<(), Fault> {
    const FAULTS: Faults = Faults { invalid: "InvalidInput", too_many: (409, "LimitExceeded") };

    tags::check(live, form.tags().iter().map(|(key, _)| key.as_str()), &FAULTS)
}

fn untag(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let role = named(state, caller, form)?;
    for key in form.list("TagKeys") {
        role.tags.remove(&key);
    }
    Ok(String::new())
}

fn put_policy(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let (name, text) = (form.required("PolicyName")?, document(caller, form.required("PolicyDocument")?)?);
    named(state, caller, form)?.policies.insert(name.to_owned(), text);
    Ok(String::new())
}

fn no_policy(name: &str) -> Fault {
    Fault::new(404, "NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

fn get_policy(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let (role, name) = (form.required("RoleName")?, form.required("PolicyName")?);
    let text = named(state, caller, form)?.policies.get(name).ok_or_else(|| no_policy(name))?;
    Ok(format!(
        "<RoleName>{}</RoleName><PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
        escape(role),
        escape(name),
        encoded(text)
    ))
}

fn delete_policy(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let name = form.required("PolicyName")?;
    named(state, caller, form)?.policies.remove(name).map(|_| String::new()).ok_or_else(|| no_policy(name))
}

fn list_policies(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let names = named(state, caller, form)?.policies.keys();
    let members: String = names.map(|name| format!("<member>{}</member>", escape(name))).collect();
    Ok(format!("<PolicyNames>{members}</PolicyNames><IsTruncated>false</IsTruncated>"))
}

fn attach(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let arn = attachable(state, caller, form.required("PolicyArn")?)?;
    named(state, caller, form)?.attached.insert(arn);
    Ok(String::new())
}

fn detach(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let arn = form.required("PolicyArn")?;
    if named(state, caller, form)?.attached.remove(arn) {
        return Ok(String::new());
    }
    Err(Fault::new(404, "NoSuchEntity", format!("Policy {arn} was not found.")))
}

fn list_attached(state: &mut State, caller: Caller<'_>, form: &Form) -> Result<String, Fault> {
    let member = |arn: &String| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        format!(
            "<member><PolicyName>{}</PolicyName><PolicyArn>{}</PolicyArn></member>",
            escape(name),
            escape(arn)
        )
    };
    let members: String = named(state, caller, form)?.attached.iter().map(member).collect();
    Ok(format!("<AttachedPolicies>{members}</AttachedPolicies><IsTruncated>false</IsTruncated>"))
}
