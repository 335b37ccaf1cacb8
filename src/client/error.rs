//! Why there is no connection.

use std::{error, fmt, io};

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};

use super::{
    connect::{ProxyError, TlsError},
    redirect::RedirectError,
    stage::Stage,
};
use crate::{
    handshake::{AnswerError, RequestError, misplaced},
    wire::WithCauses,
};

/// Bytes of a refusal's body of which a sentence may tell.
const READ: usize = 1024;
/// Characters of it that a sentence shows.
const SHOWN: usize = 200;

/// Among a refusal's extensions: there may be more of its body than was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutOff;

/// Why a connection could not be opened.
///
/// `Display` includes the causes, on one line:
/// `cannot connect: Connection refused (os error 111)`. So [`source`](std::error::Error::source)
/// is `None`, and an error reporter that prints all sources prints nothing twice. The causes are
/// in the variants.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The URI does not name a WebSocket endpoint (RFC 6455, section 3). The text names the wrong
    /// part: scheme, user info, host, port, path, query or fragment.
    Uri(&'static str),
    /// TLS to the server could not be set up. Only for `wss://`.
    Tls(TlsError),
    /// [`Builder::header`](super::Builder::header) set a header that the handshake sets itself, or
    /// that a handshake must not have.
    Header(HeaderName),
    /// What [`Builder::header`](super::Builder::header) got as a name, shown here as by `Debug`, is
    /// not a header name.
    HeaderName(String),
    /// A header was set to something that cannot be sent. The text says why.
    InvalidHeader(HeaderName, &'static str),
    /// The host has no address, or it could not be looked up. The text names the host.
    Lookup(io::Error),
    /// No address of the host could be connected to, or the Unix socket could not. The text names
    /// each address that was tried, with what became of it; the kind is that of the first failure.
    Connect(io::Error),
    /// The proxy could not be connected to, refused, or answered nonsense.
    Proxy(ProxyError),
    /// The service that was given to [`Builder::connect_service`](super::Builder::connect_service)
    /// failed.
    Service(Box<dyn error::Error + Send + Sync>),
    /// The HTTP connection failed, or the server did not answer with an HTTP response whose head has
    /// at most 64 KiB.
    Http(hyper::Error),
    /// The HTTP/2 connection ended.
    Ended,
    /// The server did not accept: the status was not 101, or over HTTP/2 not 2xx. The response may
    /// be a redirect, a demand for authentication, or a refusal (4.1).
    ///
    /// This holds its status, its headers and the first bytes of its body, at most
    /// [`max_refusal_body`](super::Builder::max_refusal_body), as they came: a `Content-Encoding`
    /// is not decoded. The body is also cut short if the server sends nothing for a second, or when
    /// `upgrade_timeout` is over. `Display` shows the beginning of the body if it is text.
    Refused(Box<Response<Bytes>>),
    /// The server redirected, and [`max_redirects`](super::Builder::max_redirects) allows some
    /// redirects, but not this one. This holds the last response, as `Refused` does.
    Redirect(RedirectError, Box<Response<Bytes>>),
    /// The status says that the server accepts, but the response breaks the rules of the handshake
    /// (4.1).
    Answer(AnswerError),
    /// The connection was not open within [`upgrade_timeout`](crate::Config::upgrade_timeout). The
    /// stage tells what it was waiting for.
    TimedOut(Stage),
}

impl Error {
    /// The status with which the server refused, if it did.
    pub fn status(&self) -> Option<StatusCode> {
        self.response().map(Response::status)
    }

    /// The response with which the server refused, or redirected to where nobody may follow.
    ///
    /// ```
    /// use tower_websock::client::Error;
    ///
    /// /// The JSON that explains why a token is not accepted.
    /// fn reason(error: &Error) -> Option<&[u8]> {
    ///     let response = error.response()?;
    ///     let is_json = response.headers().get("content-type")? == "application/json";
    ///     (response.status() == 401 && is_json).then(|| &response.body()[..])
    /// }
    /// # assert_eq!(reason(&Error::Ended), None);
    /// ```
    pub fn response(&self) -> Option<&Response<Bytes>> {
        match self {
            Error::Refused(response) | Error::Redirect(_, response) => Some(response),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Uri(problem) => write!(f, "invalid WebSocket URI: {problem}"),
            Error::Tls(error) => write!(f, "{error}"),
            Error::Header(name) => {
                write!(f, "the header {name} must not be set")?;
                match misplaced(name) {
                    Some(problem) => write!(f, ": {problem}"),
                    None => Ok(()),
                }
            }
            Error::HeaderName(name) => write!(f, "{name} is not a header name"),
            Error::InvalidHeader(name, problem) => {
                write!(f, "the header {name} cannot be sent: {problem}")
            }
            Error::Lookup(error) => {
                write!(f, "cannot look up the host: {}", WithCauses(error))
            }
            Error::Connect(error) => write!(f, "cannot connect: {}", WithCauses(error)),
            Error::Proxy(error) => write!(f, "{error}"),
            Error::Service(error) => write!(f, "the service failed: {}", WithCauses(&**error)),
            Error::Ended => f.write_str("the HTTP/2 connection ended"),
            Error::Http(error) => write!(f, "the HTTP exchange failed: {}", WithCauses(error)),
            Error::Refused(response) => {
                write!(f, "the server refused with {}", response.status())?;
                let is_cut_off = response.extensions().get::<CutOff>().is_some();
                match excerpt(response.body(), is_cut_off) {
                    Some(excerpt) => write!(f, ": {excerpt}"),
                    None => Ok(()),
                }
            }
            Error::Redirect(problem, response) => {
                let status = response.status();
                write!(f, "the redirect of {status} was not followed: {problem}")
            }
            Error::Answer(error) => write!(f, "the server's answer breaks the handshake: {error}"),
            Error::TimedOut(stage) => write!(f, "{stage} within upgrade_timeout"),
        }
    }
}

impl error::Error for Error {}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Uri(problem) => Error::Uri(problem),
            RequestError::Header(name) => Error::Header(name),
            RequestError::InvalidHeader(name, problem) => Error::InvalidHeader(name, problem),
        }
    }
}

/// A body as a part of a sentence: on one line, shortened. `None` if it is empty or no text that
/// can be printed, as compressed bodies are not.
pub(super) fn excerpt(body: &[u8], is_cut_off: bool) -> Option<String> {
    let is_cut_off = is_cut_off || body.len() > READ;
    let body = &body[..body.len().min(READ)];
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // Inside a character.
        Err(error) if error.error_len().is_none() && is_cut_off => {
            std::str::from_utf8(&body[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text
        .chars()
        .any(|c| is_unprintable(c) && !c.is_whitespace())
    {
        return None;
    }
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.char_indices().nth(SHOWN).map(|(at, _)| at);
    match end {
        _ if line.is_empty() => None,
        None if !is_cut_off => Some(line),
        end => Some(format!("{}...", &line[..end.unwrap_or(line.len())])),
    }
}

/// Control characters, and those by which a text is shown in another order than it has.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
