//! Runs futures without a runtime. Only who was woken is polled: whoever nobody wakes stays asleep.

use std::{
    future::Future,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// More polls than any input needs.
const MANY: usize = 100_000;

/// Whether somebody was woken.
pub struct Flag(AtomicBool);

impl Flag {
    /// Raised, as somebody new is to be polled.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a future gives that needs nobody else.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let flag = Flag::new();
    let waker = Waker::from(flag.clone());
    for _ in 0..MANY {
        assert!(flag.take(), "it is asleep for ever");
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
    panic!("it hangs");
}

/// The tasks of an input.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<Vec<Task>>>);

struct Task {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    flag: Arc<Flag>,
    waker: Waker,
}

impl Tasks {
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let flag = Flag::new();
        let waker = Waker::from(flag.clone());
        let future = Box::pin(future);
        self.0.lock().unwrap().push(Task {
            future,
            flag,
            waker,
        });
    }

    /// Runs them until all of them wait. Returns how many these are.
    pub fn run(&self) -> usize {
        let mut tasks = Vec::new();
        for _ in 0..MANY {
            // Those that others have spawned.
            tasks.append(&mut mem::take(&mut *self.0.lock().unwrap()));
            let mut was_woken = false;
            tasks.retain_mut(|task: &mut Task| {
                if !task.flag.take() {
                    return true;
                }
                was_woken = true;
                let mut cx = Context::from_waker(&task.waker);
                task.future.as_mut().poll(&mut cx).is_pending()
            });
            if !was_woken {
                let waiting = tasks.len();
                *self.0.lock().unwrap() = tasks;
                return waiting;
            }
        }
        panic!("they hang");
    }
}

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, future: F) {
        self.spawn(async { drop(future.await) });
    }
}
