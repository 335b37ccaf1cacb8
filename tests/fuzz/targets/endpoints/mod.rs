//! A client and a server of ours talk over a transport that takes little at a time, compressed or
//! not. Either sends in every way there is, receives, gives up waiting, splits its socket and closes
//! at any time. The server has a supervisor or not, and uses its socket in the handler or elsewhere.
//! What was sent arrives, once and in order.

mod end;

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use tokio::io::duplex;
use tower_websock::{Accepting, Config, DeflateConfig, KeepAlive, WebSocket};

use self::end::End;
use super::{
    choices::Choices,
    enter, sockets,
    tasks::{Tasks, block_on},
};

/// So many steps at most until both close.
const STEPS: usize = 200;

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let capacity = choices.one_of(&[7, 100, 5000, 70_000]);
    let mut config = Config::new()
        .keep_alive(KeepAlive::OFF)
        .write_high_water(choices.one_of(&[1, 40, 64 * 1024]));
    match choices.below(4) {
        0 => config = config.deflate(DeflateConfig::new()),
        1 => config = config.deflate(DeflateConfig::new().no_context_takeover().min_size(0)),
        _ => {}
    }
    let tasks = Tasks::default();
    let mut accepted = None;
    let (client, server) = duplex(capacity);
    let client = sockets::client(client, config.clone(), |offer| {
        let (accepting, answer) = sockets::accepted(server, config.clone(), offer);
        accepted = Some(accepting);
        answer
    });
    let accepted = accepted.expect("it was asked");
    let mut ends = [
        Place::Here(End::new(client, capacity)),
        match choices.below(3) {
            0 => Place::Here(End::new(block_on(accepted.socket()).unwrap(), capacity)),
            1 => Place::Here(End::new(handed_out(accepted, &tasks), capacity)),
            _ => Place::handler(accepted, &tasks, capacity),
        },
    ];
    for _ in 0..STEPS {
        if choices.are_over() {
            break;
        }
        let end = choices.below(2);
        let mut step = [0; 8];
        let len = 1 + choices.below(8);
        let bytes = choices.bytes(len);
        step[..bytes.len()].copy_from_slice(bytes);
        ends[end].turn(Turn::Step(step));
        if choices.below(4) > 0 {
            tasks.run();
        }
    }
    wind_up(&mut ends, &tasks);
    let [client, server] = ends.map(Place::into_end);
    client.check(&server);
    server.check(&client);
}

/// The socket of a handler that gives it away.
fn handed_out(accepted: Accepting, tasks: &Tasks) -> WebSocket {
    let slot = Arc::new(Mutex::new(None));
    let given = slot.clone();
    let connection = accepted.supervise(move |socket| {
        *given.lock().unwrap() = Some(socket);
        async {}
    });
    tasks.spawn(async { drop(connection.await) });
    tasks.run();
    slot.lock().unwrap().take().expect("the handler has run")
}

/// Where an end is used.
enum Place {
    Here(End),
    Handler(Arc<Mutex<Handler>>),
}

/// What an end is to do.
enum Turn {
    Step([u8; 8]),
    /// Close, and receive what is left.
    WindUp,
}

/// A handler does what it is told.
struct Handler {
    end: Option<End>,
    turns: VecDeque<Turn>,
    waker: Waker,
}

impl Place {
    fn handler(accepted: Accepting, tasks: &Tasks, capacity: usize) -> Self {
        let handler = Arc::new(Mutex::new(Handler {
            end: None,
            turns: VecDeque::new(),
            waker: Waker::noop().clone(),
        }));
        let told = handler.clone();
        let connection = accepted.supervise(move |socket| {
            told.lock().unwrap().end = Some(End::new(socket, capacity));
            poll_fn(move |cx| {
                let mut told = told.lock().unwrap();
                told.waker.clone_from(cx.waker());
                let Handler { end, turns, .. } = &mut *told;
                for turn in turns.drain(..) {
                    if let Some(end) = end {
                        end.turn(&turn, cx.waker());
                    }
                }
                Poll::<()>::Pending
            })
        });
        tasks.spawn(async { drop(connection.await) });
        tasks.run();
        Self::Handler(handler)
    }

    fn turn(&mut self, turn: Turn) {
        match self {
            Place::Here(end) => end.turn(&turn, Waker::noop()),
            Place::Handler(handler) => {
                let mut handler = handler.lock().unwrap();
                handler.turns.push_back(turn);
                let waker = mem::replace(&mut handler.waker, Waker::noop().clone());
                drop(handler);
                waker.wake();
            }
        }
    }

    fn has_ended(&self) -> bool {
        match self {
            Place::Here(end) => end.has_ended(),
            Place::Handler(handler) => {
                let handler = handler.lock().unwrap();
                handler.end.as_ref().is_some_and(End::has_ended)
            }
        }
    }

    fn into_end(self) -> End {
        match self {
            Place::Here(end) => end,
            Place::Handler(handler) => handler.lock().unwrap().end.take().expect("it has run"),
        }
    }
}

/// Both close, and receive what is left.
fn wind_up(ends: &mut [Place; 2], tasks: &Tasks) {
    for _ in 0..1_000_000 {
        for end in &mut *ends {
            end.turn(Turn::WindUp);
        }
        tasks.run();
        if ends.iter().all(Place::has_ended) {
            return;
        }
    }
    panic!("they hang");
}
