//! Messages of other crates: conversions, and a socket that speaks them.

#[cfg(feature = "axum-message")]
mod axum;
mod socket;
#[cfg(test)]
mod tests;
#[cfg(feature = "tungstenite")]
mod tungstenite;

pub use self::socket::{Compat, CompatMessage};
