//! Whether what was sent has left, for who keeps it until then.

use super::WebSocket;
use crate::protocol::Closure;

impl<T> WebSocket<T> {
    /// Whether the transport has, or had, all that was ever queued.
    pub(crate) fn has_handed_over(&self) -> bool {
        self.handle.with(|conn| {
            // 7.1.4: it is not clean unless our Close left, and all before that.
            let is_clean = || conn.closure().as_ref().is_some_and(Closure::is_clean);
            conn.is_flushed() && (!conn.is_down() || is_clean())
        })
    }

    /// Whether something has begun to close, although it may not be received yet: a Close came or
    /// was sent, or the transport is gone.
    pub(crate) fn is_ending(&self) -> bool {
        self.handle.with(|conn| !conn.is_undisturbed())
    }
}
