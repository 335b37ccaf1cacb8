//! Gathers what is scattered for transports that write one slice at a time: a write is a frame of
//! HTTP/2, or a record of TLS.

use std::io::IoSlice;

use super::buffers;

/// What a frame of HTTP/2 and a record of TLS carry.
const LARGEST: usize = 16 * 1024;

/// Calls `write` with the first bytes of `slices`: those of several, copied, or as much as
/// the first one has if that is more. `slices` has one at least.
pub(crate) fn gather<R>(slices: &[IoSlice<'_>], write: impl FnOnce(&[u8]) -> R) -> R {
    if slices[0].len() >= LARGEST {
        return write(&slices[0]);
    }
    buffers::with_scratch(|gathered| {
        for slice in slices {
            let room = LARGEST - gathered.len();
            gathered.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        write(gathered)
    })
}
