//! The rules of section 4.2, one by one.
