//! `Sec-WebSocket-Protocol` (sections 4.1 item 10 and 11.3.4).

use super::*;

/// 4.1 item 10, 11.3.4: several lines are one list, in the client's order.
#[test]
fn subprotocols_are_offered_in_order() {
    let rows: &[(&[&str], &[&str])] = &[
        (&[], &[]),
        (&["chat"], &["chat"]),
        (&["chat, superchat"], &["chat", "superchat"]),
        (&["superchat,chat"], &["superchat", "chat"]),
        (&["b", "a"], &["b", "a"]),
        (&["c, b", "a"], &["c", "b", "a"]),
        (&[" \ta\t ,\tb "], &["a", "b"]),
        // RFC 9110, section 5.6.1: empty elements are ignored.
        (&[",a,, b ,\t,"], &["a", "b"]),
        (&["", "a", ",", "b"], &["a", "b"]),
        // Tokens are compared case-sensitively.
        (&["chat, Chat"], &["chat", "Chat"]),
        (&["!#$%&'*+-.^_`|~09azAZ"], &["!#$%&'*+-.^_`|~09azAZ"]),
        (&["constructor, __proto__"], &["constructor", "__proto__"]),
    ];
    for (lines, expected) in rows {
        let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, lines);
        let handshake = Handshake::check(&parts, None).unwrap();
        assert_eq!(names(&handshake), *expected, "{lines:?}");
    }
}

/// 4.1 item 10: one or more elements, each a token, all different.
#[test]
fn malformed_subprotocols_are_refused() {
    let name = &header::SEC_WEBSOCKET_PROTOCOL;
    let refused: &[&[&str]] = &[
        // Nothing but separators.
        &[""],
        &[" \t"],
        &[","],
        &[",,,"],
        &[" , \t, "],
        &["", ","],
        // The same twice.
        &["chat, chat"],
        &["chat,,chat"],
        &["chat", "chat"],
        &["a, b, c, a"],
        &["a, b", "c, b"],
        // No tokens.
        &["two words"],
        &["a, two words, b"],
        &["tab\tbed"],
        &["a;q=1"],
        &["a=b"],
        &["a/b"],
        &["http://example.com"],
        &["(a)"],
        &["<a>"],
        &["a@b"],
        &["[a]"],
        &["{a}"],
        &["a?"],
        &["a\\b"],
        &["\"chat\""],
        &["a", "b c"],
        &["\u{e9}"],
        &["chat, caf\u{e9}"],
    ];
    assert_each(name, refused, Err(Rejection::Subprotocols));
    for byte in 0x80..=0xff {
        let parts = sample_with(name, &[[b'a', byte, b'z']]);
        assert_eq!(verdict(&parts), Err(Rejection::Subprotocols), "{byte:#x}");
    }
}

/// CVE-2021-32640: 10,000 subprotocols are read, in order, and a repeated one is found.
#[test]
fn cve_2021_32640_many_subprotocols_are_all_compared() {
    let mut offered: Vec<_> = (0..10_000).map(|n| format!("p{n}")).collect();
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(names(&Handshake::check(&parts, None).unwrap()), offered);
    offered.push("p0".into());
    let parts = sample_with(&header::SEC_WEBSOCKET_PROTOCOL, &[offered.join(", ")]);
    assert_eq!(verdict(&parts), Err(Rejection::Subprotocols));
}
