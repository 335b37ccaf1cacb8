//! Proxies, part by part.
