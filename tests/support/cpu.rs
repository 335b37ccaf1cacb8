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

/// The time that all threads of this process have had a processor, but for those that ended.
#[cfg(target_os = "linux")]
pub fn process_cpu_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = threads.filter_map(|thread| {
        // It may have ended meanwhile.
        let times = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        times.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

#[cfg(not(target_os = "linux"))]
pub fn process_cpu_time() -> Duration {
    cpu_time()
}

/// The time that has passed, where the system does not tell whose it was.
#[cfg(not(target_os = "linux"))]
pub fn cpu_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};

    static BEGIN: OnceLock<Instant> = OnceLock::new();
    BEGIN.get_or_init(Instant::now).elapsed()
}
