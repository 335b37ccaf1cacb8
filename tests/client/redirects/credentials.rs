//! What is sent to whom on the way.

use std::sync::{Arc, OnceLock};

use http::HeaderValue;
use tower_websock::client::Builder;

use super::{following, leading_to, redirect};
use crate::site::{Site, values};

/// What a request carries for one host alone.
fn with_credentials() -> Builder {
    let mut secret = HeaderValue::from_static("secret");
    secret.set_sensitive(true);
    following(5)
        .header("authorization", "Bearer secret")
        .header("cookie", "secret=1")
        .header("cookie", "secret=2")
        .header("proxy-authorization", "Basic secret")
        .header("host", "virtual.example")
        .header("x-token", "1")
        .header("x-token", secret)
        .header("x-mine", "1")
        .origin(HeaderValue::from_static("https://app.example"))
        .subprotocols(["chat"])
}

fn assert_has_credentials(head: &str, has: bool) {
    assert_eq!(head.contains("secret"), has, "{head}");
    assert_eq!(head.contains("virtual.example"), has, "{head}");
    for name in ["authorization", "cookie", "proxy-authorization"] {
        assert_eq!(!values(head, name).is_empty(), has, "{head}");
    }
    // What is no secret goes to all.
    assert_eq!(values(head, "x-mine"), ["1"], "{head}");
    assert_eq!(values(head, "x-token")[0], "1", "{head}");
    assert_eq!(values(head, "origin"), ["https://app.example"], "{head}");
    assert_eq!(values(head, "sec-websocket-protocol"), ["chat"], "{head}");
}

/// The same host and port get what they got before.
#[tokio::test]
async fn credentials_are_sent_again_to_the_same_host() {
    let site = leading_to("/there").await;
    with_credentials().connect(&site.uri("/")).await.unwrap();
    let heads = site.heads();
    assert_eq!(heads.len(), 2);
    for head in heads {
        assert_has_credentials(&head, true);
    }
}

/// Another port is another server.
#[tokio::test]
async fn credentials_are_not_sent_to_another_port() {
    let there = Site::accepting().await;
    let here = leading_to(there.uri("/there")).await;
    with_credentials().connect(&here.uri("/")).await.unwrap();
    assert_has_credentials(&here.heads()[0], true);
    assert_has_credentials(&there.heads()[0], false);
}

/// So is another name, be it of the same address and port.
#[tokio::test]
async fn cve_2026_42498_credentials_are_not_sent_to_another_host() {
    let site = leading_to("//localhost:PORT/there").await;
    with_credentials().connect(&site.uri("/")).await.unwrap();
    let heads = site.heads();
    assert_has_credentials(&heads[0], true);
    assert_has_credentials(&heads[1], false);
    let host = format!("localhost:{}", site.addr.port());
    assert_eq!(values(&heads[1], "host"), [host]);
}

/// And neither when the other host leads on within itself.
#[tokio::test]
async fn credentials_are_not_sent_within_another_host() {
    let there = leading_to("/there").await;
    let here = leading_to(there.uri("/")).await;
    with_credentials().connect(&here.uri("/")).await.unwrap();
    assert_eq!(there.asked(), ["/", "/there"]);
    for head in there.heads() {
        assert_has_credentials(&head, false);
    }
}

/// Who leads back may choose what the first host is asked.
#[tokio::test]
async fn credentials_are_not_sent_after_another_host_led_back() {
    let back = Arc::new(OnceLock::<String>::new());
    let location = back.clone();
    let there = Site::answering(move |_| redirect(302, location.get().unwrap())).await;
    let here = leading_to(there.uri("/")).await;
    back.set(here.uri("/back")).unwrap();
    with_credentials().connect(&here.uri("/")).await.unwrap();
    assert_eq!(here.asked(), ["/", "/back"]);
    assert_has_credentials(&here.heads()[0], true);
    assert_has_credentials(&there.heads()[0], false);
    assert_has_credentials(&here.heads()[1], false);
}

/// What the `Host` of the user's names is asked for by its own name, and the user's no more.
#[tokio::test]
async fn host_of_the_user_is_not_sent_to_another() {
    let there = Site::accepting().await;
    let here = leading_to(there.uri("/")).await;
    let builder = following(1).header("host", "virtual.example");
    builder.connect(&here.uri("/")).await.unwrap();
    assert_eq!(values(&here.heads()[0], "host"), ["virtual.example"]);
    let host = there.addr.to_string();
    assert_eq!(values(&there.heads()[0], "host"), [host]);
}
