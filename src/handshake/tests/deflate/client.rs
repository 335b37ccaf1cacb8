//! A client's offers, and what it makes of answers.

use super::*;

/// 5, 7.1: by default what Chromium offers. What is set is asked for, with fall-backs behind, the
/// last of which any server supports.
#[test]
fn offer_asks_for_what_is_set_and_falls_back() {
    let new = DeflateConfig::new;
    let rows: [(DeflateConfig, &[&str]); 11] = [
        (new(), &["; client_max_window_bits"]),
        (unbounded(), &["; client_max_window_bits"]),
        (new().level(9).min_size(0), &["; client_max_window_bits"]),
        (
            new().server_max_window_bits(12),
            &[
                "; server_max_window_bits=12; client_max_window_bits",
                "; client_max_window_bits",
                "",
            ],
        ),
        (
            new().client_max_window_bits(9),
            &["; client_max_window_bits=9", "; client_max_window_bits", ""],
        ),
        (
            new().server_no_context_takeover(),
            &[
                "; server_no_context_takeover; client_max_window_bits",
                "; client_max_window_bits",
                "",
            ],
        ),
        (
            new().client_no_context_takeover(),
            &[
                "; client_no_context_takeover; client_max_window_bits",
                "; client_max_window_bits",
                "",
            ],
        ),
        (
            new()
                .no_context_takeover()
                .server_max_window_bits(10)
                .client_max_window_bits(14),
            &[
                "; server_no_context_takeover; server_max_window_bits=10; \
                 client_no_context_takeover; client_max_window_bits=14",
                "; server_no_context_takeover; client_no_context_takeover; \
                 client_max_window_bits",
                "; client_max_window_bits",
                "",
            ],
        ),
        (new().omit_client_max_window_bits(), &[""]),
        (
            new()
                .client_max_window_bits(9)
                .omit_client_max_window_bits(),
            &[""],
        ),
        (
            new()
                .server_max_window_bits(9)
                .omit_client_max_window_bits(),
            &["; server_max_window_bits=9", ""],
        ),
    ];
    for (config, elements) in rows {
        let elements: Vec<_> = elements
            .iter()
            .map(|params| format!("permessage-deflate{params}"))
            .collect();
        assert_eq!(
            OwnOffer::new(&config).to_header_value(),
            elements.join(", ")
        );
    }
}

/// 7.1: a legal answer is agreed to.
#[test]
fn legal_answer_is_agreed_to() {
    let new = unbounded;
    let rows: [(DeflateConfig, &str, Agreed); 19] = [
        (new(), "permessage-deflate", UNBOUNDED),
        // 7.1.1, 7.1.2.1: unasked.
        (
            new(),
            "permessage-deflate; server_no_context_takeover",
            ((15, Reset), (15, Kept)),
        ),
        (
            new(),
            "permessage-deflate; client_no_context_takeover",
            ((15, Kept), (15, Reset)),
        ),
        (
            new(),
            "permessage-deflate; server_max_window_bits=8",
            ((8, Kept), (15, Kept)),
        ),
        (
            new(),
            "permessage-deflate; server_max_window_bits=15",
            UNBOUNDED,
        ),
        (
            new(),
            "permessage-deflate; client_max_window_bits=8",
            ((15, Kept), (8, Kept)),
        ),
        (
            new(),
            "permessage-deflate; client_max_window_bits=\"1\\1\"",
            ((15, Kept), (11, Kept)),
        ),
        // The same as asked for, or less.
        (
            new().server_max_window_bits(10),
            "permessage-deflate; server_max_window_bits=10",
            ((10, Kept), (15, Kept)),
        ),
        (
            new().server_max_window_bits(10),
            "permessage-deflate; server_max_window_bits=9",
            ((9, Kept), (15, Kept)),
        ),
        (
            new().client_max_window_bits(10),
            "permessage-deflate; client_max_window_bits=10",
            ((15, Kept), (10, Kept)),
        ),
        (
            new().client_max_window_bits(10),
            "permessage-deflate; client_max_window_bits=9",
            ((15, Kept), (9, Kept)),
        ),
        // 5: it answers a fall-back.
        (
            new().server_max_window_bits(10),
            "permessage-deflate",
            UNBOUNDED,
        ),
        (
            new().server_max_window_bits(10),
            "permessage-deflate; server_max_window_bits=11",
            ((11, Kept), (15, Kept)),
        ),
        (
            new().server_no_context_takeover(),
            "permessage-deflate; client_max_window_bits=10",
            ((15, Kept), (10, Kept)),
        ),
        // 7.1.2: a smaller window of our own needs no announcement.
        (
            DeflateConfig::new(),
            "permessage-deflate; client_max_window_bits=15",
            ((15, Kept), (12, Kept)),
        ),
        // 7.1.1.2, 7.1.2.2: our hints hold though the server does not use them.
        (
            new().client_max_window_bits(10),
            "permessage-deflate",
            ((15, Kept), (10, Kept)),
        ),
        (
            new().client_max_window_bits(10),
            "permessage-deflate; client_max_window_bits=15",
            ((15, Kept), (10, Kept)),
        ),
        (
            new().client_no_context_takeover(),
            "permessage-deflate",
            ((15, Kept), (15, Reset)),
        ),
        (
            new().server_no_context_takeover(),
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
            ((9, Reset), (15, Kept)),
        ),
    ];
    for (config, line, agreed) in rows {
        let expected = Ok(Some(agreed_on(agreed)));
        assert_eq!(read(&[line], &config), expected, "{line}, {config:?}");
        assert_eq!(read(&["", line], &config), expected, "{line}, {config:?}");
    }
    // 5: declined.
    assert_eq!(read::<&str>(&[], &new()), Ok(None));
}

