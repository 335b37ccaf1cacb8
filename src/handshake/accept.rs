//! From a valid request to the response that accepts.

use http::Response;

use super::{agreed::Agreed, rejection::Rejection, request::Handshake, response::acceptance};
use crate::config::{Config, Subprotocol};

impl Handshake {
    /// The response that accepts, and what is agreed on by it.
    ///
    /// # Errors
    ///
    /// [`Rejection::SubprotocolNotOffered`].
    pub(crate) fn accept<B: Default>(
        self,
        selected: Option<Subprotocol>,
        config: &Config,
    ) -> Result<(Response<B>, Agreed), Rejection> {
        // 4.2.2 item 5.5: the value is one of those that the client sent.
        if let Some(name) = &selected
            && !self.offered.contains(name)
        {
            return Err(Rejection::SubprotocolNotOffered);
        }
        let offer = self.deflate.zip(config.deflate.as_ref());
        let answer = offer.map(|(offer, config)| offer.answer(config));
        let (deflate, extensions) = answer.unzip();
        let response = acceptance(self.accept, selected.as_ref(), extensions);
        let agreed = Agreed {
            subprotocol: selected,
            deflate,
        };
        Ok((response, agreed))
    }
}
