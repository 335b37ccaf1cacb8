//! Sockets that play the client.

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};

use super::{WebSocket, websocket::Setup};
use crate::{config::Config, protocol::MaskKeys};

/// What a pair of sockets buffers in each direction, in bytes.
const PAIR_BUFFER: usize = 64 * 1024;

impl<T: AsyncRead + AsyncWrite + Unpin> WebSocket<T> {
    /// The client's end of a connection. Use it if the opening handshake was done elsewhere, and
    /// no extension was negotiated.
    ///
    /// Without a tokio runtime whose timer is enabled, no deadline passes: neither those of closing
    /// nor [`Config::keep_alive`]. If there is a runtime without it, tokio's panic is caught, which
    /// prints its message once per thread. With `panic = "abort"`, it ends the process.
    pub fn client(io: T, config: &Config) -> Self {
        Self::of_client(io, Setup::of(config))
    }

    pub(crate) fn of_client(io: T, setup: Setup) -> Self {
        Self::unsupervised(io, setup, Some(Box::new(RandomKeys)))
    }
}

impl WebSocket<DuplexStream> {
    /// A client and a server that are connected to each other in memory, for tests.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_websock::Error> {
    /// use tower_websock::{Config, Message, WebSocket};
    ///
    /// let (mut client, mut server) = WebSocket::pair(&Config::new());
    /// client.send("hello".into()).await?;
    /// assert_eq!(server.recv().await.unwrap()?, Message::text("hello"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn pair(config: &Config) -> (Self, Self) {
        let (client, server) = duplex(PAIR_BUFFER);
        (Self::client(client, config), Self::server(server, config))
    }
}

/// RFC 6455, sections 5.3 and 10.3: a fresh key for each frame, from a generator of the
/// thread that is fit for cryptography and seeded by the operating system.
struct RandomKeys;

impl MaskKeys for RandomKeys {
    fn next_key(&mut self) -> [u8; 4] {
        rand::random()
    }
}
