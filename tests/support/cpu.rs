//! How much work a test is, whatever else the machine does.

use std::time::Duration;

/// The time that this thread has had a processor.
#[cfg(target_os = "linux")]
pub fn cpu_time() -> Duration {
    // The system brings its count up to date.
    std::thread::yield_now();
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = times.split_whitespace().next().unwrap();
    Duration::from_nanos(nanos.parse().unwrap())
}

/// The time that has passed, where the system does not tell whose it was.
#[cfg(not(target_os = "linux"))]
pub fn cpu_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};

    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}
