//! Lists of origins and hosts, and pages that are compared with them. Whoever may connect is on the
//! list to a plain reader as well, and whoever is on it in the usual form may connect.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderValue, Request};
use tower_websock::{OriginPolicy, ProvidedIo, Rejection, WebSocketUpgrade};

use super::{choices::Choices, enter, fields::trim};

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let kind = choices.below(4);
    let entries: Vec<_> = (0..=choices.below(3))
        .map(|_| entry(&mut choices, kind))
        .collect();
    let host = host(&mut choices);
    let origins: Vec<_> = match choices.below(16) {
        0 => Vec::new(),
        1 => vec![origin(&mut choices), origin(&mut choices)],
        _ => vec![origin(&mut choices)],
    };
    let policy = match kind {
        0 => OriginPolicy::try_list(&entries),
        1 => OriginPolicy::same_host().try_or(&entries),
        2 => OriginPolicy::try_hosts(&entries),
        _ => Ok(OriginPolicy::same_host()),
    };
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => {
            assert!(
                entries.iter().any(|entry| entry == error.entry()),
                "{error}"
            );
            assert!(!Entry::of(error.entry(), kind == 2).is_usual, "{error}");
            return;
        }
    };
    let Some(found) = ask(policy, &host, &origins) else {
        return;
    };
    let shown = || {
        let origins: Vec<_> = origins
            .iter()
            .map(|o| o.escape_ascii().to_string())
            .collect();
        format!(
            "{kind}: {entries:?}, to {} from {origins:?}: {found:?}",
            host.escape_ascii()
        )
    };
    let entries: Vec<_> = entries
        .iter()
        .map(|entry| Entry::of(entry, kind == 2))
        .collect();
    let mut is_usual = entries.iter().all(|entry| entry.is_usual);
    let (host, is_host_usual) = (trim(&host), Host::is_usual(trim(&host)));
    // Of every request.
    if kind == 2 {
        let mut listed = entries.iter();
        let is_listed = listed.any(|entry| entry.is_host(host));
        if found == Err(Rejection::ForeignHost) {
            assert!(!(is_listed && is_usual && is_host_usual), "{}", shown());
            return;
        }
        assert!(is_listed, "{}", shown());
    }
    let page = match &origins[..] {
        [] => {
            assert_eq!(found, Ok(()), "{}", shown());
            return;
        }
        [page] => trim(page),
        _ => {
            assert_eq!(found, Err(Rejection::OriginRepeated), "{}", shown());
            return;
        }
    };
    is_usual &= Web::of(page).is_some_and(|web| Host::is_usual(web.authority));
    let is_listed = kind < 2 && entries.iter().any(|entry| entry.is_page(page));
    let is_same = kind > 0 && Web::of(page).is_some_and(|web| web.is_of(host));
    if kind > 0 && !is_listed {
        is_usual &= is_host_usual;
    }
    match found {
        Ok(()) => assert!(is_listed || is_same, "{}", shown()),
        Err(rejection) => {
            assert_eq!(rejection, Rejection::Origin, "{}", shown());
            assert!(!is_usual || !(is_listed || is_same), "{}", shown());
        }
    }
}

/// `None` if it is no handshake, as its host is none.
fn ask(policy: OriginPolicy, host: &[u8], origins: &[Vec<u8>]) -> Option<Result<(), Rejection>> {
    let mut request = Request::get("/")
        .header("host", HeaderValue::from_bytes(host).ok()?)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .extension(ProvidedIo::new(tokio::io::empty()));
    for origin in origins {
        request = request.header("origin", HeaderValue::from_bytes(origin).ok()?);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).ok()?;
    Some(upgrade.origin(policy).accept::<()>().map(drop))
}

const HOSTS: [&str; 16] = [
    "example.com",
    "a.example.com",
    "Example.COM",
    "example.com.",
    "notexample.com",
    "example.com.evil.test",
    "a.b.example.com",
    "com",
    "localhost",
    "127.0.0.1",
    "127.1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "xn--bcher-kva.example",
    "a_b.example.com",
    ".example.com",
];
const PORTS: [&str; 10] = [
    ":80", ":443", ":8080", ":08080", ":", ":0", ":65535", ":65536", ":8a", ":80:80",
];

