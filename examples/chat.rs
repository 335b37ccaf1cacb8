//! A chat: rooms, names, who is here, and the last 50 texts. `cargo run --release --example chat`
//! serves it at <http://127.0.0.1:8888/>, or at the HOST:PORT that it is given.

use std::collections::{HashMap, VecDeque};
use std::{env, io, sync::Arc, sync::Mutex};

use axum::{RequestPartsExt, Router, extract::Path, response::Html, routing, serve::ListenerExt};
use http::request::Parts;
use tower_websock::{Connections, Lag, PreparedMessage, Subscribe, Topic, prelude::*};

type Rooms = Arc<Mutex<HashMap<String, Arc<Mutex<Room>>>>>;

#[derive(Default)]
struct Room {
    texts: Topic,
    history: VecDeque<PreparedMessage>,
    here: Topic,
    names: Vec<String>,
}

impl Room {
    /// Nothing is said between the history, which is queued whole, and the subscription.
    fn enter(&mut self, name: &str, socket: &WebSocket) -> [tower_websock::Subscription; 2] {
        for text in &self.history {
            let _ = socket.try_send_prepared(text);
        }
        let lost = |count| Some(format!("text\n\n({count} messages are left out)"));
        let texts = socket.subscribe_with(&self.texts, Subscribe::new().notice(lost));
        let here = socket.subscribe_with(&self.here, Subscribe::new().lag(Lag::Latest));
        self.names.push(name.into());
        self.here.publish(format!("in\n{}", self.names.join("\n")));
        [texts, here]
    }

    fn say(&mut self, name: &str, text: &str) {
        let text = PreparedMessage::text(format!("text\n{name}\n{text}"));
        self.history.push_back(text.clone());
        self.history.drain(..self.history.len().saturating_sub(50));
        self.texts.publish(text);
    }

    fn leave(&mut self, name: &str) {
        let place = self.names.iter().position(|other| other == name);
        place.map(|place| self.names.remove(place));
        self.here.publish(format!("in\n{}", self.names.join("\n")));
    }
}

async fn chat(mut socket: WebSocket, mut request: Parts, rooms: Rooms) {
    let path = request.extract::<Path<(String, String)>>().await;
    let Ok(Path((key, name))) = path else { return };
    if key.len().max(name.len()) > 64 || name.contains('\n') {
        return;
    }
    drop(request);
    let room = rooms.lock().unwrap().entry(key).or_default().clone();
    let _subscriptions = room.lock().unwrap().enter(&name, &socket);
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(text) = message {
            room.lock().unwrap().say(&name, &text);
        }
    }
    room.lock().unwrap().leave(&name);
    drop(room); // Rooms that nobody is in are forgotten.
    let mut rooms = rooms.lock().unwrap();
    rooms.retain(|_, room| Arc::strong_count(room) > 1);
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let rooms = Rooms::default();
    let chat = WebSocketService::new(move |socket, request| chat(socket, request, rooms.clone()))
        .config(Config::new().max_message_size(1000))
        .connections(&Connections::new().max(1000)); // And so there are at most as many rooms.
    let app = Router::new().route("/", routing::get(Html(PAGE)));
    let app = app.route_service("/{room}/{name}", chat);
    let addr = env::args().nth(1).unwrap_or("127.0.0.1:8888".into());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    println!("http://{}/", listener.local_addr()?);
    // Open to the Internet, serve it as the example `axum` does.
    axum::serve(listener.tap_io(|stream| _ = stream.set_nodelay(true)), app).await
}

const PAGE: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>
  body { font: 16px/1.4 system-ui, sans-serif; margin: 0; color: #1c2430; background: #e9edf3; overflow-wrap: anywhere }
  body > * { box-sizing: border-box; max-width: 44em; margin: auto; background: #fff }
  main { height: 100dvh; display: flex; flex-flow: column } #log { flex: 1; overflow: hidden auto; padding: 0 1em }
  header, form { display: flex; flex-wrap: wrap; gap: .6em 1em; padding: 1em; background: #d5deea }
  header { background: #1f3157; color: #fff; max-height: 20vh; overflow: auto } header b { color: #b7d0ff }
  input, button { font: inherit; padding: .5em .9em; border: 1px solid #aab6c6; border-radius: .6em }
  input { flex: 1 11em } button { background: #1d4fb8; color: #fff } #join { margin-top: 25vh } b { color: #1d4fb8 }
  p { width: fit-content; max-width: 80%; margin: .6em 0; padding: .4em .8em; border-radius: 1em; background: #eef1f6 }
  p.mine { margin-left: auto; background: #d9e7ff } p b { display: block }
</style>
<form id="join"><input name="name" placeholder="Your name" maxlength=20 pattern=".*[^. ].*" required autofocus>
  <input name="room" value="lobby" maxlength=20 pattern=".*[^. ].*" required><button>Join</button></form>
<main id="chat"><header id="here"></header><div id="log" role="log"></div>
  <form id="say"><input id="text" maxlength=300 required autocomplete="off" autofocus><button>Send</button></form></main>
<script>
  const [join, chat, here, log, say, text] = document.querySelectorAll("[id]");
  const [me, room] = ["name", "room"].map(key => new URL(location).searchParams.get(key));
  // As text, never as HTML.
  const make = (tag, ...parts) => { const made = document.createElement(tag); made.append(...parts); return made; };
  function show(kind, name, ...rest) {
    if (kind === "in") return here.replaceChildren(room + ":", ...[name, ...rest].map(name => make("b", name)));
    const said = make("p", make("b", name), rest.join("\n"));
    said.className = name === me ? "mine" : "";
    log.append(said); if (log.childElementCount > 500) log.firstChild.remove();
    said.scrollIntoView();
  }
  function connect() {
    const socket = new WebSocket(`/${encodeURIComponent(room)}/${encodeURIComponent(me)}`);
    socket.onopen = () => log.replaceChildren();
    socket.onmessage = event => show(...event.data.split("\n"));
    socket.onclose = () => { here.replaceChildren("Connecting"); setTimeout(connect, 1000 + 2000 * Math.random()); };
    say.onsubmit = () => { if (socket.readyState === 1) { socket.send(text.value); say.reset(); } return false; };
  }
  if (me) join.remove(), connect(); else chat.remove();
</script>"#;
