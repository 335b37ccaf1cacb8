//! What a predicate is asked about.

use http::{HeaderMap, Uri};

use super::host::WebOrigin;

/// A request from a web page, as the predicate of
/// [`OriginPolicy::predicate`](crate::OriginPolicy::predicate) gets it.
#[derive(Debug)]
#[non_exhaustive]
pub struct PageRequest<'a> {
    /// The page's origin, as its browser sent it: `https://example.com`, or `null`.
    pub origin: &'a str,
    /// The host that the request is for, with its port if it names one: the `Host` header, or
    /// `:authority` over HTTP/2.
    pub host: &'a str,
    /// The URI of the request.
    pub uri: &'a Uri,
    /// All headers of the request.
    pub headers: &'a HeaderMap,
}

impl PageRequest<'_> {
    /// Whether the page comes from `host` (`example.com` or `example.com:8080`), over HTTP or
    /// HTTPS. A default port is the same as none.
    ///
    /// With [`host`](Self::host), this is what
    /// [`OriginPolicy::same_host`](crate::OriginPolicy::same_host) checks.
    pub fn is_of(&self, host: &str) -> bool {
        WebOrigin::parse(self.origin.as_bytes()).is_some_and(|origin| origin.is_of(host.as_bytes()))
    }
}
