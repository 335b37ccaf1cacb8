//! The proxies that an environment's variables name.

use super::{InvalidProxy, exemptions::Exemptions, kind::Kind, server::Server, url};
use crate::handshake::Target;

/// In the order in which they are looked for.
const FOR_WSS: [&str; 6] = [
    "wss_proxy",
    "WSS_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];
const FOR_WS: [&str; 6] = [
    "ws_proxy",
    "WS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// What an environment says of proxies.
#[derive(Debug)]
pub(super) struct Environment {
    ws: Option<Server>,
    wss: Option<Server>,
    exempt: Exemptions,
}

impl Environment {
    /// `variable` gives the value of one.
    pub(super) fn read(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, InvalidProxy> {
        let is_cgi = variable("REQUEST_METHOD").is_some();
        let first = |names: [&'static str; 6]| {
            let set = names.into_iter().find_map(|name| {
                // CVE-2016-5385: there it is a request's header `Proxy`. To Windows, both are one.
                let is_forged =
                    is_cgi && (name == "HTTP_PROXY" || cfg!(windows) && name == "http_proxy");
                let value = variable(name).filter(|value| !is_forged && !value.is_empty())?;
                Some((name, value))
            });
            let server = set.map(|(name, value)| {
                url::parse(&value, Kind::Http).map_err(|error| error.of_variable(name))
            });
            server.transpose()
        };
        let exempt = ["no_proxy", "NO_PROXY"]
            .into_iter()
            .filter_map(&variable)
            .find(|value| !value.is_empty());
        Ok(Self {
            ws: first(FOR_WS)?,
            wss: first(FOR_WSS)?,
            exempt: Exemptions::parse(&exempt.unwrap_or_default()),
        })
    }

    /// The proxy for this target, if it is not connected to directly.
    pub(super) fn server(&self, target: &Target) -> Option<&Server> {
        let server = if target.is_secure() {
            &self.wss
        } else {
            &self.ws
        };
        let (host, port) = target.address();
        server.as_ref().filter(|_| !self.exempt.contain(host, port))
    }
}
