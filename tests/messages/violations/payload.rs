//! Of what frames carry.
#![expect(clippy::too_many_lines, reason = "the table is long")]

use super::*;

pub(super) fn violations_of_payload() -> Vec<Violation> {
    let too_big = ProtocolError::MessageTooBig { size: 11, max: 10 };
    let small_frames = || limited(|config| config.max_frame_size(10));
    let small = || limited(|config| config.max_message_size(10));
    let hurried = || {
        let timeout = std::time::Duration::from_secs(10);
        limited(|config| config.message_timeout(Some(timeout)))
    };
    let few = || limited(|config| config.max_fragments(2));
    vec![
        Violation {
            error: ProtocolError::InvalidUtf8,
            code: 1007,
            clause: (6455, "8.1"),
            sentence: "invalid UTF-8",
            causes: vec![
                ("a text", server(), frame(0x81, b"a\xff")),
                ("a text that ends too early", server(), frame(0x81, b"\xc3")),
                ("a surrogate", server(), frame(0x81, b"\xed\xa0\x80")),
                ("in a fragment", server(), frame(0x01, b"\xff")),
                (
                    "in the last fragment",
                    server(),
                    [frame(0x01, b"\xc3"), frame(0x80, b"a")].concat(),
                ),
                (
                    "the reason of a Close",
                    server(),
                    frame(0x88, b"\x03\xe8\xff"),
                ),
                #[cfg(feature = "deflate")]
                (
                    "a compressed text",
                    deflate(),
                    frame(0xC1, b"\x00\x01\x00\xfe\xff\xff\x00"),
                ),
            ],
        },
        Violation {
            error: ProtocolError::FrameTooBig { size: 11, max: 10 },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "frame of 11 bytes or more exceeds max_frame_size (10)",
            causes: vec![
                ("a frame", small_frames(), header(0x82, 11)),
                (
                    "a fragment",
                    small_frames(),
                    [frame(0x02, b"a"), header(0x80, 11)].concat(),
                ),
                #[cfg(feature = "deflate")]
                (
                    "a compressed frame",
                    compressing(|config| config.max_frame_size(10)),
                    header(0xC2, 11),
                ),
            ],
        },
        Violation {
            error: too_big,
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "message of 11 bytes or more exceeds max_message_size (10)",
            causes: vec![
                ("a frame", small(), header(0x82, 11)),
                (
                    "fragments together",
                    small(),
                    [frame(0x02, b"123456"), header(0x00, 5)].concat(),
                ),
                #[cfg(feature = "deflate")]
                (
                    "what a compressed one becomes",
                    compressing(|config| config.max_message_size(10)),
                    frame(0xC2, b"\x00\x0b\x00\xf4\xffHello World\x00"),
                ),
            ],
        },
        #[cfg(feature = "deflate")]
        Violation {
            error: ProtocolError::CompressedTooBig {
                size: 1036,
                max: 10,
            },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "compressed message of 1036 bytes or more is too long for \
                       max_message_size (10)",
            causes: vec![
                (
                    "a compressed frame",
                    compressing(|config| config.max_message_size(10)),
                    [header(0xC2, 1036), vec![0; 4]].concat(),
                ),
                (
                    "compressed fragments together",
                    compressing(|config| config.max_message_size(10)),
                    [frame(0x42, &[0; 1030]), header(0x80, 6), vec![0; 4]].concat(),
                ),
            ],
        },
        Violation {
            error: ProtocolError::TooManyFragments { max: 2 },
            code: 1009,
            clause: (6455, "10.4"),
            sentence: "message in more frames than max_fragments (2)",
            causes: vec![(
                "three",
                few(),
                [frame(0x02, b"a"), frame(0x00, b""), frame(0x80, b"")].concat(),
            )],
        },
        Violation {
            error: ProtocolError::MessageTimeout,
            code: 1008,
            clause: (6455, "10.4"),
            sentence: "message took too long (message_timeout)",
            causes: vec![
                ("a part of a header", hurried(), vec![0x82]),
                ("a part of a frame", hurried(), header(0x81, 5)),
                ("a fragment", hurried(), frame(0x02, b"a")),
                ("a part of a ping", hurried(), header(0x89, 5)),
            ],
        },
    ]
}
