//! Acceptances and refusals (section 4.2.2).

use super::*;

/// Written out once more here, so that a change of the table is a decision.
const REJECTIONS: [(Rejection, u16); 30] = [
    (Rejection::Method, 405),
    (Rejection::HttpVersion, 426),
    (Rejection::ExtendedConnect, 405),
    (Rejection::Protocol, 501),
    (Rejection::Authority, 400),
    (Rejection::Scheme, 400),
    (Rejection::HostMismatch, 400),
    (Rejection::ConnectionSpecific, 400),
    (Rejection::HostMissing, 400),
    (Rejection::HostRepeated, 400),
    (Rejection::Host, 400),
    (Rejection::Upgrade, 426),
    (Rejection::UpgradeMalformed, 400),
    (Rejection::Connection, 400),
    (Rejection::ConnectionMalformed, 400),
    (Rejection::Version, 426),
    (Rejection::Http2Version, 400),
    (Rejection::Key, 400),
    (Rejection::Body, 400),
    (Rejection::Subprotocols, 400),
    (Rejection::Extensions, 400),
    (Rejection::Origin, 403),
    (Rejection::OriginRepeated, 403),
    (Rejection::ForeignHost, 403),
    (Rejection::Path, 404),
    (Rejection::SubprotocolNotOffered, 500),
    (Rejection::NotUpgradable, 500),
    (Rejection::TooManyConnections { retry_after: 0 }, 503),
    (Rejection::TooManyOfKey { retry_after: 1 }, 503),
    (Rejection::Draining { retry_after: 120 }, 503),
];

/// Operators build on the names: each is its variant's, so none is there twice.
#[test]
fn name_of_a_rejection_is_that_of_its_variant() {
    for (rejection, _) in REJECTIONS {
        let mut name = String::new();
        let shown = format!("{rejection:?}");
        for letter in shown.chars().take_while(char::is_ascii_alphanumeric) {
            if letter.is_uppercase() && !name.is_empty() {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        }
        assert_eq!(rejection.name(), name);
    }
}

/// 4.2.2 item 5.5: what is selected is agreed on and answered, if the client has offered it.
#[test]
fn acceptance_tells_what_was_agreed_on() {
    let name = header::SEC_WEBSOCKET_PROTOCOL;
    for (selected, is_right) in [(None, true), (Some("b"), true), (Some("c"), false)] {
        let selected = selected.map(Subprotocol::from_static);
        let handshake = Handshake::check(&sample_with(&name, &["a, b"]), None).unwrap();
        let accepted = handshake.accept::<Bytes>(selected.clone(), &Config::new());
        let Ok((response, agreed)) = accepted else {
            assert_eq!(accepted.unwrap_err(), Rejection::SubprotocolNotOffered);
            assert!(!is_right);
            continue;
        };
        assert!(is_right);
        assert_eq!(response.status(), 101);
        let answered = response
            .headers()
            .get(&name)
            .map(|name| name.to_str().unwrap());
        assert_eq!(answered, selected.as_ref().map(Subprotocol::as_str));
        assert_eq!(agreed.subprotocol, selected);
        assert_eq!(agreed.deflate, None);
    }
}

/// 4.2.2 item 5: the response has these headers and no others; RFC 9110, section 8.6: no length.
#[test]
fn response_to_a_valid_handshake_has_the_headers_of_the_rfc() {
    let chat = const { Subprotocol::from_static("chat") };
    let x = const { HeaderValue::from_static("x; y") };
    for (selected, extensions) in [(None, None), (Some(&chat), None), (None, Some(x))] {
        let accept = key::accept(b"dGhlIHNhbXBsZSBub25jZQ==");
        let response: Response<Bytes> = acceptance(Some(accept), selected, extensions.clone());
        assert_eq!(response.status(), 101);
        assert!(response.body().is_empty());
        let mut expected = vec![
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        if selected.is_some() {
            expected.push(("sec-websocket-protocol", "chat"));
        }
        if extensions.is_some() {
            expected.push(("sec-websocket-extensions", "x; y"));
        }
        assert_headers(&response, &expected);
    }
}

/// RFC 8441, section 5: 200, with neither `Upgrade`, `Connection` nor the answer to a key.
#[test]
fn response_over_http2_has_only_what_was_agreed_on() {
    let chat = const { Subprotocol::from_static("chat") };
    let x = const { HeaderValue::from_static("x; y") };
    let response: Response<Bytes> = acceptance(None, Some(&chat), Some(x));
    assert_eq!(response.status(), 200);
    assert_headers(
        &response,
        &[
            ("sec-websocket-protocol", "chat"),
            ("sec-websocket-extensions", "x; y"),
        ],
    );
}

/// 4.2.2: a refusal is a response with an error status, a reason for people and one for code.
#[test]
fn response_of_a_rejection_tells_its_reason() {
    for (rejection, status) in REJECTIONS {
        // A new variant belongs into the table.
        match rejection {
            Rejection::Method
            | Rejection::HttpVersion
            | Rejection::ExtendedConnect
            | Rejection::Protocol
            | Rejection::Authority
            | Rejection::Scheme
            | Rejection::HostMismatch
            | Rejection::ConnectionSpecific
            | Rejection::HostMissing
            | Rejection::HostRepeated
            | Rejection::Host
            | Rejection::Upgrade
            | Rejection::UpgradeMalformed
            | Rejection::Connection
            | Rejection::ConnectionMalformed
            | Rejection::Version
            | Rejection::Http2Version
            | Rejection::Key
            | Rejection::Body
            | Rejection::Subprotocols
            | Rejection::Extensions
            | Rejection::Origin
            | Rejection::OriginRepeated
            | Rejection::ForeignHost
            | Rejection::Path
            | Rejection::SubprotocolNotOffered
            | Rejection::NotUpgradable
            | Rejection::TooManyConnections { .. }
            | Rejection::TooManyOfKey { .. }
            | Rejection::Draining { .. } => {}
        }
        assert_eq!(rejection.status(), status);
        let response: Response<Bytes> = rejection.into_response();
        assert_eq!(response.status(), status, "{rejection:?}");
        assert_eq!(response.extensions().get(), Some(&rejection));
        assert_eq!(response.body(), format!("{rejection}\n").as_bytes());

        let sentence = rejection.to_string();
        assert!(sentence.starts_with(|first: char| first.is_lowercase() || first == '\''));
        assert!(!sentence.ends_with('.') && !sentence.contains(['\n', '\r']));

        let length = response.body().len().to_string();
        let mut expected = vec![
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", &length),
        ];
        match status {
            // RFC 9110, sections 15.5.6 and 15.5.22.
            405 if rejection == Rejection::ExtendedConnect => {
                expected.push(("allow", "CONNECT"));
            }
            405 => expected.push(("allow", "GET")),
            426 => expected.extend([("upgrade", "websocket"), ("connection", "Upgrade")]),
            _ => {}
        }
        match rejection {
            // RFC 9110, section 10.2.3: a number of seconds.
            Rejection::TooManyConnections { .. } => expected.push(("retry-after", "0")),
            Rejection::TooManyOfKey { .. } => expected.push(("retry-after", "1")),
            Rejection::Draining { .. } => expected.push(("retry-after", "120")),
            _ => {}
        }
        if matches!(rejection, Rejection::Version | Rejection::Http2Version) {
            // 4.2.2 item 4, 4.4.
            expected.push(("sec-websocket-version", "13"));
        }
        assert_headers(&response, &expected);
    }
}

fn assert_headers(response: &Response<Bytes>, expected: &[(&str, &str)]) {
    let mut found: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
