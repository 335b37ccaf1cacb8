//! Redirects that are followed, and what is not meant to be.

use std::{
    collections::HashSet,
    future::{Ready, ready},
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{io::duplex, time::Instant};
use tower::service_fn;
use tower_websock::{
    Config,
    client::{self, Builder},
};

use super::{following, leading_to, redirect};
use crate::site::{ACCEPTANCE, Site, values};

/// By default, a redirect is a refusal with its `Location`.
#[tokio::test]
async fn redirect_is_a_refusal_unless_allowed() {
    let site = leading_to("/there").await;
    for builder in [Builder::new(), following(0)] {
        match builder.connect(&site.uri("/")).await.unwrap_err() {
            client::Error::Refused(response) => {
                assert_eq!(response.status(), 302);
                assert_eq!(response.headers()["location"], "/there");
                assert_eq!(response.body(), "moved");
            }
            error => panic!("{error:?}"),
        }
    }
    assert_eq!(site.asked(), ["/", "/"]);
}

/// RFC 9110, sections 15.4.2 to 15.4.9: five statuses say where to send the request.
#[tokio::test]
async fn redirect_of_each_status_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let site = Site::answering(move |path| match path {
            "/a" => redirect(status, "b?c"),
            _ => ACCEPTANCE.into(),
        })
        .await;
        following(1).connect(&site.uri("/a")).await.unwrap();
        assert_eq!(site.asked(), ["/a", "/b?c"], "{status}");
        let mut keys = HashSet::new();
        for head in site.heads() {
            assert!(head.starts_with("GET /"), "{head}");
            // 4.1 item 7: a key of its own each.
            keys.insert(values(&head, "sec-websocket-key")[0].to_owned());
        }
        assert_eq!(keys.len(), 2);
    }
}

/// RFC 9110, section 15.4: the other statuses leave it to the user.
#[tokio::test]
async fn other_status_with_a_location_is_a_refusal() {
    for status in [200, 201, 300, 304, 305, 306, 399, 400, 401] {
        let site = Site::answering(move |_| redirect(status, "/there")).await;
        let error = following(5).connect(&site.uri("/")).await.unwrap_err();
        assert!(matches!(error, client::Error::Refused(_)), "{error:?}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(site.asked(), ["/"]);
    }
}

/// Without a `Location` there is nothing to follow.
#[tokio::test]
async fn redirect_without_a_location_is_a_refusal() {
    let answer = "HTTP/1.1 302 Found\r\nContent-Length: 3\r\n\r\nwhy";
    let site = Site::answering(|_| answer.into()).await;
    let error = following(5).connect(&site.uri("/")).await.unwrap_err();
    assert!(matches!(error, client::Error::Refused(_)), "{error:?}");
    assert_eq!(error.response().unwrap().body(), "why");
}

/// RFC 3986, section 5.2: a `Location` may be relative in every way.
#[tokio::test]
async fn relative_location_is_resolved() {
    for (location, asked) in [
        ("c", "/a/c"),
        ("../c", "/c"),
        ("/c/./d", "/c/d"),
        ("?c", "/a/b?c"),
        ("c#part", "/a/c"),
        ("/ß", "/%C3%9F"),
    ] {
        let site = Site::answering(move |path| match path {
            "/a/b?q" => redirect(307, location),
            _ => ACCEPTANCE.into(),
        })
        .await;
        following(1).connect(&site.uri("/a/b?q")).await.unwrap();
        assert_eq!(site.asked(), ["/a/b?q", asked], "{location}");
    }
}

/// To another server, by an address of `ws`, `http`, or none.
#[tokio::test]
async fn redirect_to_another_host_is_followed() {
    for scheme in ["ws:", "http:", "HTTP:", ""] {
        let there = Site::accepting().await;
        let here = leading_to(format!("{scheme}//{}/there", there.addr)).await;
        let opened = following(1).connect_with_response(&here.uri("/")).await;
        let (_socket, response) = opened.unwrap();
        // The answer is that of the last.
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        let heads = there.heads();
        assert_eq!(there.asked(), ["/there"]);
        assert_eq!(values(&heads[0], "host"), [there.addr.to_string()]);
    }
}

/// What cannot be reached there fails as if it had been asked for.
#[tokio::test]
async fn redirect_to_where_nobody_listens_fails() {
    let site = leading_to("//127.0.0.1:1/").await;
    let error = following(1).connect(&site.uri("/")).await.unwrap_err();
    assert!(matches!(error, client::Error::Connect(_)), "{error:?}");
}

/// What is behind a redirect answers for itself.
#[tokio::test]
async fn refusal_behind_a_redirect_is_a_refusal() {
    let site = Site::answering(|path| match path {
        "/" => redirect(302, "/there"),
        _ => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".into(),
    })
    .await;
    let error = following(1).connect(&site.uri("/")).await.unwrap_err();
    assert!(matches!(error, client::Error::Refused(_)), "{error:?}");
    let sentence = "the server refused with 403 Forbidden: no";
    assert_eq!(error.to_string(), sentence);
}

/// The body of what is followed is not waited for.
#[tokio::test]
async fn silent_body_of_a_redirect_is_not_waited_for() {
    let head = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 1000\r\n\r\n";
    let site = Site::answering(move |path| match path {
        "/" => head.into(),
        _ => ACCEPTANCE.into(),
    })
    .await;
    let began = Instant::now();
    following(1).connect(&site.uri("/")).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(900));
}

/// `upgrade_timeout` is for all requests together.
#[tokio::test]
async fn endless_redirects_end_at_the_deadline() {
    let site = Site::answering(|path| redirect(302, &format!("{path}a"))).await;
    let config = Config::new().upgrade_timeout(Duration::from_millis(200));
    let builder = following(usize::MAX).config(config);
    let began = Instant::now();
    let error = builder.connect(&site.uri("/")).await.unwrap_err();
    assert!(matches!(error, client::Error::TimedOut(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(site.asked().len() > 2);
}

fn moved<B>(_request: Request<B>) -> Ready<http::Result<Response<String>>> {
    let response = Response::builder().status(302).header("location", "/there");
    ready(response.body(String::new()))
}

/// Over a transport of one's own, and to a service, there is no other place to go to.
#[tokio::test]
async fn redirect_is_a_refusal_where_no_other_place_can_be_reached() {
    let uri = "ws://localhost/";
    let service = service_fn(moved::<String>);
    let error = following(1).connect_service(uri, service).await;
    assert!(matches!(error, Err(client::Error::Refused(_))));

    let (ours, theirs) = duplex(4096);
    let service = TowerToHyperService::new(service_fn(moved::<Incoming>));
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(theirs), service));
    let error = following(1).handshake(uri, ours).await;
    assert!(matches!(error, Err(client::Error::Refused(_))));
}
