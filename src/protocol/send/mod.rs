//! To the peer: messages in, bytes out.

mod bundle;
mod outbox;
mod staging;

pub(crate) use self::{bundle::Bundle, outbox::MaskKeys};
pub(super) use self::{
    bundle::data_of,
    outbox::{Kind, Outbox},
};
