//! What holds of every offer and answer.

use std::collections::BTreeMap;

use super::*;

/// An extension as its names and values: written by a test, read by splitting.
type Params = BTreeMap<String, Option<u8>>;

const NAMES: [&str; 4] = [
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
];

/// 7.1: parameters of an offer.
fn offered() -> impl Strategy<Value = Params> {
    let bits = || prop::option::of(8..=15_u8);
    (
        any::<bool>(),
        any::<bool>(),
        bits(),
        prop::option::of(bits()),
    )
        .prop_map(|(server_reset, client_reset, server, client)| {
            let values = [
                server_reset.then_some(None),
                client_reset.then_some(None),
                server.map(Some),
                client,
            ];
            let named = NAMES.map(String::from).into_iter().zip(values);
            named
                .filter_map(|(name, value)| Some((name, value?)))
                .collect()
        })
}

fn configured() -> impl Strategy<Value = DeflateConfig> {
    let bits = || prop::option::of(8..=15_u8);
    (bits(), bits(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(server, client, resets_server, resets_client, omits)| {
            let mut config = DeflateConfig::new();
            if let Some(bits) = server {
                config = config.server_max_window_bits(bits);
            }
            if let Some(bits) = client {
                config = config.client_max_window_bits(bits);
            }
            if omits {
                config = config.omit_client_max_window_bits();
            }
            if resets_server {
                config = config.server_no_context_takeover();
            }
            if resets_client {
                config = config.client_no_context_takeover();
            }
            config
        },
    )
}

fn written(params: &Params) -> String {
    let params = params.iter().map(|(name, value)| match value {
        Some(value) => format!("; {name}={value}"),
        None => format!("; {name}"),
    });
    format!("permessage-deflate{}", params.collect::<String>())
}

/// Reads one extension that has no quotes. `None`: not `permessage-deflate`, or a parameter
/// that is undefined, repeated or invalid (7).
fn parsed(extension: &str) -> Option<Params> {
    let mut pieces = extension.split(';').map(str::trim);
    if pieces.next() != Some("permessage-deflate") {
        return None;
    }
    let mut params = Params::new();
    for piece in pieces {
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (piece, None),
        };
        let bits = value.map(|value| (8..=15_u8).find(|bits| bits.to_string() == value));
        let is_valid = match name {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "server_max_window_bits" => matches!(bits, Some(Some(_))),
            "client_max_window_bits" => bits != Some(None),
            _ => false,
        };
        if !is_valid || params.insert(name.to_owned(), bits.flatten()).is_some() {
            return None;
        }
    }
    Some(params)
}

/// 5: a list that a client wrote.
fn list_of(value: &str) -> Vec<Params> {
    value
        .split(", ")
        .map(|offer| parsed(offer).unwrap())
        .collect()
}

/// How an end may compress that agreed to one and is bound by another.
fn both(one: DeflateSide, other: DeflateSide) -> DeflateSide {
    DeflateSide {
        window_bits: one.window_bits.min(other.window_bits),
        takeover: if one.takeover == Reset {
            Reset
        } else {
            other.takeover
        },
    }
}

/// 7.1: whether an answer is legal, rule by rule.
fn is_legal(offer: &Params, answer: &Params) -> bool {
    let value = |params: &Params, name: &str| params.get(name).copied();
    // 7.1.1.1: a request is echoed.
    let echoes = !offer.contains_key("server_no_context_takeover")
        || answer.contains_key("server_no_context_takeover");
    // 7.1.2.1: a request is answered with the same or a smaller value.
    let bits = "server_max_window_bits";
    let bounds_server = match (value(offer, bits), value(answer, bits)) {
        (None, None | Some(Some(_))) => true,
        (Some(Some(asked)), Some(Some(said))) => said <= asked,
        _ => false,
    };
    // 7.1.2.2: only if offered, and with a value that is not above the hint.
    let bits = "client_max_window_bits";
    let bounds_client = match (value(offer, bits), value(answer, bits)) {
        (_, None) => true,
        (Some(asked), Some(Some(said))) => asked.is_none_or(|asked| said <= asked),
        _ => false,
    };
    echoes && bounds_server && bounds_client
}

/// 7.1: what an answer means, read without regard to the offer.
fn meaning(answer: &Params) -> DeflateParams {
    let [server, client] = ["server", "client"].map(|end| {
        let is_reset = answer.contains_key(&format!("{end}_no_context_takeover"));
        let bits = answer.get(&format!("{end}_max_window_bits"));
        (
            bits.copied().flatten().unwrap_or(15),
            if is_reset { Reset } else { Kept },
        )
    });
    agreed_on((server, client))
}

