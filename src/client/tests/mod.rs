//! The client's parts, one by one.

mod errors;
mod headers;
mod redirects;

use super::{Builder, Error, ProxyError, RedirectError, Stage, TlsError};
