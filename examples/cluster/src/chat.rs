//! What a node does with a socket.

use tower_websock::{CloseFrame, Error, Message, WebSocket, close_code};

use crate::{
    history::{NotJoined, join},
    id::Id,
    log::{Away, Draft, Published},
    node::Seat,
    wire::{News, Post},
};

/// A client: its place, under what name its numbers are kept, and what it has.
pub(crate) struct Visit {
    pub(crate) seat: Seat,
    pub(crate) author: String,
    /// It has all up to this. If it has nothing, it is shown the newest.
    pub(crate) after: Option<Id>,
}

pub(crate) async fn chat(mut socket: WebSocket, visit: Visit) -> Result<(), Error> {
    let Seat { node, room, .. } = &visit.seat;
    let hello = News::Hello {
        node: &node.name,
        room: &room.name,
        log: if node.log.is_some() {
            "redis"
        } else {
            "memory"
        },
    };
    socket.send(hello.to_message()).await?;
    let names = &room.everywhere();
    socket.send(News::Here { names }.to_message()).await?;
    let _subscription = match join(&mut socket, node, room, visit.after).await {
        Ok(subscription) => subscription,
        Err(NotJoined::Away) => {
            return close(socket, close_code::AGAIN, "Redis is away").await;
        }
        Err(NotJoined::Gone(error)) => return Err(error),
    };
    // What is published is forwarded meanwhile.
    while let Some(message) = socket.recv().await {
        let post = match &message? {
            Message::Text(text) => serde_json::from_str::<Post>(text).ok(),
            Message::Binary(_) => None,
            _ => continue,
        };
        let Some(post) = post.filter(|post| post.n > 0) else {
            let expected = r#"expected {"n":1,"text":".."}"#;
            return close(socket, close_code::POLICY, expected).await;
        };
        let answer = publish(&visit, &post).await;
        socket.send(answer).await?;
    }
    Ok(())
}

async fn publish(visit: &Visit, post: &Post) -> Message {
    let Seat { node, room, .. } = &visit.seat;
    let n = post.n;
    let refused = |reason, last| News::Refused { n, reason, last };
    let draft = Draft {
        author: &visit.author,
        n,
        from: visit.seat.name(),
        text: &post.text,
    };
    let answer = match node.publish(room, draft).await {
        Ok(Published::Here(id)) => News::Ack { n, id },
        Ok(Published::NotInTurn { last }) => refused("one before it is missing", Some(last)),
        Err(Away) => refused("Redis is away", None),
    };
    answer.to_message()
}

async fn close(mut socket: WebSocket, code: u16, reason: &str) -> Result<(), Error> {
    let _ = socket.close(CloseFrame::new(code, reason)).await;
    Ok(())
}
