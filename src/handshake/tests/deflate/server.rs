//! A server's answers.

use super::*;

/// What an offer says, what is answered, and what is agreed on.
type Row = (&'static str, &'static str, Agreed);

/// The extension's name is left out of the rows.
fn assert_answers(config: &DeflateConfig, rows: &[Row]) {
    for (offered, expected, agreed) in rows {
        let line = format!("permessage-deflate{offered}");
        let (params, value) = answer(&[&line], config).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(value, format!("permessage-deflate{expected}"), "{line}");
        assert_eq!(params, agreed_on(*agreed), "{line}");
    }
}

/// 7.1: what an offer asks for is granted.
#[test]
fn offer_is_answered_as_it_asks() {
    const ALL: &str = "; server_no_context_takeover; server_max_window_bits=12; \
                       client_no_context_takeover; client_max_window_bits=11";
    const SHUFFLED: &str = "; client_max_window_bits=11; client_no_context_takeover; \
                            server_max_window_bits=12; server_no_context_takeover";
    // 7.1.1.1: echoed.
    let server_reset = "; server_no_context_takeover";
    // 7.1.1.2: the hint is used.
    let client_reset = "; client_no_context_takeover";
    // 7.1.2.1: the same value.
    let [server_8, server_9, server_10, server_15] = [
        "; server_max_window_bits=8",
        "; server_max_window_bits=9",
        "; server_max_window_bits=10",
        "; server_max_window_bits=15",
    ];
    // 7.1.2.2: the hint is used.
    let [client_8, client_15] = ["; client_max_window_bits=8", "; client_max_window_bits=15"];
    let rows = [
        ("", "", UNBOUNDED),
        // 7.1.2.2: supported, but there is nothing to say.
        ("; client_max_window_bits", "", UNBOUNDED),
        (server_reset, server_reset, ((15, Reset), (15, Kept))),
        (client_reset, client_reset, ((15, Kept), (15, Reset))),
        (server_8, server_8, ((8, Kept), (15, Kept))),
        (server_9, server_9, ((9, Kept), (15, Kept))),
        (server_10, server_10, ((10, Kept), (15, Kept))),
        (server_15, server_15, UNBOUNDED),
        (client_8, client_8, ((15, Kept), (8, Kept))),
        (client_15, client_15, UNBOUNDED),
        (ALL, ALL, ((12, Reset), (11, Reset))),
        (SHUFFLED, ALL, ((12, Reset), (11, Reset))),
        (
            "; server_max_window_bits=8; client_max_window_bits",
            server_8,
            ((8, Kept), (15, Kept)),
        ),
        // RFC 6455, section 9.1: quoted or not, in pairs or not, with white space or not.
        (
            "; server_max_window_bits=\"10\"",
            server_10,
            ((10, Kept), (15, Kept)),
        ),
        (
            "; server_max_window_bits=\"\\1\\0\"",
            server_10,
            ((10, Kept), (15, Kept)),
        ),
        (
            "\t;client_max_window_bits = \"1\\2\" ; server_max_window_bits =9 ",
            "; server_max_window_bits=9; client_max_window_bits=12",
            ((9, Kept), (12, Kept)),
        ),
    ];
    assert_answers(&unbounded(), &rows);
    // What the peer need not know.
    let config = unbounded().level(9).memory_level(1).min_size(0);
    assert_answers(&config, &rows);
}

/// 7.1.2.1: the lesser of what is offered and configured holds; it is told to who asked.
#[test]
fn window_of_the_server_is_the_lesser_one() {
    for (config, offered, answered, holds) in [
        (12, "", None, 12),
        (12, "; client_max_window_bits", None, 12),
        (12, "; server_no_context_takeover", None, 12),
        (12, "; server_max_window_bits=15", Some(12), 12),
        (12, "; server_max_window_bits=12", Some(12), 12),
        (12, "; server_max_window_bits=10", Some(10), 10),
        (8, "", None, 8),
        (8, "; server_max_window_bits=8", Some(8), 8),
        (8, "; server_max_window_bits=9", Some(8), 8),
        (9, "; server_max_window_bits=8", Some(8), 8),
        (15, "; server_max_window_bits=15", Some(15), 15),
    ] {
        let config = unbounded().server_max_window_bits(config);
        let line = format!("permessage-deflate{offered}");
        let (params, value) = answer(&[&line], &config).unwrap();
        match answered {
            Some(bits) => assert!(value.ends_with(&format!("; server_max_window_bits={bits}"))),
            None => assert!(!value.contains("server_max_window_bits"), "{line}: {value}"),
        }
        assert_eq!(params.server.window_bits, holds, "{line}");
    }
}

