//! A subscriber that keeps what happens as lines.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use tracing::{
    Dispatch, Event, Id, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
    subscriber::{DefaultGuard, set_default},
};

/// Spans with their parents, who is entered, and the events: `LEVEL parent:span message fields`.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    /// Of each span its name with its fields, that of its parent before it.
    spans: Vec<String>,
    entered: Vec<usize>,
    pub(super) events: Vec<String>,
    /// Spans that were dropped.
    pub(super) closed: usize,
}

impl Lines {
    /// Collects what happens on this thread, until the guard is dropped.
    pub(super) fn collect() -> (Self, DefaultGuard) {
        // While there is only one dispatcher, tracing asks that of whatever thread comes to an event
        // first whether anybody wants it: another test's, which has none, would answer for all.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(Self::default()));
        let lines = Self::default();
        let guard = set_default(lines.clone());
        (lines, guard)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The events of this crate and of the test so far, those of a connection by what they say.
    pub(super) fn events(&self) -> Vec<String> {
        self.state().events.clone()
    }
}

impl State {
    /// The one that is named, or the one that is entered.
    fn parent(&self, named: Option<&Id>, is_root: bool) -> Option<usize> {
        match named {
            Some(id) => Some(index(id)),
            None if is_root => None,
            None => self.entered.last().copied(),
        }
    }
}

fn index(id: &Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => write!(self.message, "{value:?}").unwrap(),
            name => write!(self.others, " {name}={value:?}").unwrap(),
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    ["tower_websock", "http2"]
        .iter()
        .any(|target| metadata.target().starts_with(target))
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut state = self.state();
        let parent = state.parent(span.parent(), span.is_root());
        let parent = parent.map_or(String::new(), |parent| format!("{}:", state.spans[parent]));
        let line = format!(
            "{parent}{}{{{}}}",
            span.metadata().name(),
            fields.others.trim()
        );
        state.spans.push(line);
        Id::from_u64(state.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        let line = &mut self.state().spans[index(id)];
        line.pop();
        write!(line, "{}}}", fields.others).unwrap();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut state = self.state();
        let parent = state.parent(event.parent(), event.is_root());
        let span = parent.map_or("-", |parent| &state.spans[parent]);
        let level = event.metadata().level();
        let line = format!("{level} {span} {}{}", fields.message, fields.others);
        state.events.push(line);
    }

    fn enter(&self, id: &Id) {
        self.state().entered.push(index(id));
    }

    fn exit(&self, id: &Id) {
        let left = self.state().entered.pop();
        assert_eq!(left, Some(index(id)), "spans nest");
    }

    fn try_close(&self, _: Id) -> bool {
        self.state().closed += 1;
        true
    }
}
