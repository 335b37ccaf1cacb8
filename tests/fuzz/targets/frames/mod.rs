//! Frames come in, lawful and not, for a server or a client, compressed or not, in any pieces. What
//! is received, what is answered and how it ends is what the model says.

mod generate;
mod model;

use tokio::io::{AsyncRead, AsyncWrite};
use tower_websock::{Closure, Config, DeflateConfig, Error, KeepAlive, Message, WebSocket};

pub use self::model::Inflated;
use self::model::{End, Rules, Verdict, judge};
use super::{choices::Choices, enter, io::Transport, made, sockets, tasks::block_on};

pub fn run(input: &[u8]) {
    let _runtime = enter();
    let mut choices = Choices::new(input);
    let rules = rules(&mut choices);
    let transport_of = |choices: &mut Choices<'_>, bytes: &[u8]| {
        let (reads, writes) = (made::steps(choices), made::steps(choices));
        Transport::new(bytes, reads, writes)
    };
    let bytes = generate::frames(&mut choices, rules);
    if std::env::var_os("FUZZ_SHOW").is_some() {
        println!("{rules:?}, {bytes:02x?}");
    }
    let verdict = judge(&bytes, rules);
    let (transport, peer) = transport_of(&mut choices, &bytes);
    let config = config(rules);
    let received = if rules.compressed {
        let offer = if rules.context_takeover {
            "permessage-deflate"
        } else {
            "permessage-deflate; client_no_context_takeover"
        };
        let (socket, answer) = sockets::server(transport, config, Some(offer));
        assert!(answer.is_some());
        receive(socket)
    } else if rules.masked {
        receive(WebSocket::server(transport, &config))
    } else {
        receive(WebSocket::client(transport, &config))
    };
    compare(&verdict, &received);
    check_written(&peer.written(), rules, &verdict, &received);
}

fn rules(choices: &mut Choices<'_>) -> Rules {
    let masked = choices.below(2) == 0;
    Rules {
        masked,
        max_message: choices.one_of(&[1 << 20, 300, 5, 0]),
        max_frame: choices.one_of(&[usize::MAX, usize::MAX, 200, 3]),
        max_fragments: choices.one_of(&[1000, 1000, 3, 1]),
        // Without a handshake there is none; a server's is the shortest.
        compressed: masked && choices.below(2) == 1,
        context_takeover: choices.below(2) == 0,
    }
}

fn config(rules: Rules) -> Config {
    let config = Config::new()
        .keep_alive(KeepAlive::OFF)
        .max_message_size(rules.max_message)
        .max_frame_size(rules.max_frame)
        .max_fragments(rules.max_fragments);
    if rules.compressed {
        config.deflate(DeflateConfig::new())
    } else {
        config
    }
}

struct Received {
    messages: Vec<Message>,
    end: End,
    closure: Option<Closure>,
}

fn receive<T: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<T>) -> Received {
    let mut messages = Vec::new();
    let mut end = None;
    while let Some(received) = block_on(socket.recv()) {
        assert!(end.is_none(), "something after the end: {received:?}");
        match received {
            Ok(message) => {
                let is_close = message.is_close();
                messages.push(message);
                end = is_close.then_some(End::Close);
            }
            Err(Error::Protocol(error)) => end = Some(End::Failed(error.close_code())),
            Err(Error::Lost(_)) => end = Some(End::Lost),
            Err(error) => panic!("{error}"),
        }
    }
    Received {
        messages,
        end: end.expect("it ends with an error or a Close"),
        closure: socket.closure(),
    }
}

fn compare(verdict: &Verdict, received: &Received) {
    let sure = verdict.unsure_from.unwrap_or(verdict.messages.len());
    assert!(
        received.messages.len() >= sure,
        "{verdict:?}, received {:?} and {:?}",
        received.messages,
        received.end
    );
    assert_eq!(received.messages[..sure], verdict.messages[..sure]);
    if verdict.unsure_from.is_none() {
        assert_eq!(received.messages.len(), sure, "{:?}", received.messages);
        assert!(
            verdict.ends.contains(&received.end),
            "{verdict:?}, got {:?}",
            received.end
        );
    }
    match (
        &received.end,
        received.closure.as_ref().expect("it has ended"),
    ) {
        (End::Close, closure) => assert!(closure.is_clean(), "{closure:?}"),
        (_, closure) => assert!(!closure.is_clean(), "{closure:?}"),
    }
}

/// 5.5.2, 5.5.1 and 7.1.7: pongs for pings in their order, and at the end one Close with the code.
fn check_written(written: &[u8], rules: Rules, verdict: &Verdict, received: &Received) {
    let peers = Rules {
        masked: !rules.masked,
        max_message: usize::MAX / 2,
        max_frame: usize::MAX,
        max_fragments: usize::MAX,
        compressed: false,
        context_takeover: false,
    };
    let answers = judge(written, peers);
    let mut asked = received
        .messages
        .iter()
        .filter_map(|message| match message {
            Message::Ping(data) => Some(data),
            _ => None,
        });
    let (end, pongs) = match answers.messages.split_last() {
        Some((Message::Close(frame), before)) => (Some(frame), before),
        _ => (None, &answers.messages[..]),
    };
    for pong in pongs {
        let Message::Pong(data) = pong else {
            panic!("{pong:?} was written");
        };
        assert!(asked.any(|ping| ping == data), "{data:?} answers no ping");
    }
    let code = end.map(|frame| frame.as_ref().map(|frame| frame.code));
    match &received.end {
        End::Lost => assert_eq!(code, None, "{verdict:?}"),
        End::Failed(failed) => assert_eq!(code, Some(Some(*failed))),
        End::Close => {
            let Some(Message::Close(frame)) = received.messages.last() else {
                panic!("a Close is the last message");
            };
            assert_eq!(code, Some(frame.as_ref().map(|frame| frame.code)));
        }
    }
}
