//! What opens connections.

use std::{future::Future, pin::Pin, time::Duration};

use tokio::time::timeout;

use super::{
    cause::{BoxError, Cause},
    event::Attempt,
    retry::SHORTEST,
};
use crate::stream::WebSocket;

/// An attempt under way.
pub(super) type Attempting<T> = Pin<Box<dyn Future<Output = Result<WebSocket<T>, Cause>> + Send>>;

/// A function that opens connections, from [`Reconnecting::over`](super::Reconnecting::over).
pub struct Connector<T> {
    connect: Box<dyn FnMut(Attempt) -> Attempting<T> + Send>,
}

impl<T> Connector<T> {
    pub(super) fn new<F, Fut, E>(mut connect: F) -> Self
    where
        F: FnMut(Attempt) -> Fut + Send + 'static,
        Fut: Future<Output = Result<WebSocket<T>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let connect = move |attempt| -> Attempting<T> {
            let connecting = connect(attempt);
            Box::pin(async move {
                let connected = connecting.await;
                connected.map_err(|error| Cause::of_hook(error.into()))
            })
        };
        Self {
            connect: Box::new(connect),
        }
    }

    /// Makes an attempt, which takes no longer than `limit`.
    pub(super) fn attempt(&mut self, attempt: Attempt, limit: Duration) -> Attempting<T>
    where
        T: 'static,
    {
        let connecting = (self.connect)(attempt);
        Box::pin(async move {
            let connected = timeout(limit.max(SHORTEST), connecting).await;
            connected.unwrap_or(Err(Cause::TimedOut))
        })
    }
}

impl<T> std::fmt::Debug for Connector<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
