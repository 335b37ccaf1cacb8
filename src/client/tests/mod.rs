//! The client's parts, one by one.

mod errors;

use super::Error;
