//! Proxies, part by part.

mod environment;
mod errors;
mod exemptions;
mod urls;
