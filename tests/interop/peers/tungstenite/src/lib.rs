//! What the client and the server of tungstenite have in common.

use futures_util::{Sink, SinkExt};
use tokio_tungstenite::tungstenite::{
    self, Bytes, Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// What is pinged with between fragments.
pub const PING: &str = "between fragments";

/// Sends a message, whole or in fragments, with a ping before the third.
///
/// # Errors
///
/// Those of tungstenite.
pub async fn send<S>(socket: &mut S, message: Message, count: usize) -> tungstenite::Result<()>
where
    S: Sink<Message, Error = tungstenite::Error> + Unpin,
{
    if count == 1 {
        return socket.send(message).await;
    }
    let mut kind = if message.is_text() {
        Data::Text
    } else {
        Data::Binary
    };
    let payload = message.into_data();
    for index in 0..count {
        if index == 2 {
            socket
                .feed(Message::Ping(Bytes::from_static(PING.as_bytes())))
                .await?;
        }
        // Also within a character.
        let fragment =
            payload.slice(payload.len() * index / count..payload.len() * (index + 1) / count);
        let frame = Frame::message(fragment, OpCode::Data(kind), index == count - 1);
        socket.feed(Message::Frame(frame)).await?;
        kind = Data::Continue;
    }
    socket.flush().await
}
