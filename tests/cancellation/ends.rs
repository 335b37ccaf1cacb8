//! The kinds of ends whose futures are dropped.

use futures_util::{SinkExt, StreamExt};
use tower_websock::{Compat, Message, RecvHalf, SendHalf, Sender, WebSocket, axum};

/// What is made of a socket.
pub(crate) trait End: 'static {
    fn of(socket: WebSocket) -> Self;

    /// The next message, without a drop; `None` at the end.
    async fn receive(&mut self) -> Option<Message>;

    /// Closes, unless that is done, and waits for the end.
    async fn finish(self);
}

pub(crate) type Halves = (SendHalf, RecvHalf);

/// A sender, and the socket, which nobody else uses.
pub(crate) type Beside = (Sender, WebSocket);

pub(crate) type Axum = axum::WebSocket;

/// In the messages of tungstenite.
pub(crate) type Other = Compat<WebSocket, tungstenite::Message>;

impl End for WebSocket {
    fn of(socket: WebSocket) -> Self {
        socket
    }

    async fn receive(&mut self) -> Option<Message> {
        self.recv().await.map(Result::unwrap)
    }

    async fn finish(mut self) {
        let closure = self.close(None).await.unwrap();
        assert!(closure.is_clean(), "{closure:?}");
    }
}

impl End for Halves {
    fn of(socket: WebSocket) -> Self {
        socket.split()
    }

    async fn receive(&mut self) -> Option<Message> {
        self.1.recv().await.map(Result::unwrap)
    }

    async fn finish(self) {
        let (mut send, mut recv) = self;
        send.start_close(None).unwrap();
        while recv.recv().await.is_some() {}
        let closure = send.closure().unwrap();
        assert!(closure.is_clean(), "{closure:?}");
    }
}

impl End for Beside {
    fn of(socket: WebSocket) -> Self {
        (socket.sender(), socket)
    }

    async fn receive(&mut self) -> Option<Message> {
        self.1.receive().await
    }

    async fn finish(self) {
        self.1.finish().await;
    }
}

impl End for Axum {
    fn of(socket: WebSocket) -> Self {
        socket.into()
    }

    async fn receive(&mut self) -> Option<Message> {
        self.recv().await.map(Result::unwrap)
    }

    async fn finish(self) {
        self.into_inner().finish().await;
    }
}

impl End for Other {
    fn of(socket: WebSocket) -> Self {
        socket.compat()
    }

    async fn receive(&mut self) -> Option<Message> {
        self.next().await.map(|item| item.unwrap().into())
    }

    async fn finish(mut self) {
        self.close().await.unwrap();
        self.into_inner().finish().await;
    }
}
