//! What the layers and the services are configured with.

use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::{
    config::{Config, Subprotocol},
    connections::{ConnectionKey, Connections},
    handshake::OriginPolicy,
    upgrade::WebSocketUpgrade,
};

/// One value for every face; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(Arc<Values>);

#[derive(Clone, Debug, Default)]
struct Values {
    path: Option<String>,
    config: Arc<Config>,
    origin: OriginPolicy,
    subprotocols: Vec<Subprotocol>,
    connections: Option<Connections>,
    key: Key,
}

/// Whose connection a request opens.
#[derive(Clone, Default)]
struct Key(Option<Arc<KeyOf>>);

type KeyOf = dyn Fn(&Parts) -> Option<ConnectionKey> + Send + Sync;

impl Settings {
    pub(crate) fn set_path(&mut self, path: String) {
        self.values().path = Some(path);
    }

    pub(crate) fn set_config(&mut self, config: Config) {
        self.values().config = Arc::new(config);
    }

    pub(crate) fn set_origin(&mut self, policy: OriginPolicy) {
        self.values().origin = policy;
    }

    pub(crate) fn set_subprotocols(&mut self, names: Vec<Subprotocol>) {
        self.values().subprotocols = names;
    }

    pub(crate) fn set_connections(&mut self, connections: Connections) {
        self.values().connections = Some(connections);
    }

    pub(crate) fn set_connection_key<K: Into<ConnectionKey>>(
        &mut self,
        key: impl Fn(&Parts) -> Option<K> + Send + Sync + 'static,
    ) {
        self.values().key = Key(Some(Arc::new(move |parts| key(parts).map(Into::into))));
    }

    fn values(&mut self) -> &mut Values {
        Arc::make_mut(&mut self.0)
    }

    /// Whether requests of this path are served.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.0.path.as_deref().is_none_or(|own| own == path)
    }

    /// `parts` are the rest of the request.
    pub(super) fn apply(&self, upgrade: WebSocketUpgrade, parts: &Parts) -> WebSocketUpgrade {
        let mut upgrade = upgrade
            .shared_config(self.0.config.clone())
            .origin(self.0.origin.clone())
            .subprotocols(&self.0.subprotocols);
        if let Some(connections) = &self.0.connections {
            upgrade = upgrade.connections(connections);
            if let Some(key) = self.0.key.of(parts) {
                upgrade = upgrade.connection_key(key);
            }
        }
        upgrade
    }
}

impl Key {
    fn of(&self, parts: &Parts) -> Option<ConnectionKey> {
        self.0.as_ref().and_then(|key| key(parts))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "by request"
        } else {
            "none"
        })
    }
}

/// The methods by which a type with `settings_mut(&mut self) -> &mut Settings` is configured.
macro_rules! settings_methods {
    () => {
        /// Serves WebSocket requests for this path only. Others go to the inner service, if there
        /// is one.
        ///
        /// Default: any path.
        pub fn path(mut self, path: impl Into<String>) -> Self {
            self.settings_mut().set_path(path.into());
            self
        }

        /// Sets limits and deadlines, and turns compression on or off.
        pub fn config(mut self, config: crate::Config) -> Self {
            self.settings_mut().set_config(config);
            self
        }

        /// Sets which pages may connect. Default: those from the same host.
        pub fn origin(mut self, policy: crate::OriginPolicy) -> Self {
            self.settings_mut().set_origin(policy);
            self
        }

        /// Sets the subprotocols that the handler speaks, the preferred one first.
        ///
        /// The first of them that the client offers is selected. The handler finds it in
        /// [`WebSocket::subprotocol`](crate::WebSocket::subprotocol). Default: none.
        ///
        /// # Panics
        ///
        /// If a name is not a token; see [`Subprotocol`](crate::Subprotocol).
        #[track_caller]
        pub fn subprotocols(mut self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
            let names = crate::Subprotocol::list(names);
            self.settings_mut().set_subprotocols(names);
            self
        }

        /// Counts the connections among `connections`, which may refuse them with 503. Default:
        /// they are not counted.
        pub fn connections(mut self, connections: &crate::Connections) -> Self {
            self.settings_mut().set_connections(connections.clone());
            self
        }

        /// Sets how to tell from a request whose connection it opens, for
        /// [`max_per_key`](crate::Connections::max_per_key): by an IP address, a user's name or
        /// the like, see [`ConnectionKey`](crate::ConnectionKey). A connection for which `key`
        /// yields `None` is nobody's. Default: all are nobody's.
        ///
        /// Without [`connections`](Self::connections), `key` is not called. The peer's address
        /// is in no request by itself: have your server put it into the request's extensions.
        pub fn connection_key<K: Into<crate::ConnectionKey>>(
            mut self,
            key: impl Fn(&http::request::Parts) -> Option<K> + Send + Sync + 'static,
        ) -> Self {
            self.settings_mut().set_connection_key(key);
            self
        }
    };
}
pub(crate) use settings_methods;
