//! The client's parts, one by one.

mod errors;
mod headers;
mod target;

use super::{Builder, Error};
