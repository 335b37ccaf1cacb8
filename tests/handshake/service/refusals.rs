//! Refusals.

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, request::Parts};
use tower::{Layer, ServiceExt, service_fn};
use tower_websock::{
    Connections, OriginPolicy, ProvidedIo, Rejection, ResponseBody, WebSocketLayer,
    WebSocketService, WebSocketUpgrade,
};

use crate::support::{
    echo,
    raw::{TEXT, frame},
};

use super::{
    EXTENSIONS, PROTOCOL, VERSION, append, assert_rejected, connected, remove, set, unreachable,
    unused,
};

/// What is wrong with a request, and how it is refused.
type Fault = (fn(&mut Request<()>), Rejection, u16);

/// Faults that a service answers itself, whatever its inner one is.
const FAULTS: [Fault; 24] = [
    (|r| *r.method_mut() = Method::POST, Rejection::Method, 405),
    (|r| *r.method_mut() = Method::HEAD, Rejection::Method, 405),
    (
        |r| *r.method_mut() = Method::CONNECT,
        Rejection::Method,
        405,
    ),
    (|r| remove(r, "host"), Rejection::HostMissing, 400),
    (|r| set(r, "host", ""), Rejection::Host, 400),
    (
        |r| append(r, "host", "localhost"),
        Rejection::HostRepeated,
        400,
    ),
    (|r| remove(r, "upgrade"), Rejection::Upgrade, 426),
    (|r| set(r, "upgrade", "websocketx"), Rejection::Upgrade, 426),
    (|r| remove(r, "connection"), Rejection::Connection, 400),
    (
        |r| set(r, "connection", "not-upgraded"),
        Rejection::Connection,
        400,
    ),
    (|r| remove(r, VERSION), Rejection::Version, 426),
    (|r| set(r, VERSION, "8"), Rejection::Version, 426),
    (|r| set(r, VERSION, "13, 8"), Rejection::Version, 426),
    (|r| append(r, VERSION, "13"), Rejection::Version, 426),
    (|r| remove(r, "sec-websocket-key"), Rejection::Key, 400),
    (
        |r| set(r, "sec-websocket-key", "short"),
        Rejection::Key,
        400,
    ),
    (|r| set(r, "content-length", "5"), Rejection::Body, 400),
    (
        |r| set(r, "transfer-encoding", "chunked"),
        Rejection::Body,
        400,
    ),
    (|r| set(r, PROTOCOL, "a, a"), Rejection::Subprotocols, 400),
    (|r| set(r, PROTOCOL, ",,"), Rejection::Subprotocols, 400),
    (|r| set(r, EXTENSIONS, "a;"), Rejection::Extensions, 400),
    (
        |r| set(r, "origin", "https://evil.com"),
        Rejection::Origin,
        403,
    ),
    (|r| set(r, "origin", "null"), Rejection::Origin, 403),
    (
        |r| drop(r.extensions_mut().remove::<ProvidedIo>()),
        Rejection::NotUpgradable,
        500,
    ),
];

/// hyper answers many requests that a peer has pipelined in a row, if nothing makes it wait, and what
/// is refused is no end of them. A handshake that is accepted is answered at once.
#[tokio::test]
async fn others_have_their_turn_before_a_refusal() {
    let layer = WebSocketLayer::new(echo);
    // Who decides when the origin was right.
    let asks = |answer: Result<(), StatusCode>| {
        let layer = layer.clone();
        layer.authorize(move |_: &mut Parts| answer)
    };
    let (foreign, own) = ("https://evil.com", "http://localhost");
    for (layer, origin, status) in [
        (layer.clone(), foreign, 403),
        (layer.clone(), own, 101),
        (asks(Ok(())), foreign, 403),
        (asks(Err(StatusCode::UNAUTHORIZED)), own, 401),
        (
            asks(Ok(())).connections(&Connections::new().max(0)),
            own,
            503,
        ),
        (asks(Ok(())), own, 101),
    ] {
        let (_client, mut request) = connected();
        set(&mut request, "origin", origin);
        let service = layer.layer(service_fn(unreachable));
        let others = tokio::spawn(async {});
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(others.is_finished(), status != 101, "{status}");
    }
}

/// 4.2.1, 4.2.2: a refusal is a response, never an error; the connection is not touched.
#[tokio::test(start_paused = true)]
async fn broken_handshake_is_answered_with_its_rejection() {
    let layer = WebSocketLayer::new(unused);
    for (spoil, rejection, status) in FAULTS {
        let (mut client, mut request) = connected();
        client.send(frame(TEXT, "too early")).await;
        spoil(&mut request);
        let service = layer.layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;

        let (mut client, mut request) = connected();
        spoil(&mut request);
        let response = WebSocketService::new(unused)
            .oneshot(request)
            .await
            .unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;
    }
}

