//! What a node answers over HTTP.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, RawQuery, State},
    http::{StatusCode, header::RETRY_AFTER},
    response::{Html, IntoResponse, Response},
    routing::{any, get},
};
use serde::Deserialize;
use tower_websock::{Config, Connections, axum::WebSocketUpgrade};

use crate::{
    chat::{Visit, chat},
    node::{NoRoom, Node, Seat},
};

/// Of a room, a client's number and a person, in bytes.
const NAME: usize = 64;

#[derive(Clone)]
struct App {
    node: Arc<Node>,
    connections: Connections,
    config: Config,
}

/// What the address of a socket says.
#[derive(Deserialize)]
struct Guest {
    name: String,
    /// Random, since nobody else may publish under it.
    client: String,
    after: Option<String>,
}

pub(crate) fn app(node: Arc<Node>, connections: Connections, config: Config) -> Router {
    Router::new()
        .route("/", get(Html(include_str!("page.html"))))
        .route("/rooms/{room}", any(enter))
        .route("/livez", get("alive\n"))
        .route("/readyz", get(readyz))
        .with_state(App {
            node,
            connections,
            config,
        })
}

async fn enter(
    upgrade: WebSocketUpgrade,
    Path(room): Path<String>,
    Query(guest): Query<Guest>,
    State(app): State<App>,
) -> Response {
    let Guest {
        name,
        client,
        after,
    } = guest;
    let bad = |what: &str| (StatusCode::BAD_REQUEST, format!("{what}\n")).into_response();
    let is_key = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=NAME).contains(&text.len()) && text.bytes().all(allowed)
    };
    if !is_key(&room) || !is_key(&client) {
        return bad("room and client have 1 to 64 letters, digits, - and _");
    }
    if name.trim().is_empty() || name.len() > NAME || name.contains(char::is_control) {
        return bad("a name has 1 to 64 bytes");
    }
    let Ok(after) = after.map(|id| id.parse()).transpose() else {
        return bad("after is the id of a message");
    };
    let room = match app.node.room(&room).await {
        Ok(room) => room,
        Err(NoRoom::Away(_)) => return unavailable("Redis is away\n"),
        Err(NoRoom::TooMany) => return unavailable("too many rooms\n"),
    };
    let visit = Visit {
        seat: Seat::take(app.node, room, name),
        author: client,
        after,
    };
    upgrade
        .config(app.config)
        .connections(&app.connections)
        .on_upgrade(|socket| chat(socket.into_inner(), visit))
}

fn unavailable(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], why).into_response()
}

/// Whether new sockets may come. That Redis is away does not matter: it is away for all nodes,
/// and a balancer that has no node left is worse.
async fn readyz(RawQuery(query): RawQuery, State(app): State<App>) -> (StatusCode, &'static str) {
    if app.connections.is_ready() {
        return (StatusCode::OK, "ready\n");
    }
    // For `disable-on-404` of HAProxy, which then sends nobody new but leaves those who are there.
    let status = match query.as_deref() {
        Some("draining=404") => StatusCode::NOT_FOUND,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, "draining\n")
}
