//! Those of the checker.

use std::sync::PoisonError;

pub(crate) use shuttle::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64},
    },
    thread_local,
};

/// The checker has none. Whoever comes while another thread makes the value waits for the lock.
pub(crate) struct OnceLock<T> {
    making: Mutex<()>,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.value.get_or_init(make)
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self {
            making: Mutex::new(()),
            value: std::sync::OnceLock::new(),
        }
    }
}
