//! Which offer a server accepts, and which it declines.

use super::*;

/// 7: an offer with an undefined, repeated or invalid parameter is declined, not failed.
#[test]
fn bad_parameters_decline_the_offer() {
    let declined = [
        // Undefined.
        "foo",
        "foo=1",
        "server_max_window_bits=10; foo",
        "foo; server_max_window_bits=10",
        "constructor",
        "__proto__",
        // 9.1 of RFC 6455 gives names no case folding.
        "Server_no_context_takeover",
        "CLIENT_MAX_WINDOW_BITS",
        "permessage-deflate",
        // Repeated, also with the same value.
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits=10; server_max_window_bits=10",
        "server_max_window_bits=10; server_max_window_bits=11",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; client_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits",
        "client_max_window_bits=10; server_no_context_takeover; client_max_window_bits=10",
        // 7.1.1: no value.
        "server_no_context_takeover=1",
        "server_no_context_takeover=true",
        "server_no_context_takeover=\"x\"",
        "client_no_context_takeover=0",
        "client_no_context_takeover=client_no_context_takeover",
        // 7.1.2.1: a value.
        "server_max_window_bits",
        "server_max_window_bits; client_max_window_bits",
    ];
    for params in declined {
        assert_declined(params);
    }
    // 7.1.2: 8 to 15, decimal, no leading zero. CVE-2026-2229.
    let invalid = [
        "0",
        "1",
        "2",
        "7",
        "16",
        "17",
        "18",
        "19",
        "20",
        "80",
        "88",
        "99",
        "100",
        "150",
        "015",
        "08",
        "008",
        "-8",
        "+8",
        "8.0",
        "8a",
        "a8",
        "0x8",
        "1e1",
        "x",
        "1",
        "1a",
        "a5",
        "-1",
        "\"7\"",
        "\"16\"",
        "\"\\0\\8\"",
        "\"1\\6\"",
        "18446744073709551616",
        "18446744073709551624",
    ];
    for value in invalid {
        assert_declined(&format!("server_max_window_bits={value}"));
        assert_declined(&format!("client_max_window_bits={value}"));
    }
}

/// Declined alone, between other extensions, and passed over for a later offer.
fn assert_declined(params: &str) {
    let config = unbounded();
    let offer = format!("permessage-deflate; {params}");
    assert_eq!(answer(&[&offer], &config), None, "{params}");
    let others = format!("foo, {offer}, bar");
    assert_eq!(answer(&[&others], &config), None, "{params}");

    let next = "permessage-deflate; server_max_window_bits=9";
    let expected = Some((
        agreed_on(((9, Kept), (15, Kept))),
        "permessage-deflate; server_max_window_bits=9".into(),
    ));
    let list = format!("{offer}, {next}, permessage-deflate");
    assert_eq!(answer(&[&list], &config), expected, "{params}");
    assert_eq!(answer(&[&offer, next], &config), expected, "{params}");
}

/// 5: the first offer that can be accepted is, over all lines; RFC 6455, section 9.1.
#[test]
fn first_acceptable_offer_wins() {
    let config = unbounded();
    let rows: [(&[&str], &str); 7] = [
        // Other extensions are ignored.
        (
            &["foo; x=\"y\", permessage-bzip2, permessage-deflate, bar"],
            "permessage-deflate",
        ),
        (
            &["foo", "", "bar, ,permessage-deflate"],
            "permessage-deflate",
        ),
        (
            &["permessage-deflate; server_max_window_bits=9, permessage-deflate"],
            "permessage-deflate; server_max_window_bits=9",
        ),
        (
            &["permessage-deflate, permessage-deflate; server_max_window_bits=9"],
            "permessage-deflate",
        ),
        (
            &[
                "permessage-deflate; x",
                "permessage-deflate; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=9",
            ],
            "permessage-deflate; server_max_window_bits=10",
        ),
        (
            &[
                "permessage-deflate; server_max_window_bits=16, x, permessage-deflate; y",
                "permessage-deflate",
            ],
            "permessage-deflate",
        ),
        (
            &[
                "permessage-deflate; server_no_context_takeover=1, permessage-deflate; client_no_context_takeover",
            ],
            "permessage-deflate; client_no_context_takeover",
        ),
    ];
    for (lines, expected) in rows {
        let (_, value) = answer(lines, &config).unwrap();
        assert_eq!(value, expected, "{lines:?}");
    }
}

/// RFC 6455, section 9.1: no extension is used that was not offered.
#[test]
fn nothing_is_answered_without_an_offer() {
    let rows: [&[&str]; 9] = [
        &[],
        &["foo"],
        &["permessage-bzip2"],
        &["permessage-deflat"],
        &["permessage-deflate2"],
        &["x-permessage-deflate"],
        &["Permessage-Deflate"],
        &["x-webkit-deflate-frame"],
        &["foo; permessage-deflate"],
    ];
    for lines in rows {
        assert_eq!(answer(lines, &unbounded()), None, "{lines:?}");
    }
}

/// RFC 6455, section 9.1: what is malformed behind an acceptable offer fails the handshake.
#[test]
fn malformed_list_with_an_acceptable_offer_is_refused() {
    let rows: &[&[&str]] = &[
        &["permessage-deflate, foo;"],
        &["permessage-deflate", "foo="],
        &["permessage-deflate;"],
        &["permessage-deflate; server_max_window_bits="],
        &["permessage-deflate; server_max_window_bits=\"\""],
        &["permessage-deflate; server_max_window_bits=\"10"],
        &["permessage-deflate; server_max_window_bits=1 0"],
        &["permessage-deflate; server_max_window_bits=\" 10\""],
        &["permessage-deflate x"],
    ];
    let name = &header::SEC_WEBSOCKET_EXTENSIONS;
    assert_each(name, rows, Err(Rejection::Extensions));
}

/// 5: 10,000 offers are declined, and the next one is accepted.
#[test]
fn cve_2021_32640_many_offers_are_all_tried() {
    let bad = vec!["permessage-deflate; server_max_window_bits=16"; 10_000];
    let line = bad.join(", ");
    let config = unbounded();
    assert_eq!(answer(&[&line], &config), None);
    let (params, value) = answer(&[&line, "permessage-deflate"], &config).unwrap();
    assert_eq!(params, agreed_on(UNBOUNDED));
    assert_eq!(value, "permessage-deflate");
}
