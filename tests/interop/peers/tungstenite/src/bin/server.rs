//! Serves one case with tungstenite, as tests/interop/run has it.
//!
//! The only argument is a job in JSON. Prints the port, and when a connection has ended a
//! report in JSON.

use std::{collections::HashMap, env, error::Error, sync::Arc};

use futures_util::StreamExt;
use interop_tungstenite::{PING, send};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        self, Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{self, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::CloseFrame,
    },
};

type Socket = WebSocketStream<TcpStream>;

/// What is told of a case. What a server that compresses is told besides is left out.
#[derive(Deserialize)]
struct Job {
    /// What is selected.
    subprotocol: String,
    /// By path: in how many fragments each message is sent back, one if there is no number.
    fragments: HashMap<String, Vec<usize>>,
    /// By path: code and reason of the Close that is sent at once.
    closes: HashMap<String, (Option<u16>, String)>,
    /// By path: what is answered in place of 101.
    answers: HashMap<String, Answer>,
}

#[derive(Deserialize)]
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
}

/// What was seen on a connection.
#[derive(Default, Serialize)]
struct Report {
    path: String,
    origin: Option<String>,
    subprotocols: Option<String>,
    header: Option<String>,
    messages: usize,
    bytes: usize,
    pongs: usize,
    /// Code and reason of the client's Close.
    close: Option<(u16, String)>,
    failures: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let job = env::args().nth(1).ok_or("interop-tungstenite JOB")?;
    let job: Arc<Job> = Arc::new(serde_json::from_str(&job)?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let job = job.clone();
        tokio::spawn(async move {
            let mut report = Report::default();
            let decide = |request: &Request, response: Response| {
                report = Report::of(request);
                job.answer(&report.path, response)
            };
            // A request that gets another answer has no report.
            if let Ok(mut socket) = accept_hdr_async(stream, decide).await {
                if let Err(error) = serve(&job, &mut socket, &mut report).await {
                    report.failures.push(error.to_string());
                }
                println!("{}", json!(report));
            }
        });
    }
}

impl Job {
    fn answer(&self, path: &str, mut response: Response) -> Result<Response, ErrorResponse> {
        if let Some(answer) = self.answers.get(path) {
            let mut builder = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                builder = builder.header(name, value);
            }
            let body = Some(String::from("no connection here"));
            return Err(builder.body(body).expect("a job has what HTTP has"));
        }
        let selected = self.subprotocol.parse().expect("a job has a token");
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, selected);
        Ok(response)
    }
}

impl Report {
    fn of(request: &Request) -> Self {
        // The first line of a field, which is all that many servers look at.
        let field = |name| {
            let value = request.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        Self {
            path: request.uri().path().to_owned(),
            origin: field("origin"),
            subprotocols: field("sec-websocket-protocol"),
            header: field("x-interop"),
            ..Self::default()
        }
    }
}

/// Closes, or sends every message back, and reports what is seen.
async fn serve(job: &Job, socket: &mut Socket, report: &mut Report) -> tungstenite::Result<()> {
    if let Some((code, reason)) = job.closes.get(&report.path) {
        let frame = code.map(|code| CloseFrame {
            code: code.into(),
            reason: reason.into(),
        });
        socket.close(frame).await?;
    }
    let counts = job.fragments.get(&report.path);
    while let Some(message) = socket.next().await {
        match message? {
            message @ (Message::Text(_) | Message::Binary(_)) => {
                let count = counts.and_then(|counts| counts.get(report.messages));
                report.messages += 1;
                report.bytes += message.len();
                send(socket, message, *count.unwrap_or(&1)).await?;
            }
            Message::Pong(data) => report.pongs += usize::from(data == PING),
            Message::Close(frame) => {
                report.close = Some(frame.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.to_string())
                }));
            }
            Message::Ping(_) | Message::Frame(_) => {}
        }
    }
    Ok(())
}
