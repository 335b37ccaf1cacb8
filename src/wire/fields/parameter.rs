//! What an extension is named and its parameters say (RFC 6455, section 9.1).

use std::iter;

use super::extension::Scanner;

/// A well-formed element of `Sec-WebSocket-Extensions`.
pub(crate) struct Extension<'a> {
    pub(crate) name: &'a [u8],
    params: &'a [u8],
}

pub(crate) struct Param<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: Option<Value<'a>>,
}

/// A value that may hold quoted pairs still.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a>(&'a [u8]);

impl<'a> Extension<'a> {
    /// Takes what [`elements`](super::extension::elements) yields.
    pub(crate) fn of(element: &'a [u8]) -> Self {
        let mut scanner = Scanner(element);
        let name = scanner.token().unwrap_or_default();
        scanner.skip_space();
        let params = scanner.0;
        Self { name, params }
    }

    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut scanner = Scanner(self.params);
        iter::from_fn(move || {
            let (name, value) = scanner.skip(b';').then(|| scanner.param())??;
            let value = value.map(Value);
            Some(Param { name, value })
        })
    }
}

impl<'a> Value<'a> {
    /// The bytes, unescaped.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> + use<'a> {
        // 9.1: they are a token, which has no backslash of its own.
        self.0.iter().copied().filter(|&byte| byte != b'\\')
    }
}