/// 7: an answer that is none to the offer fails the connection. CVE-2026-2229.
#[test]
fn cve_2026_2229_illegal_parameters_fail_the_connection() {
    let new = unbounded;
    let invalid = [
        // Undefined.
        "foo",
        "foo=1",
        "constructor",
        "server_max_window_bits=10; foo",
        "Server_No_Context_Takeover",
        // Repeated.
        "server_no_context_takeover; server_no_context_takeover",
        "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits=10; client_max_window_bits=10",
        // Invalid.
        "server_no_context_takeover=1",
        "client_no_context_takeover=\"x\"",
        "server_max_window_bits",
        // 7.1.2.2: it has a value in an answer.
        "client_max_window_bits",
    ];
    for params in invalid {
        assert_illegal(&new(), params);
    }
    for value in [
        "0",
        "7",
        "16",
        "99",
        "015",
        "08",
        "-8",
        "8a",
        "\"16\"",
        "18446744073709551616",
        "18446744073709551624",
    ] {
        assert_illegal(&new(), &format!("server_max_window_bits={value}"));
        assert_illegal(&new(), &format!("client_max_window_bits={value}"));
    }
    // 7.1.2.2: the client cannot be bound if it does not offer it.
    let omitting = new().omit_client_max_window_bits();
    for bits in ["", "=8", "=12", "=15"] {
        assert_illegal(&omitting, &format!("client_max_window_bits{bits}"));
        assert_illegal(
            &omitting.clone().server_max_window_bits(9),
            &format!("server_max_window_bits=9; client_max_window_bits{bits}"),
        );
    }
}

fn assert_illegal(config: &DeflateConfig, params: &str) {
    let line = format!("permessage-deflate; {params}");
    let expected = Err(ExtensionsError::Parameters);
    assert_eq!(read(&[&line], config), expected, "{line}, {config:?}");
}

/// RFC 6455, sections 4.1 and 9.1: what was not offered, is there twice, or is malformed.
#[test]
fn other_extensions_fail_the_connection() {
    use ExtensionsError::{Malformed, NotOffered, Repeated};
    let rows: [(&[&str], ExtensionsError); 15] = [
        (&["foo"], NotOffered),
        (&["permessage-deflate, foo"], NotOffered),
        (&["foo", "permessage-deflate"], NotOffered),
        (&["Permessage-Deflate"], NotOffered),
        (&["x-webkit-deflate-frame"], NotOffered),
        (&["permessage-deflate, permessage-deflate"], Repeated),
        (&["permessage-deflate", "permessage-deflate"], Repeated),
        (&["permessage-deflate, permessage-deflate; foo"], Repeated),
        (&[""], Malformed),
        (&[","], Malformed),
        (&["permessage-deflate;"], Malformed),
        (&["permessage-deflate, foo;"], Malformed),
        (&["permessage-deflate", "=\""], Malformed),
        (&["permessage-deflate; server_max_window_bits="], Malformed),
        (
            &["permessage-deflate; server_max_window_bits=\"1\\\""],
            Malformed,
        ),
    ];
    for (lines, expected) in rows {
        assert_eq!(read(lines, &unbounded()), Err(expected), "{lines:?}");
    }
}

/// RFC 6455, section 4.1: without an offer no extension may be answered.
#[test]
fn answer_without_an_offer_fails_the_connection() {
    let parts = sample();
    assert_eq!(agreed(&parts.headers, None), Ok(None));
    for line in ["permessage-deflate", "foo"] {
        let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, &[line]);
        let expected = Err(ExtensionsError::NotOffered);
        assert_eq!(agreed(&parts.headers, None), expected, "{line}");
    }
}
