//! The way to a server, part by part.

mod addresses;
mod errors;
mod race;
