//! Room to work in: of the thread, lent to a connection for a message.

use std::{
    cell::RefCell,
    mem,
    ops::{Deref, DerefMut},
};

use crate::pool::{self, Pool};

/// Room for the output of one step: for a message of 16 KiB and more, since that it is complete
/// is known by room that is left.
const OUTPUT: usize = 17 * 1024;

/// Room for an input.
const SPARE: usize = 4 * 1024;

thread_local! {
    static POOL: RefCell<Pool<Vec<u8>>> = const { RefCell::new(Pool::new(1)) };
}

/// Room for an output, lent by the thread. What it holds at first is not specified.
#[derive(Debug)]
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    pub(super) fn new() -> Self {
        Self(pool::lend(&POOL).unwrap_or_else(|| vec![0; SPARE + OUTPUT]))
    }

    /// Room for an input, and this one.
    pub(super) fn split(&mut self) -> (&mut [u8], &mut [u8]) {
        self.0.split_at_mut(SPARE)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        pool::take_back(&POOL, mem::take(&mut self.0));
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0[SPARE..]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0[SPARE..]
    }
}
