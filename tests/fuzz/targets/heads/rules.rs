//! Which requests open a WebSocket, told a second time: RFC 6455, 4.2.1, and RFC 8441, 4 and 5.

use crate::targets::{
    fields::{Fields, extensions, is_token},
    head::Head,
};

/// What is to become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    MustAccept,
    /// Nothing in it breaks a rule, but it has something that HTTP lets a server refuse.
    MayAccept,
    MustRefuse,
}

use Verdict::{MayAccept, MustAccept, MustRefuse};

impl Verdict {
    const fn if_right(is_right: bool) -> Self {
        if is_right { MustAccept } else { MustRefuse }
    }

    const fn if_usual(is_usual: bool) -> Self {
        if is_usual { MustAccept } else { MayAccept }
    }
}

/// 4.2.1. The worst of all verdicts counts.
pub fn upgrade(head: &Head) -> Verdict {
    let Head { first, fields, .. } = head;
    let [method, target, version] = first;
    [
        Verdict::if_usual(head.is_plain),
        // Item 1.
        Verdict::if_right(method == b"GET" && version == b"HTTP/1.1"),
        Verdict::if_usual(is_usual_target(target)),
        // Item 2.
        fields.single("host").map_or(MustRefuse, host),
        // Item 3, and the grammar of RFC 9110, 7.8.
        Verdict::if_right(fields.lists("upgrade", "websocket") && are_protocols(fields, "upgrade")),
        // Item 4.
        Verdict::if_right(
            fields.lists("connection", "upgrade") && are_protocols(fields, "connection"),
        ),
        // Item 5.
        Verdict::if_right(fields.single("sec-websocket-key").is_some_and(is_key)),
        // Stricter: no body.
        Verdict::if_right(
            !fields.has("transfer-encoding")
                && fields.lines("content-length").into_iter().all(is_zero),
        ),
        offers(fields),
        origin(
            fields,
            named(target).or(fields.single("host")).unwrap_or_default(),
        ),
    ]
    .into_iter()
    .max()
    .expect("there are some")
}

/// RFC 8441, 4 and 5, of the fields as they stand there.
pub fn connect(lines: &[(Vec<u8>, Vec<u8>)]) -> Verdict {
    let begin = lines.iter().take_while(|(name, _)| name.starts_with(b":"));
    let (pseudo, regular) = lines.split_at(begin.count());
    let mut fields = Fields::default();
    for (name, value) in regular {
        fields.push(name, value);
    }
    let of = |name: &str| {
        let mut found = pseudo.iter().filter(|(other, _)| other == name.as_bytes());
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(&value[..]),
            _ => None,
        }
    };
    let is_known = |name: &[u8]| {
        let known = [":method", ":protocol", ":scheme", ":authority", ":path"];
        known.iter().any(|known| known.as_bytes() == name)
    };
    // RFC 9113, 8.2.2.
    let is_of_connection = |name: &[u8]| {
        let names = [
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
            "upgrade",
        ];
        names.iter().any(|other| other.as_bytes() == name)
    };
    let (scheme, authority) = (of(":scheme").unwrap_or_default(), of(":authority"));
    let path = of(":path").unwrap_or_default();
    [
        // RFC 9113, 8.3.
        Verdict::if_right(pseudo.iter().all(|(name, _)| is_known(name))),
        Verdict::if_right(
            regular
                .iter()
                .all(|(name, _)| is_token(name) && !name.iter().any(u8::is_ascii_uppercase)),
        ),
        Verdict::if_right(
            lines
                .iter()
                .all(|line| !seen(line).iter().any(|byte| b"\0\r\n".contains(byte))),
        ),
        Verdict::if_usual(lines.iter().all(|(_, value)| {
            value.iter().all(|&byte| byte >= b' ' && byte != 0x7F)
                && !value.starts_with(b" ")
                && !value.ends_with(b" ")
        })),
        Verdict::if_right(of(":method") == Some(b"CONNECT")),
        // Names of protocols have no case.
        Verdict::if_right(
            of(":protocol").is_some_and(|name| name.eq_ignore_ascii_case(b"websocket")),
        ),
        Verdict::if_usual(of(":protocol") == Some(b"websocket")),
        Verdict::if_right(
            [&b"http"[..], b"https"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(scheme)),
        ),
        Verdict::if_right(!path.is_empty()),
        Verdict::if_usual(is_usual_target(path)),
        authority.map_or(MustRefuse, host),
        is_same(&fields, authority.unwrap_or_default()),
        Verdict::if_right(!regular.iter().any(|(name, _)| is_of_connection(name))),
        Verdict::if_usual(!fields.has("te") && !fields.has("expect")),
        // RFC 9110, 9.3.6.
        Verdict::if_right(!fields.has("content-length")),
        offers(&fields),
        origin(&fields, authority.unwrap_or_default()),
    ]
    .into_iter()
    .max()
    .expect("there are some")
}