fn authority(choices: &mut Choices<'_>) -> String {
    // The first ones mostly, so that some are equal.
    let some = choices.one_of(&[3, 8, HOSTS.len()]);
    let host = HOSTS[choices.below(some)];
    let port = if choices.below(2) == 0 {
        ""
    } else {
        choices.one_of(&PORTS)
    };
    format!("{host}{port}")
}

fn entry(choices: &mut Choices<'_>, kind: usize) -> String {
    if choices.seldom(8) {
        let most = choices.below(40);
        return String::from_utf8_lossy(choices.bytes(most)).into_owned();
    }
    let scheme = match kind {
        2 if choices.below(16) > 0 => "",
        _ if choices.below(4) > 0 => "http://",
        _ => choices.one_of(&[
            "https://", "ws://", "WSS://", "tauri://", "ftp://", "", "://", "null",
        ]),
    };
    let wildcard = if choices.below(4) == 0 { "*." } else { "" };
    let authority = authority(choices);
    let end = match choices.below(16) {
        0 => "/",
        1 => choices.one_of(&["/a", "?", "#", ":*", " ", ",", "@a"]),
        _ => "",
    };
    format!("{scheme}{wildcard}{authority}{end}")
}

fn host(choices: &mut Choices<'_>) -> Vec<u8> {
    let authority = authority(choices);
    spoilt(choices, authority)
}

fn origin(choices: &mut Choices<'_>) -> Vec<u8> {
    let scheme = match choices.below(8) {
        0 => choices.one_of(&["HTTP://", "null", "tauri://", "http:/", "ws://", "://"]),
        1 | 2 => "https://",
        _ => "http://",
    };
    let authority = authority(choices);
    spoilt(choices, format!("{scheme}{authority}"))
}

/// Seldom with another byte in it.
fn spoilt(choices: &mut Choices<'_>, text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    if choices.seldom(8) {
        let at = choices.below(bytes.len() + 1);
        bytes.insert(at, choices.byte());
    }
    bytes
}

/// The origin of a page, taken to pieces without any check.
struct Web<'a> {
    is_secure: bool,
    authority: &'a [u8],
}

impl<'a> Web<'a> {
    fn of(origin: &'a [u8]) -> Option<Self> {
        let end = origin.windows(3).position(|part| part == b"://")?;
        let (scheme, authority) = (&origin[..end], &origin[end + 3..]);
        let is_secure = scheme.eq_ignore_ascii_case(b"https");
        (is_secure || scheme.eq_ignore_ascii_case(b"http")).then_some(Self {
            is_secure,
            authority,
        })
    }

    fn default_port(&self) -> &'static [u8] {
        if self.is_secure { b"443" } else { b"80" }
    }

    fn is_of(&self, host: &[u8]) -> bool {
        let (own, other) = (Host::of(self.authority), Host::of(host));
        own.name == other.name
            && own.port.unwrap_or(self.default_port()) == other.port.unwrap_or(self.default_port())
    }
}

/// `host[:port]`, taken to pieces without any check.
struct Host<'a> {
    /// In lower case; an address of IPv6 in one form.
    name: Vec<u8>,
    port: Option<&'a [u8]>,
}

impl<'a> Host<'a> {
    fn of(authority: &'a [u8]) -> Self {
        let after = authority
            .iter()
            .rposition(|&byte| byte == b']')
            .unwrap_or(0);
        let colon = authority[after..].iter().position(|&byte| byte == b':');
        let (name, port) = match colon {
            Some(colon) => (
                &authority[..after + colon],
                Some(&authority[after + colon + 1..]),
            ),
            None => (authority, None),
        };
        let inner = name
            .strip_prefix(b"[")
            .and_then(|name| name.strip_suffix(b"]"));
        let address = inner.and_then(|inner| str::from_utf8(inner).ok()?.parse::<Ipv6Addr>().ok());
        Self {
            name: match address {
                Some(address) => format!("[{address}]").into_bytes(),
                None => name.to_ascii_lowercase(),
            },
            port: port.filter(|port| !port.is_empty()),
        }
    }

