//! Servers that support less than all of RFC 7692, as they are found in the field.

use super::*;

/// What a server makes of an offer, by the text of its elements behind the name.
type Server = fn(&[&str]) -> Answer;

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// 101 with this extension's parameters.
    Agrees(&'static str),
    /// 101 without an extension.
    Declines,
    /// 400.
    Refuses,
}

use Answer::{Agrees, Declines, Refuses};

const GORILLA: &str = "; server_no_context_takeover; client_no_context_takeover";

fn says(offer: &str, name: &str) -> bool {
    offer.split(';').any(|param| param.trim().starts_with(name))
}

/// Answers the first element that has none of these parameters.
fn first_without(offers: &[&str], names: &[&str], answer: &'static str) -> Answer {
    let mut offers = offers.iter();
    let found = offers.any(|offer| !names.iter().any(|name| says(offer, name)));
    if found { Agrees(answer) } else { Declines }
}

const SERVERS: [(&str, Server); 15] = [
    ("Gorilla: whatever is offered, the same answer", |_| {
        Agrees(GORILLA)
    }),
    (
        "Jetty: parameters of windows are ignored",
        |offers| match offers[0] {
            offer if says(offer, "server_no_context_takeover") => {
                Agrees("; server_no_context_takeover")
            }
            _ => Agrees(""),
        },
    ),
    (
        "Netty, Tomcat: no element that binds the server's window",
        |offers| first_without(offers, &["server_max_window_bits"], ""),
    ),
    (
        "coder: any server_max_window_bits but 15 refuses",
        |offers| {
            let is_bound = |offer: &&str| says(offer, "server_max_window_bits");
            if offers.iter().any(is_bound) {
                Refuses
            } else {
                Agrees("")
            }
        },
    ),
    ("no element with a window", |offers| {
        first_without(
            offers,
            &["server_max_window_bits", "client_max_window_bits"],
            "",
        )
    }),
    ("bare elements only", |offers| {
        if offers.contains(&"") {
            Agrees("")
        } else {
            Declines
        }
    }),
    ("any window refuses", |offers| {
        let has_window = |offer: &&str| offer.contains("window_bits");
        if offers.iter().any(has_window) {
            Refuses
        } else {
            Agrees("")
        }
    }),
    ("client_max_window_bits with a value refuses", |offers| {
        let has_value = |offer: &&str| offer.contains("client_max_window_bits=");
        if offers.iter().any(has_value) {
            Refuses
        } else {
            Agrees("")
        }
    }),
    ("echoes client_max_window_bits=15", |offers| {
        if says(offers[0], "client_max_window_bits") {
            Agrees("; client_max_window_bits=15")
        } else {
            Agrees("")
        }
    }),
    ("binds the client beside what it was told", |_| {
        Agrees("; client_max_window_bits=15")
    }),
    ("python-websockets: both windows, unasked", |offers| {
        if says(offers[0], "client_max_window_bits") {
            Agrees("; server_max_window_bits=12; client_max_window_bits=12")
        } else {
            Agrees("; server_max_window_bits=12")
        }
    }),
    ("uWebSockets: resets unasked", |_| {
        Agrees("; client_no_context_takeover")
    }),
    ("looks at the first element only", |offers| {
        if says(offers[0], "server_max_window_bits") {
            Declines
        } else {
            Agrees("")
        }
    }),
    ("looks at the last element only", |offers| {
        match offers.last() {
            Some(offer) if says(offer, "client_max_window_bits") => {
                Agrees("; client_max_window_bits=9")
            }
            _ => Agrees(""),
        }
    }),
    ("knows nothing of it", |_| Declines),
];

/// 5, 7.1: with the defaults we talk with every server that does not refuse browsers, and without
/// `client_max_window_bits` with those, too. What is asked for beyond that costs compression
/// nowhere but at servers that look no further than the first element.
#[test]
fn picky_servers_are_talked_with() {
    let new = DeflateConfig::new;
    // Of each server: compressed, not compressed, refused by the server (4xx) or by us (an error).
    let configs = [
        ("default", new()),
        ("omitting", new().omit_client_max_window_bits()),
        ("bound", new().server_max_window_bits(12)),
        (
            "all set",
            new()
                .no_context_takeover()
                .server_max_window_bits(10)
                .client_max_window_bits(10),
        ),
    ];
    let expected: [[&str; 4]; 15] = [
        ["yes", "yes", "yes", "yes"],
        ["yes", "yes", "yes", "yes"],
        ["yes", "yes", "yes", "yes"],
        ["yes", "yes", "4xx", "4xx"],
        ["no", "yes", "yes", "yes"],
        ["no", "yes", "yes", "yes"],
        ["4xx", "yes", "4xx", "4xx"],
        ["yes", "yes", "yes", "4xx"],
        ["yes", "yes", "yes", "yes"],
        ["yes", "error", "yes", "yes"],
        ["yes", "yes", "yes", "yes"],
        ["yes", "yes", "yes", "yes"],
        ["yes", "yes", "no", "no"],
        ["yes", "yes", "yes", "yes"],
        ["no", "no", "no", "no"],
    ];
    for ((server, answers), expected) in SERVERS.into_iter().zip(expected) {
        for ((what, config), expected) in configs.iter().zip(expected) {
            let value = OwnOffer::new(config).to_header_value();
            let value = value.to_str().unwrap();
            let offers: Vec<_> = value
                .split(", ")
                .map(|offer| offer.strip_prefix("permessage-deflate").unwrap())
                .collect();
            let found = match answers(&offers) {
                Refuses => "4xx",
                Declines => {
                    assert_eq!(read::<&str>(&[], config), Ok(None));
                    "no"
                }
                Agrees(params) => match read(&[format!("permessage-deflate{params}")], config) {
                    Ok(agreed) => {
                        assert!(agreed.is_some());
                        "yes"
                    }
                    Err(ExtensionsError::Parameters) => "error",
                    Err(error) => panic!("{server}, {what}: {error:?}"),
                },
            };
            assert_eq!(found, expected, "{server}, {what}: {value}");
        }
    }
}
