//! Settings of permessage-deflate (RFC 7692).

use super::Config;

/// 7.1.2: bounds of a window, as the base-2 logarithm of its bytes.
pub(crate) const MIN_WINDOW_BITS: u8 = 8;
pub(crate) const MAX_WINDOW_BITS: u8 = 15;

/// The fastest. Higher ones cost four times as much and more.
const LEVEL: u8 = 1;
/// Of the level that compresses 1 KiB messages fastest, and no worse than others.
const MEMORY_LEVEL: u8 = 5;
/// 4 KiB, for a small memory of each connection.
const WINDOW_BITS: u8 = 12;
/// A block has some bytes of overhead, so few bytes hardly shrink.
const MIN_SIZE: usize = 32;
/// The default bounds of either end.
const SIDE: DeflateSide = DeflateSide {
    window_bits: WINDOW_BITS,
    takeover: Takeover::Kept,
};

/// How messages are compressed with permessage-deflate (RFC 7692), and what is agreed
/// about it with the peer.
///
/// Every setting has a default. The settings named after an endpoint bound the compressor
/// of that endpoint, and the memory of the decompressor that faces it; both ends may ask
/// for less, and the lesser holds.
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
/// The states of compressors (about 160 KiB each with the defaults) and decompressors
/// (46 KiB) belong to the threads, which keep at most 32 of each. A connection that keeps its
/// context holds its window between messages, at most 2<sup>bits</sup> bytes in each direction;
/// without context takeover it holds no window. Nothing is allocated before the first
/// compressed message.
///
/// The window of what was sent is not held before the connection needs it: its compressor has it.
/// When the thread gives that to another connection, as it does when more than 32 are busy, or
/// when the task has moved to another thread, the next message begins anew and is larger; from
/// then on the window is held, and no context is lost again.
///
/// # Security
///
/// Compression tells the length of a secret to who can put text beside it in a message and
/// sees its size on the wire (CRIME, BREACH). Limits on messages count what comes out of
/// the decompressor, not what goes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeflateConfig {
    pub(crate) level: u8,
    pub(crate) memory_level: u8,
    pub(crate) min_size: usize,
    /// Bounds that this endpoint imposes.
    pub(crate) server: DeflateSide,
    pub(crate) client: DeflateSide,
}

