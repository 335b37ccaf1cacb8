//! The grammar of header fields (RFC 9110, section 5.6; RFC 6455, section 9.1).

pub(crate) mod extension;
#[cfg(feature = "deflate")]
pub(crate) mod parameter;
mod token;
mod values;

pub(crate) use self::{
    token::is_token,
    values::{
        Cardinality, announces_length, contains, elements, has_body, is_list, is_present, single,
        trim,
    },
};
