//! The LZ77 window of a connection between two messages.

/// The last bytes of the messages so far, at most 2^`window_bits`.
pub(super) struct History {
    /// A ring once it is full.
    bytes: Vec<u8>,
    /// Where the oldest byte stands.
    begin: usize,
    window_bits: u8,
}

impl History {
    pub(super) const fn new(window_bits: u8) -> Self {
        Self {
            bytes: Vec::new(),
            begin: 0,
            window_bits,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, data: &[u8]) {
        let window = 1 << self.window_bits;
        if self.bytes.len() == window && data.len() < window - self.begin {
            self.bytes[self.begin..][..data.len()].copy_from_slice(data);
            self.begin += data.len();
        } else {
            self.push_around(data, window);
        }
    }

    fn push_around(&mut self, data: &[u8], window: usize) {
        let data = &data[data.len().saturating_sub(window)..];
        let (fill, wrap) = data.split_at(data.len().min(window - self.bytes.len()));
        // A power of two, so that it grows as a vector does, but never beyond the window.
        let capacity = (self.bytes.len() + fill.len()).next_power_of_two();
        self.bytes.reserve_exact(capacity - self.bytes.len());
        self.bytes.extend_from_slice(fill);
        let (back, front) = wrap.split_at(wrap.len().min(self.bytes.len() - self.begin));
        self.bytes[self.begin..][..back.len()].copy_from_slice(back);
        self.bytes[..front.len()].copy_from_slice(front);
        self.begin = (self.begin + wrap.len()) % window;
    }

    /// Forgets the bytes and gives back their memory.
    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.begin = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Older bytes first; either part may be empty.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.bytes.split_at(self.begin);
        [older, newer]
    }

    #[cfg(test)]
    pub(super) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
