//! Many attempts, of which the first that succeeds counts (RFC 8305, section 5).

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// How long an attempt has before the next begins beside it: the Connection Attempt Delay that RFC
/// 8305, section 8, recommends.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

/// Tries to connect to each address. The next attempt begins when the last one failed or has had
/// its head start. The first that succeeds wins, and the others are dropped.
///
/// # Errors
///
/// If all fail: why each did, in the order in which they failed.
pub(super) async fn race<A, C, T, E, F>(addresses: Vec<A>, connect: C) -> Result<T, Vec<(A, E)>>
where
    A: Copy,
    C: Fn(A) -> F,
    F: Future<Output = Result<T, E>>,
{
    let mut waiting = addresses.into_iter();
    let mut running: Vec<(A, Pin<Box<F>>)> = Vec::new();
    let mut failed = Vec::new();
    let mut head_start = pin!(sleep(Duration::ZERO));
    poll_fn(|cx| {
        loop {
            let before = failed.len();
            let mut at = 0;
            while let Some((address, attempt)) = running.get_mut(at) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(connected)) => return Poll::Ready(Ok(connected)),
                    Poll::Ready(Err(error)) => {
                        failed.push((*address, error));
                        drop(running.remove(at));
                    }
                    Poll::Pending => at += 1,
                }
            }
            let is_next = failed.len() > before
                || running.is_empty()
                || (waiting.len() > 0 && head_start.as_mut().poll(cx).is_ready());
            if !is_next {
                return Poll::Pending;
            }
            match waiting.next() {
                Some(address) => {
                    running.push((address, Box::pin(connect(address))));
                    head_start.as_mut().reset(Instant::now() + HEAD_START);
                }
                None if running.is_empty() => return Poll::Ready(Err(std::mem::take(&mut failed))),
                None => return Poll::Pending,
            }
        }
    })
    .await
}
