//! What a thread keeps for its connections, so that idle ones hold nothing.

use std::{cell::RefCell, thread::LocalKey};

/// Values that nobody uses at the moment, of one thread, at most so many.
pub(crate) struct Pool<T> {
    /// What came back last is last.
    free: Vec<T>,
    most: usize,
}

impl<T> Pool<T> {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            free: Vec::new(),
            most,
        }
    }

    /// The value that came back last: its memory is the likeliest to be in a cache.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        self.free.pop()
    }

    /// Puts a value behind the others; returns the first one if they are too many.
    #[must_use = "drop it once the pool can be used again"]
    #[inline]
    pub(crate) fn put(&mut self, value: T) -> Option<T> {
        if self.free.len() < self.most {
            self.free.push(value);
            return None;
        }
        Some(self.replace_oldest(value))
    }
}

impl<T> Pool<T> {
    #[cold]
    fn replace_oldest(&mut self, value: T) -> T {
        let oldest = self.free.remove(0);
        self.free.push(value);
        oldest
    }
}

/// For values that are not all alike.
#[cfg(any(feature = "deflate", test))]
impl<T> Pool<T> {
    /// Those that wait, in the order in which they came back.
    pub(crate) fn free(&self) -> &[T] {
        &self.free
    }

    /// The value at this place.
    pub(crate) fn take_at(&mut self, at: usize) -> Option<T> {
        (at < self.free.len()).then(|| self.free.remove(at))
    }
}

/// Has `f` see to what the thread keeps; `None` if the thread is at its end and keeps nothing any
/// more, or `f` runs inside of another one.
#[cfg(any(feature = "deflate", test))]
#[inline]
pub(crate) fn with<P, R>(
    kept: &'static LocalKey<RefCell<P>>,
    f: impl FnOnce(&mut P) -> R,
) -> Option<R> {
    let result = kept.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| f(&mut kept)));
    result.ok().flatten()
}

/// Takes a value out of the thread's pool.
#[inline]
pub(crate) fn lend<T>(pool: &'static LocalKey<RefCell<Pool<T>>>) -> Option<T> {
    let lent = pool.try_with(|pool| pool.try_borrow_mut().ok()?.take());
    lent.ok().flatten()
}

/// Gives a value to the thread's pool.
#[inline]
pub(crate) fn take_back<T>(pool: &'static LocalKey<RefCell<Pool<T>>>, value: T) {
    // The end of a value may use the pool, and then finds it free.
    let oldest = pool.try_with(|pool| pool.try_borrow_mut().ok()?.put(value));
    drop(oldest);
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, sync::mpsc, thread};

    use super::*;

    /// A value that uses the pool at its end.
    struct Nested(u8);

    thread_local! {
        static NUMBERS: RefCell<Pool<u8>> = const { RefCell::new(Pool::new(3)) };
        static NESTED: RefCell<Pool<Nested>> = const { RefCell::new(Pool::new(1)) };
        static ENDED: Cell<u8> = const { Cell::new(0) };
    }

    impl Drop for Nested {
        fn drop(&mut self) {
            let _ = ENDED.try_with(|ended| ended.set(ended.get() + 1));
            if let Some(further) = self.0.checked_sub(1) {
                take_back(&NESTED, Nested(further));
            }
        }
    }

    /// It keeps those that came back last, and lends the last first.
    #[test]
    fn pool_is_bounded() {
        assert_eq!(lend(&NUMBERS), None);
        for number in 0..10 {
            take_back(&NUMBERS, number);
        }
        with(&NUMBERS, |pool| {
            assert_eq!(*pool.free(), [7, 8, 9]);
            assert_eq!(pool.take_at(1), Some(8));
            assert_eq!(pool.take_at(2), None);
            assert_eq!(pool.put(8), None);
            assert_eq!(pool.take_at(2), Some(8));
        });
        assert_eq!([(); 3].map(|()| lend(&NUMBERS)), [Some(9), Some(7), None]);
    }

    /// Threads have a pool each.
    #[test]
    fn pool_belongs_to_its_thread() {
        take_back(&NUMBERS, 1);
        let other = thread::spawn(|| lend(&NUMBERS)).join();
        assert_eq!(other.unwrap(), None);
        assert_eq!(lend(&NUMBERS), Some(1));
    }

    /// Inside of `with` the pool is as if it were empty and full.
    #[test]
    fn pool_in_use_neither_lends_nor_keeps() {
        take_back(&NUMBERS, 1);
        with(&NUMBERS, |pool| {
            assert_eq!(lend(&NUMBERS), None);
            take_back(&NUMBERS, 2);
            assert_eq!(*pool.free(), [1]);
        })
        .unwrap();
        assert_eq!(lend(&NUMBERS), Some(1));
    }

    /// What a value does at its end finds the pool as usual.
    #[test]
    fn value_may_use_the_pool_at_its_end() {
        take_back(&NESTED, Nested(0));
        take_back(&NESTED, Nested(3));
        assert_eq!(ENDED.get(), 1);
        // It is replaced, and so are those that it leaves behind.
        take_back(&NESTED, Nested(0));
        assert_eq!(with(&NESTED, |pool| pool.free().len()), Some(1));
    }

    /// At the end of a thread its pool neither lends nor keeps, and what comes back ends.
    #[test]
    fn pool_of_a_thread_at_its_end_is_of_no_use_and_no_harm() {
        struct Late(mpsc::Sender<Option<u8>>);

        impl Drop for Late {
            fn drop(&mut self) {
                take_back(&NUMBERS, 2);
                let _ = self.0.send(lend(&NUMBERS));
            }
        }

        thread_local! {
            static BEFORE: RefCell<Option<Late>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<Late>> = const { RefCell::new(None) };
        }

        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            // Whether a thread drops first what it used first is not specified.
            BEFORE.set(Some(Late(sender.clone())));
            take_back(&NUMBERS, 1);
            AFTER.set(Some(Late(sender)));
        })
        .join()
        .unwrap();
        let mut lent: Vec<_> = receiver.iter().collect();
        lent.sort_unstable();
        assert_eq!(lent, [None, Some(2)]);
    }
}
