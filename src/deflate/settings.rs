//! Settings of permessage-deflate (RFC 7692).

/// 7.1.2: bounds of a window, as the base-2 logarithm of its bytes.
pub(super) const MIN_WINDOW_BITS: u8 = 8;
pub(super) const MAX_WINDOW_BITS: u8 = 15;

/// The fastest. Higher ones cost four times as much and more.
const LEVEL: u8 = 1;
/// Of the level that compresses 1 KiB messages fastest, and no worse than others.
const MEMORY_LEVEL: u8 = 5;
/// 4 KiB, for a small memory of each connection.
const WINDOW_BITS: u8 = 12;
/// A block has some bytes of overhead, so few bytes hardly shrink.
const MIN_SIZE: usize = 32;

/// Settings of permessage-deflate (RFC 7692): how messages are compressed, and what is negotiated
/// with the peer.
///
/// Four settings are named after an endpoint, and bound that endpoint's compressor. An endpoint
/// always applies the bounds of its own compressor. It can bound its peer's compressor only as far
/// as the negotiation allows:
///
/// | | on a server | on a client |
/// |---|---|---|
/// | `server_max_window_bits` | always applies; announced to clients that ask for a bound | requested if set; the server may decline |
/// | `server_no_context_takeover` | always applies; announced to clients that ask for it | requested if set; the server may decline |
/// | `client_max_window_bits` | applies to clients that offer `client_max_window_bits` | always applies; announced to the server if set |
/// | `client_no_context_takeover` | applies to clients that offer it, or `client_max_window_bits` | always applies; announced to the server if set |
///
/// A sender may use a smaller window, or forget earlier messages, without saying so (RFC 7692,
/// sections 7.1.1 and 7.1.2). So a server announces only what the client asked for. Some clients
/// refuse an answer that says more, among them websocket-sharp and Netty before 4.1.66.
///
/// By default, a client offers what Chromium offers: `permessage-deflate; client_max_window_bits`.
/// If you set more, it offers that first. For servers that decline what they do not support, other
/// offers follow: the same without sizes of windows, then Chromium's, and last a bare
/// `permessage-deflate`.
///
/// ```
/// use tower_websock::{Config, DeflateConfig};
///
/// const CONFIG: Config = Config::new().deflate(
///     DeflateConfig::new()
///         .server_max_window_bits(12)
///         .client_no_context_takeover(),
/// );
/// ```
///
/// # Memory
///
/// Compressors (about 160 KiB each with the defaults) and decompressors (46 KiB) belong to the
/// threads; each thread keeps at most 32 of each. Between messages, a connection with context
/// takeover holds a window of at most 2<sup>bits</sup> bytes for each direction. Without context
/// takeover, it holds no window. Nothing is allocated before the first compressed message.
///
/// For received messages, the bits are those that were negotiated, or 15 (32 KiB) if none were. A
/// server cannot negotiate them with a client that does not offer `client_max_window_bits`, such
/// as Firefox. A client negotiates them only if
/// [`server_max_window_bits`](Self::server_max_window_bits) is set, and the server grants it.
///
/// A received message stays compressed until it is complete and the user receives it. So a few
/// bytes on the wire never occupy much memory while they wait. Damage, invalid text and excess are
/// noticed only when the message is received, and never if nobody receives it. The message is then
/// inflated in one go, and its compressed form is held until that is done.
///
/// At first, the window of what was sent exists only in the thread's compressor. The connection
/// loses it if the thread lends that compressor to another connection, which happens if more than
/// 32 connections are busy, or if the task moves to another thread. The next message then starts
/// without context and is larger. From then on, the connection holds its own window, and does not
/// lose its context again.
///
/// # Security
///
/// Compression can reveal a secret to anyone who can put text beside it in a message and can see
/// the size of that message on the wire (CRIME, BREACH). `max_message_size` counts decompressed
/// bytes; on the wire, a message may exceed it by an eighth plus a 64th plus 1 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeflateConfig {
    pub(super) level: u8,
    pub(super) memory_level: u8,
    pub(super) min_size: usize,
    pub(super) server: DeflateBounds,
    pub(super) client: DeflateBounds,
    pub(super) client_window: ClientWindow,
}

