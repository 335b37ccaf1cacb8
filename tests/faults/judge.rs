//! What must hold of a session, whatever went wrong.
//!
//! - Of what one task sent, the other end receives a beginning, each message once, whole and in
//!   order.
//! - What was handed over to a transport arrives at a peer that receives to the end: what `flush`
//!   was called after, and without a supervisor what `send` said was sent.
//! - If the connection is closed in order, all arrives that was queued.
//! - What was given back does not arrive.
//! - A connection is closed in order if both Closes have passed the transport, and only then; both
//!   ends agree on who began and with which code. Otherwise it is lost, or the peer is to blame.
//! - Hooks are called once, and told the same.

use std::fmt::Write;

use tower_websock::{Closure, HandlerEnd, Initiator, Loss, Message};

use crate::{
    acts::Act,
    fault::{Class, Fault},
    log::{Log, Promise, Sent, TOPIC},
    mounts::Mount,
    pipe::Pipe,
    player::FAILURE,
    script::{Ends, Script},
    wire::close_in,
};

/// What was to happen.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) script: &'static Script,
    pub(crate) mount: Mount,
    pub(crate) fault: Option<Fault>,
}

/// What happened.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) subject: Log,
    pub(crate) peer: Log,
}

impl Case {
    /// What may come of it. hyper takes an interruption for a failure.
    pub(crate) fn class(&self) -> Class {
        match self.fault.map(|fault| fault.kind.class()) {
            None => Class::Harmless,
            Some(Class::Harmless) if self.is_interrupted() && self.mount.is_http() => Class::Fatal,
            Some(class) => class,
        }
    }

    fn is_interrupted(&self) -> bool {
        self.fault
            .is_some_and(|fault| fault.kind == crate::fault::Kind::Interrupted)
    }

    /// What is wrong with what happened. Without a fault it was as `usual`.
    pub(crate) fn judge(
        &self,
        outcome: &Outcome,
        pipe: &Pipe,
        usual: Option<&Outcome>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let Outcome { subject, peer } = outcome;
        for (name, log) in [("subject", subject), ("peer", peer)] {
            wrong.extend(log.wrong.iter().map(|text| format!("{name}: {text}")));
        }
        self.check_hooks(outcome, &mut wrong);
        if self.class() == Class::Corrupt {
            return wrong;
        }
        // What hyper has of a stream of HTTP/2 is handed over, and may be lost with the connection.
        let is_intact = !self.mount.is_http2();
        check_delivery("to the peer", subject, peer, is_intact, &mut wrong);
        check_delivery("to the subject", peer, subject, false, &mut wrong);
        if self.class() != Class::Panic {
            self.check_closures(outcome, pipe, &mut wrong);
        }
        match usual {
            None => self.check_end(outcome, &mut wrong),
            Some(usual) if self.class() == Class::Harmless => {
                if !self.is_as_usual(outcome, usual) {
                    wrong.push(format!("other than usual:\n{}", difference(outcome, usual)));
                }
            }
            Some(_) => {}
        }
        wrong
    }

    fn check_hooks(&self, outcome: &Outcome, wrong: &mut Vec<String>) {
        let (name, log, acts) = if self.mount.is_supervised() {
            ("subject", &outcome.subject, self.script.subject)
        } else if self.mount.is_http() {
            ("peer", &outcome.peer, self.script.peer)
        } else {
            return;
        };
        let Some(end) = &log.end else {
            // Its request may not have come.
            if !self.mount.is_http() || self.class() == Class::Harmless {
                wrong.push(format!("{name}: the end was not told"));
            }
            return;
        };
        if end.closure.is_some() == end.upgrade_error {
            wrong.push(format!("{name}: {end:?} is contradictory"));
        }
        if self.class() == Class::Panic {
            return;
        }
        let acts = acts
            .split(|act| matches!(act, Act::GiveAway))
            .next()
            .unwrap_or(acts);
        let handler = match acts.last() {
            _ if end.upgrade_error => HandlerEnd::NotCalled,
            Some(Act::Fail) => HandlerEnd::Failed,
            Some(Act::Panic) => HandlerEnd::Panicked,
            _ => HandlerEnd::Returned,
        };
        let error = (handler == HandlerEnd::Failed).then(|| FAILURE.to_owned());
        if (end.handler, &end.error) != (handler, &error) {
            wrong.push(format!(
                "{name}: the handler ends with {handler:?}, and was told {end:?}"
            ));
        }
        if !log.told_errors.iter().eq(&error) {
            wrong.push(format!(
                "{name}: of {error:?} was told {:?}",
                log.told_errors
            ));
        }
    }

