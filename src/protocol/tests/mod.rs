//! One file per concept of the RFC.
