//! What has passed in one direction.

/// Counts, from the opening of a connection on.
///
/// Plain additions where a frame or a batch is done; a message of a batch costs nothing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    messages: u64,
    frames: u64,
    payload: u64,
    pings: u64,
}

impl Tally {
    /// So many unfragmented messages, with payloads of so many bytes in all.
    #[inline]
    pub(super) const fn note_whole(&mut self, messages: usize, payload: usize) {
        self.messages += messages as u64;
        self.frames += messages as u64;
        self.payload += payload as u64;
    }

    /// A frame that is not a message by itself.
    #[inline]
    pub(super) const fn note_frame(&mut self) {
        self.frames += 1;
    }

    /// A message whose frames were counted. Its payload is what the user has of it.
    #[inline]
    pub(super) const fn note_message(&mut self, payload: usize) {
        self.messages += 1;
        self.payload += payload as u64;
    }

    /// A ping, whose frame was counted.
    pub(super) const fn note_ping(&mut self) {
        self.pings += 1;
    }

    /// Text and binary messages.
    pub(crate) const fn messages(&self) -> u64 {
        self.messages
    }

    /// Frames of every kind.
    pub(crate) const fn frames(&self) -> u64 {
        self.frames
    }

    /// Bytes of the messages, as users see them.
    pub(crate) const fn payload(&self) -> u64 {
        self.payload
    }

    pub(crate) const fn pings(&self) -> u64 {
        self.pings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_as_what_it_is() {
        let mut tally = Tally::default();
        tally.note_whole(3, 700);
        // A message of two fragments with a ping between them.
        tally.note_frame();
        tally.note_frame();
        tally.note_ping();
        tally.note_frame();
        tally.note_message(40);
        tally.note_ping();
        let counted = (
            tally.messages(),
            tally.frames(),
            tally.payload(),
            tally.pings(),
        );
        assert_eq!(counted, (4, 6, 740, 2));
    }
}
