//! To the peer: messages in, bytes out, through one door ([`Outbox`]).
//!
//! # Lanes
//!
//! The figures are instructions per message of an echo server, as Callgrind counts them with and
//! without the lane:
//!
//! - A small message that is not compressed is [copied](Outbox::send_small) behind what is queued,
//!   and nothing else is looked at: 4,970 for 5,350 where one of 32 bytes is sent at a time, and
//!   2,050 for 2,400 with eight of 1 KiB.
//! - Those that a handler sends behind it in its turn go to a [`SendBuffer`], without the connection's
//!   lock: 696 for 850 with 32 messages of 32 bytes.
//! - What is queued in one place is written [as one slice](Outbox::as_slice): 4,970 for 5,100 with
//!   one message at a time.
//! - A [prepared](Outbox::send_prepared) message of a server is a frame that stands ready: a small one
//!   is copied, another one is written from where it is by all connections that send it, header
//!   and payload as one slice. Its compressed forms are made in [`deflate`](crate::deflate). To
//!   queue one of 1 KiB takes some 350 instructions, compressed or not, for 460 as it is and 6,800
//!   compressed; of 64 KiB, 430 for 1,200,000 compressed.
//! - Everything else, what is compressed, masked or large, is sent in the general way.
//!
//! # What else fits
//!
//! - A message sent in pieces does not fit yet: each frame is final, and nothing keeps other
//!   messages, nor those of a [`SendBuffer`], out from between the pieces.

mod buffer;
mod outbox;
mod staging;

pub(crate) use self::{
    buffer::SendBuffer,
    outbox::{Compress, MaskKeys, Outbox},
};
