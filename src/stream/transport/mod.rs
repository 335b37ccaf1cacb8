//! The transport: what carries the bytes, and what is known about it.

pub(super) mod again;
pub(super) mod buffers;
pub(super) mod coop;
pub(super) mod gather;
pub(super) mod link;
mod profile;
mod provided;
mod upgraded;

pub(crate) use self::profile::{Overflow, Profile, Sharing};
pub(crate) use self::provided::Unavailable;
pub use self::{
    provided::{ProvidedIo, Release},
    upgraded::Upgraded,
};
