//! What the handshake runs over.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// A connected transport.
pub(in crate::client) enum Transport {
    /// Plain TCP, as it is: nothing stands between the stream layer and the socket.
    Tcp(TcpStream),
    /// Any other.
    Boxed(Box<dyn Io>),
}

impl Transport {
    pub(super) fn boxed(io: impl Io + 'static) -> Self {
        Self::Boxed(Box::new(io))
    }
}

pub(in crate::client) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}
