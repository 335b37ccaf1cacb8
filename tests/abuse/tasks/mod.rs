//! Tasks: handlers that panic, halves in several tasks, and tasks that share
//! a thread with a flood.

pub(crate) mod ends;
pub(crate) mod starvation;
