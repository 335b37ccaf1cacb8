//! What the fuzz targets do, compiled once for all of them.

#[path = "../../tests/fuzz/targets/mod.rs"]
pub mod targets;
