//! Whatever happens, each message arrives or is handed back, and in order.

use proptest::prelude::*;
use tokio::{runtime::Builder, time::advance};

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Feed,
    /// Polls so often, then drops the future.
    Send(usize),
    Flush(usize),
    Receive(usize),
    TakeUnsent,
    ServerReads(usize),
    ServerSends,
    ServerCloses(u16),
    /// What its transport has is read before: what a kernel has taken can arrive.
    ServerEnds,
    Passes(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Feed),
        6 => (1..4usize).prop_map(Step::Send),
        2 => (1..4usize).prop_map(Step::Flush),
        6 => (1..4usize).prop_map(Step::Receive),
        1 => Just(Step::TakeUnsent),
        4 => (1..6usize).prop_map(Step::ServerReads),
        3 => Just(Step::ServerSends),
        1 => prop_oneof![Just(1001u16), Just(1011), Just(3000)].prop_map(Step::ServerCloses),
        2 => Just(Step::ServerEnds),
        3 => (1..2000u64).prop_map(Step::Passes),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => (1..200usize).prop_map(Outcome::Opens),
        1 => Just(Outcome::Unreachable),
        1 => Just(Outcome::Refused(503)),
        1 => Just(Outcome::Hangs),
    ]
}

/// What happened to the messages of a run.
#[derive(Default)]
struct Books {
    next: usize,
    /// Queued for certain.
    sent: Vec<usize>,
    /// By the servers, in order.
    arrived: Vec<usize>,
    /// By events, and otherwise, in order.
    handed_back: Vec<usize>,
    /// By errors of `send`.
    given_back: Vec<usize>,
    /// Sent by servers, some of which may not have left, and received, in order.
    pushed: usize,
    received: Vec<usize>,
}

fn number(message: &Message) -> usize {
    message.to_text().expect("text").parse().expect("a number")
}

impl Books {
    fn hand_back(&mut self, unsent: &[Message]) {
        self.handed_back.extend(unsent.iter().map(number));
    }

    /// Polls the future so often. A message of its error is given back.
    fn note(&mut self, sent: Poll<Result<(), SendError>>, message: usize) {
        match sent {
            Poll::Ready(Ok(())) => self.sent.push(message),
            Poll::Ready(Err(SendError::Lost(Some(back)) | SendError::ReceiveFirst(Some(back)))) => {
                assert_eq!(number(&back), message);
                self.given_back.push(message);
            }
            Poll::Ready(Err(error)) => panic!("{error:?}"),
            Poll::Pending => {}
        }
    }

    fn receive(&mut self, event: Option<Result<Event, Stopped>>) {
        match event.expect("it goes on").expect("nothing is final") {
            Event::Message(message) => self.received.push(number(&message)),
            Event::Lost { unsent, .. } => self.hand_back(&unsent),
            Event::Open { .. } => {}
        }
    }

    fn read(&mut self, server: &mut WebSocket<DuplexStream>, most: usize) {
        for _ in 0..most {
            match poll(server.recv()) {
                Poll::Ready(Some(Ok(message))) if message.is_data() => {
                    self.arrived.push(number(&message));
                }
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) | Poll::Pending => return,
            }
        }
    }

    fn check(&self) {
        let is_ordered = |numbers: &[usize]| numbers.is_sorted_by(|a, b| a < b);
        assert!(is_ordered(&self.arrived), "arrived: {:?}", self.arrived);
        assert!(
            is_ordered(&self.handed_back),
            "handed back: {:?}",
            self.handed_back
        );
        for message in &self.sent {
            let has = |numbers: &[usize]| numbers.contains(message);
            assert!(
                has(&self.arrived) || has(&self.handed_back),
                "{message} has neither arrived nor come back"
            );
        }
        for message in &self.given_back {
            assert!(
                !self.handed_back.contains(message),
                "{message} came back twice"
            );
        }
        // What a transport that fails has not delivered is gone.
        assert!(is_ordered(&self.received), "received: {:?}", self.received);
        assert!(self.received.iter().all(|&message| message < self.pushed));
    }
}

async fn polled<F: Future>(future: F, times: usize) -> Poll<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return Poll::Ready(output);
        }
        tokio::task::yield_now().await;
    }
    Poll::Pending
}

async fn run(outcomes: Vec<Outcome>, steps: Vec<Step>) {
    let (mut servers, builder) = servers();
    servers.expect(outcomes);
    let mut socket = builder.max_unflushed(1000).build();
    let mut books = Books::default();
    let mut server = None;
    for step in steps {
        while let Ok(next) = servers.opened.try_recv() {
            if let Some(mut old) = server.replace(next) {
                books.read(&mut old, usize::MAX);
            }
        }
        match (step, &mut server) {
            (Step::Feed, _) => {
                books.next += 1;
                let fed = polled(socket.feed(text(books.next)), 1).await;
                books.note(fed, books.next);
            }
            (Step::Send(times), _) => {
                books.next += 1;
                let sent = polled(socket.send(text(books.next)), times).await;
                books.note(sent, books.next);
            }
            (Step::Flush(times), _) => {
                let _ = polled(socket.flush(), times).await;
            }
            (Step::Receive(times), _) => {
                if let Poll::Ready(event) = polled(socket.recv(), times).await {
                    books.receive(event);
                }
            }
            (Step::TakeUnsent, _) => books.hand_back(&socket.take_unsent()),
            (Step::ServerReads(most), Some(server)) => books.read(server, most),
            (Step::ServerSends, Some(server)) => {
                let _ = polled(server.send(text(books.pushed)), 1).await;
                books.pushed += 1;
            }
            (Step::ServerCloses(code), Some(server)) => {
                let _ = polled(
                    server.send(Message::Close(Some(CloseFrame::new(code, "")))),
                    2,
                )
                .await;
            }
            (Step::ServerEnds, Some(old)) => {
                books.read(old, usize::MAX);
                server = None;
            }
            (Step::Passes(millis), _) => advance(Duration::from_millis(millis)).await,
            (_, None) => {}
        }
    }
    // All ends well: what is left arrives or comes back.
    for _ in 0..1000 {
        if let Ok(next) = servers.opened.try_recv()
            && let Some(mut old) = server.replace(next)
        {
            books.read(&mut old, usize::MAX);
        }
        if let Some(server) = &mut server {
            books.read(server, usize::MAX);
        }
        if let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(1), socket.recv()).await
        {
            books.receive(Some(event));
        } else if polled(socket.flush(), 3).await.is_ready() {
            break;
        }
    }
    books.hand_back(&socket.take_unsent());
    while let Some(server) = &mut server {
        let before = books.arrived.len();
        books.read(server, usize::MAX);
        if books.arrived.len() == before {
            break;
        }
    }
    books.check();
}

proptest! {
    #[test]
    fn every_message_arrives_or_comes_back(
        outcomes in prop::collection::vec(outcome(), 0..12),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(run(outcomes, steps));
    }
}