impl DeflateConfig {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            level: LEVEL,
            memory_level: MEMORY_LEVEL,
            min_size: MIN_SIZE,
            server: DeflateBounds::DEFAULT,
            client: DeflateBounds::DEFAULT,
            client_window: ClientWindow::Offered,
        }
    }

    /// How hard the compressor tries, from 1 (fastest) to 9 (smallest).
    ///
    /// Default 1: it shrinks similar JSON messages of 1 KiB to a third, in 2 microseconds each.
    /// Level 3 shrinks them to a quarter in 10 microseconds, level 6 to a fifth in 14. A level out
    /// of bounds becomes the nearest valid one. The peer need not know the level.
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 1, 9);
        self
    }

    /// How much memory a compressor takes for pending output, from 1 to 9.
    ///
    /// Default 5: with a window of 12 bits, a compressor takes 161 KiB. It takes 148 KiB with
    /// level 1, 259 KiB with level 8 (zlib's default) and 371 KiB with level 9. Above level 2,
    /// messages hardly get smaller. A level out of bounds becomes the nearest valid one. The peer
    /// need not know the level.
    pub const fn memory_level(mut self, level: u8) -> Self {
        self.memory_level = clamp(level, 1, 9);
        self
    }

    /// Smallest payload that is compressed, in bytes. Smaller messages are sent as they are.
    ///
    /// Default 32: shorter payloads hardly shrink, or even grow. 0 compresses everything. RFC
    /// 7692, section 6 lets a sender decide this for each message.
    pub const fn min_size(mut self, bytes: usize) -> Self {
        self.min_size = bytes;
        self
    }

    /// Largest window of the server's compressor: 2<sup>bits</sup> bytes, from 8 to 15.
    ///
    /// Default 12: an idle connection keeps 4 KiB of what it sent. With 15 bits it would keep 32
    /// KiB, and similar messages of 1 KiB would be 7 percent smaller. A value out of bounds
    /// becomes the nearest valid one.
    ///
    /// A server always applies it. If a client asks for a bound, the server announces the smaller
    /// of the two (RFC 7692, section 7.1.2.1); otherwise it announces none. A client requests it
    /// if it is set below 15. A server that declines may use 15 bits, and the client then keeps up
    /// to 32 KiB of what it received.
    pub const fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server.window_bits = Some(clamp(bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
        self
    }

    /// Largest window of the client's compressor: 2<sup>bits</sup> bytes, from 8 to 15.
    ///
    /// Default 12, as for [`server_max_window_bits`](Self::server_max_window_bits). A value out of
    /// bounds becomes the nearest valid one.
    ///
    /// A server can impose it only on a client that offers `client_max_window_bits` (RFC 7692,
    /// section 7.1.2.2), as Chromium and Safari do. With other clients, compression is negotiated
    /// with windows of 15 bits: to refuse it would cost more than the memory that the bound saves.
    /// A client always applies it, and tells the server if it is set below 15.
    ///
    /// Use at least 9. Many clients cannot compress with 8, since zlib cannot.
    pub const fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client.window_bits = Some(clamp(bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS));
        self
    }

    /// As a client, leaves `client_max_window_bits` out of every offer.
    ///
    /// Default: it is offered, as browsers do. Some gateways refuse any request that names it.
    /// Without it, the server must not bound the client's window; an answer that does so fails the
    /// connection (RFC 7692, section 7.1.2.2). The client's compressor still applies
    /// [`client_max_window_bits`](Self::client_max_window_bits). No effect on a server.
    pub const fn omit_client_max_window_bits(mut self) -> Self {
        self.client_window = ClientWindow::Omitted;
        self
    }

    /// The server forgets each message before it compresses the next.
    ///
    /// Default: it keeps its window. Later messages can refer to earlier ones, and small similar
    /// messages shrink far more. With this setting, the server holds no window of what it sent
    /// between messages. That takes less memory, and no message can reveal another.
    ///
    /// A server always applies it, but announces it only to clients that ask for it (RFC 7692,
    /// section 7.1.1.1). A client requests it. A server that declines keeps its window, and then
    /// the client must keep one too.
    pub const fn server_no_context_takeover(mut self) -> Self {
        self.server.takeover = Takeover::Reset;
        self
    }

    /// The client forgets each message before it compresses the next.
    ///
    /// Default and reasons as for
    /// [`server_no_context_takeover`](Self::server_no_context_takeover).
    ///
    /// A server requires it of clients that offer it or `client_max_window_bits` (RFC 7692,
    /// section 7.1.1.2). It does not require it of other clients, such as Firefox, since they may
    /// not support it; their connections keep the window of what was received. Netty's client,
    /// with its defaults, offers `client_max_window_bits` but refuses this setting: leave it off
    /// for such clients. A client always applies it, and tells the server.
    pub const fn client_no_context_takeover(mut self) -> Self {
        self.client.takeover = Takeover::Reset;
        self
    }

    /// Both ends forget each message before they compress the next.
    ///
    /// Default: both keep their windows. This sets both
    /// [`server_no_context_takeover`](Self::server_no_context_takeover) and
    /// [`client_no_context_takeover`](Self::client_no_context_takeover).
    pub const fn no_context_takeover(self) -> Self {
        self.server_no_context_takeover()
            .client_no_context_takeover()
    }

    /// What each end's compressor is bound by.
    pub(crate) fn sides(&self) -> DeflateParams {
        DeflateParams {
            server: self.server.side(),
            client: self.client.side(),
        }
    }
}

