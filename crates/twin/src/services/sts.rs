//! Implements STS: the identity of the caller, and assumed roles.

use jiff::{SignedDuration, Timestamp};

use super::query;
use crate::answer::Answer;
use crate::caller::{Caller, user_arn};
use crate::fault::Fault;
use crate::protocol::{self, escape};
use crate::request::{Request, session_key, session_token};
use crate::session_policy;
use crate::state::{State, partition};

pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let action = value("Action").unwrap_or_default();

    let caller = Caller::of(state, request, "InvalidClientTokenId")
        .and_then(|caller| caller.permitted(state, &format!("sts:{action}"), "AccessDenied"));
    let result = caller.and_then(|caller| {
        query::check("sts", action, &form)?;
        match action {
            "GetCallerIdentity" => Ok(identity(caller, request.scope.role.as_deref())),
            "AssumeRole" => {
                let asked = [value("RoleArn"), value("RoleSessionName"), value("Policy")];
                assume_role(state, caller, asked, request.number)
            }
            other => Err(Fault::bad("InvalidAction", format!("the twin has no operation `{other}`"))),
        }
    });
    Answer {
        response: protocol::query(NAMESPACE, action, &result),
        operation: format!("sts:{action}"),
        mutating: false,
        error: result.err().map(|fault| fault.code),
    }
}

fn identity(caller: Caller<'_>, role: Option<&str>) -> String {
    let (account, arn) = (caller.account, user_arn(caller.account, caller.region, role));
    format!("<Arn>{}</Arn><UserId>AIDATWIN</UserId><Account>{account}</Account>", escape(&arn))
}

fn assume_role(
    state: &State,
    caller: Caller<'_>,
    [role, session, policy]: [Option<&str>; 3],
    number: u64,
) -> Result<String, Fault> {
    let arn = role.ok_or_else(|| Fault::bad("ValidationError", "RoleArn is required"))?;
    let session = session.ok_or_else(|| Fault::bad("ValidationError", "RoleSessionName is required"))?;
    policy.map_or(Ok(()), session_policy::check)?;
    let account = arn.split(':').nth(4).unwrap_or_default();
    // For a role with a path, the last part of its ARN is the name.
    let name = arn.rsplit('/').next().unwrap_or_default();
    let exists =
        state.accounts.get(account).is_some_and(|account| account.roles.contains(name) && !account.suspended);
    let is_near = arn.split(':').nth(1) == Some(partition(caller.region).as_str());
    if !exists || !is_near {
        // AWS does not reveal whether the role does not exist, does not trust the caller, or
        // belongs to a suspended account or to another partition.
        let caller = user_arn(caller.account, caller.region, None);
        let message =
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(Fault::new(403, "AccessDenied", message));
    }
    let expiration = Timestamp::now().saturating_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
    Ok(format!(
        "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>twin</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{expiration:.0}</Expiration></Credentials>\
         <AssumedRoleUser><AssumedRoleId>AROATWIN:{session}</AssumedRoleId><Arn>{user}</Arn></AssumedRoleUser>",
        key = session_key(account),
        token = escape(&session_token(name, session, policy, number)),
        session = escape(session),
        user =
            escape(&format!("arn:{}:sts::{account}:assumed-role/{name}/{session}", partition(caller.region))),
    ))
}
