//! Which pages may connect (RFC 6455, sections 4.2.2 and 10.2).

mod entry;
mod host;
mod policy;
mod request;

pub(super) use self::host::{Scheme, is_host, is_same_host};
pub(crate) use self::request::RequestOrigin;
pub use self::{
    entry::InvalidOrigin,
    policy::{OriginPolicy, PageRequest},
};