/// RFC 9110, section 15.5.22: what is no handshake at all is told to become one.
#[tokio::test]
async fn service_without_an_inner_one_refuses_what_is_no_handshake() {
    fn only_host(request: &mut Request<()>) {
        request.headers_mut().clear();
        set(request, "host", "localhost");
    }

    let rows: [Fault; 8] = [
        (|r| r.headers_mut().clear(), Rejection::HostMissing, 400),
        (|r| remove(r, "host"), Rejection::HostMissing, 400),
        (|r| only_host(r), Rejection::Upgrade, 426),
        (
            |r| {
                only_host(r);
                *r.method_mut() = Method::POST;
            },
            Rejection::Method,
            405,
        ),
        (
            |r| {
                only_host(r);
                set(r, "upgrade", "h2c");
                set(r, "connection", "upgrade");
            },
            Rejection::Upgrade,
            426,
        ),
        (
            |r| *r.version_mut() = Version::HTTP_10,
            Rejection::HttpVersion,
            426,
        ),
        (
            |r| *r.version_mut() = Version::HTTP_09,
            Rejection::HttpVersion,
            426,
        ),
        (
            |r| *r.uri_mut() = "/elsewhere".parse().unwrap(),
            Rejection::Path,
            404,
        ),
    ];
    for (spoil, rejection, status) in rows {
        let (mut client, mut request) = connected();
        spoil(&mut request);
        let service = WebSocketService::new(unused).path("/ws");
        let response = service.oneshot(request).await.unwrap();
        assert_rejected(response, rejection, status).await;
        client.expect_end().await;
    }
}

/// 4.2.2 item 5.5: to select what was not offered is the application's mistake.
#[tokio::test(start_paused = true)]
async fn subprotocol_that_was_not_offered_is_answered_with_500() {
    let rows: [(Option<&'static str>, &'static str); 3] =
        [(None, "chat"), (Some("a, b"), "c"), (Some("chat"), "Chat")];
    for (offered, selected) in rows {
        let (mut client, mut request) = connected();
        if let Some(offered) = offered {
            set(&mut request, PROTOCOL, offered);
        }
        let upgrade = WebSocketUpgrade::from_parts(&mut request.into_parts().0).unwrap();
        let selected = selected.parse().unwrap();
        let response: Response<ResponseBody> = upgrade
            .select_subprotocol(Some(selected))
            .on_upgrade(unused);
        assert_rejected(response, Rejection::SubprotocolNotOffered, 500).await;
        client.expect_end().await;
    }
}

/// 4.2.2 item 2: the policy is applied when the request is accepted.
#[tokio::test(start_paused = true)]
async fn origin_is_checked_on_accepting() {
    for (policy, accepted) in [
        (None, false),
        (Some(OriginPolicy::same_host()), false),
        (Some(OriginPolicy::list(["https://good.com"])), false),
        (Some(OriginPolicy::list(["https://evil.com"])), true),
        (Some(OriginPolicy::any()), true),
    ] {
        let (mut client, mut request) = connected();
        set(&mut request, "origin", "https://evil.com");
        let mut layer = WebSocketLayer::new(echo);
        let mut upgrade =
            WebSocketUpgrade::from_parts(&mut request.clone().into_parts().0).unwrap();
        if let Some(policy) = policy {
            layer = layer.origin(policy.clone());
            upgrade = upgrade.origin(policy);
        }
        let rejection = (!accepted).then_some(Rejection::Origin);
        assert_eq!(upgrade.accept::<()>().err(), rejection);
        let service = layer.layer(service_fn(unreachable));
        let response = service.oneshot(request).await.unwrap();
        if accepted {
            assert_eq!(response.status(), 101);
            client.close().await;
        } else {
            assert_rejected(response, Rejection::Origin, 403).await;
            client.expect_end().await;
        }
    }
}

/// A request that cannot be upgraded keeps its extensions for who answers it otherwise.
#[tokio::test]
async fn from_parts_takes_the_upgrade_of_a_valid_handshake_only() {
    let (_client, request) = connected();
    let mut parts = request.into_parts().0;
    parts.headers.remove("upgrade");
    let rejection = WebSocketUpgrade::from_parts(&mut parts).err();
    assert_eq!(rejection, Some(Rejection::Upgrade));
    assert!(parts.extensions.get::<ProvidedIo>().is_some());

    let value = const { HeaderValue::from_static("websocket") };
    parts.headers.insert("upgrade", value);
    assert!(WebSocketUpgrade::from_parts(&mut parts).is_ok());
    assert!(parts.extensions.get::<ProvidedIo>().is_none());
    let rejection = WebSocketUpgrade::from_parts(&mut parts).err();
    assert_eq!(rejection, Some(Rejection::NotUpgradable));
}
