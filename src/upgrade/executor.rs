//! What runs the tasks of connections.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// The task of a connection, from its acceptance to its end, for an executor of your own: see
/// [`WebSocketUpgrade::executor`](crate::WebSocketUpgrade::executor).
pub type ConnectionTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// `tokio::spawn`, or what the user set instead.
#[derive(Clone, Default)]
pub(crate) struct Executor(Option<Arc<dyn Fn(ConnectionTask) + Send + Sync>>);

impl Executor {
    pub(crate) fn new<T>(spawn: impl Fn(ConnectionTask) -> T + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(move |task| drop(spawn(task)))))
    }

    /// Every task of a connection that this crate starts, starts here.
    pub(crate) fn spawn<F>(&self, task: F)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match &self.0 {
            None => drop(tokio::spawn(task)),
            Some(spawn) => spawn(Box::pin(async { drop(task.await) })),
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "tokio::spawn",
            Some(_) => "set",
        })
    }
}
