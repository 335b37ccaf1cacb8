//! What is asked of a connection from outside.

use crate::{message::CloseFrame, observe::Stats};

/// A connection, for tasks that have no handle on it.
pub(crate) trait Control: Send + Sync {
    /// Starts the closing handshake, unless it was started. The frame may be sent.
    fn close(&self, frame: CloseFrame);

    /// Drops the transport.
    fn cut(&self);

    /// What has passed over it.
    fn stats(&self) -> Stats;
}

/// What a connection has to do as soon as it opens.
#[derive(Debug)]
pub(crate) enum Order {
    Close(CloseFrame),
    Cut,
}

impl Order {
    pub(crate) fn carry_out(self, connection: &dyn Control) {
        match self {
            Order::Close(frame) => connection.close(frame),
            Order::Cut => connection.cut(),
        }
    }
}
