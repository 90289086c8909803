//! Implements the inventories of a bucket, which can have several. The twin writes no inventory
//! files.

use bytes::Bytes;
use http::{Method, Response};

use super::{body, owned};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::response;
use crate::request::Request;
use crate::state::State;

/// The prefix of the names of inventories among the configurations of the bucket.
const PREFIX: &str = "inventory:";

/// Returns the operation, given the method and whether the request names an inventory.
pub(super) fn operation(method: &str, is_named: bool) -> &'static str {
    match (method, is_named) {
        ("PUT", _) => "PutBucketInventoryConfiguration",
        ("DELETE", _) => "DeleteBucketInventoryConfiguration",
        (_, true) => "GetBucketInventoryConfiguration",
        (_, false) => "ListBucketInventoryConfigurations",
    }
}

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    let id = request.query("id");
    let key = format!("{PREFIX}{}", id.unwrap_or_default());
    let configuration = &mut owned(state, caller, request, name)?.configuration;
    match (&request.method, id) {
        (&Method::PUT, _) => {
            configuration.insert(key, body(request)?.to_owned());
            Ok(response(200, "application/xml", ""))
        }
        (&Method::DELETE, _) => {
            configuration.remove(&key);
            Ok(response(204, "application/xml", ""))
        }
        (_, Some(_)) => match configuration.get(&key) {
            Some(xml) => Ok(response(200, "application/xml", xml.clone())),
            None => {
                let message = "The specified configuration does not exist.";
                Err(Fault::new(404, "NoSuchConfiguration", message))
            }
        },
        (_, None) => {
            let all = configuration.iter().filter(|(key, _)| key.starts_with(PREFIX));
            let all: String = all.map(|(_, xml)| xml.as_str()).collect();
            let xml = format!(
                "<ListInventoryConfigurationsResult><IsTruncated>false</IsTruncated>{all}\
                 </ListInventoryConfigurationsResult>"
            );
            Ok(response(200, "application/xml", xml))
        }
    }
}
