//! `host[:port]`, as requests name themselves and their pages (RFC 3986, section 3.2).

use std::net::Ipv6Addr;

use http::uri::Authority;

/// The parts of `host[:port]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host<'a> {
    /// Not empty; an IPv6 address with its brackets.
    pub(super) name: &'a [u8],
    /// One to five digits.
    pub(super) port: Option<&'a [u8]>,
}

/// The origin of a page that was loaded over HTTP (RFC 6454, section 6.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct WebOrigin<'a> {
    pub(super) scheme: Scheme,
    pub(super) host: Host<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::handshake) enum Scheme {
    Http,
    Https,
}

/// Whether `value` is `host[:port]`.
pub(in crate::handshake) fn is_host(value: &[u8]) -> bool {
    Host::parse(value).is_some() && Authority::try_from(value).is_ok()
}

/// Whether two hosts of a request name the same place.
pub(in crate::handshake) fn is_same_host(one: &[u8], other: &[u8], scheme: Scheme) -> bool {
    let hosts = Host::parse(one).zip(Host::parse(other));
    hosts.is_some_and(|(one, other)| one.is_same(other, scheme))
}

impl<'a> Host<'a> {
    /// `None` if it is no such thing.
    pub(super) fn parse(value: &'a [u8]) -> Option<Self> {
        // An IPv6 address has colons between its brackets.
        let name_end = value.iter().rposition(|&byte| byte == b']');
        let after = name_end.map_or(0, |end| end + 1);
        let colon = value[after..].iter().position(|&byte| byte == b':');
        let (name, port) = match colon {
            Some(colon) => (&value[..after + colon], Some(&value[after + colon + 1..])),
            None => (value, None),
        };
        let is_name = !name.is_empty() && !name.iter().any(|byte| b"/@?#\\ ".contains(byte));
        // RFC 3986, section 6.2.3: an empty port is none.
        let port = port.filter(|port| !port.is_empty());
        let is_port =
            port.is_none_or(|port| port.len() <= 5 && port.iter().all(u8::is_ascii_digit));
        (is_name && is_port).then_some(Self { name, port })
    }

    /// Whether both name the same place to who asks by `scheme`.
    fn is_same(self, other: Self, scheme: Scheme) -> bool {
        self.port_by(scheme) == other.port_by(scheme)
            && (self.name.eq_ignore_ascii_case(other.name)
                || self.ipv6().is_some_and(|own| other.ipv6() == Some(own)))
    }

    /// RFC 3986, section 6.2.3: no port is the scheme's.
    pub(super) fn port_by(self, scheme: Scheme) -> &'a [u8] {
        self.port.unwrap_or(scheme.default_port().as_bytes())
    }

    /// The address, however it is written.
    pub(super) fn ipv6(self) -> Option<Ipv6Addr> {
        let address = self.name.strip_prefix(b"[")?.strip_suffix(b"]")?;
        std::str::from_utf8(address).ok()?.parse().ok()
    }
}

impl<'a> WebOrigin<'a> {
    /// Reads `http[s]://host[:port]`; `None` if it is no such thing.
    pub(super) fn parse(origin: &'a [u8]) -> Option<Self> {
        // RFC 3986, section 3.1: schemes have no case.
        let strip = |scheme: &[u8]| {
            let (start, authority) = origin.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(authority)
        };
        let (scheme, authority) = match (strip(b"http://"), strip(b"https://")) {
            (Some(authority), _) => (Scheme::Http, authority),
            (_, Some(authority)) => (Scheme::Https, authority),
            (None, None) => return None,
        };
        // RFC 6454, section 6.2: an origin has no empty port.
        let host = Host::parse(authority).filter(|_| !authority.ends_with(b":"))?;
        Some(Self { scheme, host })
    }

    /// Whether a page of this origin comes from `host`.
    ///
    /// A `Host` without a port means the default port of the origin's scheme: TLS may end at a
    /// proxy, so our own scheme tells nothing.
    pub(super) fn is_of(self, host: &[u8]) -> bool {
        Host::parse(host).is_some_and(|host| self.host.is_same(host, self.scheme))
    }
}

impl Scheme {
    /// RFC 3986, section 3.1: schemes have no case.
    pub(in crate::handshake) fn of(name: &str) -> Option<Self> {
        let is = |scheme: &str| name.eq_ignore_ascii_case(scheme);
        match (is("http"), is("https")) {
            (true, _) => Some(Scheme::Http),
            (_, true) => Some(Scheme::Https),
            _ => None,
        }
    }

    pub(super) const fn default_port(self) -> &'static str {
        match self {
            Scheme::Http => "80",
            Scheme::Https => "443",
        }
    }
}
