//! Which pages may connect, as an application says it.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Uri};

use super::{
    entry::{HostEntry, InvalidOrigin, OriginEntry},
    host::WebOrigin,
};

/// Which web pages may open a connection, judged by the `Origin` header that browsers send.
///
/// Browsers let any page connect to any server, and send the user's cookies along. So by default,
/// only pages from the same host may connect ([`same_host`](Self::same_host)). A request without
/// `Origin` does not come from a page. It passes unless [`hosts`](Self::hosts) refuses its host. A
/// request with two `Origin` headers is always refused.
///
/// ```
/// use tower_websock::OriginPolicy;
///
/// // Pages from our own host, and from two other origins.
/// let policy = OriginPolicy::same_host().or(["https://example.com", "https://*.example.org"]);
/// // Pages from these origins only.
/// let policy = OriginPolicy::list(["https://example.com", "http://localhost:*"]);
/// // A server on the developer's machine.
/// let policy = OriginPolicy::loopback();
/// ```
///
/// # DNS rebinding
///
/// The owner of `evil.test` serves a page at `http://evil.test:3000`. Once a browser has loaded
/// it, the owner makes the name resolve to 127.0.0.1, or to an address in your network. The page
/// now reaches your server on port 3000, and its `Host` and `Origin` agree. So
/// [`same_host`](Self::same_host) lets it pass.
///
/// Use [`hosts`](Self::hosts) or [`loopback`](Self::loopback) if anybody who can reach the server
/// may use it: on loopback, in an internal network, behind a VPN. You need neither if a cookie or
/// a token grants access, since a page of `evil.test` has no cookie or token of your host. You
/// need neither with [`list`](Self::list), which does not look at `Host`.
///
/// # Behind a proxy
///
/// The server sees the `Host` that the proxy sends. Make the proxy pass on the one that it
/// received, with its port:
///
/// - nginx: `proxy_set_header Host $http_host;` (`$host` has no port, `$proxy_host` is the
///   server's own).
/// - Apache: `ProxyPreserveHost On`.
/// - Caddy, Envoy and Traefik do so by default.
///
/// If the proxy replaces `Host`, or drops its port, and you cannot change that,
/// [`list`](Self::list) the origins as browsers show them. This crate ignores `X-Forwarded-Host`,
/// since any client can send it. If every request comes through a proxy that sets it, use it in a
/// [`predicate`](Self::predicate):
///
/// ```
/// use tower_websock::OriginPolicy;
///
/// let policy = OriginPolicy::predicate(|page| {
///     let host = page.headers.get("x-forwarded-host");
///     let host = host.and_then(|host| host.to_str().ok());
///     host.is_some_and(|host| page.is_of(host))
/// });
/// ```
///
/// # Entries
///
/// Write an origin as `https://example.com`, with a port if it is not the scheme's default, or as
/// `null`. Any sandboxed page has the origin `null`, whoever made it. Write a host as
/// `example.com`, which allows every port, or as `example.com:8080`.
///
/// - `*.example.com` matches `a.example.com` and `a.b.example.com`, but not `example.com`.
/// - The port `*` matches every port.
/// - Case does not matter. White space around an entry, a slash or a dot at its end, and the
///   default port of an origin are ignored. `wss:` means `https:`, and `ws:` means `http:`.
/// - Write an IPv6 address in brackets: `[::1]`.
/// - Write names in ASCII: `xn--bcher-kva.example` for `bücher.example`.
///
/// Extensions and applications have origins such as `chrome-extension://abcdef` and
/// `tauri://localhost`. They match as they are written.
///
/// An entry that cannot match anything is an [`InvalidOrigin`]: an origin without a scheme or with
/// a path, or two origins in one entry. The methods panic on it. For entries from a configuration
/// file, use their `try_` forms, which return it as an error.
#[derive(Clone, Debug, Default)]
pub struct OriginPolicy {
    /// The hosts of which a request must name one.
    pub(super) hosts: Option<Arc<[HostEntry]>>,
    pub(super) pages: Pages,
    /// Origins that pass, too.
    pub(super) listed: Option<Arc<[OriginEntry]>>,
}

#[derive(Clone, Default)]
pub(super) enum Pages {
    #[default]
    SameHost,
    /// None but those listed.
    Listed,
    Any,
    Predicate(Arc<Predicate>),
}

