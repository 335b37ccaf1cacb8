//! Two ends that are set up.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use http_body_util::Empty;
use tokio::spawn;
use tower::{Service, ServiceExt};
use tower_websock::{
    Config, Connections, DeflateConfig, ProvidedIo, ResponseBody, Role, WebSocket,
    WebSocketService, WebSocketUpgrade, client::Builder,
};

use crate::{
    acts::Act,
    player::play,
    script::{Script, Setting},
    support::http2::Io,
    tasks::{Surroundings, counted},
};

pub(super) const URI: &str = "ws://localhost/ws";

pub(super) struct Stage {
    pub(super) script: &'static Script,
    pub(super) subject: Surroundings,
    pub(super) peer: Surroundings,
    pub(super) connections: Connections,
}

impl Stage {
    pub(super) fn config(&self) -> Config {
        let config = Config::new();
        match self.script.setting {
            Setting::Usual => config,
            Setting::Narrow => config.write_high_water(500),
            Setting::Deflate => config.deflate(DeflateConfig::new()),
            Setting::Small => config.max_message_size(1_000),
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.script.setting == Setting::Deflate
    }

    pub(super) fn builder(&self) -> Builder {
        Builder::new().config(self.config())
    }

    /// What the end in this role does, and what surrounds it.
    pub(super) fn end(&self, role: Role) -> (&'static [Act], &Surroundings) {
        if self.subject.role == role {
            (self.script.subject, &self.subject)
        } else {
            (self.script.peer, &self.peer)
        }
    }

    pub(super) fn start_subject<T: Io>(&self, socket: WebSocket<T>) {
        spawn(play(socket, self.script.subject, self.subject.clone()));
    }

    pub(super) fn start_peer<T: Io>(&self, socket: WebSocket<T>) {
        spawn(play(socket, self.script.peer, self.peer.clone()));
    }

    pub(super) fn start(&self, role: Role, socket: WebSocket) {
        let (acts, around) = self.end(role);
        spawn(play(socket, acts, around.clone()));
    }

    /// A request that goes nowhere: the response has its transport with it.
    pub(super) async fn shake_hands(&self, server: impl Io, client: impl Io) {
        let request = self.builder().request_origin_form::<()>(URI);
        let (request, pending) = request.expect("a URI");
        let mut parts = request.into_parts().0;
        parts.extensions.insert(ProvidedIo::new(server));
        let upgrade = WebSocketUpgrade::from_parts(&mut parts).expect("a handshake");
        let upgrade = upgrade.config(self.config()).connections(&self.connections);
        let accepted = upgrade.accept().expect("there is room");
        let (mut response, accepting): (Response<ResponseBody>, _) = accepted;
        let server = accepting.socket().await.expect("it was provided");
        response.extensions_mut().insert(ProvidedIo::new(client));
        let client = pending.complete(response).await.expect("it was accepted");
        self.start(Role::Server, server);
        self.start(Role::Client, client);
    }

    /// The same with a service.
    pub(super) async fn ask_service(&self, server: impl Io, client: impl Io) {
        let request = self.builder().request_origin_form::<Empty<Bytes>>(URI);
        let (mut request, pending) = request.expect("a URI");
        request.extensions_mut().insert(ProvidedIo::new(server));
        let response = self.service().oneshot(request).await;
        let mut response = response.expect("it cannot fail");
        response.extensions_mut().insert(ProvidedIo::new(client));
        let client = pending.complete(response).await.expect("it was accepted");
        self.start(Role::Client, client);
    }

    /// Serves the end that is a server.
    pub(super) fn service<B: Send + 'static>(
        &self,
    ) -> impl Service<
        Request<B>,
        Response = Response<ResponseBody>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + use<B> {
        let (acts, around) = self.end(Role::Server);
        let (played, watched) = (around.clone(), around.clone());
        let (of_error, of_end) = (around.side.clone(), around.side.clone());
        WebSocketService::new(move |socket: WebSocket| play(socket, acts, played.clone()))
            .config(self.config())
            .connections(&self.connections)
            .executor(move |task| spawn(counted(watched.side.clone(), watched.most_polls, task)))
            .on_error(move |_: &Parts| {
                let side = of_error.clone();
                move |error: &&'static str| side.log().tell_error(error)
            })
            .on_end(move |_: &Parts| {
                let side = of_end.clone();
                move |end| side.log().tell_end(end)
            })
    }
}
