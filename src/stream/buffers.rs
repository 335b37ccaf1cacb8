//! Read buffers: lent to a connection while it reads, shared by those of a thread.

use std::{cell::RefCell, mem};

use bytes::BytesMut;

/// Capacity of a read buffer: a frame of 64 KiB with its header, and more.
const CAPACITY: usize = 65 * 1024;

/// Least room for a read to be worth its system call.
const MIN_SPARE: usize = 16 * 1024;

/// A buffer of which less than one part in so many is used is given back.
const SPARSE: usize = 4;

/// Buffers that a thread keeps for its connections.
const KEPT: usize = 4;

thread_local! {
    static POOL: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// Makes room in `buffer` for a read.
pub(super) fn prepare(buffer: &mut BytesMut) {
    if buffer.capacity() == 0 {
        *buffer = POOL
            .with_borrow_mut(Vec::pop)
            .unwrap_or_else(|| BytesMut::with_capacity(CAPACITY));
    } else if buffer.capacity() - buffer.len() < MIN_SPARE {
        // What is left over is a part of a frame: it moves to the front.
        buffer.reserve(CAPACITY.saturating_sub(buffer.len()).max(MIN_SPARE));
    }
}

/// Takes the memory of `buffer` back; bytes that it holds are kept in a buffer of their size.
pub(super) fn release(buffer: &mut BytesMut) {
    // What fills a good part of its memory is not worth a copy.
    if !buffer.is_empty() && buffer.len() >= buffer.capacity() / SPARSE {
        return;
    }
    let rest = if buffer.is_empty() {
        BytesMut::new()
    } else {
        BytesMut::from(&buffer[..])
    };
    let mut lent = mem::replace(buffer, rest);
    lent.clear();
    // Messages that still share the memory keep it from being reclaimed.
    if lent.try_reclaim(CAPACITY) {
        POOL.with_borrow_mut(|pool| {
            if pool.len() < KEPT {
                pool.push(lent);
            }
        });
    }
}
