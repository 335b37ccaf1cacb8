//! Negotiation of permessage-deflate (RFC 7692, sections 5 and 7.1).

mod choice;
mod client;
mod parameters;
mod picky;
mod properties;
mod server;

use super::*;
use crate::deflate::{
    DeflateConfig, DeflateParams, DeflateSide, ExtensionsError, OwnOffer,
    Takeover::{self, Kept, Reset},
    agreed,
};

/// Windows and what becomes of them, of the server and of the client.
type Agreed = ((u8, Takeover), (u8, Takeover));

/// Settings that bound no window.
const fn unbounded() -> DeflateConfig {
    DeflateConfig::new()
        .server_max_window_bits(15)
        .client_max_window_bits(15)
}

const UNBOUNDED: Agreed = ((15, Kept), (15, Kept));

fn agreed_on((server, client): Agreed) -> DeflateParams {
    let side = |(window_bits, takeover)| DeflateSide {
        window_bits,
        takeover,
    };
    DeflateParams {
        server: side(server),
        client: side(client),
    }
}

/// What a server answers to these header lines of a valid handshake.
fn answer<L: AsRef<[u8]>>(lines: &[L], config: &DeflateConfig) -> Option<(DeflateParams, String)> {
    let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, lines);
    let offer = Handshake::check(&parts, None).unwrap().deflate?;
    let (params, value) = offer.answer(config);
    Some((params, value.to_str().unwrap().to_owned()))
}

/// What a client makes of these header lines in a response.
fn read<L: AsRef<[u8]>>(
    lines: &[L],
    config: &DeflateConfig,
) -> Result<Option<DeflateParams>, ExtensionsError> {
    let parts = sample_with(&header::SEC_WEBSOCKET_EXTENSIONS, lines);
    agreed(&parts.headers, Some(&OwnOffer::new(config)))
}
