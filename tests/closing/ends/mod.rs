//! The end of connections (RFC 6455, section 7), on TCP and in memory.

mod deadlines;
mod handlers;
mod peers;

use tower_websock::{CloseFrame, Closure, Initiator};

fn clean(initiator: Initiator, code: u16) -> Closure {
    Closure::Clean {
        initiator,
        frame: Some(CloseFrame::new(code, "")),
    }
}
