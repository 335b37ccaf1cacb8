//! A node that is alone, and clients of it, in memory.

use std::{sync::Arc, time::Duration};

use axum::Router;
use serde_json::{Value, json};
use tokio::time::timeout;
use tower_websock::{
    Config, Connections, Message, WebSocket,
    client::{self, Builder},
};

use crate::{node::Node, web};

/// A room keeps this many.
const KEPT: u64 = 1000;

fn app() -> Router {
    let node = Arc::new(Node::new("a".into(), None));
    web::app(node, Connections::new(), Config::new())
}

async fn connect(app: &Router, query: &str) -> Result<WebSocket, client::Error> {
    let uri = format!("ws://chat/rooms/lobby?{query}");
    Builder::new().connect_service(&uri, app.clone()).await
}

async fn enter(app: &Router, query: &str) -> WebSocket {
    connect(app, &format!("name=Ann&{query}")).await.unwrap()
}

async fn send(socket: &mut WebSocket, n: u64) {
    let post = json!({"n": n, "text": n.to_string()});
    socket.send(post.to_string().into()).await.unwrap();
}

/// The next that is of one of these types.
async fn next(socket: &mut WebSocket, types: &[&str]) -> Value {
    loop {
        let message = timeout(Duration::from_secs(10), socket.recv())
            .await
            .unwrap();
        let Message::Text(text) = message.unwrap().unwrap() else {
            panic!("not text");
        };
        let news: Value = serde_json::from_str(&text).unwrap();
        if types.contains(&news["type"].as_str().unwrap()) {
            return news;
        }
    }
}

async fn next_message(socket: &mut WebSocket) -> (String, u64) {
    let news = next(socket, &["message", "gap"]).await;
    let text = news["text"].as_str().expect("no gap").parse().unwrap();
    (news["id"].as_str().unwrap().into(), text)
}

/// Publishes messages from one number to another; returns their ids.
async fn publish(app: &Router, numbers: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut ids = Vec::new();
    let mut author = enter(app, "client=author").await;
    for n in numbers {
        send(&mut author, n).await;
        let ack = next(&mut author, &["ack", "refused"]).await;
        ids.push(ack["id"].as_str().unwrap().into());
    }
    ids
}

/// Clients come from all over the history while it grows, and each gets what follows its id.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn history_and_live_meet_without_gap_and_double() {
    const MESSAGES: u64 = 900;
    let app = app();
    let begun = publish(&app, 1..=100).await;
    let publishing = tokio::spawn({
        let app = app.clone();
        async move { publish(&app, 101..=MESSAGES).await }
    });
    let clients: Vec<_> = (0..100_u64)
        .map(|number| {
            let (app, id) = (app.clone(), begun[usize::try_from(number).unwrap()].clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(number)).await;
                // And now and then it leaves, and comes back.
                let (mut after, mut expected) = (id, number + 2);
                while expected <= MESSAGES {
                    let mut client = enter(&app, &format!("client=c{number}&after={after}")).await;
                    for _ in 0..50 + 7 * number {
                        if expected > MESSAGES {
                            break;
                        }
                        let (id, text) = next_message(&mut client).await;
                        assert_eq!(text, expected, "client {number}");
                        (after, expected) = (id, expected + 1);
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    publishing.await.unwrap();
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_published_once() {
    let app = app();
    let mut reader = enter(&app, "client=reader").await;
    let mut author = enter(&app, "client=author").await;
    for n in [1, 1, 2] {
        send(&mut author, n).await;
    }
    let first = next(&mut author, &["ack"]).await;
    assert!(first["id"].is_string());
    assert_eq!(
        next(&mut author, &["ack"]).await,
        json!({"type": "ack", "n": 1, "id": null})
    );
    // Through another connection, too.
    let mut author = enter(&app, "client=author").await;
    for n in [2, 3] {
        send(&mut author, n).await;
        next(&mut author, &["ack"]).await;
    }
    for n in 1..=3 {
        assert_eq!(next_message(&mut reader).await.1, n);
    }
}

#[tokio::test]
async fn a_message_whose_predecessor_is_missing_is_refused() {
    let app = app();
    let mut author = enter(&app, "client=author").await;
    send(&mut author, 2).await;
    let refused = next(&mut author, &["ack", "refused"]).await;
    assert_eq!((&refused["n"], &refused["last"]), (&json!(2), &json!(0)));
    send(&mut author, 1).await;
    send(&mut author, 2).await;
    for n in 1..=2 {
        assert_eq!(next_message(&mut author).await.1, n);
    }
}

#[tokio::test]
async fn who_has_nothing_is_shown_the_newest() {
    let app = app();
    publish(&app, 1..=60).await;
    let mut guest = enter(&app, "client=guest").await;
    for n in 11..=60 {
        assert_eq!(next_message(&mut guest).await.1, n);
    }
}

#[tokio::test]
async fn who_comes_too_late_is_told_of_the_gap() {
    let app = app();
    let ids = publish(&app, 1..=KEPT + 10).await;
    let mut late = enter(&app, &format!("client=late&after={}", ids[9])).await;
    assert_eq!(next_message(&mut late).await.1, 11);
    // It lacks the tenth.
    let mut later = enter(&app, &format!("client=later&after={}", ids[8])).await;
    assert_eq!(next(&mut later, &["message", "gap"]).await["type"], "gap");
    assert_eq!(next_message(&mut later).await.1, 11);
}

/// Its id is from a log that was lost.
#[tokio::test]
async fn who_is_ahead_of_the_log_is_told_of_the_gap() {
    let app = app();
    publish(&app, 1..=3).await;
    let mut ahead = enter(&app, "client=ahead&after=99999999999999-0").await;
    assert_eq!(next(&mut ahead, &["message", "gap"]).await["type"], "gap");
    assert_eq!(next_message(&mut ahead).await.1, 1);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let app = app();
    for query in [
        "client=c",
        "name=Ann",
        "name=&client=c",
        "name=A%0AB&client=c",
        "name=Ann&client=a%20b",
        "name=Ann&client=c&after=$",
    ] {
        let refused = connect(&app, query).await.expect_err(query);
        assert_eq!(
            refused.status().map(|status| status.as_u16()),
            Some(400),
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_no_message_closes_the_socket() {
    let app = app();
    for text in [
        "",
        "{}",
        r#"{"n": 0, "text": ""}"#,
        r#"{"n": -1, "text": ""}"#,
    ] {
        let mut client = enter(&app, "client=c").await;
        client.send(text.into()).await.unwrap();
        while client.recv().await.is_some_and(|message| message.is_ok()) {}
        assert_eq!(client.closure().unwrap().code(), 1008, "{text}");
    }
}

#[tokio::test]
async fn who_is_there_is_told() {
    let node = Arc::new(Node::new("a".into(), None));
    tokio::spawn(crate::presence::tell(node.clone()));
    let app = web::app(node, Connections::new(), Config::new());
    let mut ann = enter(&app, "client=ann").await;
    while next(&mut ann, &["here"]).await["names"] != json!(["Ann"]) {}
    let bob = connect(&app, "name=Bob&client=bob").await.unwrap();
    while next(&mut ann, &["here"]).await["names"] != json!(["Ann", "Bob"]) {}
    drop(bob);
    while next(&mut ann, &["here"]).await["names"] != json!(["Ann"]) {}
}