/// Reading the settings.
impl DeflateConfig {
    /// [`level`](Self::level), from 1 to 9.
    pub const fn get_level(&self) -> u8 {
        self.level
    }

    /// [`memory_level`](Self::memory_level), from 1 to 9.
    pub const fn get_memory_level(&self) -> u8 {
        self.memory_level
    }

    /// [`min_size`](Self::min_size), in bytes.
    pub const fn get_min_size(&self) -> usize {
        self.min_size
    }

    /// [`server_max_window_bits`](Self::server_max_window_bits), from 8 to 15. `None` if it was
    /// not set: a server then uses 12, and a client asks for nothing.
    pub const fn get_server_max_window_bits(&self) -> Option<u8> {
        self.server.window_bits
    }

    /// [`client_max_window_bits`](Self::client_max_window_bits), from 8 to 15. `None` if it was
    /// not set: it is then 12, and a client does not tell the server.
    pub const fn get_client_max_window_bits(&self) -> Option<u8> {
        self.client.window_bits
    }

    /// Whether [`omit_client_max_window_bits`](Self::omit_client_max_window_bits) was called.
    pub const fn get_omit_client_max_window_bits(&self) -> bool {
        matches!(self.client_window, ClientWindow::Omitted)
    }

    /// Whether [`server_no_context_takeover`](Self::server_no_context_takeover) was called.
    pub const fn get_server_no_context_takeover(&self) -> bool {
        matches!(self.server.takeover, Takeover::Reset)
    }

    /// Whether [`client_no_context_takeover`](Self::client_no_context_takeover) was called.
    pub const fn get_client_no_context_takeover(&self) -> bool {
        matches!(self.client.takeover, Takeover::Reset)
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What is configured of one end's compressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DeflateBounds {
    /// 7.1.2: 8 to 15, if it was set.
    window_bits: Option<u8>,
    pub(crate) takeover: Takeover,
}

impl DeflateBounds {
    const DEFAULT: Self = Self {
        window_bits: None,
        takeover: Takeover::Kept,
    };

    /// The bound that was set, if it is one. The default is none: it is for this end alone.
    #[cfg(any(feature = "client", test))]
    pub(super) fn set_window_bits(self) -> Option<u8> {
        self.window_bits.filter(|&bits| bits < MAX_WINDOW_BITS)
    }

    /// The compressor is bound by this.
    fn side(self) -> DeflateSide {
        DeflateSide {
            window_bits: self.window_bits.unwrap_or(WINDOW_BITS),
            takeover: self.takeover,
        }
    }
}

/// Whether a client lets the server bind its window (7.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientWindow {
    Offered,
    Omitted,
}

/// How each end compresses, as far as this end knows: of the peer, what was agreed on; of this
/// end, what it configured, which is within what was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeflateParams {
    pub(crate) server: DeflateSide,
    pub(crate) client: DeflateSide,
}

/// How one end compresses (7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeflateSide {
    /// 7.1.2: 8 to 15.
    pub(crate) window_bits: u8,
    /// 7.1.1.
    pub(crate) takeover: Takeover,
}

/// What becomes of the window between two messages (7.1.1: context takeover).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Takeover {
    #[default]
    Kept,
    Reset,
}

impl DeflateSide {
    /// What is within the bounds of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            window_bits: self.window_bits.min(other.window_bits),
            takeover: self.takeover.and(other.takeover),
        }
    }
}

impl Takeover {
    /// Kept only if both ends let it be kept.
    pub(super) const fn and(self, other: Self) -> Self {
        match self {
            Takeover::Kept => other,
            Takeover::Reset => Takeover::Reset,
        }
    }
}

const fn clamp(value: u8, min: u8, max: u8) -> u8 {
    if value < min {
        min
    } else if value > max {
        max
    } else {
        value
    }
}

#[cfg(test)]
mod tests;
