//! Tokio's timer, where there is one.

use std::{cell::Cell, panic::catch_unwind};

use tokio::{
    runtime::{Handle, Id},
    time::{Instant, Sleep, sleep_until},
};

/// Why there is no timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// There is no runtime here and now.
    Runtime,
    /// It is not enabled, and never will be.
    Timer,
}

thread_local! {
    /// The last runtime that was found to have none.
    static TIMERLESS: Cell<Option<Id>> = const { Cell::new(None) };
}

/// A timer that ends then.
pub(super) fn timer(ends: Instant) -> Result<Sleep, Missing> {
    let runtime = Handle::try_current().map_err(|_| Missing::Runtime)?;
    let runtime = Some(runtime.id());
    if TIMERLESS.get() == runtime {
        return Err(Missing::Timer);
    }
    // Tokio panics if its timer is not enabled, and there is no way to ask. Each panic is printed, so
    // what it tells is remembered.
    catch_unwind(|| sleep_until(ends)).map_err(|_| {
        TIMERLESS.set(runtime);
        Missing::Timer
    })
}
