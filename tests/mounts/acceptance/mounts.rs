//! The ways to accept, all at any path.

use std::convert::Infallible;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_websock::{
    Accepting, Rejection, ResponseBody, WebSocket, WebSocketLayer, WebSocketService,
    WebSocketUpgrade, axum as ours,
};

use super::{App, Started};

pub(crate) type Make = fn(Started) -> App;

pub(crate) const MOUNTS: &[(&str, Make)] = &[
    ("layer", layer),
    ("service", service),
    ("axum: route_service", route_service),
    ("axum: extractor, on_upgrade", extractor),
    ("axum: extractor, accept", extractor_accept),
    ("on_upgrade by hand", on_upgrade),
    ("accept, supervise", supervise),
    ("accept, socket", socket),
];

fn layer(started: Started) -> App {
    let inner = service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("inner"))))
    });
    let service = WebSocketLayer::new(move |socket: WebSocket| started.clone().handle(socket))
        .layer(inner)
        .map_response(|response| response.map(Body::new));
    BoxCloneSyncService::new(service)
}

fn service(started: Started) -> App {
    let handler = move |socket: WebSocket| started.clone().handle(socket);
    let service = WebSocketService::new(handler);
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let answered = service.clone().oneshot(request);
        async { Ok(answered.await?.map(Body::new)) }
    }))
}

fn route_service(started: Started) -> App {
    let handler = move |socket: WebSocket| started.clone().handle(socket);
    BoxCloneSyncService::new(Router::new().route_service("/ws", WebSocketService::new(handler)))
}

fn extractor(started: Started) -> App {
    let upgrade = async move |upgrade: ours::WebSocketUpgrade| {
        upgrade.on_upgrade(move |socket| started.handle(socket.into_inner()))
    };
    BoxCloneSyncService::new(Router::new().route("/ws", axum::routing::any(upgrade)))
}

fn extractor_accept(started: Started) -> App {
    let upgrade = async move |upgrade: ours::WebSocketUpgrade| {
        let (response, accepting) = upgrade.accept()?;
        tokio::spawn(accepting.supervise(move |socket| started.handle(socket.into_inner())));
        Ok::<_, Rejection>(response)
    };
    BoxCloneSyncService::new(Router::new().route("/ws", axum::routing::any(upgrade)))
}

fn by_hand(
    answer: impl Fn(WebSocketUpgrade) -> Response<ResponseBody<Full<Bytes>>>
    + Clone
    + Send
    + Sync
    + 'static,
) -> App {
    let service = service_fn(move |request: Request<Body>| {
        let (mut parts, _body) = request.into_parts();
        let response = match WebSocketUpgrade::from_parts(&mut parts) {
            Ok(upgrade) => answer(upgrade),
            Err(rejection) => rejection.into_response(),
        };
        std::future::ready(Ok(response.map(Body::new)))
    });
    BoxCloneSyncService::new(service)
}

fn on_upgrade(started: Started) -> App {
    by_hand(move |upgrade| {
        let started = started.clone();
        upgrade.on_upgrade(move |socket| started.handle(socket))
    })
}

fn spawning(spawn: fn(Accepting, Started), started: Started) -> App {
    by_hand(move |upgrade| match upgrade.accept() {
        Ok((response, accepting)) => {
            spawn(accepting, started.clone());
            response
        }
        Err(rejection) => rejection.into_response(),
    })
}

fn supervise(started: Started) -> App {
    let spawn = |accepting: Accepting, started: Started| {
        tokio::spawn(accepting.supervise(move |socket| started.handle(socket)));
    };
    spawning(spawn, started)
}

fn socket(started: Started) -> App {
    let spawn = |accepting: Accepting, started: Started| {
        tokio::spawn(async move {
            if let Ok(socket) = accepting.socket().await {
                started.handle(socket).await;
            }
        });
    };
    spawning(spawn, started)
}
