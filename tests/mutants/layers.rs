//! The layers whose changes are tried, and those below them, as `src/lib.rs` has them.

mod config;
mod deflate;
mod handshake;
mod message;
mod observe;
mod pool;
mod protocol;
#[cfg(test)]
mod randomised;
mod sync;
mod wire;

#[cfg(feature = "deflate")]
pub use self::deflate::DeflateConfig;
#[cfg(feature = "client")]
pub use self::handshake::AnswerError;
pub use self::{
    config::{Config, InvalidSubprotocol, KeepAlive, Subprotocol},
    handshake::{InvalidOrigin, OriginPolicy, PageRequest, Rejection, derive_accept_key},
    message::{CloseFrame, InvalidClose, Message, NotUtf8, PreparedMessage, Utf8Bytes},
    observe::{Stats, Traffic},
    protocol::{Closure, Initiator, Loss},
    wire::{CloseCode, ProtocolError, Role, close_code},
};
