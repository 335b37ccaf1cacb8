//! A session: a script on a mount, which is played again and again, each time with another fault.

use std::time::Duration;

use tokio::{
    runtime::{Builder, Handle, Runtime},
    time::{Instant, sleep},
};

use crate::{
    alloc::held,
    fault::{Asked, Class, Fault, Kind},
    judge::{Case, Outcome},
    mounts::{Limits, Mount},
    panics,
    script::{Script, Setting},
};

/// Plays before anything is measured: what a thread keeps for its connections is kept from then on.
const WARM_UP: usize = 3;
/// The same with compression: a thread keeps 32 states of each kind.
const WARM_UP_OF_DEFLATE: usize = 40;

/// What grows each time is a leak; what does not is kept.
const REPEATS: usize = 4;

/// In virtual time. Only what hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(600);

/// More than it takes without a fault: the deadlines of a connection that closes.
const DEADLINES: Duration = Duration::from_secs(16);

pub(crate) struct Session {
    script: &'static Script,
    mount: Mount,
    runtime: Runtime,
    limits: Limits,
    usual: Option<Usual>,
    /// Bytes that this thread holds between two plays.
    level: isize,
}

/// What happens without a fault.
struct Usual {
    outcome: Outcome,
    asked: Vec<Asked>,
    time: Duration,
}

/// One play.
struct Played {
    outcome: Outcome,
    asked: Vec<Asked>,
    time: Duration,
    wrong: Vec<String>,
}

impl Session {
    /// Plays it without a fault.
    ///
    /// # Errors
    ///
    /// What is wrong with that.
    pub(crate) fn new(script: &'static Script, mount: Mount) -> Result<Self, Vec<String>> {
        let mut builder = Builder::new_current_thread();
        let builder = builder.enable_all().start_paused(true);
        let mut session = Self {
            script,
            mount,
            runtime: builder.build().expect("a runtime"),
            limits: Limits {
                operations: 100_000,
                polls: 100_000,
            },
            usual: None,
            level: 0,
        };
        let plays = match script.setting {
            Setting::Deflate => WARM_UP_OF_DEFLATE,
            _ => WARM_UP,
        };
        for _ in 0..plays {
            let played = session.play(None);
            if !played.wrong.is_empty() {
                return Err(played.wrong);
            }
            let polls = played
                .outcome
                .subject
                .polls
                .0
                .max(played.outcome.peer.polls.0);
            session.limits = Limits {
                operations: 4 * played.asked.len() + 500,
                polls: 4 * polls + 500,
            };
            session.usual = Some(Usual {
                outcome: played.outcome,
                asked: played.asked,
                time: played.time,
            });
        }
        session.level = held();
        Ok(session)
    }

    /// How often the transport is asked for something without a fault.
    pub(crate) fn operations(&self) -> usize {
        self.asked().len()
    }

    /// Everything that can go wrong.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let at_each = self.asked().iter().enumerate().flat_map(|(at, asked)| {
            let kinds = Kind::ALL.iter().map(|(kind, _)| *kind);
            let fitting = kinds.filter(|kind| kind.fits(*asked) && self.allows(*kind));
            fitting.map(move |kind| Fault { kind, at })
        });
        at_each.collect()
    }

    /// Plays it with a fault; returns what is wrong.
    pub(crate) fn run(&mut self, fault: Fault) -> Vec<String> {
        let mut grown = Vec::new();
        loop {
            let wrong = self.play(Some(fault)).wrong;
            if !wrong.is_empty() {
                // Its tasks may hang, and are not to be counted again.
                if let Ok(fresh) = Self::new(self.script, self.mount) {
                    *self = fresh;
                }
                return wrong;
            }
            let more = held() - self.level;
            self.level = held();
            if more <= 0 {
                return Vec::new();
            }
            grown.push(more);
            if grown.len() == REPEATS {
                return vec![format!("bytes leak each time: {grown:?}")];
            }
        }
    }

    /// hyper may make anything of a transport that lies to it, or panics.
    fn allows(&self, kind: Kind) -> bool {
        match kind.class() {
            Class::Corrupt | Class::Panic => !self.mount.is_http(),
            _ => true,
        }
    }

    fn asked(&self) -> &[Asked] {
        self.usual.as_ref().map_or(&[], |usual| &usual.asked)
    }

    fn play(&self, fault: Option<Fault>) -> Played {
        let case = Case {
            script: self.script,
            mount: self.mount,
            fault,
        };
        panics::others();
        let played = self.runtime.block_on(async {
            let begin = Instant::now();
            let scene = self.mount.set_up(self.script, fault, self.limits);
            let is_quiet = all_ended(begin).await;
            let time = begin.elapsed();
            let mut wrong = Vec::new();
            if !is_quiet {
                wrong.push(format!("{} tasks hang", tasks()));
            }
            wrong.extend(scene.record.misuse());
            let outcome = Outcome {
                subject: std::mem::take(&mut *scene.subject.log()),
                peer: std::mem::take(&mut *scene.peer.log()),
            };
            let usual = self.usual.as_ref();
            wrong.extend(case.judge(&outcome, &scene.pipe, usual.map(|usual| &usual.outcome)));
            if !scene.connections.is_empty() || scene.connections.iter().next().is_some() {
                wrong.push("its place among the connections is not free".to_owned());
            }
            if scene.topic.subscribers() > 0 {
                wrong.push("it is still subscribed to the topic".to_owned());
            }
            if !scene.pipe.is_deserted() {
                wrong.push("a transport was not dropped".to_owned());
            }
            if let Some(usual) = usual {
                if !matches!(case.class(), Class::Corrupt | Class::Panic)
                    && time > usual.time + DEADLINES
                {
                    wrong.push(format!("it takes {time:?}, usually {:?}", usual.time));
                }
            }
            let asked = scene.record.asked();
            if std::env::var_os("FAULTS_SHOW").is_some() {
                println!("{fault:?} {time:?}\n{asked:?}\n{outcome:#?}");
            }
            Played {
                outcome,
                asked,
                time,
                wrong,
            }
        });
        self.check_beginning(fault, played)
    }

    /// Up to the fault all is as usual, or the faults would not be those that were meant.
    fn check_beginning(&self, fault: Option<Fault>, mut played: Played) -> Played {
        played.wrong.extend(panics::others());
        let most = fault.map_or(usize::MAX, |fault| fault.at);
        let now = &played.asked[..most.min(played.asked.len())];
        let usual = self.asked();
        if self.usual.is_some() && now != &usual[..most.min(usual.len())] {
            played.wrong.push("it is another one each time".to_owned());
        }
        played
    }
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Waits until all tasks have ended. Returns whether they have.
async fn all_ended(begin: Instant) -> bool {
    let mut pause = Duration::from_micros(100);
    while tasks() > 0 {
        if begin.elapsed() > PATIENCE {
            return false;
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
    true
}
