//! Subscriptions of async-graphql, which takes any stream and sink of axum's messages.

use async_graphql::{EmptyMutation, Object, Schema, Subscription, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::{Router, extract::State, response::Response, routing::any};
use futures_util::{Stream, stream};
use tower_websock::axum::WebSocketUpgrade;

struct Query;

#[Object]
impl Query {
    async fn greeting(&self) -> &str {
        "hello"
    }
}

struct Counting;

#[Subscription]
impl Counting {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(1..=to)
    }
}

type Counted = Schema<Query, EmptyMutation, Counting>;

async fn subscriptions(
    State(schema): State<Counted>,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .protocols(ALL_WEBSOCKET_PROTOCOLS)
        .on_upgrade(move |socket| GraphQLWebSocket::new(socket.compat(), schema, protocol).serve())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let app = Router::new()
        .route("/graphql", any(subscriptions))
        .with_state(Schema::new(Query, EmptyMutation, Counting));
    adoption_servers::serve(app).await;
}
