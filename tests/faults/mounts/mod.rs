//! How the two ends meet.

mod http;
mod stage;

use std::sync::Arc;

use tokio::spawn;
use tower_websock::{Connections, Role, Topic, WebSocket};

use self::stage::Stage;
use crate::{
    acts::Act,
    fault::Fault,
    log::Side,
    pipe::{self, Pipe},
    script::{Driver, Ends, Script, Setting},
    tasks::Surroundings,
    transport::{Faulty, Owner, Record},
};

/// What the end is whose transport may have a fault, and what is below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// `WebSocket::server` and `WebSocket::client`; where compression is to be agreed on, they are
    /// what `Accepting::socket` and `Pending::complete` yield.
    Server,
    Client,
    /// A `WebSocketService` and its supervisor.
    Service,
    /// The same on hyper, and clients.
    Http1Server,
    Http1Client,
    Http2Server,
    Http2Client,
    /// axum's extractor.
    Axum,
}

/// How much is no spin.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) operations: usize,
    pub(crate) polls: usize,
}

/// What can be looked at when all is over.
pub(crate) struct Scene {
    pub(crate) pipe: Pipe,
    pub(crate) record: Record,
    pub(crate) subject: Arc<Side>,
    pub(crate) peer: Arc<Side>,
    pub(crate) connections: Connections,
    pub(crate) topic: Topic,
}

impl Mount {
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Mount::Server, "server"),
        (Mount::Client, "client"),
        (Mount::Service, "service"),
        (Mount::Http1Server, "http1-server"),
        (Mount::Http1Client, "http1-client"),
        (Mount::Http2Server, "http2-server"),
        (Mount::Http2Client, "http2-client"),
        (Mount::Axum, "axum"),
    ];

    pub(crate) const fn role(self) -> Role {
        match self {
            Mount::Client | Mount::Http1Client | Mount::Http2Client => Role::Client,
            _ => Role::Server,
        }
    }

    pub(crate) const fn is_supervised(self) -> bool {
        matches!(
            self,
            Mount::Service | Mount::Http1Server | Mount::Http2Server | Mount::Axum
        )
    }

    pub(crate) const fn is_http2(self) -> bool {
        matches!(self, Mount::Http2Server | Mount::Http2Client)
    }

    /// Whether hyper is between the connection and its transport.
    pub(crate) const fn is_http(self) -> bool {
        !matches!(self, Mount::Server | Mount::Client | Mount::Service)
    }

    /// Whether a script can be played on it.
    pub(crate) fn suits(self, script: &Script) -> bool {
        let needs_handler =
            script.driver == Driver::Supervisor || script.has(|act| act.is_a_handlers());
        let is_raw = script.has(|act| matches!(act, Act::Raw(_) | Act::Fragments(..)));
        let peer_leaves = script.ends == Ends::Lost;
        let peer_is_supervised = self.is_http() && !self.is_supervised();
        !(needs_handler && !self.is_supervised()
            || script.driver == Driver::Nobody && self.is_supervised()
            // Its bytes would not be in frames of HTTP/2.
            || is_raw && self.is_http2()
            || peer_leaves && peer_is_supervised)
    }

    /// Sets the ends up in tasks of their own.
    pub(crate) fn set_up(
        self,
        script: &'static Script,
        fault: Option<Fault>,
        limits: Limits,
    ) -> Scene {
        let room = match script.setting {
            Setting::Narrow => 700,
            _ => 64 * 1024,
        };
        let (pipe, [near, far]) = Pipe::new(room);
        let record = Record::new(fault, limits.operations);
        let owner = if self.is_http() {
            Owner::Hyper
        } else {
            Owner::Connection
        };
        let faulty = Faulty::new(near, owner, record.clone());
        let scene = Scene {
            pipe,
            record,
            subject: Arc::default(),
            peer: Arc::default(),
            connections: Connections::new().max(1),
            topic: Topic::new(),
        };
        let subject = Surroundings {
            side: scene.subject.clone(),
            role: self.role(),
            is_supervised: self.is_supervised(),
            pipe: scene.pipe.clone(),
            out: 0,
            topic: scene.topic.clone(),
            connections: scene.connections.clone(),
            most_polls: limits.polls,
        };
        let peer = Surroundings {
            side: scene.peer.clone(),
            role: match self.role() {
                Role::Client => Role::Server,
                Role::Server => Role::Client,
            },
            is_supervised: self.is_http() && !self.is_supervised(),
            out: 1,
            ..subject.clone()
        };
        let stage = Stage {
            script,
            subject,
            peer,
            connections: scene.connections.clone(),
        };
        spawn(self.meet(stage, faulty, far));
        scene
    }

    async fn meet(self, stage: Stage, faulty: Faulty, far: pipe::End) {
        let config = stage.config();
        match self {
            Mount::Server if stage.is_compressed() => stage.shake_hands(faulty, far).await,
            Mount::Client if stage.is_compressed() => stage.shake_hands(far, faulty).await,
            Mount::Server => {
                stage.start_subject(WebSocket::server(faulty, &config));
                stage.start_peer(WebSocket::client(far, &config));
            }
            Mount::Client => {
                stage.start_subject(WebSocket::client(faulty, &config));
                stage.start_peer(WebSocket::server(far, &config));
            }
            Mount::Service => stage.ask_service(faulty, far).await,
            Mount::Http1Server => stage.meet_on_http1(stage.service(), faulty, far).await,
            Mount::Http1Client => stage.meet_on_http1(stage.service(), far, faulty).await,
            Mount::Axum => stage.meet_on_http1(stage.router(), faulty, far).await,
            Mount::Http2Server => stage.meet_on_http2(faulty, far).await,
            Mount::Http2Client => stage.meet_on_http2(far, faulty).await,
        }
    }
}
