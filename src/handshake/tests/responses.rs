//! Acceptances and refusals (section 4.2.2).

use super::*;

/// Written out once more here, so that a change of the table is a decision.
const REJECTIONS: [(Rejection, u16); 14] = [
    (Rejection::Method, 405),
    (Rejection::HttpVersion, 426),
    (Rejection::Host, 400),
    (Rejection::Upgrade, 426),
    (Rejection::Connection, 400),
    (Rejection::Version, 426),
    (Rejection::Key, 400),
    (Rejection::Body, 400),
    (Rejection::Subprotocols, 400),
    (Rejection::Extensions, 400),
    (Rejection::Origin, 403),
    (Rejection::Path, 404),
    (Rejection::SubprotocolNotOffered, 500),
    (Rejection::NotUpgradable, 500),
];

/// 4.2.2 item 5: the response has these headers and no others; RFC 9110, section 8.6: no length.
#[test]
fn response_to_a_valid_handshake_has_the_headers_of_the_rfc() {
    let chat = const { Subprotocol::from_static("chat") };
    let x = const { HeaderValue::from_static("x; y") };
    for (selected, extensions) in [(None, None), (Some(&chat), None), (None, Some(x))] {
        let accept = key::accept(b"dGhlIHNhbXBsZSBub25jZQ==");
        let response: Response<Bytes> = switching_protocols(accept, selected, extensions.clone());
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

/// 4.2.2: a refusal is a response with an error status, a reason for people and one for code.
#[test]
fn response_of_a_rejection_tells_its_reason() {
    for (rejection, status) in REJECTIONS {
        // A new variant belongs into the table.
        match rejection {
            Rejection::Method
            | Rejection::HttpVersion
            | Rejection::Host
            | Rejection::Upgrade
            | Rejection::Connection
            | Rejection::Version
            | Rejection::Key
            | Rejection::Body
            | Rejection::Subprotocols
            | Rejection::Extensions
            | Rejection::Origin
            | Rejection::Path
            | Rejection::SubprotocolNotOffered
            | Rejection::NotUpgradable => {}
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
            405 => expected.push(("allow", "GET")),
            426 => expected.extend([("upgrade", "websocket"), ("connection", "Upgrade")]),
            _ => {}
        }
        if rejection == Rejection::Version {
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
