//! What is called at the end of a connection, and if its handler fails.

use std::{
    any::{Any, TypeId, type_name},
    convert::Infallible,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use super::{End, HandlerEnd, Outcome, UpgradeError, outcome::text_of};
use crate::{observe::Span, protocol::Closure};

/// The hooks of one connection that is not accepted yet. One pointer, to nothing if none is set.
// Never locked: a hook is `Send` and need not be `Sync`, but what holds it is.
#[derive(Default)]
pub(crate) struct Hooks(Option<Box<Mutex<Set>>>);

#[derive(Default)]
struct Set {
    on_error: Option<Box<dyn OnError>>,
    on_end: Option<Box<dyn OnEnd>>,
    handler: HandlerEnd,
}

/// The hooks of a connection that is accepted: wherever they are dropped, that is its end.
#[derive(Default)]
pub(super) struct Watch(Hooks);

impl Hooks {
    pub(crate) fn set_on_end<E: Send + 'static>(
        &mut self,
        hook: impl FnOnce(&End<E>) + Send + 'static,
    ) {
        self.make().on_end = Some(Box::new(EndHook { hook, error: None }));
    }

    pub(crate) fn set_on_error<E: 'static>(&mut self, hook: impl FnOnce(&E) + Send + 'static) {
        let asks = Asks::of::<E>();
        let hook = |error: &dyn Any| error.downcast_ref().map_or((), hook);
        self.make().on_error = Some(Box::new(ErrorHook { hook, asks }));
    }

    /// Panics if a hook would wait in vain for the errors of a handler with this outcome.
    #[track_caller]
    pub(crate) fn assert_fit<O: Outcome>(&self) {
        let Some(set) = &self.0 else {
            return;
        };
        let set = set.lock().unwrap_or_else(PoisonError::into_inner);
        let on_error = set.on_error.as_ref().map(|hook| hook.asks());
        let on_end = set.on_end.as_ref().map(|hook| hook.asks());
        drop(set);
        for asks in [on_error, on_end].into_iter().flatten() {
            asks.assert_get(&Asks::of::<O::Error>());
        }
    }

    fn make(&mut self) -> &mut Set {
        let set = self.0.get_or_insert_default();
        set.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&mut self) -> Option<&mut Set> {
        let set = self.0.as_mut()?;
        Some(set.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&mut self) -> Option<Set> {
        let set = self.0.take()?;
        Some(set.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watch {
    pub(super) const fn new(hooks: Hooks) -> Self {
        Self(hooks)
    }

    pub(super) const fn hooks(&self) -> &Hooks {
        &self.0
    }

    /// Nobody is told.
    pub(super) fn forget(&mut self) {
        self.0 = Hooks::default();
    }

    /// The connection is open, and its handler is called next.
    pub(super) fn started(&mut self) {
        self.set_handler(HandlerEnd::Dropped);
    }

    /// What the handler returned is dropped here, in its turn.
    pub(super) fn returned<O: Outcome>(&mut self, outcome: O, span: &Span) {
        self.set_handler(HandlerEnd::Returned);
        let mut error = outcome.into_error();
        if let Some(error) = &error {
            span.handler_failed(text_of(error));
        }
        if let (Some(set), Some(seen)) = (self.0.get(), &error) {
            set.handler = HandlerEnd::Failed;
            if let Some(hook) = set.on_error.take() {
                guarded(|| hook.call(seen));
            }
            if let Some(hook) = &mut set.on_end {
                hook.keep(&mut error);
            }
        }
    }

    pub(super) fn panicked(&mut self) {
        self.set_handler(HandlerEnd::Panicked);
    }

    /// The connection that was open is over.
    pub(super) fn closed(&mut self, closure: impl FnOnce() -> Closure) {
        if let Some(set) = self.0.take() {
            let _ = set.end(Ok(closure()));
        }
    }

    pub(super) fn not_opened(&mut self, error: UpgradeError) -> UpgradeError {
        match self.0.take() {
            Some(set) => set.end(Err(error)).err().unwrap_or(UpgradeError::Dropped),
            None => error,
        }
    }

    fn set_handler(&mut self, end: HandlerEnd) {
        if let Some(set) = self.0.get() {
            set.handler = end;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.not_opened(UpgradeError::Dropped);
    }
}

impl Set {
    /// Hands back what it was given, which is the caller's.
    fn end(self, connection: Result<Closure, UpgradeError>) -> Result<Closure, UpgradeError> {
        match self.on_end {
            Some(hook) => hook.call(connection, self.handler),
            None => connection,
        }
    }
}

/// A hook for an error of a type that only it knows.
trait OnError: Send {
    fn asks(&self) -> Asks;
    fn call(self: Box<Self>, error: &dyn Any);
}

struct ErrorHook<F> {
    hook: F,
    asks: Asks,
}

impl<F: FnOnce(&dyn Any) + Send> OnError for ErrorHook<F> {
    fn asks(&self) -> Asks {
        self.asks
    }

    fn call(self: Box<Self>, error: &dyn Any) {
        (self.hook)(error);
    }
}

/// A hook for an [`End`] with an error of a type that only it knows.
trait OnEnd: Send {
    fn asks(&self) -> Asks;
    /// Takes the error out of an `Option`.
    fn keep(&mut self, error: &mut dyn Any);
    fn call(
        self: Box<Self>,
        connection: Result<Closure, UpgradeError>,
        handler: HandlerEnd,
    ) -> Result<Closure, UpgradeError>;
}

struct EndHook<E, F> {
    hook: F,
    error: Option<E>,
}

impl<E: Send + 'static, F: FnOnce(&End<E>) + Send> OnEnd for EndHook<E, F> {
    fn asks(&self) -> Asks {
        Asks::of::<E>()
    }

    fn keep(&mut self, error: &mut dyn Any) {
        if let Some(error) = error.downcast_mut::<Option<E>>() {
            self.error = error.take();
        }
    }

    fn call(
        self: Box<Self>,
        connection: Result<Closure, UpgradeError>,
        handler: HandlerEnd,
    ) -> Result<Closure, UpgradeError> {
        let Self { hook, error } = *self;
        let end = End {
            connection,
            handler,
            error,
        };
        guarded(|| hook(&end));
        guarded(|| drop(end.error));
        end.connection
    }
}

/// The type of an error.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Asks {
    id: TypeId,
    name: &'static str,
}

impl Asks {
    fn of<E: 'static>() -> Self {
        let (id, name) = (TypeId::of::<E>(), type_name::<E>());
        Self { id, name }
    }

    #[track_caller]
    fn assert_get(&self, handlers: &Self) {
        let nothing = TypeId::of::<Infallible>();
        assert!(
            self.id == handlers.id || self.id == nothing || handlers.id == nothing,
            "a hook asks for the error `{}`, but the handler returns `{}`",
            self.name,
            handlers.name,
        );
    }
}

/// A hook that panics takes nothing down with it.
pub(crate) fn guarded<T>(hook: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(hook)).ok()
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}
