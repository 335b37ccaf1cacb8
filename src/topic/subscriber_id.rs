//! Which subscriber one is.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which subscriber one is, for [`Topic::publish_from`](crate::Topic::publish_from).
///
/// Made from a `&`[`Subscription`](crate::Subscription).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriberId(u64);

impl SubscriberId {
    /// One that nobody has had.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed))
    }
}
