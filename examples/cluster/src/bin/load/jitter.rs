//! Times that differ from client to client.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Between nothing and `most`, at random.
pub(crate) fn up_to(most: Duration) -> Duration {
    // Each state is made with other keys.
    let random = RandomState::new().hash_one(());
    // 0 to 999.
    let thousandths = u32::try_from(random % 1000).unwrap_or_default();
    most * thousandths / 1000
}
