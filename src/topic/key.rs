//! What tells kinds of messages apart.

use std::{fmt, sync::Arc};

use bytes::Bytes;

/// What a message is about, for [`Topic::publish_keyed`](crate::Topic::publish_keyed): the name of
/// a stock, the number of a vehicle.
///
/// Equal bytes are the same key, whatever they were made from; a number is its eight bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TopicKey(Arc<[u8]>);

impl fmt::Debug for TopicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicKey(\"{}\")", self.0.escape_ascii())
    }
}

impl From<&str> for TopicKey {
    fn from(key: &str) -> Self {
        Self(key.as_bytes().into())
    }
}

impl From<String> for TopicKey {
    fn from(key: String) -> Self {
        Self(key.into_bytes().into())
    }
}

impl From<u64> for TopicKey {
    fn from(key: u64) -> Self {
        Self(key.to_be_bytes().into())
    }
}

impl From<Bytes> for TopicKey {
    fn from(key: Bytes) -> Self {
        Self((&*key).into())
    }
}
