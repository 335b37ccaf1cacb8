//! Attempts beside each other, in virtual time (RFC 8305, section 5).

use std::{cell::RefCell, future::pending, time::Duration};

use tokio::time::{Instant, sleep};

use super::super::race::race;

/// What an attempt comes to, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Attempt {
    Connects(u64),
    Fails(u64),
    /// Its packets are swallowed.
    Hangs,
}

use Attempt::{Connects, Fails, Hangs};

/// An attempt that runs.
struct Running<'a>(&'a RefCell<usize>);

impl<'a> Running<'a> {
    fn new(count: &'a RefCell<usize>) -> Self {
        *count.borrow_mut() += 1;
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.borrow_mut() -= 1;
    }
}

/// Who won, else who failed in which order; after how many milliseconds; when each began.
async fn raced(attempts: &[Attempt]) -> (Result<usize, Vec<usize>>, u64, Vec<u64>) {
    let began = Instant::now();
    let elapsed = || u64::try_from(began.elapsed().as_millis()).expect("it is short");
    let (starts, running) = (RefCell::new(Vec::new()), RefCell::new(0));
    let connect = |at: usize| {
        starts.borrow_mut().push(elapsed());
        let running = Running::new(&running);
        async move {
            let _running = running;
            let (after, outcome) = match attempts[at] {
                Connects(after) => (after, Ok(at)),
                Fails(after) => (after, Err(())),
                Hangs => pending().await,
            };
            if after > 0 {
                sleep(Duration::from_millis(after)).await;
            }
            outcome
        }
    };
    let result = race((0..attempts.len()).collect(), connect).await;
    let result = result.map_err(|failed| failed.into_iter().map(|(at, ())| at).collect());
    assert_eq!(*running.borrow(), 0, "the others are dropped");
    (result, elapsed(), starts.into_inner())
}

/// Section 5: each attempt has a head start of 250 ms, one that fails ends it, and the first that
/// connects wins, whenever it began.
#[tokio::test(start_paused = true)]
async fn first_to_connect_wins() {
    for (attempts, winner, after, starts) in [
        (&[Connects(0)][..], 0, 0, &[0][..]),
        (&[Connects(249), Connects(0)], 0, 249, &[0]),
        // A black hole costs the head start, however many there are.
        (&[Hangs, Connects(0)], 1, 250, &[0, 250]),
        (
            &[Hangs, Hangs, Hangs, Connects(9)],
            3,
            759,
            &[0, 250, 500, 750],
        ),
        // The earlier one may win all the same.
        (&[Connects(300), Connects(100)], 0, 300, &[0, 250]),
        (&[Connects(400), Connects(100)], 1, 350, &[0, 250]),
        // At the same time: the earlier.
        (&[Connects(350), Connects(100)], 0, 350, &[0, 250]),
        // What fails does not wait for the end of its head start.
        (&[Fails(0), Connects(0)], 1, 0, &[0, 0]),
        (&[Fails(0), Fails(10), Connects(5)], 2, 15, &[0, 0, 10]),
        // The next has a head start of its own.
        (&[Fails(100), Connects(300), Hangs], 1, 400, &[0, 100, 350]),
        // One that failed behind its head start starts the next too.
        (&[Fails(300), Hangs, Connects(10)], 2, 310, &[0, 250, 300]),
        // The last may take its time, and another one fail meanwhile.
        (&[Fails(9000), Connects(10_000)], 1, 10_250, &[0, 250]),
    ] {
        assert_eq!(raced(attempts).await, (Ok(winner), after, starts.to_vec()));
    }
}

/// If all fail, each is told.
#[tokio::test(start_paused = true)]
async fn all_failures_are_told() {
    for (attempts, failed, after, starts) in [
        (&[][..], &[][..], 0, &[][..]),
        (&[Fails(0)], &[0], 0, &[0]),
        (&[Fails(0), Fails(0)], &[0, 1], 0, &[0, 0]),
        (&[Fails(400), Fails(10)], &[1, 0], 400, &[0, 250]),
        (
            &[Fails(100), Fails(9000), Fails(0)],
            &[0, 2, 1],
            9100,
            &[0, 100, 350],
        ),
    ] {
        let expected = (Err(failed.to_vec()), after, starts.to_vec());
        assert_eq!(raced(attempts).await, expected);
    }
}

/// A race that is given up drops all its attempts.
#[tokio::test(start_paused = true)]
async fn dropping_it_drops_the_attempts() {
    let running = RefCell::new(0);
    let connect = |_: usize| {
        let running = Running::new(&running);
        async move {
            let _running = running;
            pending::<Result<(), ()>>().await
        }
    };
    let raced = tokio::time::timeout(Duration::from_secs(1), race(vec![0; 9], connect)).await;
    assert!(raced.is_err());
    assert_eq!(*running.borrow(), 0);
}
