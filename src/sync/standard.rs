//! Those of the standard library, under their names.

#[cfg(feature = "deflate")]
pub(crate) use std::sync::OnceLock;
pub(crate) use std::{
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64},
    },
    thread_local,
};
