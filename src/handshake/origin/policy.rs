//! Which pages may connect, as an application says it.

use std::{fmt, sync::Arc};

use super::{
    entry::{HostEntry, InvalidOrigin, OriginEntry},
    page::PageRequest,
};

/// Which web pages may open a connection, judged by the `Origin` header that browsers send.
///
/// Browsers let any page connect to any server and send the user's cookies along. So by
/// default only pages of the same host may ([`same_host`](Self::same_host)). A request
/// without `Origin` does not come from a page and passes, unless [`hosts`](Self::hosts) refuses
/// its host. A request with two `Origin` headers passes no policy.
///
/// ```
/// use tower_websock::OriginPolicy;
///
/// // Pages of our own host, and those of two others.
/// let policy = OriginPolicy::same_host().or(["https://example.com", "https://*.example.org"]);
/// // Pages of these origins only.
/// let policy = OriginPolicy::list(["https://example.com", "http://localhost:*"]);
/// // A server on the developer's machine.
/// let policy = OriginPolicy::loopback();
/// ```
///
/// # DNS rebinding
///
/// The owner of `evil.test` can let a browser load a page of `http://evil.test:3000`, and then have
/// the name resolve to 127.0.0.1 or to an address of your network. The page now reaches your server on
/// port 3000, with a `Host` and an `Origin` that agree: [`same_host`](Self::same_host) lets it pass.
///
/// Use [`hosts`](Self::hosts) or [`loopback`](Self::loopback) if reaching the server is what grants
/// access: on loopback, in an internal network, behind a VPN. You need neither if a cookie or a token
/// grants it, since the page has none of your host's, nor with [`list`](Self::list), which does not
/// look at `Host`.
///
/// # Behind a proxy
///
/// The server sees the `Host` that the proxy sends. Let the proxy pass on the one that it received,
/// with its port:
///
/// - nginx: `proxy_set_header Host $http_host;` (`$host` has no port, `$proxy_host` is the
///   server's own).
/// - Apache: `ProxyPreserveHost On`.
/// - Caddy, Envoy and Traefik do so by themselves.
///
/// Where the proxy replaces `Host`, or drops its port, and cannot be told otherwise,
/// [`list`](Self::list) the origins as browsers show them. `X-Forwarded-Host` is never looked at, since
/// any client can send it. If every request comes through a proxy that sets it, a
/// [`predicate`](Self::predicate) can:
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
/// An origin is `https://example.com`, with a port if it is not the scheme's default, or `null`.
/// Any sandboxed page has the origin `null`, whoever made it. A host is `example.com`, for every
/// port, or `example.com:8080`.
///
/// - `*.example.com` stands for `a.example.com` and `a.b.example.com`, not for `example.com`.
/// - The port `*` stands for every port.
/// - Case does not matter. White space around, a slash or a dot at the end, and the default port of
///   an origin are dropped. `wss:` means `https:`, and `ws:` means `http:`.
/// - An IPv6 address stands in brackets: `[::1]`.
/// - Names are in ASCII: `xn--bcher-kva.example` for `bücher.example`.
///
/// Extensions and applications have origins such as `chrome-extension://abcdef` and
/// `tauri://localhost`. They are taken as they are.
///
/// An entry that could match nothing is an [`InvalidOrigin`]: an origin without a scheme, with a
/// path, or two in one entry. The methods panic with it; their `try_` forms return it, for entries
/// from a configuration file.
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
    /// Pages of the host and port that the `Host` header names, or `:authority` over HTTP/2;
    /// the default.
    ///
    /// A default port is the same as none. `http:` and `https:` are not told apart, since TLS may
    /// end at a proxy. A server that trusts whoever can reach it needs more: see [DNS
    /// rebinding](Self#dns-rebinding).
    pub const fn same_host() -> Self {
        Self::of(Pages::SameHost)
    }

    /// Requests for these [hosts](Self#entries) only, with pages of the same host: for servers
    /// that [DNS rebinding](Self#dns-rebinding) could reach.
    ///
    /// The `Host` header, or `:authority` over HTTP/2, must be one of these, also where there is
    /// no `Origin`; if not, the request is refused with
    /// [`Rejection::ForeignHost`](crate::Rejection::ForeignHost).
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// let policy = OriginPolicy::hosts(["example.com", "*.example.com", "localhost:3000"]);
    /// // Besides, pages of another origin.
    /// let policy = policy.or(["https://app.example.org"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an entry is invalid, or there is none; see [`try_hosts`](Self::try_hosts).
    #[track_caller]
    pub fn hosts<S: AsRef<str>>(hosts: impl IntoIterator<Item = S>) -> Self {
        valid(Self::try_hosts(hosts))
    }

    /// [`hosts`](Self::hosts) that may be invalid.
    ///
    /// # Errors
    ///
    /// The first entry that is no host, and an empty list, which would refuse every request.
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

    /// [`hosts`](Self::hosts) of a server on loopback: `localhost`, `127.0.0.1` and `[::1]`, at
    /// every port.
    ///
    /// A development server on another port is another origin: `.or(["http://localhost:5173"])`.
    pub fn loopback() -> Self {
        Self::hosts(["localhost", "127.0.0.1", "[::1]"])
    }

    /// Pages of these [origins](Self#entries) only, such as `https://example.com` or
    /// `https://*.example.com`. An empty list refuses every page.
    ///
    /// # Panics
    ///
    /// If an entry is invalid; see [`try_list`](Self::try_list).
    #[track_caller]
    pub fn list<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Self {
        valid(Self::try_list(origins))
    }

    /// A [`list`](Self::list) that may be invalid.
    ///
    /// # Errors
    ///
    /// The first entry that is no origin.
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

    /// Any page. Safe only if neither cookies nor network location grant access. Duplicate
    /// `Origin` headers are still refused.
    pub const fn any() -> Self {
        Self::of(Pages::Any)
    }

    /// Pages for which `predicate` returns `true`. It is asked about requests with one `Origin`
    /// only: without one they pass, with two they are refused.
    ///
    /// It runs before the request is answered, so it must not block. If it panics, the request is
    /// refused.
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

    /// The same, and pages of these [origins](Self#entries).
    ///
    /// ```
    /// use tower_websock::OriginPolicy;
    ///
    /// let policy = OriginPolicy::same_host().or(["https://app.example.com"]);
    /// ```
    ///
    /// # Panics
    ///
    /// If an entry is invalid; see [`try_or`](Self::try_or).
    #[track_caller]
    pub fn or<S: AsRef<str>>(self, origins: impl IntoIterator<Item = S>) -> Self {
        valid(self.try_or(origins))
    }

    /// [`or`](Self::or) with origins that may be invalid.
    ///
    /// # Errors
    ///
    /// The first entry that is no origin.
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
