//! Subscriptions of juniper_axum, in which the `use` line was changed.

use std::sync::Arc;

use axum::{Extension, Router, routing::get};
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use juniper::{EmptyMutation, FieldError, RootNode, graphql_object, graphql_subscription};
use juniper_graphql_ws::ConnectionConfig;

struct Query;

#[graphql_object]
impl Query {
    fn greeting() -> &'static str {
        "hello"
    }
}

struct Counting;

type Numbers = BoxStream<'static, Result<i32, FieldError>>;

#[graphql_subscription]
impl Counting {
    async fn count(to: i32) -> Numbers {
        stream::iter(1..=to).map(Ok).boxed()
    }
}

type Schema = RootNode<Query, EmptyMutation, Counting>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let schema = Schema::new(Query, EmptyMutation::new(), Counting);
    let subscriptions = juniper_axum::ws::<Arc<Schema>>(ConnectionConfig::new(()));
    let app = Router::new()
        .route("/graphql", get(subscriptions))
        .layer(Extension(Arc::new(schema)));
    adoption_servers::serve(app).await;
}