impl DeflateConfig {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            level: LEVEL,
            memory_level: MEMORY_LEVEL,
            min_size: MIN_SIZE,
            server: SIDE,
            client: SIDE,
        }
    }

    /// How hard the compressor tries, from 1 (fastest) to 9 (smallest).
    ///
    /// Default 1: it makes a third of similar JSON messages of 1 KiB, in 2 microseconds each;
    /// level 3 makes a quarter and takes 10, level 6 a fifth and takes 14. A level out of
    /// bounds becomes the nearest. The peer need not know it.
    pub const fn level(mut self, level: u8) -> Self {
        self.level = clamp(level, 1, 9);
        self
    }

    /// How much memory a compressor takes for pending output, from 1 to 9.
    ///
    /// Default 5: with a window of 12 bits a state has 161 KiB, 148 with level 1, 259 with
    /// level 8 (zlib's default) and 371 with level 9. Sizes of messages hardly differ above
    /// 2. A level out of bounds becomes the nearest. The peer need not know it.
    pub const fn memory_level(mut self, level: u8) -> Self {
        self.memory_level = clamp(level, 1, 9);
        self
    }

    /// Smallest payload that is compressed, in bytes; messages below are sent as they are.
    ///
    /// Default 32: few bytes hardly shrink, or grow. 0 compresses all. RFC 7692, section 6
    /// leaves it to the sender message by message.
    pub const fn min_size(mut self, bytes: usize) -> Self {
        self.min_size = bytes;
        self
    }

    /// Largest window of the server's compressor: 2<sup>bits</sup> bytes, from 8 to 15.
    ///
    /// Default 12: an idle connection holds 4 KiB for what it sends, where the 32 KiB of 15
    /// bits would make similar messages of 1 KiB smaller by 7 percent. Bits out of bounds become
    /// the nearest. A server answers with
    /// the lesser of this and the offer, also unasked (RFC 7692, section 7.1.2.1); a client
    /// offers it below 15, and the server must agree or leave messages uncompressed.
    pub const fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server.window_bits = clamp(bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        self
    }

    /// Largest window of the client's compressor: 2<sup>bits</sup> bytes, from 8 to 15.
    ///
    /// Default 12, as [`server_max_window_bits`](Self::server_max_window_bits).
    /// Bits out of bounds become the nearest. A server can bound only a client that offers
    /// it (RFC 7692, section 7.1.2.2), as browsers do; another's window is 15 all the same,
    /// since the bound is there to save memory and no compression at all would cost more.
    ///
    /// Many clients cannot compress with 8 (zlib cannot): 9 is the least that is safe to ask.
    pub const fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client.window_bits = clamp(bits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
        self
    }

    /// The server forgets each message before it compresses the next.
    ///
    /// Default: it keeps its window, and later messages refer to earlier ones, so that small
    /// similar messages shrink far more. Without, neither end holds a window between two
    /// messages: less memory, and no message tells of another. A server answers so also
    /// unasked; a client asks for it, and the server must agree or leave messages
    /// uncompressed (RFC 7692, section 7.1.1.1).
    pub const fn server_no_context_takeover(mut self) -> Self {
        self.server.takeover = Takeover::Reset;
        self
    }

    /// The client forgets each message before it compresses the next.
    ///
    /// Default and reasons as for
    /// [`server_no_context_takeover`](Self::server_no_context_takeover). A server demands it
    /// also unasked (RFC 7692, section 7.1.1.2).
    pub const fn client_no_context_takeover(mut self) -> Self {
        self.client.takeover = Takeover::Reset;
        self
    }

    /// Both ends forget each message before they compress the next.
    ///
    /// Default: both keep their windows. The two settings before in one.
    pub const fn no_context_takeover(self) -> Self {
        self.server_no_context_takeover()
            .client_no_context_takeover()
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// Compresses messages with permessage-deflate (RFC 7692) where the peer can.
    ///
    /// Default: off, since it takes time, and memory for each connection, and since secrets
    /// may leak through it: see [`DeflateConfig`]. The limits on messages hold for what comes
    /// out of decompression, `max_frame_size` for what is on the wire.
    pub const fn deflate(mut self, deflate: DeflateConfig) -> Self {
        self.deflate = Some(deflate);
        self
    }
}

/// What both ends have agreed on: how each compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeflateParams {
    pub(crate) server: DeflateSide,
    pub(crate) client: DeflateSide,
}

/// How one end compresses (7.1), or the bounds of how it may.
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

impl Takeover {
    /// Kept only if both ends let it be kept.
    pub(crate) const fn and(self, other: Self) -> Self {
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
mod tests {
    use super::*;

    /// 7.1.2: a window is of 8 to 15 bits; zlib's levels are 1 to 9.
    #[test]
    fn settings_out_of_bounds_become_the_nearest() {
        for value in 0..=u8::MAX {
            let config = DeflateConfig::new()
                .level(value)
                .memory_level(value)
                .server_max_window_bits(value)
                .client_max_window_bits(value);
            assert_eq!(config.level, value.clamp(1, 9));
            assert_eq!(config.memory_level, value.clamp(1, 9));
            assert_eq!(config.server.window_bits, value.clamp(8, 15));
            assert_eq!(config.client.window_bits, value.clamp(8, 15));
            assert_eq!(config.min_size, 32);
        }
    }

    /// 7.1.1: each end may be told alone.
    #[test]
    fn context_takeover_is_given_up_by_who_is_named() {
        use Takeover::{Kept, Reset};
        let new = DeflateConfig::new;
        for (config, server, client) in [
            (new(), Kept, Kept),
            (new().server_no_context_takeover(), Reset, Kept),
            (new().client_no_context_takeover(), Kept, Reset),
            (new().no_context_takeover(), Reset, Reset),
        ] {
            assert_eq!(config.server.takeover, server);
            assert_eq!(config.client.takeover, client);
        }
    }

    /// Compression is off unless it is asked for.
    #[test]
    fn deflate_is_off_by_default() {
        assert_eq!(Config::new().deflate, None);
        let config = const { Config::new().deflate(DeflateConfig::new()) };
        assert_eq!(config.deflate, Some(DeflateConfig::default()));
    }
}
