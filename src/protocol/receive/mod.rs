//! From the peer: frames in, messages out.

mod assembler;
mod batch;
mod control;
mod frames;
mod held;
mod inflated;
mod work;

pub(super) use self::frames::Receiver;
pub(crate) use self::{
    batch::Batch,
    held::{Compressed, Received, Want},
    work::Work,
};
