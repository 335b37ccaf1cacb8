//! Buffers: lent to a connection while it reads or writes, shared by those of a thread.

use std::{cell::RefCell, mem};

use bytes::BytesMut;

use crate::pool::{self, Pool};

/// Capacity of a read buffer: a frame of 64 KiB with its header, and more.
const CAPACITY: usize = 65 * 1024;

/// Least room for a read to be worth its system call.
const MIN_SPARE: usize = 16 * 1024;

/// A buffer of which less than one part in so many is used is given back.
const SPARSE: usize = 4;

/// Buffers that a thread keeps for its connections.
const KEPT: usize = 4;

thread_local! {
    static POOL: RefCell<Pool<BytesMut>> = const { RefCell::new(Pool::new(KEPT)) };
}

/// Makes room in `buffer` for a read.
///
/// It does not grow: what waits to be decoded is at most a frame that a whole buffer has room
/// for. When the rest of one is short, the frame moves to the front, or to another.
pub(crate) fn prepare(buffer: &mut BytesMut) {
    let capacity = buffer.capacity();
    if capacity == 0 {
        *buffer = lend();
    } else if capacity < CAPACITY
        && capacity - buffer.len() < MIN_SPARE
        && !buffer.try_reclaim(CAPACITY.saturating_sub(buffer.len()))
    {
        let mut roomier = lend();
        roomier.extend_from_slice(buffer);
        take_back(mem::replace(buffer, roomier));
    }
    if buffer.capacity() == buffer.len() {
        // Somebody stopped decoding before all was decoded.
        buffer.reserve(MIN_SPARE);
    }
}

/// Takes the memory of `buffer` back; bytes that it holds are kept in a buffer of their size.
pub(crate) fn release(buffer: &mut BytesMut) {
    // What fills a good part of its memory is not worth a copy.
    if !buffer.is_empty() && buffer.len() >= buffer.capacity() / SPARSE {
        return;
    }
    let rest = if buffer.is_empty() {
        BytesMut::new()
    } else {
        BytesMut::from(&buffer[..])
    };
    take_back(mem::replace(buffer, rest));
}

/// Calls `f` with an empty buffer.
pub(crate) fn with_scratch<R>(f: impl FnOnce(&mut BytesMut) -> R) -> R {
    let mut scratch = lend();
    let result = f(&mut scratch);
    take_back(scratch);
    result
}

fn lend() -> BytesMut {
    pool::lend(&POOL).unwrap_or_else(|| BytesMut::with_capacity(CAPACITY))
}

fn take_back(mut lent: BytesMut) {
    lent.clear();
    // Messages that still share the memory keep it from being reclaimed.
    if lent.try_reclaim(CAPACITY) {
        pool::take_back(&POOL, lent);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;

    use super::*;

    /// A frame of 64 KiB that comes in any two pieces, behind another one or not, and whether
    /// that one is still held or not, needs no more than one buffer of the usual size.
    #[test]
    fn buffer_does_not_grow() {
        const FRAME: usize = 64 * 1024 + 14;
        for before in [0, 100, 20_000, 60_000] {
            for first in [1, 17, 1000, 45_000, 60_000, FRAME - 1] {
                for is_held in [true, false] {
                    let mut buffer = BytesMut::new();
                    prepare(&mut buffer);
                    buffer.put_bytes(1, before);
                    let held = is_held.then(|| buffer.split_to(before));
                    if held.is_none() {
                        bytes::Buf::advance(&mut buffer, before);
                    }
                    let mut missing = FRAME;
                    let mut reads = 0;
                    while missing > 0 {
                        prepare(&mut buffer);
                        let spare = buffer.capacity() - buffer.len();
                        let read = missing
                            .min(spare)
                            .min(if reads == 0 { first } else { FRAME });
                        buffer.put_bytes(2, read);
                        missing -= read;
                        reads += 1;
                        assert!(buffer.capacity() <= CAPACITY);
                    }
                    assert_eq!(buffer, vec![2; FRAME]);
                    assert!(reads <= 3, "{before} {first} {reads}");
                }
            }
        }
    }
}
