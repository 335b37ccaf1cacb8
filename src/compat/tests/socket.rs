//! A socket that speaks another crate's messages, as a library would take it.

use futures_util::{Sink, SinkExt, Stream, StreamExt, stream::FusedStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{
    compat::CompatMessage,
    config::Config,
    message::{CloseFrame, Message},
    stream::WebSocket,
};

/// A masked `hello` and a masked ping.
pub(super) const INPUT: &[u8] = b"\x81\x85\0\0\0\0hello\x89\x80\0\0\0\0";

pub(super) fn pair() -> (WebSocket<DuplexStream>, DuplexStream) {
    let (server, client) = tokio::io::duplex(1 << 16);
    (WebSocket::server(server, &Config::new()), client)
}

/// What a library asks for.
async fn echo_two<S, M, E>(mut socket: S) -> S
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    E: std::fmt::Debug,
{
    for _ in 0..2 {
        let message = socket.next().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
    }
    socket
}

/// 5.5.1: a reason is longer in another crate's frame than a Close can hold.
fn long_close() -> Message {
    Message::Close(Some(CloseFrame {
        code: 4400,
        reason: "ß".repeat(100).into(),
    }))
}

pub(super) async fn speaks<M>()
where
    M: CompatMessage + std::fmt::Debug + Send,
    M::Error: std::fmt::Debug + std::error::Error,
{
    let (socket, mut client) = pair();
    client.write_all(INPUT).await.unwrap();
    let mut socket = echo_two::<_, M, _>(socket.compat()).await;
    // The pong, which is sent for the user, and then what the user sends.
    let mut output = [0; 11];
    client.read_exact(&mut output).await.unwrap();
    assert_eq!(&output, b"\x81\x05hello\x8a\0\x89\0");

    assert!(!socket.is_terminated());
    socket.send(long_close().into()).await.unwrap();
    let mut close = [0; 126];
    client.read_exact(&mut close).await.unwrap();
    assert_eq!(close[..4], [0x88, 124, 0x11, 0x30]);
    assert_eq!(&close[4..], "ß".repeat(61).as_bytes());
    // Whatever else is sent fails with the other crate's error.
    let error = socket.send(Message::text("late").into()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        M::Error::from(crate::Error::Closed).to_string()
    );

    drop(client);
    let error = socket.next().await.unwrap().unwrap_err();
    let lost = crate::Error::Lost(crate::Loss::Ended);
    assert_eq!(error.to_string(), M::Error::from(lost).to_string());
    assert!(socket.next().await.is_none());
    assert!(socket.is_terminated());
    assert!(socket.into_inner().closure().is_some());
}
