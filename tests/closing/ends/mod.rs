//! The end of connections (RFC 6455, section 7), on TCP and in memory.

mod deadlines;
mod handlers;
mod peers;

use tower_websock::{CloseFrame, Closure, Initiator};

/// Both sides said the same.
fn clean(initiator: Initiator, code: u16) -> Closure {
    let frame = CloseFrame::new(code, "");
    closed(initiator, code, Some(frame))
}

/// The peer said `code`, and this side `sent`.
fn closed(initiator: Initiator, code: u16, sent: Option<CloseFrame>) -> Closure {
    Closure::Clean {
        initiator,
        frame: Some(CloseFrame::new(code, "")),
        sent,
    }
}