    /// As a browser writes it.
    fn is_usual(authority: &[u8]) -> bool {
        let mut parts = authority.splitn(2, |&byte| byte == b':');
        let name = parts.next().unwrap_or_default();
        are_labels(name) && parts.next().is_none_or(is_usual_port)
    }
}

fn are_labels(name: &[u8]) -> bool {
    let is_of_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    name.split(|&byte| byte == b'.')
        .all(|label| !label.is_empty() && label.iter().all(is_of_label))
}

fn is_usual_port(port: &[u8]) -> bool {
    (1..=4).contains(&port.len()) && !port.starts_with(b"0") && port.iter().all(u8::is_ascii_digit)
}

/// One that is listed, taken to pieces without any check.
struct Entry {
    text: String,
    /// Of pages over HTTP.
    is_secure: Option<bool>,
    is_wildcard: bool,
    authority: String,
    /// As the documentation shows it: it is no mistake.
    is_usual: bool,
}

impl Entry {
    fn of(entry: &str, is_host: bool) -> Self {
        let text = entry.trim().to_ascii_lowercase();
        let text = text.strip_suffix('/').unwrap_or(&text).to_owned();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
        let is_secure = match scheme {
            "http" | "ws" => Some(false),
            "https" | "wss" => Some(true),
            _ => None,
        };
        let (is_wildcard, authority) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let name = authority.split(':').next().unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = if is_number {
            !is_wildcard && name.parse::<Ipv4Addr>().is_ok()
        } else {
            are_labels(name.as_bytes())
        };
        let port = authority
            .strip_prefix(name)
            .and_then(|port| port.strip_prefix(':'));
        let is_port = port.is_none_or(|port| port == "*" || is_usual_port(port.as_bytes()));
        let is_usual = is_name
            && is_port
            && (is_host == is_secure.is_none())
            && !(is_host && text.contains("://"));
        Self {
            is_secure,
            is_wildcard,
            authority: authority.into(),
            is_usual,
            text,
        }
    }

    fn is_page(&self, page: &[u8]) -> bool {
        match (self.is_secure, Web::of(page)) {
            (None, _) => {
                let text = self.text.strip_suffix(':').unwrap_or(&self.text);
                text.as_bytes().eq_ignore_ascii_case(page)
            }
            (Some(is_secure), Some(web)) => {
                let (own, port) = self.host();
                let host = Host::of(web.authority);
                is_secure == web.is_secure
                    && self.has_name(&own, &host)
                    && port.is_none_or(|port| {
                        let default = web.default_port();
                        (if port.is_empty() { default } else { &port })
                            == host.port.unwrap_or(default)
                    })
            }
            _ => false,
        }
    }

    /// Of a host that a request names. Without a port it means any.
    fn is_host(&self, host: &[u8]) -> bool {
        let (own, port) = self.host();
        let host = Host::of(host);
        let is_port = port.is_none_or(|port| match host.port {
            _ if port.is_empty() => true,
            Some(found) => port == found,
            None => port == b"80" || port == b"443",
        });
        self.has_name(&own, &host) && is_port
    }

    fn has_name(&self, own: &[u8], host: &Host<'_>) -> bool {
        let name = host.name.strip_suffix(b".").unwrap_or(&host.name);
        if !self.is_wildcard {
            return name == own;
        }
        let labels = name
            .strip_suffix(own)
            .and_then(|rest| rest.strip_suffix(b"."));
        labels.is_some_and(are_labels)
    }

    /// The name, and the port if it is not any: empty if there is none.
    fn host(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let host = Host::of(self.authority.as_bytes());
        let name = host.name.strip_suffix(b".").unwrap_or(&host.name).to_vec();
        let port = host.port.unwrap_or_default();
        let digits = str::from_utf8(port)
            .ok()
            .and_then(|port| port.parse::<u16>().ok());
        let port = digits.map_or(port.to_vec(), |port| port.to_string().into_bytes());
        (name, (port != b"*").then_some(port))
    }
}
