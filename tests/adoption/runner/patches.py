"""What is changed in each program: a text that must be there, and what takes its place."""

import difflib

from .common import ROOT, WORKSPACE, CannotRun


class Patched:
    """A program's sources, and how many lines of them were changed."""

    def __init__(self, name):
        self.directory = WORKSPACE / "programs" / name
        self.before = {}
        self.after = {}

    def without(self, *tables):
        """Leave tables out of the manifest, which only what is not built here needs."""
        path = self.directory / "Cargo.toml"
        text = path.read_text()
        for table in tables:
            head, separator, rest = text.partition(f"[{table}]\n")
            if not separator:
                raise CannotRun(f"{path} has no [{table}]")
            rest = rest.partition("\n[")[2]
            text = head + (f"[{rest}" if rest else "")
        path.write_text(text)
        return self

    def also(self, table):
        """Add a table to the manifest."""
        path = self.directory / "Cargo.toml"
        path.write_text(path.read_text() + "\n" + table)
        return self

    def change(self, file, *edits):
        """Apply pairs of texts, each of which must be there exactly once."""
        path = self.directory / file
        text = path.read_text()
        self.before.setdefault(file, text)
        for old, new in edits:
            if text.count(old) != 1:
                raise CannotRun(f"{path} has {text.count(old)} times instead of once:\n{old}")
            text = text.replace(old, new)
        path.write_text(text)
        self.after[file] = text
        return self

    def depend(self, features=(), optional=False):
        """Add the crate to the manifest."""
        lines = ["[dependencies.tower-websock]", 'version = "0.1"', f'path = "{ROOT}"',
                 "default-features = false"]
        if features:
            lines.append(f"features = {list(features)}".replace("'", '"'))
        if optional:
            lines.append("optional = true")
        manifest = self.directory / "Cargo.toml"
        end = manifest.read_text()
        return self.change("Cargo.toml", (end, end.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"))

    def counts(self, of_manifest):
        """Lines that went, and lines that came: in the manifest, or in all others."""
        gone = come = 0
        for file in self.before:
            if (file == "Cargo.toml") != of_manifest:
                continue
            diff = list(difflib.unified_diff(
                self.before[file].splitlines(), self.after[file].splitlines(), n=0, lineterm=""))
            gone += sum(line.startswith("-") for line in diff[2:])
            come += sum(line.startswith("+") for line in diff[2:])
        return gone, come


def mdbook():
    """The `use` line."""
    patched = Patched("mdbook").without(*MDBOOK_TESTSUITE).also(MDBOOK_PROGRAM)
    return patched.depend(["axum"], optional=True).change(
        "Cargo.toml",
        ('    "dep:axum",\n', '    "dep:axum",\n    "dep:tower-websock",\n'),
        ('version = "0.8.9"\nfeatures = ["ws"]\n', 'version = "0.8.9"\n'),
    ).change(
        "src/cmd/serve.rs",
        ("use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};",
         "use tower_websock::axum::{Message, WebSocket, WebSocketUpgrade};"),
    )


# It tests how books are made, in a minute and a half, with files that are not published.
MDBOOK_TESTSUITE = [
    "[example]", "[example]", "[test]", "[test]",
    *(f"dev-dependencies.{name}" for name in (
        "glob", "mdbook-preprocessor", "mdbook-renderer", "regex", "select", "semver",
        "serde_json", "snapbox"))]

# `cargo test` builds examples, but no program whose package has no such tests.
MDBOOK_PROGRAM = '[[example]]\nname = "mdbook"\npath = "src/main.rs"\n'


def juniper_axum():
    patched = Patched("juniper_axum").without("[example]", "[example]")
    return patched.depend(["axum"], optional=True).change(
        "Cargo.toml", ('    "axum/ws",\n', '    "dep:tower-websock",\n'),
    ).change(
        "src/subscriptions.rs",
        ("use axum::{\n    extract::{\n        Extension,\n"
         "        ws::{self, WebSocket, WebSocketUpgrade},\n    },\n    response::Response,\n};\n",
         "use axum::{extract::Extension, response::Response};\n"),
        ("use juniper_graphql_ws::{Init, Schema, graphql_transport_ws, graphql_ws};\n",
         "use juniper_graphql_ws::{Init, Schema, graphql_transport_ws, graphql_ws};\n"
         "use tower_websock::axum::{self as ws, WebSocket, WebSocketUpgrade};\n"),
    )


def engineioxide():
    """The handshake and its checks, the transport and the halves are this crate's."""
    patched = Patched("engineioxide").without("[bench]", "[bench]", "dev-dependencies.criterion")
    return patched.depend().change(
        "Cargo.toml",
        # What its tests connect with.
        ("[dependencies.tokio-tungstenite]", "[dev-dependencies.tokio-tungstenite]"),
    ).change(
        "src/errors.rs",
        ("use tokio_tungstenite::tungstenite;\n", ""),
        ("#[from] Box<tungstenite::Error>", "#[from] tower_websock::Error"),
        ("""impl From<tungstenite::Error> for Error {
    fn from(err: tungstenite::Error) -> Self {
        Error::WsTransport(Box::new(err))
    }
}
""", ""),
    ).change(
        # The body of the acceptance tells whether it was sent.
        "src/body.rs",
        ("""        EmptyResponse,
        CustomBody {""", """        EmptyResponse,
        Handshake {
            #[pin]
            body: tower_websock::ResponseBody,
        },
        CustomBody {"""),
        ("            ResponseBody::Body { body } => body.is_end_stream(),\n",
         "            ResponseBody::Body { body } => body.is_end_stream(),\n"
         "            ResponseBody::Handshake { body } => body.is_end_stream(),\n"),
        ("            ResponseBody::Body { body } => body.size_hint(),\n",
         "            ResponseBody::Body { body } => body.size_hint(),\n"
         "            ResponseBody::Handshake { body } => body.size_hint(),\n"),
        ("            BodyProj::Body { body } => body.poll_frame(cx),\n",
         "            BodyProj::Body { body } => body.poll_frame(cx),\n"
         "            BodyProj::Handshake { body } => body.poll_frame(cx).map_err(|err| match err {}),\n"),
    ).change(
        # Transports that others made.
        "src/service/mod.rs",
        ("""    let fut = crate::transport::ws::on_init(engine, conn, protocol""",
         """    let ws = WebSocket::server(conn, &crate::transport::ws::ws_config(&engine.config));
    let fut = crate::transport::ws::on_init(engine, ws, protocol"""),
        ("""        crate::transport::ws::on_init(engine, conn, protocol""",
         """        let ws = WebSocket::server(conn, &crate::transport::ws::ws_config(&engine.config));
        crate::transport::ws::on_init(engine, ws, protocol"""),
        ("use tower_service::Service as TowerSvc;\n",
         "use tower_service::Service as TowerSvc;\nuse tower_websock::WebSocket;\n"),
    ).change(
        "src/transport/ws.rs",
        ("""use futures_util::{
    SinkExt, StreamExt, TryStreamExt,
    stream::{SplitSink, SplitStream},
};
use http::{HeaderValue, Request, Response, StatusCode, request::Parts};
use smallvec::smallvec;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util""", """use futures_util::{StreamExt, TryStreamExt};
use http::{Request, Response, request::Parts};
use smallvec::smallvec;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util"""),
        ("""use engineioxide_core::{Packet, ProtocolVersion, Sid, Str, TransportType};
""", """use engineioxide_core::{Packet, ProtocolVersion, Sid, Str, TransportType};
use tower_websock::{
    Config, Message, OriginPolicy, RecvHalf, SendHalf, Utf8Bytes, WebSocket, WebSocketUpgrade,
};
"""),
        ("""/// Create a response for websocket upgrade
fn ws_response<B>(ws_key: &HeaderValue) -> Response<ResponseBody<B>> {
    let derived = derive_accept_key(ws_key.as_bytes());
    let sec = derived.parse::<HeaderValue>().unwrap();
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(http::header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(
            http::header::CONNECTION,
            HeaderValue::from_static("Upgrade"),
        )
        .header(http::header::SEC_WEBSOCKET_ACCEPT, sec)
        .body(ResponseBody::empty_response())
        .unwrap() // we are only using constants
}
""", """/// The limits of a websocket connection
pub fn ws_config(config: &EngineIoConfig) -> Config {
    Config::new()
        .max_message_size(config.ws_max_message_size)
        .max_frame_size(config.ws_max_frame_size)
}
"""),
        ("""    let (parts, body) = req.into_parts();
    let req = Request::from_parts(parts.clone(), body);

    let ws_key = parts
        .headers
        .get("Sec-WebSocket-Key")
        .ok_or(Error::InvalidWebSocketKey)?
        .clone();

    tokio::spawn(async move {
        let conn = hyper::upgrade::on(req)
            .await
            .map(hyper_util::rt::TokioIo::new);

        let res = match conn {
            Ok(conn) => on_init(engine.clone(), conn, protocol, sid, parts).await,
            Err(_e) => {
                #[cfg(feature = "tracing")]
                tracing::debug!("ws upgrade error: {}", _e);
                return;
            }
        };

        match res {
""", """    let (mut parts, _) = req.into_parts();
    let upgrade = WebSocketUpgrade::from_parts(&mut parts).map_err(|_| Error::InvalidWebSocketKey)?;
    // Which pages may connect is for a layer of CORS to say.
    let upgrade = upgrade.origin(OriginPolicy::any()).config(ws_config(&engine.config));
    let response = upgrade.on_upgrade(async move |ws: WebSocket| {
        match on_init(engine.clone(), ws, protocol, sid, parts).await {
"""),
        ("""    });

    Ok(ws_response(&ws_key))
}
""", """    });

    Ok(response.map(|body| ResponseBody::Handshake { body }))
}
"""),
        ("skip(engine, conn, req_data)", "skip(engine, ws, req_data)"),
        ("""    conn: S,
    protocol""", """    mut ws: WebSocket<S>,
    protocol"""),
        ("""    let ws_config = WebSocketConfig::default()
        .read_buffer_size(engine.config.ws_read_buffer_size)
        .max_message_size(Some(engine.config.ws_max_message_size))
        .max_frame_size(Some(engine.config.ws_max_frame_size));

    let ws_init = move || WebSocketStream::from_raw_socket(conn, Role::Server, Some(ws_config));
    let (socket, ws) = if""", """    let socket = if"""),
        ("""                let mut ws = ws_init().await;

                let""", """                let"""),
        ("""                (socket, ws)
            }""", """                socket
            }"""),
        ("""        let mut ws = ws_init().await;
        init_handshake""", """        init_handshake"""),
        ("""        (socket, ws)
    };""", """        socket
    };"""),
        ("""    tokio::spawn(forward_to_socket::<H, S>(socket.clone(), tx));
""", """    let writer = tokio::spawn(forward_to_socket::<H, S>(socket.clone(), tx));
"""),
        ("""            tracing::debug!(sid = %socket.id, "socket is closing");
        }
    }
    Ok(())""", """            tracing::debug!(sid = %socket.id, "socket is closing");
        }
    }
    // The connection ends with its handler: what is left to write goes first.
    writer.await.ok();
    Ok(())"""),
        # Without a supervisor, as in the tests, `close` would wait for the peer's Close.
        ("""    tx.flush().await.ok();
    tx.close().await.ok();
""", """    tx.start_close(None).ok();
    tx.flush().await.ok();
"""),
        ("    mut rx: SplitStream<WebSocketStream<S>>,", "    mut rx: RecvHalf<S>,"),
        ("    mut tx: SplitSink<WebSocketStream<S>, Message>,", "    mut tx: SendHalf<S>,"),
        ("""    ws: &mut WebSocketStream<S>,
    config""", """    ws: &mut WebSocket<S>,
    config"""),
        ("""    ws: &mut WebSocketStream<S>,
) ->""", """    ws: &mut WebSocket<S>,
) ->"""),
        ("""fn ws_bytes_to_str(bytes: tungstenite::Utf8Bytes) -> Str {
    // SAFETY: the bytes are guaranteed to be valid UTF-8 by the tungstenite parser
""", """fn ws_bytes_to_str(bytes: Utf8Bytes) -> Str {
    // SAFETY: the bytes are guaranteed to be valid UTF-8 by their type
"""),
        ("""    use tokio::io::DuplexStream;

    use""", """    use tokio::io::DuplexStream;
    use tokio_tungstenite::{WebSocketStream, tungstenite, tungstenite::protocol::Role};

    use"""),
        ("    async fn ws_pair() -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {",
         "    async fn ws_pair() -> (WebSocket<DuplexStream>, WebSocketStream<DuplexStream>) {"),
        ("            WebSocketStream::from_raw_socket(server, Role::Server, None).await,",
         "            WebSocket::server(server, &Config::new()),"),
        ('assert_eq!(msg, Message::text("4hello"));',
         'assert_eq!(msg, tungstenite::Message::text("4hello"));'),
    )


def socketioxide():
    """Unchanged: it is there for its tests of what is below it."""
    return Patched("socketioxide").without("[bench]", "dev-dependencies.criterion")
