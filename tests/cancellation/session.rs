//! Where a session takes place: two ends that have shaken hands, over a transport that is tight.

use std::{convert::Infallible, fmt, pin::Pin, rc::Rc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::duplex,
    sync::mpsc::unbounded_channel,
    task::{JoinHandle, spawn_local},
};
use tower_websock::{
    Accepting, Config, Connections, DeflateConfig, KeepAlive, Message, ResponseBody, WebSocket,
    WebSocketUpgrade, client::Builder,
};

use crate::cut::Cut;

/// More than anything takes.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// What a session does until its end, and asserts.
pub(crate) type Session = Pin<Box<dyn Future<Output = ()>>>;

/// A script: what is done where, with which drops.
pub(crate) type Script = fn(Place, Rc<Cut>) -> Session;

/// Who drives the transport of the end whose futures are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum House {
    /// A client.
    Client,
    /// A server's socket without a supervisor.
    Server,
    /// A handler under its supervisor.
    Handler,
    /// Another task than that of the supervisor.
    Elsewhere,
}

/// How much passes, and how much the transport holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    Small,
    Large,
    /// As `Large`, and compressed.
    Deflated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) house: House,
    pub(crate) scale: Scale,
}

/// All places.
pub(crate) const HOUSES: &[House] = &[
    House::Client,
    House::Server,
    House::Handler,
    House::Elsewhere,
];

impl Place {
    pub(crate) const SMALL: Self = Self {
        house: House::Client,
        scale: Scale::Small,
    };

    pub(crate) fn config(self) -> Config {
        // No time passes of itself: what needs some has lost a wake.
        let config = Config::new().keep_alive(KeepAlive::OFF);
        match self.scale {
            Scale::Small => config.write_high_water(60),
            Scale::Large => config.write_high_water(3_000),
            Scale::Deflated => config.write_high_water(600).deflate(DeflateConfig::new()),
        }
    }

    /// Bytes that the transport holds.
    const fn room(self) -> usize {
        match self.scale {
            Scale::Small => 90,
            Scale::Large => 4_000,
            Scale::Deflated => 700,
        }
    }

    /// What is sent, no two alike.
    pub(crate) fn messages(self) -> Vec<Message> {
        let lens: &[usize] = match self.scale {
            Scale::Small => &[2, 7, 130, 2, 60, 300, 5, 100, 90, 80, 200, 2],
            Scale::Large | Scale::Deflated => &[100, 20_000, 5, 7_000, 3_000],
        };
        let message = |(number, len): (usize, &usize)| {
            // Digits, of which the first tell which it is.
            let mut digits = format!("{number}:");
            let mut random = number;
            while digits.len() < *len {
                random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345) % (1 << 31);
                digits += &random.to_string();
            }
            digits.truncate(*len);
            if number % 2 == 0 {
                Message::text(digits)
            } else {
                Message::binary(digits)
            }
        };
        lens.iter().enumerate().map(message).collect()
    }

    /// Runs `under` with the end in this house, in a task of its own, and `other` with the other
    /// one. When both are done, nothing is left of the connection.
    pub(crate) async fn between<U, O>(
        self,
        under: impl FnOnce(WebSocket) -> U + 'static,
        other: impl FnOnce(WebSocket) -> O + 'static,
    ) where
        U: Future<Output = ()> + 'static,
        O: Future<Output = ()> + 'static,
    {
        let connections = Connections::new();
        let (client, accepting) = self.connect(&connections).await;
        let (under, other): (JoinHandle<()>, JoinHandle<()>) = match self.house {
            House::Client => {
                let server = accepting.socket().await.unwrap();
                (spawn_local(under(client)), spawn_local(other(server)))
            }
            House::Server => {
                let server = accepting.socket().await.unwrap();
                (spawn_local(under(server)), spawn_local(other(client)))
            }
            House::Handler | House::Elsewhere => {
                let is_elsewhere = self.house == House::Elsewhere;
                let serving = accepting.supervise(move |socket| async move {
                    if is_elsewhere {
                        spawn_local(under(socket)).await.unwrap();
                    } else {
                        under(socket).await;
                    }
                });
                let serving = spawn_local(async move {
                    let closure = serving.await.unwrap();
                    assert!(closure.is_clean(), "{closure:?}");
                });
                (serving, spawn_local(other(client)))
            }
        };
        let (under, other) = tokio::join!(under, other);
        under.unwrap();
        other.unwrap();
        assert_eq!(connections.len(), 0, "a place is still taken");
    }

    async fn connect(self, connections: &Connections) -> (WebSocket, Accepting) {
        let (ours, theirs) = duplex(self.room());
        let (tell, mut told) = unbounded_channel();
        serve(theirs, self.config(), connections, move |accepting| {
            tell.send(accepting).unwrap();
        });
        let builder = Builder::new().config(self.config());
        let client = builder.handshake("ws://localhost/ws", ours).await.unwrap();
        (client, told.recv().await.unwrap())
    }
}

/// Serves one HTTP connection, each handshake of which is accepted.
pub(crate) fn serve(
    io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    config: Config,
    connections: &Connections,
    accepted: impl Fn(Accepting) + 'static,
) -> JoinHandle<()> {
    let connections = connections.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut parts = request.into_parts().0;
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).unwrap();
        let upgrade = upgrade.config(config.clone()).connections(&connections);
        let (response, accepting): (Response<ResponseBody>, _) = upgrade.accept().unwrap();
        accepted(accepting);
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    // It fails if the client goes away.
    spawn_local(async { drop(connection.with_upgrades().await) })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}", self.house, self.scale)
    }
}
