//! What a server answers (RFC 6455, section 4.1; RFC 8441, section 5).

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{asked::ClientHandshake, error::AnswerError};
use crate::{
    config::Subprotocol,
    deflate,
    handshake::{agreed::Agreed, key, opening::Opening},
    wire::fields::{self, Cardinality},
};

/// What a response says.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Accepted(Agreed),
    /// It is to be handled as HTTP says.
    Refused,
}

impl ClientHandshake {
    /// 4.1: reads a response.
    ///
    /// # Errors
    ///
    /// The connection is to be failed.
    pub(crate) fn check<B>(&self, response: &Response<B>) -> Result<Answer, AnswerError> {
        // 4.1 item 1: another status is to be handled as HTTP says.
        if !self.is_acceptance(response.status()) {
            return Ok(Answer::Refused);
        }
        // RFC 9110, section 7.8: 101 is an answer of HTTP/1.1.
        let (found, needed) = (response.version(), self.opening().version());
        if found != needed {
            return Err(AnswerError::HttpVersion { found, needed });
        }
        self.check_headers(response.headers()).map(Answer::Accepted)
    }

    /// Whether the status accepts: 101 (4.1 item 1), over HTTP/2 any 2xx (RFC 8441, section 5;
    /// RFC 9110, section 9.3.6).
    fn is_acceptance(&self, status: StatusCode) -> bool {
        match self.opening() {
            Opening::Upgrade => status == StatusCode::SWITCHING_PROTOCOLS,
            Opening::ExtendedConnect => status.is_success(),
        }
    }

    /// Reads the headers of a response whose status accepts.
    pub(in crate::handshake) fn check_headers(
        &self,
        headers: &HeaderMap,
    ) -> Result<Agreed, AnswerError> {
        match &self.key {
            // RFC 9112, section 6.3: a 101 has no body, whatever its headers say.
            Some(key) => check_switch(headers, key)?,
            // Stricter than RFC 9110, sections 8.6 and 9.3.6: h2 holds the frames to the length,
            // also to 0.
            None if fields::announces_length(headers) => return Err(AnswerError::Body),
            None => {}
        }
        // Item 5.
        let deflate = deflate::agreed(headers, self.offer.as_ref()).map_err(AnswerError::of)?;
        // Item 6.
        let subprotocol = self.subprotocol(headers)?;
        Ok(Agreed {
            subprotocol,
            deflate,
        })
    }

    /// Item 6: one of those that were asked for, or none. 11.3.4: at most once.
    fn subprotocol(&self, headers: &HeaderMap) -> Result<Option<Subprotocol>, AnswerError> {
        let name = match fields::single(headers, header::SEC_WEBSOCKET_PROTOCOL) {
            Ok(name) => name,
            Err(Cardinality::Missing) => return Ok(None),
            Err(Cardinality::Repeated) => return Err(AnswerError::SubprotocolRepeated),
        };
        let mut asked_for = self.subprotocols.iter();
        asked_for
            .find(|asked_for| asked_for.as_str().as_bytes() == name)
            .map(|name| Some(name.clone()))
            .ok_or(AnswerError::Subprotocol)
    }
}

/// 4.1: the connection was switched to this protocol, for who sent `key`.
fn check_switch(headers: &HeaderMap, key: &HeaderValue) -> Result<(), AnswerError> {
    // 4.1 item 2 of the response: the value is a match, not a list that has one.
    let upgrade = fields::single(headers, header::UPGRADE);
    if !upgrade.is_ok_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
        return Err(AnswerError::Upgrade);
    }
    // Item 3.
    if !fields::contains(headers, header::CONNECTION, "upgrade") {
        return Err(AnswerError::Connection);
    }
    // Item 4: without white space around. 11.3.3: once.
    let accept = fields::single(headers, header::SEC_WEBSOCKET_ACCEPT);
    if accept != Ok(key::accept(key.as_bytes()).as_bytes()) {
        return Err(AnswerError::Accept);
    }
    Ok(())
}