    fn check_closures(&self, outcome: &Outcome, pipe: &Pipe, wrong: &mut Vec<String>) {
        let ours = closure_of(&outcome.subject);
        let theirs = closure_of(&outcome.peer);
        let may_fail = matches!(self.script.ends, Ends::Failed(_));
        for closure in [ours, theirs].into_iter().flatten() {
            let is_possible = match closure {
                Closure::Failed(_) => may_fail,
                Closure::Lost(why) => matches!(why, Loss::Ended | Loss::Cut),
                _ => true,
            };
            if !is_possible {
                wrong.push(format!("nothing leads to {closure:?}"));
            }
        }
        if let (
            Some(Closure::Clean {
                initiator,
                frame,
                sent,
            }),
            Some(theirs),
        ) = (ours, theirs)
        {
            if let Closure::Clean {
                initiator: began,
                frame: got,
                sent: said,
            } = theirs
            {
                let both = (*initiator, *began);
                let is_crossing =
                    self.script.is_racy && both == (Initiator::Local, Initiator::Local);
                if initiator == began && !is_crossing {
                    wrong.push(format!("both say {began:?} began"));
                }
                if (frame, sent) != (said, got) {
                    wrong.push(format!("one says {ours:?}, the other {theirs:?}"));
                }
            } else if !self.mount.is_http2() {
                wrong.push(format!("the subject says {ours:?}, the peer {theirs:?}"));
            }
        }
        if !self.mount.is_http() {
            self.check_wire(outcome, pipe, wrong);
        }
    }

    /// What the transport has seen of the Closes.
    fn check_wire(&self, outcome: &Outcome, pipe: &Pipe, wrong: &mut Vec<String>) {
        let ours = closure_of(&outcome.subject);
        let passed = (
            close_in(&pipe.passed(0).put),
            close_in(&pipe.passed(1).taken),
        );
        match (ours, passed) {
            (Some(Closure::Clean { frame, sent, .. }), (Some(left), Some(came))) => {
                let code = |frame: &Option<tower_websock::CloseFrame>| {
                    frame.as_ref().map_or(1005, |frame| frame.code)
                };
                if (code(sent), code(frame)) != (left, came) {
                    wrong.push(format!(
                        "{ours:?}, and Closes with {left} and {came} passed"
                    ));
                }
            }
            (Some(Closure::Clean { .. }), _) => {
                wrong.push(format!("{ours:?}, and of the Closes passed {passed:?}"));
            }
            // Unless something stands before the peer's Close.
            (Some(Closure::Lost(_)), (Some(_), Some(_)))
                if !self.script.is_racy
                    && outcome.subject.received.iter().any(Message::is_close) =>
            {
                wrong.push(format!("{ours:?}, and both Closes passed: {passed:?}"));
            }
            _ => {}
        }
    }

    /// Without a fault.
    fn check_end(&self, outcome: &Outcome, wrong: &mut Vec<String>) {
        let closure = closure_of(&outcome.subject);
        let is_right = match (self.script.ends, closure) {
            (Ends::Closes(code), Some(closure @ Closure::Clean { .. })) => {
                (closure.code(), closure.initiator()) == (code, Some(Initiator::Local))
            }
            (Ends::Closed(code), Some(closure @ Closure::Clean { .. })) => {
                (closure.code(), closure.initiator()) == (code, Some(Initiator::Remote))
            }
            (Ends::Crossing, Some(closure)) => closure.is_clean(),
            (Ends::Failed(code), Some(closure @ Closure::Failed(_))) => closure.code() == code,
            (Ends::Lost, Some(Closure::Lost(_))) | (Ends::Leaves, None) => true,
            // The half that receives does not tell.
            (_, None) => self.script.has(|act| matches!(act, Act::DropSend)),
            _ => false,
        };
        if !is_right {
            let ends = self.script.ends;
            wrong.push(format!(
                "without a fault it ends with {closure:?}, not with {ends:?}"
            ));
        }
    }

