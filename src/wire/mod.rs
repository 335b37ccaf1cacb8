//! The bytes of RFC 6455, section 5: frame headers, masks, UTF-8, close codes; and the grammar of
//! header fields.
//!
//! Pure functions and plain values. Imports nothing else of this crate.

mod causes;
pub(crate) mod close_body;
pub mod close_code;
mod error;
pub(crate) mod fields;
mod header;
mod mask;
mod opcode;
mod role;
mod short_frame;
mod utf8;

pub(crate) use causes::WithCauses;
#[cfg(test)]
pub(crate) use causes::assert_sentences;
pub use close_body::InvalidClose;
pub use close_code::CloseCode;
pub use error::ProtocolError;
pub(crate) use header::{Decoded, FrameHeader, HeaderRules, MAX_CONTROL_PAYLOAD};
pub(crate) use mask::{apply_mask, copy_masked};
pub(crate) use opcode::OpCode;
pub use role::Role;
pub(crate) use short_frame::ShortFrame;
pub(crate) use utf8::Utf8Validator;
