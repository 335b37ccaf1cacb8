//! The client's parts, one by one.

mod errors;
mod headers;

use super::{Builder, Error, ProxyError, Stage, TlsError};
