//! Compression, as a setting of a connection.

use super::Config;
use crate::deflate::DeflateConfig;

impl Config {
    /// Compresses messages with permessage-deflate (RFC 7692) if the peer can.
    ///
    /// Default: off. Compression takes time, and memory for each connection, and it can leak
    /// secrets: see [`DeflateConfig`].
    ///
    /// `max_message_size` applies to the decompressed message, `max_frame_size` to what is on the
    /// wire. A message fails with 1009 as soon as more than the limit comes out of it. It also
    /// fails at a frame header that announces more bytes than a message of that size can need on
    /// the wire.
    pub const fn deflate(mut self, deflate: DeflateConfig) -> Self {
        self.deflate = Some(deflate);
        self
    }

    /// [`deflate`](Self::deflate); `None` if it is off.
    pub const fn get_deflate(&self) -> Option<&DeflateConfig> {
        self.deflate.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compression is off unless it is asked for.
    #[test]
    fn deflate_is_off_by_default() {
        assert_eq!(Config::new().deflate, None);
        let config = const { Config::new().deflate(DeflateConfig::new()) };
        assert_eq!(config.deflate, Some(DeflateConfig::default()));
    }
}
