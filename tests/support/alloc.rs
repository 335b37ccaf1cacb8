//! An allocator that counts what each thread holds, the peak of it, and what all hold.

#![allow(unsafe_code, reason = "an allocator is")]
#![allow(clippy::cast_possible_wrap, reason = "sizes of tests are small")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicIsize, Ordering},
};

/// Counts per thread, so that tests that run side by side do not see each other.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// What all threads hold, and the peak of it.
static HELD_BY_ALL: AtomicIsize = AtomicIsize::new(0);
static PEAK_OF_ALL: AtomicIsize = AtomicIsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn add(bytes: isize) {
    let all = HELD_BY_ALL.fetch_add(bytes, Ordering::Relaxed) + bytes;
    if bytes > 0 && all > PEAK_OF_ALL.load(Ordering::Relaxed) {
        PEAK_OF_ALL.fetch_max(all, Ordering::Relaxed);
    }
    // A thread that ends has no counters any more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
    });
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old and the new block may exist at the same time.
        add(size as isize);
        add(-(layout.size() as isize));
        unsafe { System.realloc(ptr, layout, size) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Bytes that this thread holds.
#[allow(dead_code, reason = "some users have many threads")]
pub(crate) fn held() -> isize {
    HELD.get()
}

/// Bytes that the process holds.
#[allow(dead_code, reason = "most users have one thread")]
pub(crate) fn held_by_all() -> isize {
    HELD_BY_ALL.load(Ordering::Relaxed)
}

/// The most that the process has held since this was called last; until then, what it holds now.
#[allow(dead_code, reason = "most users have one thread")]
pub(crate) fn take_peak_of_all() -> isize {
    PEAK_OF_ALL.swap(held_by_all(), Ordering::Relaxed)
}

/// How far above the level at its start `f` got.
#[allow(dead_code, reason = "not every user measures peaks")]
pub(crate) async fn peak_of<T>(f: impl Future<Output = T>) -> (T, isize) {
    let before = held();
    PEAK.set(before);
    let output = f.await;
    (output, PEAK.get() - before)
}