    fn is_as_usual(&self, outcome: &Outcome, usual: &Outcome) -> bool {
        if !self.script.is_racy {
            return outcome == usual;
        }
        let essence = |outcome: &Outcome| {
            let data = |log: &Log| {
                let mut data: Vec<_> = log.data().map(|message| format!("{message:?}")).collect();
                data.sort();
                (!log.is_deaf).then_some(data)
            };
            let is_clean = closure_of(&outcome.subject).map(Closure::is_clean);
            (data(&outcome.subject), data(&outcome.peer), is_clean)
        };
        essence(outcome) == essence(usual)
    }
}

/// How an end says that the connection has ended; a supervisor has the last word.
fn closure_of(log: &Log) -> Option<&Closure> {
    match &log.end {
        Some(end) => end.closure.as_ref(),
        None => log.closure.as_ref(),
    }
}

/// What one end has sent against what the other one has received.
fn check_delivery(
    way: &str,
    sender: &Log,
    receiver: &Log,
    is_intact: bool,
    wrong: &mut Vec<String>,
) {
    let mut tasks: Vec<usize> = sender.sent.iter().map(|sent| sent.by).collect();
    tasks.sort_unstable();
    tasks.dedup();
    // Of each task, what has not arrived.
    let mut missing: Vec<_> = tasks
        .iter()
        .map(|by| {
            let of_task = sender.sent.iter().filter(|sent| sent.by == *by);
            of_task
                .filter(|sent| sent.promise != Promise::GivenBack)
                .peekable()
        })
        .collect();
    for message in receiver.data() {
        let mut tasks = missing.iter_mut();
        let is_next = |sent: &&Sent| sent.message == *message;
        if !tasks.any(|task| task.next_if(is_next).is_some()) {
            let shown = shorten(message);
            return wrong.push(format!("{way}: {shown} comes out of order, twice or torn"));
        }
    }
    if receiver.is_deaf {
        return;
    }
    let is_clean = closure_of(receiver).is_some_and(Closure::is_clean);
    for sent in missing.into_iter().flatten() {
        let is_due = match sent.promise {
            Promise::HandedOver => is_intact || is_clean,
            Promise::Queued => is_clean && sent.by != TOPIC,
            Promise::Nothing | Promise::GivenBack => false,
        };
        if is_due {
            let (shown, promise) = (shorten(&sent.message), sent.promise);
            return wrong.push(format!("{way}: {shown} is {promise:?}, and does not come"));
        }
    }
}

fn shorten(message: &Message) -> String {
    let data = message.clone().into_data();
    let beginning = data[..data.len().min(8)].escape_ascii();
    format!("a message of {} bytes `{beginning}..`", data.len())
}

/// The fields that differ, one by one.
fn difference(outcome: &Outcome, usual: &Outcome) -> String {
    let mut text = String::new();
    for (name, now, usual) in [
        ("subject", &outcome.subject, &usual.subject),
        ("peer", &outcome.peer, &usual.peer),
    ] {
        let fields = |log: &Log| {
            let sent = log
                .sent
                .iter()
                .map(|sent| (sent.by, sent.promise, shorten(&sent.message)));
            let received = log.received.iter().map(shorten);
            [
                format!("sent {:?}", sent.collect::<Vec<_>>()),
                format!("received {:?}", received.collect::<Vec<_>>()),
                format!("error {:?}", log.error),
                format!("over {}, deaf {}", log.is_over, log.is_deaf),
                format!("closure {:?}", log.closure),
                format!("end {:?}, errors {:?}", log.end, log.told_errors),
            ]
        };
        for (now, usual) in fields(now).into_iter().zip(fields(usual)) {
            if now != usual {
                let _ = writeln!(text, "    {name} {now}\n    usually {usual}");
            }
        }
    }
    text
}
