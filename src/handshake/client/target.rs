//! Where a URI leads (RFC 6455, section 3).

use std::{fmt::Write, net::Ipv6Addr};

use http::{
    HeaderName, HeaderValue, Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

/// What path and query may have, in bytes: with the rest, a bit less than the crate `http` takes.
const MAX_RESOURCE: usize = 65_000;

/// A `ws:` or `wss:` URI, taken apart.
#[derive(Debug)]
pub(crate) struct Target {
    is_secure: bool,
    host: String,
    port: u16,
    /// Host, and the port unless it is the default one.
    authority: Authority,
    resource: PathAndQuery,
}

impl Target {
    /// # Errors
    ///
    /// [`RequestError::Uri`] names the part that is wrong.
    pub(crate) fn parse(uri: &str) -> Result<Self, RequestError> {
        let uri = uri.trim_matches(' ');
        // 3: fragment identifiers must not be used, and no other `#` can stand.
        if uri.contains('#') {
            return Err(RequestError::Uri(
                "a WebSocket URI has no fragment (write # as %23)",
            ));
        }
        let (scheme, rest) = uri
            .split_once(':')
            .ok_or(RequestError::Uri("there is no scheme"))?;
        let is_secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(RequestError::Uri("the scheme is neither ws nor wss")),
        };
        let rest = rest.strip_prefix("//");
        let rest = rest.ok_or(RequestError::Uri(
            "'//' and the host are missing behind the scheme",
        ))?;
        // As browsers do, a backslash is taken for a slash.
        let end = rest.find(['/', '\\', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at(end);
        if authority.contains('@') {
            return Err(RequestError::Uri(
                "user info is not sent: user names and passwords go into a header",
            ));
        }
        let (host, port) = host_and_port(authority)?;
        let default_port = if is_secure { 443 } else { 80 };
        let port = port.unwrap_or(default_port);
        let authority = if port == default_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let authority = Authority::try_from(authority);
        let resource = encoded(resource)?;
        if resource.len() > MAX_RESOURCE {
            return Err(RequestError::Uri(
                "the path and the query have more than 65,000 bytes",
            ));
        }
        Ok(Self {
            is_secure,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            authority: authority.map_err(|_| RequestError::Uri("the host is malformed"))?,
            resource: PathAndQuery::try_from(resource)
                .map_err(|_| RequestError::Uri("the path or the query is malformed"))?,
        })
    }

    /// Whether TLS comes first.
    pub(crate) const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Host and port to connect to.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Host, and the port unless it is the default one.
    pub(in crate::handshake) const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Host and port, whichever it is: what a proxy is asked for.
    pub(crate) fn full_authority(&self) -> Authority {
        if self.authority.port().is_some() {
            return self.authority.clone();
        }
        let full = format!("{}:{}", self.authority, self.port);
        Authority::try_from(full).expect("a host may have a port")
    }

    /// What a request of HTTP/1.1 asks for.
    pub(in crate::handshake) fn uri(&self, form: Form) -> Uri {
        match form {
            Form::Origin => Uri::from(self.resource.clone()),
            Form::Absolute => self.absolute_uri(None),
        }
    }

    /// The absolute URI, of the scheme of HTTP; of another host if one is given.
    pub(super) fn absolute_uri(&self, host: Option<Authority>) -> Uri {
        let scheme = if self.is_secure {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        Uri::builder()
            .scheme(scheme)
            .authority(host.unwrap_or_else(|| self.authority.clone()))
            .path_and_query(self.resource.clone())
            .build()
            .expect("all three parts are there")
    }
}

/// How a request of HTTP/1.1 names what it asks for (4.1 item 3).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// By the resource name.
    Origin,
    /// By an absolute URI.
    Absolute,
}

/// Why there is no request for what a user asks for.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The URI names no WebSocket endpoint (3): which part of it is wrong.
    Uri(&'static str),
    /// The handshake sets this header, or must not have it.
    Header(HeaderName),
    /// The header cannot stand as it is: why.
    InvalidHeader(HeaderName, &'static str),
}

impl RequestError {
    /// What is wrong with the part that it names.
    pub(crate) const fn problem(&self) -> &'static str {
        match self {
            Self::Uri(problem) | Self::InvalidHeader(_, problem) => problem,
            Self::Header(_) => "it must not be set",
        }
    }
}

/// The value of `Host` that names this.
pub(crate) fn host_header(authority: &Authority) -> HeaderValue {
    HeaderValue::from_str(authority.as_str()).expect("authorities are visible ASCII")
}

/// Takes an authority without user info apart. An empty port is none (RFC 3986, section 3.2.3).
///
/// # Errors
///
/// [`RequestError::Uri`].
pub(crate) fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), RequestError> {
    let host_len = match authority.strip_prefix('[') {
        Some(address) => address.find(']').map(|at| at + 2),
        None => Some(authority.find(':').unwrap_or(authority.len())),
    };
    let host_len = host_len.ok_or(RequestError::Uri("the host lacks a closing bracket"))?;
    let (host, port) = authority.split_at(host_len);
    check_host(host)?;
    match port.strip_prefix(':') {
        Some("") => Ok((host, None)),
        None if port.is_empty() => Ok((host, None)),
        Some(digits) => match port_of(digits) {
            Some(port) => Ok((host, Some(port))),
            None => Err(RequestError::Uri("the port is not a number below 65,536")),
        },
        None => Err(RequestError::Uri(
            "the host has something behind its bracket that is no port",
        )),
    }
}

fn port_of(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

fn check_host(host: &str) -> Result<(), RequestError> {
    if host.is_empty() {
        return Err(RequestError::Uri("there is no host"));
    }
    if let Some(address) = host.strip_prefix('[') {
        let address: Result<Ipv6Addr, _> = address.trim_end_matches(']').parse();
        return match address {
            Ok(_) => Ok(()),
            Err(_) => Err(RequestError::Uri("the host is no IPv6 address")),
        };
    }
    if !host.is_ascii() {
        return Err(RequestError::Uri(
            "the host is not ASCII: an internationalised name is written in Punycode (xn--...)",
        ));
    }
    // RFC 3986, section 3.2.2: a registered name, here without percent-encoding, of which DNS
    // knows nothing, and without the comma that joins two `Host` headers to one.
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+;=".contains(&byte);
    if !host.bytes().all(is_allowed) {
        return Err(RequestError::Uri(
            "the host has a character that no host has",
        ));
    }
    // RFC 1035, section 2.3.4; a name may end in a dot.
    if host.strip_suffix('.').unwrap_or(host).len() > 253 {
        return Err(RequestError::Uri("the host is longer than 253 bytes"));
    }
    Ok(())
}

/// 3: the resource name: "/" if the path is empty, and the query. Percent-encoded as by browsers
/// (WHATWG URL, for special schemes); what is encoded already stays as it is.
fn encoded(resource: &str) -> Result<String, RequestError> {
    let (path, query) = match resource.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (resource, None),
    };
    let mut encoded = String::with_capacity(resource.len() + 1);
    if path.is_empty() {
        encoded.push('/');
    }
    // The path percent-encode set.
    if !encode(&path.replace('\\', "/"), b" \"<>^`{}", &mut encoded) {
        return Err(RequestError::Uri("the path has a tab or a line break"));
    }
    if let Some(query) = query {
        encoded.push('?');
        // The special-query percent-encode set.
        if !encode(query, b" \"<>'", &mut encoded) {
            return Err(RequestError::Uri("the query has a tab or a line break"));
        }
    }
    Ok(encoded)
}

/// Encodes what is in `set`, control characters, and what is not ASCII. Whether it can: browsers
/// drop tabs and line breaks, but who writes one into a URI means something else.
fn encode(part: &str, set: &[u8], encoded: &mut String) -> bool {
    for byte in part.bytes() {
        match byte {
            b'\t' | b'\n' | b'\r' => return false,
            0x00..=0x1F | 0x7F.. => write!(encoded, "%{byte:02X}").expect("strings take all"),
            _ if set.contains(&byte) => write!(encoded, "%{byte:02X}").expect("strings take all"),
            _ => encoded.push(char::from(byte)),
        }
    }
    true
}
