//! Without the feature `deflate`: types without a value, so that it is never on.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DeflateConfig {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeflateParams {}
