//! How the hooks of each connection are made.

use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::upgrade::{End, Hooks, guarded};

/// What makes hooks out of the head of a request.
#[derive(Clone, Default)]
pub(crate) struct HookMaker {
    on_end: Option<Arc<Make>>,
    on_error: Option<Arc<Make>>,
}

type Make = dyn Fn(&Parts, &mut Hooks) + Send + Sync;

impl HookMaker {
    pub(super) fn set_on_end<E, C, G>(&mut self, make: C)
    where
        E: Send + 'static,
        C: Fn(&Parts) -> G + Send + Sync + 'static,
        G: FnOnce(&End<E>) + Send + 'static,
    {
        let make = move |request: &Parts, hooks: &mut Hooks| hooks.set_on_end(make(request));
        self.on_end = Some(Arc::new(make));
    }

    pub(super) fn set_on_error<E, C, G>(&mut self, make: C)
    where
        E: 'static,
        C: Fn(&Parts) -> G + Send + Sync + 'static,
        G: FnOnce(&E) + Send + 'static,
    {
        let make = move |request: &Parts, hooks: &mut Hooks| hooks.set_on_error(make(request));
        self.on_error = Some(Arc::new(make));
    }

    /// The hooks of a connection that is accepted.
    pub(super) fn make(&self, request: &Parts) -> Hooks {
        let mut hooks = Hooks::default();
        for make in [&self.on_end, &self.on_error].into_iter().flatten() {
            guarded(|| make(request, &mut hooks));
        }
        hooks
    }
}

impl fmt::Debug for HookMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookMaker")
            .field("on_end", &self.on_end.is_some())
            .field("on_error", &self.on_error.is_some())
            .finish()
    }
}
