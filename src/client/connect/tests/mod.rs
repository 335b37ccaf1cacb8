//! The way to a server, part by part.

mod addresses;
#[cfg(target_os = "linux")]
mod black_hole;
mod errors;
mod race;
mod tcp;