pub(super) type Predicate = dyn Fn(&PageRequest<'_>) -> bool + Send + Sync;

impl OriginPolicy {
    /// Allows pages from the host and port in the `Host` header, or in `:authority` over HTTP/2.
    /// This is the default.
    ///
    /// A default port is the same as none. `http:` and `https:` count as the same, since TLS may
    /// end at a proxy. This is not enough for a server that trusts anybody who can reach it: see
    /// [DNS rebinding](Self#dns-rebinding).
    pub const fn same_host() -> Self {
        Self::of(Pages::SameHost)
    }

    /// Allows only requests to these [hosts](Self#entries), and only from pages of the same host.
    /// Use it for a server that [DNS rebinding](Self#dns-rebinding) could reach.
    ///
    /// The `Host` header, or `:authority` over HTTP/2, must be one of these hosts, even if the
    /// request has no `Origin`. Any other request is refused with
    /// [`Rejection::ForeignHost`](crate::Rejection::ForeignHost).
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// let policy = OriginPolicy::hosts(["example.com", "*.example.com", "localhost:3000"]);
    /// // Pages from another origin may also connect.
    /// let policy = policy.or(["https://app.example.org"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an entry is invalid, or if there is none: see [`try_hosts`](Self::try_hosts).
    #[track_caller]
    pub fn hosts<S: AsRef<str>>(hosts: impl IntoIterator<Item = S>) -> Self {
        valid(Self::try_hosts(hosts))
    }

    /// Like [`hosts`](Self::hosts), but returns an error instead of panicking.
    ///
    /// # Errors
    ///
    /// The first entry that is not a host. Also if the list is empty, since that would refuse
    /// every request.
    pub fn try_hosts<S: AsRef<str>>(
        hosts: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidOrigin> {
        let hosts = hosts
            .into_iter()
            .map(|host| HostEntry::parse(host.as_ref()));
        let hosts: Arc<[_]> = hosts.collect::<Result<_, _>>()?;
        if hosts.is_empty() {
            return Err(InvalidOrigin::new("", "no host is listed"));
        }
        Ok(Self {
            hosts: Some(hosts),
            ..Self::same_host()
        })
    }

    /// [`hosts`](Self::hosts) for a server on loopback: `localhost`, `127.0.0.1` and `[::1]`, with
    /// every port.
    ///
    /// A development server on another port is another origin. To allow its pages, add
    /// `.or(["http://localhost:5173"])`.
    pub fn loopback() -> Self {
        Self::hosts(["localhost", "127.0.0.1", "[::1]"])
    }

    /// Allows only pages from these [origins](Self#entries), such as `https://example.com` or
    /// `https://*.example.com`. An empty list refuses every page.
    ///
    /// # Panics
    ///
    /// If an entry is invalid: see [`try_list`](Self::try_list).
    #[track_caller]
    pub fn list<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Self {
        valid(Self::try_list(origins))
    }

    /// Like [`list`](Self::list), but returns an error instead of panicking.
    ///
    /// # Errors
    ///
    /// The first entry that is not an origin.
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// let error = OriginPolicy::try_list(["example.com"]).unwrap_err();
    /// assert!(error.to_string().contains(r#"write "https://example.com""#));
    /// ```
    pub fn try_list<S: AsRef<str>>(
        origins: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidOrigin> {
        Self::of(Pages::Listed).try_or(origins)
    }

    /// Allows any page. Safe only if neither cookies nor network location grant access. Duplicate
    /// `Origin` headers are still refused.
    pub const fn any() -> Self {
        Self::of(Pages::Any)
    }

    /// Allows pages for which `predicate` returns `true`. It is called only for requests with one
    /// `Origin`: a request without one passes, and a request with two is refused.
    ///
    /// The predicate runs before the request is answered, so it must not block. If it panics, the
    /// request is refused.
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// // Everybody may read prices; the rest is for our own pages.
    /// let policy = OriginPolicy::predicate(|page| {
    ///     page.uri.path() == "/prices" || page.is_of(page.host)
    /// });
    /// ```
    pub fn predicate(predicate: impl Fn(&PageRequest<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Pages::Predicate(Arc::new(predicate)))
    }

    /// Also allows pages from these [origins](Self#entries).
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// let policy = OriginPolicy::same_host().or(["https://app.example.com"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an entry is invalid: see [`try_or`](Self::try_or).
    #[track_caller]
    pub fn or<S: AsRef<str>>(self, origins: impl IntoIterator<Item = S>) -> Self {
        valid(self.try_or(origins))
    }

    /// Like [`or`](Self::or), but returns an error instead of panicking.
    ///
    /// # Errors
    ///
    /// The first entry that is not an origin.
    pub fn try_or<S: AsRef<str>>(
        mut self,
        origins: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidOrigin> {
        let listed = self.listed.iter().flat_map(|listed| listed.iter().cloned());
        let more = origins.into_iter();
        let more = more.map(|origin| OriginEntry::parse(origin.as_ref()));
        let listed = listed.map(Ok).chain(more).collect::<Result<_, _>>()?;
        self.listed = Some(listed);
        Ok(self)
    }

    const fn of(pages: Pages) -> Self {
        Self {
            hosts: None,
            pages,
            listed: None,
        }
    }
}

#[track_caller]
fn valid(policy: Result<OriginPolicy, InvalidOrigin>) -> OriginPolicy {
    match policy {
        Ok(policy) => policy,
        Err(invalid) => panic!("{invalid}"),
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pages::SameHost => "SameHost",
            Pages::Listed => "Listed",
            Pages::Any => "Any",
            Pages::Predicate(_) => "Predicate",
        })
    }
}

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
