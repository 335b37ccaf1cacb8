//! permessage-deflate (RFC 7692): what is configured, what is agreed on, and what is compressed.
//!
//! Frames and the opening handshake are not known here.

#[cfg(feature = "deflate")]
mod codec;
#[cfg(any(feature = "client", all(feature = "deflate", test)))]
mod extensions_error;
#[cfg(feature = "deflate")]
mod negotiation;
#[cfg(not(feature = "deflate"))]
mod off;
#[cfg(feature = "deflate")]
mod settings;

#[cfg(any(feature = "client", all(feature = "deflate", test)))]
pub(crate) use self::extensions_error::ExtensionsError;
#[cfg(all(feature = "deflate", any(feature = "client", test)))]
pub(crate) use self::negotiation::{OwnOffer, agreed};
#[cfg(not(feature = "deflate"))]
pub(crate) use self::off::*;
#[cfg(feature = "deflate")]
pub use self::settings::DeflateConfig;
#[cfg(all(feature = "deflate", test))]
pub(crate) use self::settings::{DeflateSide, Takeover};
#[cfg(feature = "deflate")]
pub(crate) use self::{
    codec::{Deflation, Inflation, SharedForms},
    negotiation::DeflateOffer,
    settings::DeflateParams,
};
