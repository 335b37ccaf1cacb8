//! A message that many connections send: compressed once for all that do so in the same way.
//!
//! # Contexts
//!
//! Such a form was made from an empty context: it refers to nothing before it, so any receiver reads
//! it. But it goes into the receiver's window, and not into that of the connection's own
//! compressor: from then on that must not refer to what came before (RFC 7692, section 7.2.3.2). So
//! its next message begins anew; or the shared message goes plain, which touches no window.
//!
//! Which is cheaper was measured with JSON and chat messages of 48 bytes to 64 KiB, levels 1 and 6,
//! windows of 12 and 15 bits. The message that begins anew is 30 to 150 bytes larger, whatever its
//! size (up to 500 with level 6 and 15 bits), and takes 6 microseconds more, for the
//! compressor's tables are cleared. What the form saves depends on its size:
//!
//! | message | form | saved | lost by the next one |
//! |---|---|---|---|
//! | 96 | 80 to 95 | 1 to 15 | 50 to 63 |
//! | 256 | 135 to 199 | 58 to 120 | 61 to 102 |
//! | 512 | 212 to 311 | 202 to 299 | 68 to 115 |
//! | 1024 | 357 to 516 | 509 to 666 | 76 to 122 |
//! | 4096 | 1183 to 1707 | 2390 to 2912 | 78 to 83 |
//!
//! So a context is worth [256 bytes](super::deflater), a little more than its bytes for the sake of the
//! time. One message that saves as much is sent compressed, and so is the last of several small
//! ones that would have saved as much together. A connection that has no context, since it sends
//! nothing else or has just begun anew, loses nothing: it is always compressed there.

use bytes::Bytes;

use super::{deflater::Deflater, zlib::Settings};
use crate::{
    deflate::settings::{DeflateSide, MAX_WINDOW_BITS, MIN_WINDOW_BITS, Takeover},
    sync::OnceLock,
};

/// Before so many bytes of its window an encoder stops to look for repetitions.
const LOOKAHEAD: usize = 262;

/// The compressed forms of a message, each made when it is first asked for.
///
/// Each was made from an empty context, so it refers to nothing that was sent before, whatever that
/// was (RFC 7692, section 7.2.3.2). There are few of them: they are looked up without a lock.
#[derive(Default)]
pub(crate) struct SharedForms(OnceLock<Box<Form>>);

struct Form {
    settings: Settings,
    /// `None` if it gets no smaller.
    bytes: Option<Bytes>,
    next: SharedForms,
}

impl SharedForms {
    /// That of a connection whose compressor has these `settings`, finished by `finish`; `None` if
    /// it is no smaller than `payload`.
    ///
    /// Whoever asks for a form while another thread makes it waits for that.
    pub(super) fn get(
        &self,
        payload: &[u8],
        settings: Settings,
        finish: impl Fn(&[u8]) -> Bytes,
    ) -> Option<&Bytes> {
        let window_bits = settings.window_bits.min(needed_bits(payload.len()));
        let key = Settings {
            window_bits,
            ..settings
        };
        // The compressor is one of those that the thread has: of their window.
        let make = || Form {
            settings: key,
            bytes: compress(payload, settings).map(|compressed| finish(&compressed)),
            next: Self::default(),
        };
        let mut forms = self;
        loop {
            let form = forms.0.get_or_init(|| Box::new(make()));
            if form.settings == key {
                return form.bytes.as_ref();
            }
            forms = &form.next;
        }
    }
}

/// The smallest window in which all of a message is within reach: larger ones change nothing.
fn needed_bits(len: usize) -> u8 {
    let fits = |bits: &u8| len + LOOKAHEAD <= 1 << bits;
    (MIN_WINDOW_BITS..MAX_WINDOW_BITS)
        .find(fits)
        .unwrap_or(MAX_WINDOW_BITS)
}

fn compress(payload: &[u8], settings: Settings) -> Option<Bytes> {
    let side = DeflateSide {
        window_bits: settings.window_bits,
        takeover: Takeover::Reset,
    };
    let compressed = Deflater::new(side, settings.effort).compress(payload)?;
    Some(compressed.into())
}
