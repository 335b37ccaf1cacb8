//! The first bytes of a frame: what is wrong is known before its length, and before it is read.

use tower_websock::{Config, Error, ProtocolError, WebSocket};

use crate::report::{Amount::*, Report};
use crate::support::*;
use crate::tools::*;

use super::{unlimited, verdict};

/// 5.2: a reserved opcode fails with its two bytes, whatever length is declared.
pub(crate) fn cve_2026_19204_opcode_before_length(report: &mut Report) {
    let mut failed = 0;
    for &side in SIDES {
        for opcode in (0x3..=0x7).chain(0xB..=0xF) {
            for len in [0, 125, 126, 1 << 62] {
                for fin in [0x00, 0x80] {
                    let bytes = &side.header(fin | opcode, len)[..2];
                    let (error, peak) = verdict(side, &unlimited(), bytes);
                    failed += usize::from(error == Some(ProtocolError::ReservedOpcode(opcode)));
                    report.at_most("peak", Bytes(peak), Bytes(READ_BUFFER));
                }
            }
        }
    }
    let all = Count(SIDES.len() * 10 * 4 * 2);
    report.exactly(
        "reserved opcodes refused after two bytes",
        Count(failed),
        all,
    );
}

/// 5.5: a control frame of more than 125 bytes fails before its length is read.
pub(crate) fn cve_2026_15711_oversized_control_frame(report: &mut Report) {
    let mut failed = 0;
    for &side in SIDES {
        for first in [CLOSE, PING, PONG] {
            for len in [126, 65_535, 65_536, 1 << 62] {
                let bytes = &side.header(first, len)[..2];
                let (error, peak) = verdict(side, &unlimited(), bytes);
                failed += usize::from(error == Some(ProtocolError::ControlTooLong));
                report.at_most("peak", Bytes(peak), Bytes(READ_BUFFER));
            }
        }
    }
    let all = Count(SIDES.len() * 3 * 4);
    report.exactly("control frames refused after two bytes", Count(failed), all);
}

/// 5.1: nothing of a frame that is not masked is delivered, however much came with it, and nothing
/// behind it.
pub(crate) fn facil_io_169_unmasked_frame(report: &mut Report) {
    let mut delivered = 0;
    for len in [0, 5, 125, 126, 1000, 65_536] {
        let mut bytes = header(TEXT, len);
        bytes[1] &= 0x7F;
        bytes.extend(vec![b'x'; len as usize]);
        bytes.extend(frame(TEXT, b"behind"));
        paused(async {
            let script = Script::new(&bytes, &[], 0);
            let mut socket = WebSocket::server(script, &Config::new());
            let first = socket.recv().await;
            let error = ProtocolError::UnmaskedFrame;
            assert!(matches!(first, Some(Err(Error::Protocol(found))) if found == error));
            while let Some(item) = socket.recv().await {
                delivered += usize::from(item.is_ok());
            }
        });
    }
    report.exactly("messages delivered", Count(delivered), Count(0));
}

/// Limits are finite unless somebody asks for more, and are those of the documentation.
pub(crate) fn cve_2016_10542_defaults_are_finite(report: &mut Report) {
    let config = Config::default();
    for (what, limit, bound) in [
        (
            "max_message_size",
            Bytes(config.get_max_message_size() as isize),
            Bytes(1 << 20),
        ),
        (
            "max_fragments",
            Count(config.get_max_fragments()),
            Count(131_072),
        ),
        (
            "write_high_water",
            Bytes(config.get_write_high_water() as isize),
            Bytes(64 << 10),
        ),
        (
            "upgrade_timeout",
            Time(config.get_upgrade_timeout()),
            Time(secs(10)),
        ),
        (
            "close_timeout",
            Time(config.get_close_timeout()),
            Time(secs(5)),
        ),
        (
            "max_close_time",
            Time(config.get_max_close_time()),
            Time(secs(900)),
        ),
    ] {
        report.at_most(what, limit, bound);
    }
    // One that is not set is that of messages.
    let (error, _) = verdict(Side::Server, &config, &header(BINARY, (1 << 20) + 1));
    assert!(
        matches!(error, Some(ProtocolError::MessageTooBig { .. })),
        "{error:?}"
    );
}
