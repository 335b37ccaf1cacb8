//! What an application lists: origins and hosts, checked when they are.

use std::{
    borrow::Cow,
    error::Error,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::host::{Host, Scheme, WebOrigin};

/// A host that is listed.
#[derive(Clone, Debug)]
pub(super) struct HostEntry {
    name: Name,
    /// `None` is every port.
    port: Option<String>,
}

#[derive(Clone, Debug)]
enum Name {
    /// In lower case, without a dot at the end.
    Exactly(String),
    /// What has one label or more before this, which begins with a dot.
    Below(String),
    Ipv6(Ipv6Addr),
}

/// An origin that is listed.
#[derive(Clone, Debug)]
pub(super) enum OriginEntry {
    Web(Scheme, HostEntry),
    /// `null`, and what pages have that were not loaded over HTTP.
    Text(String),
}

impl HostEntry {
    pub(super) fn parse(entry: &str) -> Result<Self, InvalidOrigin> {
        let text = entry.trim();
        let parsed = match text.split_once("://") {
            Some((_, host)) => {
                let host = host.split('/').next().unwrap_or_default();
                Err(format!("a host has no scheme; write \"{host}\"").into())
            }
            None if text == "*" => {
                Err("to answer to every host, use OriginPolicy::same_host()".into())
            }
            None => host_and_port(text),
        };
        match parsed {
            Ok((name, Port::Default | Port::Any)) => Ok(Self { name, port: None }),
            Ok((name, Port::Is(port))) => Ok(Self {
                name,
                port: Some(port),
            }),
            Err(problem) => Err(InvalidOrigin::new(entry, problem)),
        }
    }

    /// A host without a port may mean either default port: TLS may end at a proxy.
    pub(super) fn matches(&self, host: Host<'_>) -> bool {
        let is_port = |listed: &str| match host.port {
            Some(port) => port == listed.as_bytes(),
            None => listed == "80" || listed == "443",
        };
        self.name.matches(host) && self.port.as_deref().is_none_or(is_port)
    }
}

impl OriginEntry {
    pub(super) fn parse(entry: &str) -> Result<Self, InvalidOrigin> {
        let text = entry.trim();
        let parsed = match text.split_once("://") {
            Some((scheme, rest)) => Self::of_scheme(scheme, rest),
            None if text.eq_ignore_ascii_case("null") => Ok(OriginEntry::Text("null".into())),
            None if text == "*" => Err("to let every page connect, use OriginPolicy::any()".into()),
            None => Err(match host_and_port(text) {
                Ok(_) => format!("an origin has a scheme; write \"https://{text}\"").into(),
                Err(_) => "an origin is \"scheme://host\" or \"scheme://host:port\"".into(),
            }),
        };
        parsed.map_err(|problem| InvalidOrigin::new(entry, problem))
    }

    fn of_scheme(scheme: &str, rest: &str) -> Result<Self, Problem> {
        let name = scheme.to_ascii_lowercase();
        // RFC 6455, section 3: what is `ws:` to a socket is `http:` to a page.
        let scheme = match &*name {
            "http" | "ws" => Scheme::Http,
            "https" | "wss" => Scheme::Https,
            _ => return Self::elsewhere(&name, rest),
        };
        let (host, port) = host_and_port(rest)?;
        let port = match port {
            Port::Default => Some(scheme.default_port().into()),
            Port::Is(port) => Some(port),
            Port::Any => None,
        };
        Ok(OriginEntry::Web(scheme, HostEntry { name: host, port }))
    }

    /// Pages of extensions and applications, whose hosts are theirs to name.
    fn elsewhere(scheme: &str, rest: &str) -> Result<Self, Problem> {
        let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let starts = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
        if !starts || !scheme.bytes().all(is_scheme_byte) {
            return Err("what stands before \"://\" is no scheme".into());
        }
        // What these have is opaque, or a slip: "ftp://", "htps://", "wsss://".
        let is_slip = ["ht", "ws"].iter().any(|start| scheme.starts_with(start));
        if is_slip
            || scheme.contains("tp")
            || matches!(scheme, "about" | "blob" | "data" | "javascript")
        {
            return Err("no page has this scheme; is \"http\" or \"https\" meant?".into());
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let rest = rest.strip_suffix(':').unwrap_or(rest);
        if rest.contains('*') {
            return Err("a wildcard stands only in front of hosts of http and https".into());
        }
        // RFC 6454, section 6.2: `file` pages, if they say anything, have no host.
        let is_host = rest.is_empty() && scheme == "file" || Host::parse(rest.as_bytes()).is_some();
        if !is_host || rest.contains(',') || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("an origin is \"scheme://host\" or \"scheme://host:port\"".into());
        }
        Ok(OriginEntry::Text(format!("{scheme}://{rest}")))
    }

    /// `web` is `origin`, if it is that of a page which was loaded over HTTP.
    pub(super) fn matches(&self, origin: &[u8], web: Option<WebOrigin<'_>>) -> bool {
        match (self, web) {
            (OriginEntry::Text(listed), _) => listed.as_bytes().eq_ignore_ascii_case(origin),
            (OriginEntry::Web(scheme, listed), Some(WebOrigin { scheme: own, host })) => {
                let port = listed.port.as_deref().map(str::as_bytes);
                own == *scheme
                    && listed.name.matches(host)
                    && port.is_none_or(|port| port == host.port_by(own))
            }
            (OriginEntry::Web(..), None) => false,
        }
    }
}

impl Name {
    fn matches(&self, host: Host<'_>) -> bool {
        // A dot at the end is DNS's way to say that the name is whole.
        let name = host.name.strip_suffix(b".").unwrap_or(host.name);
        match self {
            Name::Exactly(listed) => name.eq_ignore_ascii_case(listed.as_bytes()),
            Name::Below(listed) => {
                let labels = name.len().checked_sub(listed.len());
                let parts = labels.and_then(|end| name.split_at_checked(end));
                parts.is_some_and(|(labels, end)| {
                    end.eq_ignore_ascii_case(listed.as_bytes()) && is_labels(labels)
                })
            }
            Name::Ipv6(listed) => host.ipv6() == Some(*listed),
        }
    }
}

/// Whether these are labels with dots between them.
fn is_labels(labels: &[u8]) -> bool {
    // Underscores occur in DNS, though not in names of hosts.
    let is_label_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut labels = labels.split(|&byte| byte == b'.');
    labels.all(|label| !label.is_empty() && label.iter().all(is_label_byte))
}

enum Port {
    Default,
    Any,
    /// Without leading zeros.
    Is(String),
}

type Problem = Cow<'static, str>;

/// Reads `host[:port]` of an entry.
fn host_and_port(text: &str) -> Result<(Name, Port), Problem> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if !text.is_ascii() {
        return Err("write the host in ASCII, where other scripts begin with \"xn--\"".into());
    }
    if text.contains([',', ' ', '\t']) {
        return Err("each entry is one, without commas and spaces".into());
    }
    if text.contains(['/', '?', '#', '\\']) {
        return Err("leave out the path".into());
    }
    if text.contains('@') {
        return Err("leave out the user".into());
    }
    let (name, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let address = bracketed.split_once(']');
        let address = address.and_then(|(address, rest)| Some((address.parse().ok()?, rest)));
        let (address, rest) = address.ok_or("this is no IPv6 address")?;
        (Name::Ipv6(address), rest)
    } else {
        let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        if port.starts_with("::") || port.matches(':').count() > 1 {
            return Err("an IPv6 address stands in brackets, such as \"[::1]\"".into());
        }
        (named(name)?, port)
    };
    let is_number = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => Port::Default,
        Some("") => Port::Default,
        Some("*") => Port::Any,
        Some(port) if is_number(port) => match port.parse() {
            Ok(0_u16) | Err(_) => return Err("a port is a number from 1 to 65535".into()),
            Ok(port) => Port::Is(port.to_string()),
        },
        _ => return Err("a port is a number from 1 to 65535, or \"*\" for every one".into()),
    };
    Ok((name, port))
}

