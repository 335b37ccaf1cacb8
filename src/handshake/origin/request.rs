//! What a request says of the page that it comes from.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    str::from_utf8,
};

use http::{HeaderMap, HeaderValue, Uri, header, request::Parts};

use super::{
    host::{Host, WebOrigin},
    policy::{OriginPolicy, PageRequest, Pages},
};
use crate::{
    handshake::Rejection,
    wire::fields::{self, Cardinality},
};

/// What a valid handshake says of its page and its host, until a policy judges it.
#[derive(Clone, Debug)]
pub(crate) struct RequestOrigin {
    /// The host that the request is for; `None` only if it is no valid handshake.
    host: Option<HeaderValue>,
    /// The request of a page.
    page: Option<Page>,
}

#[derive(Clone, Debug)]
struct Page {
    uri: Uri,
    headers: HeaderMap,
}

impl RequestOrigin {
    /// Reads a valid handshake.
    pub(crate) fn of(parts: &Parts) -> Self {
        let is_page = fields::is_present(&parts.headers, header::ORIGIN);
        Self {
            host: host(parts),
            page: is_page.then(|| Page {
                uri: parts.uri.clone(),
                headers: parts.headers.clone(),
            }),
        }
    }

    /// 4.2.2 item 2: an origin that is not acceptable is refused.
    pub(crate) fn check(&self, policy: &OriginPolicy) -> Result<(), Rejection> {
        let host = self.host.as_ref().map(HeaderValue::as_bytes);
        let host = fields::trim(host.unwrap_or_default());
        // Of every request: it is the host that tells of a rebound name.
        if let Some(hosts) = &policy.hosts {
            let is_listed = |host| hosts.iter().any(|listed| listed.matches(host));
            if !Host::parse(host).is_some_and(is_listed) {
                return Err(Rejection::ForeignHost);
            }
        }
        let Some(page) = &self.page else {
            return Ok(());
        };
        match fields::single(&page.headers, header::ORIGIN) {
            // RFC 6454, section 7.3: one at most.
            Err(Cardinality::Repeated) => Err(Rejection::OriginRepeated),
            Ok(origin) if page.passes(policy, origin, host) => Ok(()),
            Ok(_) | Err(Cardinality::Missing) => Err(Rejection::Origin),
        }
    }
}

impl Page {
    fn passes(&self, policy: &OriginPolicy, origin: &[u8], host: &[u8]) -> bool {
        let web = WebOrigin::parse(origin);
        let mut listed = policy.listed.iter().flat_map(|listed| listed.iter());
        if listed.any(|entry| entry.matches(origin, web)) {
            return true;
        }
        match &policy.pages {
            Pages::SameHost => web.is_some_and(|web| web.is_of(host)),
            Pages::Listed => false,
            Pages::Any => true,
            Pages::Predicate(predicate) => {
                let (Ok(origin), Ok(host)) = (from_utf8(origin), from_utf8(host)) else {
                    return false;
                };
                let request = PageRequest {
                    origin,
                    host,
                    uri: &self.uri,
                    headers: &self.headers,
                };
                // A service answers within its HTTP connection, which a panic would end for all
                // the streams of HTTP/2 on it.
                catch_unwind(AssertUnwindSafe(|| predicate(&request))).unwrap_or(false)
            }
        }
    }
}

/// The host that a valid handshake is for.
fn host(parts: &Parts) -> Option<HeaderValue> {
    match parts.uri.authority() {
        // RFC 9113, section 8.3.1: `:authority`. RFC 9112, section 3.2.2: a target in absolute form
        // stands above `Host`.
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => parts.headers.get(header::HOST).cloned(),
    }
}
