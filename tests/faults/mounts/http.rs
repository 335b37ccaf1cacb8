//! Two ends that meet on hyper, or on axum.

use std::{convert::Infallible, time::Duration};

use axum::{Router, routing::any};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Empty;
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{spawn, time::timeout};
use tower::Service;
use tower_websock::{
    Role, WebSocket,
    axum::WebSocketUpgrade,
    client::{Builder, extended_connect},
};

use super::stage::{Stage, URI};
use crate::{
    player::play,
    support::http2::{Io, serve_over},
    tasks::counted,
};

/// Only what hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

type Requests = http2::SendRequest<Empty<Bytes>>;

impl Stage {
    /// A router of axum's in place of a service.
    pub(super) fn router(&self) -> Router {
        let (acts, around) = self.end(Role::Server);
        let (around, config) = (around.clone(), self.config());
        let connections = self.connections.clone();
        let upgrade = move |upgrade: WebSocketUpgrade| {
            let (around, config) = (around.clone(), config.clone());
            let (side, most) = (around.side.clone(), around.most_polls);
            let (of_error, of_end) = (side.clone(), side.clone());
            let response = upgrade
                .config(config)
                .connections(&connections)
                .executor(move |task| spawn(counted(side.clone(), most, task)))
                .on_error(move |error: &&'static str| of_error.log().tell_error(error))
                .on_end(move |end| of_end.log().tell_end(end))
                .on_upgrade(move |socket| play(socket.into_inner(), acts, around));
            std::future::ready(response)
        };
        Router::new().route("/ws", any(upgrade))
    }

    pub(super) async fn meet_on_http1<S, B>(&self, service: S, server: impl Io, client: impl Io)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
    {
        self.serve(service, server);
        if let Ok(socket) = self.builder().handshake(URI, client).await {
            self.start(Role::Client, socket);
        }
    }

    pub(super) async fn meet_on_http2(&self, server: impl Io, client: impl Io) {
        self.serve(self.service(), server);
        let builder = self.builder();
        let opened = timeout(PATIENCE, open(&builder, client)).await;
        if let Ok(Some((socket, requests))) = opened {
            let (acts, around) = self.end(Role::Client);
            let playing = play(socket, acts, around.clone());
            spawn(async move {
                let _ = playing.await;
                // The connection ends with its last socket, not before.
                drop(requests);
            });
        }
    }

    fn serve<S, B>(&self, service: S, io: impl Io)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
    {
        let (_, around) = self.end(Role::Server);
        let (side, most) = (around.side.clone(), around.most_polls);
        spawn(counted(side, most, serve_over(io, service)));
    }
}

async fn open(builder: &Builder, io: impl Io) -> Option<(WebSocket, Requests)> {
    let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await;
    let (mut requests, mut connection): (Requests, _) = shaken.ok()?;
    extended_connect(&mut connection).await.ok()?;
    spawn(connection);
    let (request, pending) = builder.http2_request(URI).expect("a URI");
    let response = requests.send_request(request).await.ok()?;
    let socket = pending.complete(response).await.ok()?;
    Some((socket, requests))
}