/// 4.2.1, items 6, 8 and 9.
fn offers(fields: &Fields) -> Verdict {
    let names = fields.list("sec-websocket-protocol");
    let are_unique = (1..names.len()).all(|at| !names[..at].contains(&names[at]));
    let are_some = !names.is_empty() || !fields.has("sec-websocket-protocol");
    Verdict::if_right(
        fields.single("sec-websocket-version") == Some(b"13")
            && are_some
            && are_unique
            && names.iter().all(|name| is_token(name))
            && extensions(&fields.lines("sec-websocket-extensions")).is_some(),
    )
}

/// What the server sees of a field: the crate `http` drops a fragment of `:path`.
fn seen((name, value): &(Vec<u8>, Vec<u8>)) -> &[u8] {
    let is_path = name == b":path";
    let fragment = value.iter().position(|&byte| is_path && byte == b'#');
    &value[..fragment.unwrap_or(value.len())]
}

/// RFC 3986, 3.2.2; RFC 9110, 4.2.4: without a user, and not empty.
fn host(value: &[u8]) -> Verdict {
    let is_of_uri =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte);
    if value.is_empty() || !value.iter().all(is_of_uri) {
        return MustRefuse;
    }
    Verdict::if_usual(is_usual_host(value))
}

/// A name, and maybe a port.
fn is_usual_host(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |&byte| byte == b':');
    let name = parts.next().unwrap_or_default();
    let port = parts.next().unwrap_or(b"80");
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    !name.is_empty()
        && name.iter().all(is_name)
        && (1..=4).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
}

fn name_of(host: &[u8]) -> Vec<u8> {
    let end = host.iter().position(|&byte| byte == b':');
    host[..end.unwrap_or(host.len())].to_ascii_lowercase()
}

/// RFC 9113, 8.3.1: `Host` names no other host than `:authority`.
fn is_same(fields: &Fields, authority: &[u8]) -> Verdict {
    match fields.lines("host")[..] {
        [] => MustAccept,
        [host] if host.eq_ignore_ascii_case(authority) => MustAccept,
        [host] if !is_usual_host(host) || !is_usual_host(authority) => MayAccept,
        [host] if name_of(host) == name_of(authority) => MayAccept,
        _ => MustRefuse,
    }
}

/// Item 7, where pages of the same host may connect; roughly, as that is another target.
fn origin(fields: &Fields, host: &[u8]) -> Verdict {
    match fields.lines("origin")[..] {
        [] => MustAccept,
        [origin] => {
            let http = [&b"http://"[..], host].concat();
            if origin == http && is_usual_host(host) {
                return MustAccept;
            }
            let (origin, name) = (origin.to_ascii_lowercase(), name_of(host));
            let has_name = || origin.windows(name.len()).any(|part| part == name);
            let is_near = origin.starts_with(b"http") && (!is_usual_host(host) || has_name());
            if is_near { MayAccept } else { MustRefuse }
        }
        // RFC 6454, 7.3.
        _ => MustRefuse,
    }
}

/// RFC 9112, 3.2.2: the host of a target in absolute form stands above `Host`.
fn named(target: &[u8]) -> Option<&[u8]> {
    let begin = target.windows(3).position(|part| part == b"://")? + 3;
    target[begin..].split(|&byte| byte == b'/').next()
}

fn is_usual_target(target: &[u8]) -> bool {
    let is_usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._~?=&-".contains(byte);
    target.starts_with(b"/") && !target.starts_with(b"//") && target.iter().all(is_usual)
}

fn are_protocols(fields: &Fields, name: &str) -> bool {
    fields.list(name).into_iter().all(|element| {
        let mut parts = element.splitn(2, |&byte| byte == b'/');
        parts.all(is_token)
    })
}

/// 16 bytes in base64; the last bits may be anything, as in the RFC's own sample.
fn is_key(value: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    value.len() == 24 && value[..22].iter().all(is_base64) && value.ends_with(b"==")
}

fn is_zero(length: &[u8]) -> bool {
    !length.is_empty() && length.iter().all(|&digit| digit == b'0')
}
