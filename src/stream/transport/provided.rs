//! A transport that does not come from hyper.

use std::{
    fmt, mem,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::upgraded::{Io, Upgraded};
use crate::sync::{Mutex, MutexGuard};

/// A transport of your own, in place of hyper's. Put it into the extensions of a request on a
/// server, or of a response on a client.
///
/// Use it to test a handler without a network socket, or to serve WebSockets on an HTTP server
/// other than hyper. You then decide when the acceptance counts as sent. With [`new`](Self::new),
/// it counts as sent at once, and the handler may write at once. With [`held`](Self::held), the
/// handler waits until you say that the response was sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use http::Request;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tower::ServiceExt;
/// use tower_websock::{ProvidedIo, WebSocketService};
///
/// let service = WebSocketService::new(async |mut socket: tower_websock::WebSocket| {
///     socket.send("hi".into()).await
/// });
/// let (mut client, server) = tokio::io::duplex(1024);
/// let request = Request::get("/ws")
///     .header("host", "localhost")
///     .header("connection", "upgrade")
///     .header("upgrade", "websocket")
///     .header("sec-websocket-version", "13")
///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .extension(ProvidedIo::new(server))
///     .body(())
///     .unwrap();
/// let response = service.oneshot(request).await.unwrap();
/// assert_eq!(response.status(), 101);
///
/// let mut frame = [0; 4];
/// client.read_exact(&mut frame).await.unwrap();
/// assert_eq!(frame, [0x81, 2, b'h', b'i']);
/// # }
/// ```
#[derive(Clone)]
pub struct ProvidedIo(Arc<Slot>);

struct Slot(Mutex<Content>);

enum Content {
    Free(Box<dyn Io>),
    Held {
        io: Box<dyn Io>,
        waiting: Vec<Waker>,
    },
    NotReleased,
    Taken,
}

/// Why there is no transport.
pub(crate) enum Unavailable {
    Taken,
    NotReleased,
}

impl ProvidedIo {
    /// Provides `io` for one request. An acceptance counts as sent at once: the handler starts
    /// even if another response is sent instead.
    pub fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::with(Content::Free(Box::new(io)))
    }

    /// Provides `io` for one request. No handler starts until you call
    /// [`release`](Release::release) to say that the acceptance was sent. If the [`Release`] is
    /// dropped instead, no handler starts, and the upgrade fails with
    /// [`UpgradeError::NotSent`](crate::UpgradeError::NotSent).
    pub fn held(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> (Self, Release) {
        let provided = Self::with(Content::Held {
            io: Box::new(io),
            waiting: Vec::new(),
        });
        let release = Release(provided.0.clone());
        (provided, release)
    }

    fn with(content: Content) -> Self {
        Self(Arc::new(Slot(Mutex::new(content))))
    }

    /// Takes the transport, once it is released.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Result<Upgraded, Unavailable>> {
        let mut content = self.0.lock();
        Poll::Ready(match &mut *content {
            Content::Held { waiting, .. } => {
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                return Poll::Pending;
            }
            Content::NotReleased => Err(Unavailable::NotReleased),
            content => content.take().ok_or(Unavailable::Taken),
        })
    }

    /// Takes the transport of a response; `None` if it was taken before, or is held.
    #[cfg(feature = "client")]
    pub(crate) fn take(&self) -> Option<Upgraded> {
        self.0.lock().take()
    }
}

impl Content {
    fn take(&mut self) -> Option<Upgraded> {
        match mem::replace(self, Content::Taken) {
            Content::Free(io) => Some(Upgraded::provided(io)),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// Says that the response to a request with a [`ProvidedIo`] was sent.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use http::{Request, StatusCode};
/// use tower::ServiceExt;
/// use tower_websock::{ProvidedIo, WebSocketService};
///
/// let service = WebSocketService::new(async |_socket: tower_websock::WebSocket| {});
/// let (_client, server) = tokio::io::duplex(1024);
/// let (io, release) = ProvidedIo::held(server);
/// let request = Request::get("/ws")
///     .header("host", "localhost")
///     .header("connection", "upgrade")
///     .header("upgrade", "websocket")
///     .header("sec-websocket-version", "13")
///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .extension(io)
///     .body(())
///     .unwrap();
/// let response = service.oneshot(request).await.unwrap();
/// // Write the response to the client, then:
/// if response.status() == StatusCode::SWITCHING_PROTOCOLS {
///     release.release();
/// }
/// # }
/// ```
#[must_use = "no handler starts unless the IO is released"]
pub struct Release(Arc<Slot>);

impl Release {
    /// Lets the handler start.
    pub fn release(self) {
        self.0.settle(Content::Free);
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        // Without effect after a release.
        self.0.settle(|_| Content::NotReleased);
    }
}

impl Slot {
    fn settle(&self, then: impl FnOnce(Box<dyn Io>) -> Content) {
        let mut content = self.lock();
        if !matches!(*content, Content::Held { .. }) {
            return;
        }
        // Its place until it is known.
        let held = mem::replace(&mut *content, Content::NotReleased);
        if let Content::Held { io, waiting } = held {
            *content = then(io);
            drop(content);
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProvidedIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedIo").finish_non_exhaustive()
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release").finish_non_exhaustive()
    }
}
