//! What the layers and the services are configured with.

use std::sync::Arc;

use crate::{
    config::{Config, Subprotocol},
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
}

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

    fn values(&mut self) -> &mut Values {
        Arc::make_mut(&mut self.0)
    }

    /// Whether requests of this path are served.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.0.path.as_deref().is_none_or(|own| own == path)
    }

    pub(super) fn apply(&self, upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
        upgrade
            .shared_config(self.0.config.clone())
            .origin(self.0.origin.clone())
            .subprotocols(&self.0.subprotocols)
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
    };
}
pub(crate) use settings_methods;
