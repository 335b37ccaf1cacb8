//! Of frames.
#![expect(clippy::too_many_lines, reason = "the table is long")]

use super::*;

pub(super) fn violations_of_frames() -> Vec<Violation> {
    let text = |first: u8| frame(first, b"a");
    vec![
        Violation {
            error: ProtocolError::ReservedBits,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved bit set where no extension gives it a meaning",
            causes: vec![
                ("RSV1 without compression", server(), text(0xC1)),
                ("RSV2", server(), text(0xA1)),
                ("RSV3", server(), text(0x91)),
                ("on a ping", server(), text(0xC9)),
                ("on a Close", server(), frame(0xA8, b"")),
                #[cfg(feature = "deflate")]
                ("RSV2 with compression", deflate(), text(0xE1)),
                // RFC 7692, section 6.
                #[cfg(feature = "deflate")]
                ("RSV1 on a ping, with compression", deflate(), text(0xC9)),
                #[cfg(feature = "deflate")]
                (
                    "RSV1 on a later fragment, with compression",
                    deflate(),
                    [text(0x01), text(0xC0)].concat(),
                ),
                #[cfg(feature = "client")]
                ("to a client", client(), vec![0xA1, 0]),
            ],
        },
        Violation {
            error: ProtocolError::ReservedOpcode(3),
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved opcode 0x3",
            causes: vec![
                ("of data", server(), text(0x83)),
                ("in a message", server(), [text(0x01), text(0x83)].concat()),
            ],
        },
        Violation {
            error: ProtocolError::ReservedOpcode(0xF),
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "reserved opcode 0xf",
            causes: vec![("of control", server(), text(0x8F))],
        },
        Violation {
            error: ProtocolError::FragmentedControl,
            code: 1002,
            clause: (6455, "5.5"),
            sentence: "fragmented control frame",
            causes: vec![
                ("a ping", server(), text(0x09)),
                ("a pong", server(), text(0x0A)),
                ("a Close", server(), frame(0x08, b"")),
            ],
        },
        Violation {
            error: ProtocolError::ControlTooLong,
            code: 1002,
            clause: (6455, "5.5"),
            sentence: "control frame above 125 bytes",
            causes: vec![
                ("a ping", server(), header(0x89, 126)),
                ("a pong", server(), header(0x8A, 1 << 16)),
                ("a Close", server(), header(0x88, 126)),
            ],
        },
        Violation {
            error: ProtocolError::UnmaskedFrame,
            code: 1002,
            clause: (6455, "5.1"),
            sentence: "frame from a client is not masked",
            causes: vec![
                ("a text", server(), vec![0x81, 0]),
                ("a ping", server(), vec![0x89, 0]),
            ],
        },
        Violation {
            error: ProtocolError::LengthNotMinimal,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "frame length is not minimally encoded",
            causes: vec![
                ("125 in two bytes", server(), vec![0x82, 0xFE, 0, 125]),
                (
                    "65535 in eight bytes",
                    server(),
                    vec![0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
                ),
            ],
        },
        Violation {
            error: ProtocolError::LengthOutOfRange,
            code: 1002,
            clause: (6455, "5.2"),
            sentence: "frame length above 2^63 - 1",
            causes: vec![("the first bit", server(), vec![0x82, 0xFF, 0x80])],
        },
        Violation {
            error: ProtocolError::UnexpectedContinuation,
            code: 1002,
            clause: (6455, "5.4"),
            sentence: "continuation frame without a message to continue",
            causes: vec![
                ("the first frame", server(), text(0x80)),
                ("not the last", server(), text(0x00)),
                (
                    "behind a whole message",
                    server(),
                    [text(0x01), text(0x80), text(0x80)].concat(),
                ),
            ],
        },
        Violation {
            error: ProtocolError::ExpectedContinuation,
            code: 1002,
            clause: (6455, "5.4"),
            sentence: "new data frame inside a fragmented message",
            causes: vec![
                ("a text", server(), [text(0x01), text(0x81)].concat()),
                ("a fragment", server(), [text(0x02), text(0x02)].concat()),
            ],
        },
        Violation {
            error: ProtocolError::CloseTooShort,
            code: 1002,
            clause: (6455, "5.5.1"),
            sentence: "close frame body of one byte",
            causes: vec![("half a code", server(), frame(0x88, b"\x03"))],
        },
        Violation {
            error: ProtocolError::InvalidCloseCode(1005),
            code: 1002,
            clause: (6455, "7.4"),
            sentence: "invalid close code 1005",
            causes: vec![
                ("alone", server(), frame(0x88, &1005_u16.to_be_bytes())),
                ("with a reason", server(), frame(0x88, b"\x03\xedbye")),
            ],
        },
        Violation {
            error: ProtocolError::InvalidCloseCode(5000),
            code: 1002,
            clause: (6455, "7.4"),
            sentence: "invalid close code 5000",
            causes: vec![("no range", server(), frame(0x88, &5000_u16.to_be_bytes()))],
        },
    ]
}
