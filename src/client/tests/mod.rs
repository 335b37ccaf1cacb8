//! The client's parts, one by one.

mod errors;
mod headers;

use super::{Builder, Error, Stage, TlsError};
