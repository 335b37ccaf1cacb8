//! What a script has an end do.

use tower_websock::Role;

/// One step of an end.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    /// Sends a message of so many bytes; text, or binary.
    Text(usize),
    Binary(usize),
    Uncompressed(usize),
    Prepared(usize),
    /// Queues one.
    Feed(usize),
    /// By `try_send`, again and again until there is room; by `send_timeout`.
    Try(usize),
    Within(usize),
    Flush,
    /// So many of so many bytes, as a `Sink`.
    Sink(usize, usize),
    Ping,
    Pong,
    /// Puts a message in so many fragments in the transport, of so many bytes in all, with pings
    /// between them.
    Fragments(usize, usize),
    /// Receives so many messages.
    Recv(usize),
    /// The same, and sends each back.
    Echo(usize),
    /// Receives until the end.
    Rest,
    /// Waits until nothing can be sent.
    UntilClosed,
    /// Sends a Close, and goes on.
    SendClose(u16),
    /// Closes, and waits for the end. What still comes is dropped.
    Close(Option<u16>),
    /// By `Connections::close`.
    Outside(u16),
    Split,
    DropSend,
    DropRecv,
    /// So many tasks with a `Sender` each send so many messages of so many bytes.
    Senders(usize, usize, usize),
    /// The same with clones of the half that sends, of which there must be one.
    Clones(usize, usize, usize),
    Subscribe,
    /// So many messages of so many bytes.
    Publish(usize, usize),
    /// Puts bytes in the transport.
    Raw(fn(Role) -> Vec<u8>),
    /// Milliseconds.
    Sleep(u64),
    /// The rest happens in another task.
    GiveAway,
    Fail,
    Panic,
}

impl Act {
    /// Whether only a handler can do it.
    pub(crate) const fn is_a_handlers(self) -> bool {
        matches!(self, Act::GiveAway | Act::Fail | Act::Panic)
    }
}
