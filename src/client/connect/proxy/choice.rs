//! Which proxy a connection goes through.

use std::{env, sync::Arc};

use super::{
    InvalidProxy, credentials::Credentials, environment::Environment, kind::Kind, server::Server,
    url,
};
use crate::handshake::Target;

/// A proxy that connections are opened through, for
/// [`Builder::proxy`](crate::client::Builder::proxy).
///
/// The proxy is asked for a tunnel to the URI's host, for `ws://` too (RFC 6455, section 4.1), and
/// looks the host up itself. TLS to the server runs inside the tunnel, so the proxy reads nothing of
/// a `wss://` connection.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_websock::client::{Builder, Proxy};
///
/// let proxy = Proxy::http("http://proxy.example:3128")?.basic_auth("user", "password");
/// let builder = Builder::new().proxy(proxy);
/// # let _ = builder;
/// # Ok(())
/// # }
/// ```
///
/// Neither `Debug` nor errors show the user or the password.
#[derive(Clone, Debug)]
pub struct Proxy {
    choice: Choice,
    /// In place of those of the URL.
    credentials: Option<Credentials>,
}

#[derive(Clone, Debug)]
enum Choice {
    Always(Server),
    Environment(Arc<Environment>),
}

impl Proxy {
    /// A proxy that is asked by the method `CONNECT` of HTTP/1.1.
    ///
    /// The URL is `http://host:port`, or `https://host:port` with the feature `rustls` for a proxy
    /// that is itself connected to over TLS, by the settings of `Builder::tls`. The scheme may be
    /// left out, and so may the port: 80, or 443 for `https`. A user and a password in the URL,
    /// percent-encoded, are those of [`basic_auth`](Self::basic_auth).
    ///
    /// # Errors
    ///
    /// If the URL is malformed, has another scheme, or needs the feature `rustls`.
    pub fn http(url: &str) -> Result<Self, InvalidProxy> {
        match url::parse(url, Kind::Http)? {
            server if server.kind() == Kind::Socks5 => {
                Err(InvalidProxy::new("the scheme is neither http nor https"))
            }
            server => Ok(Self::of(Choice::Always(server))),
        }
    }

    /// A proxy that speaks SOCKS 5 (RFC 1928), with a user and a password if they are given
    /// (RFC 1929).
    ///
    /// The URL is `socks5://host:port`. The scheme may be left out, and so may the port: 1080.
    /// `socks5h` means the same: the proxy always looks up the host of the URI, so that nothing
    /// of it is seen outside the tunnel.
    ///
    /// # Errors
    ///
    /// If the URL is malformed or has another scheme.
    pub fn socks5(url: &str) -> Result<Self, InvalidProxy> {
        match url::parse(url, Kind::Socks5)? {
            server if server.kind() == Kind::Socks5 => Ok(Self::of(Choice::Always(server))),
            _ => Err(InvalidProxy::new(
                "the scheme is neither socks5 nor socks5h",
            )),
        }
    }

    /// The proxies that the environment's variables name now. As curl reads them, except:
    /// `HTTP_PROXY` in capitals counts too, a proxy without a port has that of its scheme, and
    /// `NO_PROXY` may name ports.
    ///
    /// `wss://` URIs go through the first that is set and not empty of `wss_proxy`, `https_proxy`
    /// and `all_proxy`, `ws://` URIs through that of `ws_proxy`, `http_proxy` and `all_proxy`; each
    /// is looked for in small letters, then in capitals. `HTTP_PROXY` does not count where
    /// `REQUEST_METHOD` is set, as a CGI program's clients can set it. Their values are as in
    /// [`http`](Self::http) and [`socks5`](Self::socks5).
    ///
    /// `no_proxy`, else `NO_PROXY`, whichever is not empty, lists what is connected to directly, separated by commas or
    /// spaces: `*` for all, names (`example.com` and `.example.com` both mean the host and all
    /// below it), IP addresses, blocks of these (`10.0.0.0/8`); names and addresses may have a port
    /// (`example.com:8080`), and then mean this alone.
    ///
    /// # Errors
    ///
    /// If a variable that would be used is malformed, or names a kind of proxy that is not
    /// supported. The text names the variable.
    pub fn from_env() -> Result<Self, InvalidProxy> {
        let variable = |name: &str| env::var_os(name).map(|it| it.to_string_lossy().into_owned());
        let environment = Environment::read(variable)?;
        Ok(Self::of(Choice::Environment(Arc::new(environment))))
    }

    /// Sets the user and the password, in place of those of the URL: of the scheme `Basic`
    /// (RFC 7617) for HTTP, of RFC 1929 for SOCKS 5.
    ///
    /// Neither is encrypted on the way to the proxy, except to an `https` one. They are sent with
    /// the first request, whether or not the proxy asks for them.
    ///
    /// Opening fails with [`ProxyError::Credentials`](super::ProxyError::Credentials) if the user
    /// has a colon and the proxy is one of HTTP, or if one of them is longer than 255 bytes, or the
    /// user is empty, and it is one of SOCKS.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(Credentials::new(user, password));
        self
    }

    const fn of(choice: Choice) -> Self {
        Self {
            choice,
            credentials: None,
        }
    }

    /// The one for this target, if any, and what it is told of the user.
    pub(in crate::client::connect) fn to(
        &self,
        target: &Target,
    ) -> Option<(&Server, Option<&Credentials>)> {
        let server = match &self.choice {
            Choice::Always(server) => server,
            Choice::Environment(environment) => environment.server(target)?,
        };
        Some((server, self.credentials.as_ref().or(server.credentials())))
    }
}
