//! Redirects (RFC 6455, 4.1 item 1; RFC 9110, section 15.4).

mod credentials;
mod followed;
mod not_followed;
#[cfg(feature = "rustls")]
mod wss;

use tower_websock::client::Builder;

use crate::site::{ACCEPTANCE, Site};

fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
        .into()
}

/// A site where `/` leads to `location`, in which `PORT` is its own, and all else accepts.
async fn leading_to(location: impl Into<String>) -> Site {
    let location = location.into();
    Site::answering(move |path| match path {
        "/" => redirect(302, &location),
        _ => ACCEPTANCE.into(),
    })
    .await
}

fn following(redirects: usize) -> Builder {
    Builder::new().max_redirects(redirects)
}