/// 7.1: what an answer says of the server is what the client asked for; some clients refuse more.
#[test]
fn nothing_is_announced_unasked() {
    const OFFERS: [&str; 8] = [
        // Firefox; Chromium, Safari, ws, Netty; Gorilla, websocket-sharp; others.
        "",
        "; client_max_window_bits",
        "; server_no_context_takeover; client_no_context_takeover",
        "; client_no_context_takeover",
        "; server_max_window_bits=10",
        "; client_max_window_bits=10",
        "; server_no_context_takeover",
        "; server_max_window_bits=15; client_max_window_bits=15",
    ];
    let names = |params: &str| -> Vec<String> {
        let params = params.split("; ").skip(1);
        params
            .map(|param| param.split('=').next().unwrap().to_owned())
            .collect()
    };
    for config in [
        DeflateConfig::new(),
        DeflateConfig::new().no_context_takeover(),
        unbounded()
            .server_max_window_bits(8)
            .client_max_window_bits(9),
    ] {
        for offered in OFFERS {
            let line = format!("permessage-deflate{offered}");
            let (_, value) = answer(&[&line], &config).unwrap();
            let asked = names(offered);
            for name in names(&value) {
                // 7.1.1.2: who can be bound in its window can be told to forget, too.
                let is_known = name == "client_no_context_takeover"
                    && asked.iter().any(|name| name == "client_max_window_bits");
                assert!(asked.contains(&name) || is_known, "{line} -> {value}");
            }
        }
    }
}

/// 7.1.2.2: a client is bound only where it offers it, and always with a value.
#[test]
fn window_of_the_client_is_bound_where_it_is_offered() {
    let config = unbounded().client_max_window_bits(12);
    let bound = "; client_max_window_bits=12";
    let rows = [
        ("", "", UNBOUNDED),
        ("; client_max_window_bits", bound, ((15, Kept), (12, Kept))),
        (
            "; client_max_window_bits=15",
            bound,
            ((15, Kept), (12, Kept)),
        ),
        (
            "; client_max_window_bits=10",
            "; client_max_window_bits=10",
            ((15, Kept), (10, Kept)),
        ),
        // 5: the client's first choice is taken though its second could be bound.
        (
            ", permessage-deflate; client_max_window_bits",
            "",
            UNBOUNDED,
        ),
    ];
    assert_answers(&config, &rows);
}

/// 7.1.1.1, 7.1.1.2: no context is taken over if either end says so. The server forgets silently
/// where it was not asked to; a client is told to if it offers that, or to be bound in its window.
#[test]
fn context_takeover_ends_where_it_is_configured() {
    let server = "; server_no_context_takeover";
    let client = "; client_no_context_takeover";
    let both = "; server_no_context_takeover; client_no_context_takeover";
    let window = "; client_max_window_bits";
    let new = unbounded;
    for (config, offered, expected, agreed) in [
        (new().server_no_context_takeover(), "", "", (Reset, Kept)),
        (
            new().server_no_context_takeover(),
            window,
            "",
            (Reset, Kept),
        ),
        (
            new().server_no_context_takeover(),
            server,
            server,
            (Reset, Kept),
        ),
        (
            new().server_no_context_takeover(),
            client,
            client,
            (Reset, Reset),
        ),
        (new().client_no_context_takeover(), "", "", (Kept, Kept)),
        (
            new().client_no_context_takeover(),
            client,
            client,
            (Kept, Reset),
        ),
        (
            new().client_no_context_takeover(),
            window,
            client,
            (Kept, Reset),
        ),
        (
            new().client_no_context_takeover(),
            server,
            server,
            (Reset, Kept),
        ),
        (new().no_context_takeover(), "", "", (Reset, Kept)),
        (new().no_context_takeover(), both, both, (Reset, Reset)),
        (new().no_context_takeover(), window, client, (Reset, Reset)),
        (new(), both, both, (Reset, Reset)),
    ] {
        let agreed = ((15, agreed.0), (15, agreed.1));
        assert_answers(&config, &[(offered, expected, agreed)]);
    }
}

/// 7.1.2: by default both windows are of 12 bits, as far as the client lets itself be bound.
#[test]
fn windows_are_small_by_default() {
    let rows = [
        (
            "; client_max_window_bits",
            "; client_max_window_bits=12",
            ((12, Kept), (12, Kept)),
        ),
        ("", "", ((12, Kept), (15, Kept))),
    ];
    assert_answers(&DeflateConfig::new(), &rows);
}
