//! What `authorize` refuses with.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::handshake::Rejection;

/// A response that refuses a request: what `authorize` returns instead of `Ok(())`.
///
/// Made of a `StatusCode`; of a status and a text; of a text, which gets 403; or of a whole
/// `Response` whose body is bytes or text. `?` and `into` make one. For an error of your own,
/// implement `From`:
///
/// ```
/// use http::StatusCode;
/// use tower_websock::Refusal;
///
/// enum Denied {
///     NoToken,
///     Expired,
/// }
///
/// impl From<Denied> for Refusal {
///     fn from(denied: Denied) -> Self {
///         match denied {
///             Denied::NoToken => StatusCode::UNAUTHORIZED.into(),
///             Denied::Expired => (StatusCode::UNAUTHORIZED, "the token has expired").into(),
///         }
///     }
/// }
/// # let _ = Refusal::from(Denied::NoToken);
/// # let _ = Refusal::from(Denied::Expired);
/// ```
#[derive(Debug)]
// Boxed: it travels in a `Result`, and a response is large.
pub struct Refusal(Box<Response<Bytes>>);

impl Refusal {
    /// The response that is sent.
    pub fn into_response(self) -> Response<Bytes> {
        *self.0
    }

    pub(super) fn response_of<R: Into<Self>>(refusal: R) -> Response<Bytes> {
        refusal.into().into_response()
    }
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        let mut response = Response::default();
        *response.status_mut() = status;
        Self(response.into())
    }
}

impl<T: Into<String>> From<(StatusCode, T)> for Refusal {
    fn from((status, text): (StatusCode, T)) -> Self {
        let mut response = Response::new(Bytes::from(text.into()));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            const { HeaderValue::from_static("text/plain; charset=utf-8") },
        );
        Self(response.into())
    }
}

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Self {
        (StatusCode::FORBIDDEN, text).into()
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        (StatusCode::FORBIDDEN, text).into()
    }
}

impl<B: Into<Bytes>> From<Response<B>> for Refusal {
    fn from(response: Response<B>) -> Self {
        Self(response.map(Into::into).into())
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self(Box::new(rejection.into_response()))
    }
}
