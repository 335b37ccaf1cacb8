//! The grammar of header fields (RFC 9110, section 5.6; RFC 6455, section 9.1).

pub(crate) mod extension;
#[cfg(feature = "deflate")]
pub(crate) mod parameter;
mod values;

pub(crate) use self::values::{
    Cardinality, announces_length, contains, elements, has_body, is_list, is_present, is_token,
    single, trim,
};
