//! Where the layer, the service and the extractor stand, and who answers around them.

#[cfg(all(feature = "client", feature = "http2"))]
mod acceptance;
mod connections;
mod extractor;
mod hooks;
mod places;
mod shown;
#[path = "../support/mod.rs"]
mod support;
