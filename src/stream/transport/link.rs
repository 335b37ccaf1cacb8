//! The transport, as long as it is of use.

use std::mem;

/// A transport, or that there is none any more.
pub(crate) enum Link<T> {
    Up(T),
    /// Of no more use; to be dropped once the connection's lock is free, for its `Drop`
    /// may do anything. Boxed, so that the other variant needs no tag.
    Down(Option<Box<T>>),
}

impl<T> Link<T> {
    pub(crate) const fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Link::Up(io) => Some(io),
            Link::Down(_) => None,
        }
    }

    pub(crate) const fn is_down(&self) -> bool {
        matches!(self, Link::Down(_))
    }

    /// From now on there is no transport.
    pub(crate) fn cut(&mut self) {
        if let Link::Up(io) = mem::replace(self, Link::Down(None)) {
            *self = Link::Down(Some(Box::new(io)));
        }
    }

    /// What is to be dropped.
    pub(crate) fn take_remains(&mut self) -> Option<Box<T>> {
        match self {
            Link::Down(io) => io.take(),
            Link::Up(_) => None,
        }
    }
}
