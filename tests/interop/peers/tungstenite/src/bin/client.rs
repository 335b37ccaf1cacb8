//! Runs one case with tungstenite, as tests/interop/run has it.
//!
//! The only argument is a job in JSON. Prints a report in JSON.

use std::{env, error::Error, fs};

use futures_util::{SinkExt, StreamExt, stream::SplitStream, try_join};
use interop_tungstenite::send;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, WebSocketConfig},
    },
};

type Socket = WebSocketStream<TcpStream>;
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What is pinged with behind the messages of a round.
const PING: &str = "behind a round";

#[derive(Deserialize)]
struct Job {
    echoes: Vec<Echo>,
    closes: Closes,
    limit: Limit,
}

#[derive(Deserialize)]
struct Echo {
    url: String,
    plan: String,
}

#[derive(Deserialize)]
struct Closes {
    url: String,
    closes: Vec<(Option<u16>, String)>,
}

#[derive(Deserialize)]
struct Limit {
    url: String,
    size: usize,
}

/// What is sent, and must come back.
#[derive(Deserialize)]
struct Planned {
    file: String,
    text: bool,
    fragments: usize,
}

#[derive(Default, Serialize)]
struct Report {
    messages: usize,
    bytes: usize,
    pongs: usize,
    closes: usize,
    limits: usize,
    failures: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let job = env::args().nth(1).ok_or("client JOB")?;
    let job: Job = serde_json::from_str(&job)?;
    let mut report = Report::default();
    for echo in &job.echoes {
        let done = report.echo(echo).await;
        report.note("echo", done);
    }
    let done = report.close_all(&job.closes).await;
    report.note("close_all", done);
    let done = report.exceed(&job.limit).await;
    report.note("exceed", done);
    println!("{}", json!(report));
    Ok(())
}

async fn connect(url: &str) -> Result<Socket> {
    let request = url.into_client_request()?;
    let authority = request.uri().authority().ok_or("no host")?.as_str();
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default()
        .max_message_size(None)
        .max_frame_size(None);
    let (socket, _response) = client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

impl Planned {
    fn message(&self) -> Result<Message> {
        let data = fs::read(&self.file)?;
        Ok(if self.text {
            Message::text(String::from_utf8(data)?)
        } else {
            Message::binary(data)
        })
    }
}

impl Report {
    fn note(&mut self, what: &str, done: Result<()>) {
        if let Err(error) = done {
            self.failures.push(format!("{what}: {error}"));
        }
    }

    /// Sends a plan's messages, and compares what comes back.
    async fn echo(&mut self, echo: &Echo) -> Result<()> {
        let plan: Vec<Vec<Planned>> = serde_json::from_str(&fs::read_to_string(&echo.plan)?)?;
        let (mut sink, mut stream) = connect(&echo.url).await?.split();
        for round in &plan {
            let sending = async {
                for planned in round {
                    send(&mut sink, planned.message()?, planned.fragments).await?;
                }
                Ok(sink.send(Message::Ping(PING.into())).await?)
            };
            try_join!(sending, self.receive_all(&mut stream, round))?;
        }
        let socket = sink.reunite(stream)?;
        close_answered(socket, Some(1000), "done").await
    }

    /// Compares what comes back. In order: nothing may overtake but a pong.
    async fn receive_all(
        &mut self,
        stream: &mut SplitStream<Socket>,
        round: &[Planned],
    ) -> Result<()> {
        let mut expected = round.iter();
        let (mut missing, mut awaits_pong) = (round.len(), true);
        while missing > 0 || awaits_pong {
            match stream.next().await.ok_or("the server closed")?? {
                Message::Pong(data) => {
                    if data == PING {
                        awaits_pong = false;
                        self.pongs += 1;
                    }
                }
                message => {
                    let planned = expected.next().ok_or("one message too many")?;
                    if message != planned.message()? {
                        let file = &planned.file;
                        return Err(format!("{file} came back as another message").into());
                    }
                    missing -= 1;
                    self.messages += 1;
                    self.bytes += message.len();
                }
            }
        }
        Ok(())
    }

    /// Closes with each code and reason, on connections of their own.
    async fn close_all(&mut self, job: &Closes) -> Result<()> {
        for (code, reason) in &job.closes {
            let mut socket = connect(&job.url).await?;
            socket.send(Message::text("hello")).await?;
            socket.next().await.ok_or("no echo")??;
            close_answered(socket, *code, reason).await?;
            self.closes += 1;
        }
        Ok(())
    }

    /// Sends the largest message, then one that is too large.
    async fn exceed(&mut self, job: &Limit) -> Result<()> {
        let mut socket = connect(&job.url).await?;
        let largest = Message::text("x".repeat(job.size));
        socket.send(largest.clone()).await?;
        if socket.next().await.ok_or("no echo")?? != largest {
            return Err("the largest message came back as another".into());
        }
        socket.send(Message::text("x".repeat(job.size + 1))).await?;
        match socket.next().await.ok_or("no Close")?? {
            Message::Close(Some(frame))
                if frame.code == 1009.into() && !frame.reason.is_empty() =>
            {
                self.limits += 1;
                Ok(())
            }
            other => Err(format!("too large: answered with {other:?}").into()),
        }
    }
}

/// Closes. The server answers with the code that it was sent (RFC 6455, section 5.5.1), and
/// ends the connection.
async fn close_answered(mut socket: Socket, code: Option<u16>, reason: &str) -> Result<()> {
    let frame = code.map(|code| CloseFrame {
        code: code.into(),
        reason: reason.into(),
    });
    socket.close(frame).await?;
    let Message::Close(answer) = socket.next().await.ok_or("no Close")?? else {
        return Err("something else than a Close came".into());
    };
    let answer = answer.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
    if answer != code.map(|code| (code, String::new())) {
        return Err(format!("Close ({code:?}, {reason}) was answered with {answer:?}").into());
    }
    match socket.next().await {
        None => Ok(()),
        Some(more) => Err(format!("after the Close came {more:?}").into()),
    }
}