/// Well-formed lists of extensions, most of them close to valid offers.
fn list() -> impl Strategy<Value = Vec<String>> {
    let name = select(vec![
        "permessage-deflate",
        "permessage-deflate",
        "permessage-deflate",
        "permessage-deflatE",
        "x",
    ]);
    let param = select([NAMES.as_slice(), &NAMES, &["x"]].concat());
    let value = select(vec![
        "", "", "", "", "", "=7", "=8", " = 9", "= 10 ", "=12", "=15", "=16", "=08", "=1", "=x",
    ]);
    let param = (param, value).prop_map(|(name, value)| format!("; {name}{value}"));
    let extension = (name, vec(param, 0..4));
    let extension = extension.prop_map(|(name, params)| format!("{name}{}", params.concat()));
    vec(extension, 1..5)
}

/// Bytes that often are pieces of offers.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => select(vec![
            "permessage-deflate", "server_max_window_bits", "client_max_window_bits",
            "server_no_context_takeover", "client_no_context_takeover", "=", "=8", "=15", "=\"1\\0\"",
            ";", ";", "; ", ",", ", ", "\"", "\\", " ", "x",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => select((0x20..=0x7e).chain(0x80..=0xff_u8).collect::<Vec<_>>())
            .prop_map(|byte| [byte].to_vec()),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(crate::randomised::cases(1024))]

    /// 7.1: a valid offer gets a legal answer, and both ends take the same from it.
    #[test]
    fn valid_offers_get_legal_answers(offer in offered(), config in configured()) {
        let line = written(&offer);
        let (params, value) = answer(&[&line], &config).unwrap();
        let answer = parsed(&value).unwrap();
        prop_assert!(is_legal(&offer, &answer), "{} -> {}", line, value);
        // What is configured of our own compressor holds, within what was agreed on.
        let meant = meaning(&answer);
        prop_assert_eq!(params.client, meant.client, "{} -> {}", line, value);
        let own = both(meant.server, config.sides().server);
        prop_assert_eq!(params.server, own, "{} -> {}", line, value);
        // The client is bound as far as it lets itself be.
        if offer.contains_key("client_max_window_bits") {
            prop_assert!(params.client.window_bits <= config.sides().client.window_bits);
            prop_assert!(config.sides().client.takeover == Kept || params.client.takeover == Reset);
        }
    }

    /// 5: of a list, the first offer that a model accepts is answered.
    #[test]
    fn first_acceptable_offer_is_that_of_a_model(
        extensions in list(),
        config in configured(),
        splits in any::<bool>(),
    ) {
        let lines = if splits { extensions.clone() } else { vec![extensions.join(" ,")] };
        let expected = extensions.iter().find_map(|extension| parsed(extension));
        let found = answer(&lines, &config);
        prop_assert_eq!(found.is_some(), expected.is_some(), "{:?}", lines);
        if let (Some(offer), Some((params, value))) = (expected, found) {
            let same = answer(&[written(&offer)], &config);
            prop_assert_eq!(same, Some((params, value)), "{:?}", lines);
        }
    }

    /// 5, 7: a client agrees to what answers an element of its offer, and to nothing else.
    #[test]
    fn client_agrees_to_legal_answers_only(extension in offered(), config in configured()) {
        let value = OwnOffer::new(&config).to_header_value();
        let offers = list_of(value.to_str().unwrap());
        let line = written(&extension);
        let found = read(&[&line], &config);
        if offers.iter().any(|offer| is_legal(offer, &extension)) {
            let found = found.unwrap().unwrap();
            let meant = meaning(&extension);
            prop_assert_eq!(found.server, meant.server);
            // Our compressor does no more than the server expects, and than is configured.
            prop_assert_eq!(found.client, both(meant.client, config.sides().client));
        } else {
            prop_assert_eq!(found, Err(ExtensionsError::Parameters), "{}", line);
        }
    }

    /// 7: our client and our server come to the same result, whatever is configured: each
    /// compresses within what the other decompresses.
    #[test]
    fn both_roles_agree(of_client in configured(), of_server in configured()) {
        let offer = OwnOffer::new(&of_client).to_header_value();
        let (at_server, value) = answer(&[&offer], &of_server).unwrap();
        let at_client = read(&[&value], &of_client).unwrap().unwrap();
        prop_assert_eq!(both(at_server.server, at_client.server), at_server.server);
        prop_assert_eq!(both(at_server.client, at_client.client), at_client.client);
        // 5: what the client wants most is granted.
        let answered = parsed(&value).unwrap();
        prop_assert!(is_legal(&list_of(offer.to_str().unwrap())[0], &answered));
    }

    /// 7: no bytes make either role panic, and what they agree on is within bounds.
    #[test]
    fn arbitrary_bytes_never_panic(lines in vec(garbage(), 1..3), config in configured()) {
        let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, &lines);
        let offer = Handshake::check(&parts, None).ok().and_then(|handshake| handshake.deflate);
        let answered = offer.map(|offer| offer.answer(&config).0);
        let read = read(&lines, &config);
        for params in [answered, read.ok().flatten()].into_iter().flatten() {
            for side in [params.server, params.client] {
                prop_assert!((8..=15).contains(&side.window_bits));
            }
        }
    }
}
