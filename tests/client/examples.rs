//! What the examples show, seen on the wire.

use std::fmt::Write;

use tokio::net::TcpStream;

use crate::site::{ACCEPTANCE, Site, values};

#[allow(dead_code, reason = "its main")]
#[path = "../../examples/answers.rs"]
mod answers;
#[allow(dead_code, reason = "its main")]
#[path = "../../examples/odd_servers.rs"]
mod odd_servers;

/// The names of a head's lines, as they are spelled.
fn names(head: &str) -> Vec<&str> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, _)| name).collect()
}

async fn site_and_io() -> (Site, String, TcpStream) {
    let site = Site::accepting().await;
    let io = TcpStream::connect(site.addr).await.unwrap();
    let uri = site.uri("/ws?a");
    (site, uri, io)
}

/// RFC 9112, section 3.2.1: a request is in origin form.
fn assert_origin_form(site: &Site) -> String {
    let head = site.heads().pop().unwrap();
    assert!(head.starts_with("GET /ws?a HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "host"), [site.addr.to_string()]);
    head
}

#[tokio::test]
async fn answers_are_in_the_hands_of_the_user() {
    let port = answers::serve().await.unwrap();
    let told = answers::told_by(port).await.unwrap();
    let expected = [
        r#"401 Unauthorized: {"error":"no token"}"#,
        "101 Switching Protocols: session=1; HttpOnly",
        &format!("307 Temporary Redirect: ws://localhost:{port}/ws"),
        r#"the server refused with 401 Unauthorized: {"error":"no token"}"#,
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn headers_are_in_title_case() {
    let (site, uri, io) = site_and_io().await;
    odd_servers::title_case(&uri, io).await.unwrap();
    let head = assert_origin_form(&site);
    let names = names(&head);
    for name in ["Host", "Upgrade", "Sec-Websocket-Key"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[tokio::test]
async fn more_than_100_headers_are_read() {
    let head = ACCEPTANCE.trim_end().to_owned();
    let mut head = head + "\r\n";
    for number in 0..500 {
        write!(head, "X-{number}: 1\r\n").unwrap();
    }
    head += "\r\n";
    let site = Site::answering(move |_| head.clone().into()).await;
    let uri = site.uri("/ws?a");
    let io = TcpStream::connect(site.addr).await.unwrap();
    odd_servers::many_headers(&uri, io).await.unwrap();
    assert_origin_form(&site);
    // Without that door there is an error, no hanging and no panic.
    let error = tower_websock::client::connect(&uri).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the HTTP exchange failed: message head is too large"
    );
}

#[tokio::test]
async fn headers_are_in_an_order_of_ones_own() {
    let (site, uri, io) = site_and_io().await;
    odd_servers::order(&uri, io).await.unwrap();
    let head = assert_origin_form(&site);
    let names = names(&head);
    assert_eq!(names[..3], ["host", "x-api-key", "upgrade"]);
    assert_eq!(names.iter().filter(|name| **name == "host").count(), 1);
}

#[tokio::test]
async fn headers_are_spelled_in_a_way_of_their_own() {
    let (site, uri, io) = site_and_io().await;
    odd_servers::spelling(&uri, io).await.unwrap();
    let head = assert_origin_form(&site);
    let names = names(&head);
    for name in ["Host", "Sec-WebSocket-Key", "X-API-Key", "upgrade"] {
        assert!(names.contains(&name), "{names:?}");
    }
}
