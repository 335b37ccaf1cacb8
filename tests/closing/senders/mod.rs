//! Who only sends learns of pings and of the end (RFC 6455, sections 5.5.1, 5.5.2 and 7.1).

mod driving;
mod lifetime;
mod waiting;

use std::time::Duration;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