/// Reads a name, an IPv4 address, or a wildcard.
fn named(text: &str) -> Result<Name, Problem> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let (name, is_wildcard) = match text.strip_prefix("*.") {
        Some(name) => (name, true),
        None => (text, false),
    };
    if name.is_empty() {
        return Err("there is no host".into());
    }
    if name.contains('*') {
        return Err("a wildcard stands for whole labels in front: \"*.example.com\"".into());
    }
    if !is_labels(name.as_bytes()) {
        return Err("this is no name of a host".into());
    }
    // Browsers write "127.1" and "0x7f.0.0.1" as 127.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_hex = hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_number = is_hex || last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && (is_wildcard || name.parse::<Ipv4Addr>().is_err()) {
        return Err("an IPv4 address has four numbers, and no wildcard".into());
    }
    let name = name.to_ascii_lowercase();
    Ok(if is_wildcard {
        Name::Below(format!(".{name}"))
    } else {
        Name::Exactly(name)
    })
}

/// An entry of an [`OriginPolicy`](crate::OriginPolicy) that could match nothing: it is not an
/// origin, or not a host.
///
/// `Display` names the entry and says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin {
    entry: String,
    problem: Problem,
}

impl InvalidOrigin {
    pub(super) fn new(entry: &str, problem: impl Into<Problem>) -> Self {
        Self {
            entry: entry.into(),
            problem: problem.into(),
        }
    }

    /// The entry, as it was given.
    pub fn entry(&self) -> &str {
        &self.entry
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, problem } = self;
        write!(f, "invalid entry {entry:?} of an OriginPolicy: {problem}")
    }
}

impl Error for InvalidOrigin {}
