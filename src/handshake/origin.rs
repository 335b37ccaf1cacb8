//! Which pages may connect (RFC 6455, sections 4.2.2 and 10.2).

use std::sync::Arc;

use http::{HeaderValue, Version, header, request::Parts, uri::Authority};

use super::{
    Rejection,
    token::{self, Cardinality},
};

/// Which web pages may open a connection, judged by the `Origin` header that browsers send.
///
/// Browsers let any page connect to any server and send the user's cookies along. So by
/// default only pages of the same host may ([`same_host`](Self::same_host)). A request
/// without `Origin` does not come from a page and passes every policy.
///
/// ```
/// use tower_websock::OriginPolicy;
///
/// let policy = OriginPolicy::list(["https://example.com", "http://localhost:3000"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy(Policy);

#[derive(Clone, Debug, Default)]
enum Policy {
    #[default]
    SameHost,
    List(Arc<[String]>),
    Any,
}

impl OriginPolicy {
    /// Pages of the host and port that the `Host` header names, or `:authority` over HTTP/2;
    /// the default.
    ///
    /// Behind a proxy that rewrites `Host`, let the proxy keep it, or use [`list`](Self::list).
    pub const fn same_host() -> Self {
        Self(Policy::SameHost)
    }

    /// Pages of these origins only, such as `https://example.com`, or `null`.
    ///
    /// An origin has a scheme, a host, and a port if it is not the scheme's default, and
    /// no slash at the end. Compared without regard to ASCII case.
    pub fn list<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Self {
        Self(Policy::List(origins.into_iter().map(Into::into).collect()))
    }

    /// Every page, but for a request with two `Origin` headers. Only safe where cookies and the network's borders grant nothing.
    pub const fn any() -> Self {
        Self(Policy::Any)
    }

    fn allows(&self, origin: &[u8], host: &[u8]) -> bool {
        match &self.0 {
            Policy::SameHost => is_same_host(origin, host),
            Policy::List(origins) => origins
                .iter()
                .any(|listed| listed.as_bytes().eq_ignore_ascii_case(origin)),
            Policy::Any => true,
        }
    }
}

/// What a request says of the page that it comes from.
#[derive(Clone, Debug)]
pub(crate) struct RequestOrigin {
    /// `Origin` and `Host`; `None` if the request does not come from a page.
    page: Option<(HeaderValue, HeaderValue)>,
    is_ambiguous: bool,
}

impl RequestOrigin {
    /// Reads a valid handshake.
    pub(crate) fn of(parts: &Parts) -> Self {
        let headers = &parts.headers;
        let origin = headers.get(header::ORIGIN);
        Self {
            page: origin.and_then(|origin| Some((origin.clone(), host(parts)?))),
            is_ambiguous: token::single(headers, header::ORIGIN) == Err(Cardinality::Repeated),
        }
    }

    /// 4.2.2 item 2: an origin that is not acceptable is refused.
    pub(crate) fn check(&self, policy: &OriginPolicy) -> Result<(), Rejection> {
        match &self.page {
            _ if self.is_ambiguous => Err(Rejection::Origin),
            Some((origin, host))
                if !policy.allows(token::trim(origin.as_bytes()), token::trim(host.as_bytes())) =>
            {
                Err(Rejection::Origin)
            }
            _ => Ok(()),
        }
    }
}

/// The host that a valid handshake names.
fn host(parts: &Parts) -> Option<HeaderValue> {
    if parts.version == Version::HTTP_11 {
        return parts.headers.get(header::HOST).cloned();
    }
    // RFC 9113, section 8.3.1: `:authority`.
    HeaderValue::from_str(parts.uri.authority()?.as_str()).ok()
}

/// Whether `origin` (`scheme://host[:port]`) and `host` (`host[:port]`) name the same place.
///
/// A `Host` without a port means the default port of the origin's scheme: TLS may end at a
/// proxy, so our own scheme tells nothing.
fn is_same_host(origin: &[u8], host: &[u8]) -> bool {
    // RFC 3986, section 3.1: schemes have no case.
    let strip = |scheme: &[u8]| {
        let (start, authority) = origin.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(authority)
    };
    let (authority, default_port) = match (strip(b"http://"), strip(b"https://")) {
        (Some(authority), _) => (authority, "80"),
        (_, Some(authority)) => (authority, "443"),
        (None, None) => return false,
    };
    let (Some((name, port)), Some((host, host_port))) = (split_port(authority), split_port(host))
    else {
        return false;
    };
    if authority.ends_with(b":") {
        // RFC 6454, section 6.2: an origin has no empty port.
        return false;
    }
    let default_port = default_port.as_bytes();
    name.eq_ignore_ascii_case(host)
        && port.unwrap_or(default_port) == host_port.unwrap_or(default_port)
}

/// Splits `host[:port]`; `None` if it is no such thing.
fn split_port(authority: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    // An IPv6 address has colons between its brackets.
    let name_end = authority.iter().rposition(|&byte| byte == b']');
    let after = name_end.map_or(0, |end| end + 1);
    let colon = authority[after..].iter().position(|&byte| byte == b':');
    let (name, port) = match colon {
        Some(colon) => (
            &authority[..after + colon],
            Some(&authority[after + colon + 1..]),
        ),
        None => (authority, None),
    };
    let is_name = !name.is_empty() && !name.iter().any(|byte| b"/@?#\\ ".contains(byte));
    // RFC 3986, section 6.2.3: an empty port is none.
    let port = port.filter(|port| !port.is_empty());
    let is_port = port.is_none_or(|port| port.len() <= 5 && port.iter().all(u8::is_ascii_digit));
    (is_name && is_port).then_some((name, port))
}

/// Whether `value` is `host[:port]`.
pub(super) fn is_host(value: &[u8]) -> bool {
    split_port(value).is_some() && Authority::try_from(value).is_ok()
}
