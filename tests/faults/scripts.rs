//! The scripts: what the end whose transport has a fault does, and what its peer does.

use tower_websock::Role;

use crate::{
    acts::Act::*,
    script::{Driver::*, Ends::*, Script, Setting::*, script},
    wire::frame,
};

fn reserved(sender: Role) -> Vec<u8> {
    frame(sender, 0x83, b"what is this")
}

fn not_utf8(sender: Role) -> Vec<u8> {
    frame(sender, 0x81, b"\xFF")
}

fn bad_close(sender: Role) -> Vec<u8> {
    frame(sender, 0x88, b"\x03")
}

/// The rest of what a peer sends that was closed, and still had a ping to send.
fn ping_and_close(sender: Role) -> Vec<u8> {
    let ping = frame(sender, 0x89, b"?");
    [ping, frame(sender, 0x88, &1000_u16.to_be_bytes())].concat()
}

/// In each, one end waits for the other where that matters, so that a delay changes nothing.
#[rustfmt::skip]
pub(crate) const SCRIPTS: &[Script] = &[
    // Sizes.
    script("small", Closed(1000),
        &[Echo(6), Rest],
        &[Binary(0), Recv(1), Binary(1), Recv(1), Text(2), Recv(1), Text(125), Recv(1), Binary(126),
          Recv(1), Binary(127), Recv(1), SendClose(1000), Rest]),
    script("large", Closed(1000),
        &[Echo(3), Rest],
        &[Text(65_535), Recv(1), Binary(65_536), Recv(1), Binary(100_000), Recv(1), SendClose(1000),
          Rest]),
    script("texts", Closed(1000),
        &[Echo(4), Rest],
        &[Text(0), Text(16), Text(130), Text(5_000), Recv(4), SendClose(1000), Rest]),
    script("burst", Closed(1000),
        &[Echo(40), Rest],
        &[Sink(40, 100), Recv(40), SendClose(1000), Rest]),
    script("pushed", Closes(1001),
        &[Text(50), Text(200), Binary(3_000), Text(20), SendClose(1001), Rest],
        &[Rest]),
    script("pushed-narrow", Closes(1001),
        &[Binary(3_000), Text(20), Binary(3_000), Text(20), SendClose(1001), Rest],
        &[Rest]).with(Narrow),
    script("echoed-narrow", Closed(1000),
        &[Echo(2), Rest],
        &[Binary(5_000), Recv(1), Text(20), Recv(1), SendClose(1000), Rest]).with(Narrow),

    // Fragments and control frames.
    script("fragments", Closed(1000),
        &[Echo(2), Rest],
        &[Fragments(3, 30), Recv(1), Fragments(5, 10_000), Recv(1), SendClose(1000), Rest]),
    script("pings", Closed(1000),
        &[Echo(2), Rest],
        &[Ping, Text(5), Recv(1), Ping, Pong, Ping, Text(6), Recv(1), SendClose(1000), Rest]),
    script("pinging", Closes(1000),
        &[Ping, Text(5), Recv(1), Pong, Ping, Text(6), Recv(1), SendClose(1000), Rest],
        &[Echo(2), Rest]),

    // Ways to send.
    script("fed", Closes(4000),
        &[Feed(10), Feed(300), Feed(10), Flush, Recv(1), Close(Some(4000))],
        &[Recv(3), Text(10), Rest]),
    script("tries", Closes(1000),
        &[Try(10), Try(3_000), Try(3_000), Within(3_000), Within(10), Recv(1), SendClose(1000), Rest],
        &[Recv(5), Text(1), Rest]).with(Narrow),
    script("sink", Closes(1000),
        &[Sink(20, 300), Recv(1), SendClose(1000), Rest],
        &[Recv(20), Text(5), Rest]),
    script("prepared", Closed(1000),
        &[Prepared(10), Prepared(5_000), Text(5), Prepared(70_000), Rest],
        &[Recv(4), SendClose(1000), Rest]),

    // Compressed.
    script("compressed", Closed(1000),
        &[Echo(4), Rest],
        &[Text(20), Recv(1), Text(500), Recv(1), Text(500), Recv(1), Binary(20_000), Recv(1),
          SendClose(1000), Rest]).with(Deflate),
    script("compressed-pushed", Closes(1000),
        &[Text(1_000), Text(1_000), Uncompressed(500), Text(1_000), SendClose(1000), Rest],
        &[Rest]).with(Deflate),
    script("compressed-prepared", Closed(1000),
        &[Prepared(10), Prepared(5_000), Text(500), Prepared(70_000), Rest],
        &[Recv(4), SendClose(1000), Rest]).with(Deflate),

    // Closes.
    script("closes", Closes(1000), &[Close(Some(1000))], &[Rest]),
    script("closes-without-code", Closes(1005), &[Close(None)], &[Rest]),
    script("closed", Closed(4001), &[Rest], &[Close(Some(4001))]),
    script("closed-without-code", Closed(1005), &[Rest], &[Close(None)]),
    script("crossing", Crossing, &[SendClose(1000), Rest], &[SendClose(1001), Rest]).racy(),
    script("closes-on-a-sender", Closes(1008),
        &[Recv(2), Close(Some(1008))],
        &[Sink(20, 3_000), Rest]).racy(),
    script("ping-behind-close", Closes(1000),
        &[Recv(1), SendClose(1000), Rest],
        &[Text(5), Sleep(10), Raw(ping_and_close), Rest]).racy(),
    script("closed-from-outside", Closes(1001),
        &[Recv(1), Outside(1001), Rest],
        &[Text(5), Rest]).driven_by(Supervisor),
    script("peer-leaves", Lost, &[Echo(1), Rest], &[Text(5), Recv(1)]),
    script("leaves", Leaves, &[Recv(1), Text(5)], &[Text(3), Rest]).driven_by(Nobody),

    // Violations.
    script("reserved-opcode", Failed(1002), &[Echo(1), Rest], &[Text(5), Recv(1), Raw(reserved), Rest]),
    script("not-utf8", Failed(1007), &[Echo(1), Rest], &[Text(5), Recv(1), Raw(not_utf8), Rest]),
    script("bad-close", Failed(1002), &[Rest], &[Raw(bad_close), Rest]),
    script("too-big", Failed(1009),
        &[Echo(1), Rest],
        &[Text(5), Recv(1), Binary(2_000), Rest]).with(Small),

    // Halves, senders, topics.
    script("halves", Closes(1000),
        &[Split, Text(10), Recv(2), Text(20), Close(Some(1000)), Rest],
        &[Recv(1), Text(5), Text(6), Rest]),
    script("sends-only", Closed(1000),
        &[Split, DropRecv, Text(5), Text(300), UntilClosed],
        &[Recv(2), SendClose(1000), Rest]),
    script("receives-only", Closed(1000),
        &[Split, DropSend, Rest],
        &[Text(5), Binary(300), SendClose(1000), Rest]),
    script("senders", Closed(1000),
        &[Senders(3, 4, 100), Rest],
        &[Recv(12), SendClose(1000), Rest]).racy(),
    script("clones-narrow", Closed(1000),
        &[Split, Clones(3, 3, 1_000), Rest],
        &[Recv(9), SendClose(1000), Rest]).with(Narrow).racy(),
    script("topic", Closed(1000),
        &[Subscribe, Publish(10, 50), Rest],
        &[Recv(10), SendClose(1000), Rest]),
    script("topic-and-sends", Closed(1000),
        &[Subscribe, Text(10), Publish(3, 5_000), Text(20), Rest],
        &[Recv(5), SendClose(1000), Rest]).racy(),

    // What handlers do.
    script("returns", Closes(1000), &[Recv(1), Text(5)], &[Text(3), Rest]).driven_by(Supervisor),
    script("fails", Closes(1011), &[Recv(1), Text(5), Fail], &[Text(3), Rest]),
    script("panics", Closes(1011), &[Recv(1), Text(5), Panic], &[Text(3), Rest]),
    script("fails-without-a-half", Closes(1011), &[Split, DropRecv, Text(5), Fail], &[Rest]),
    script("gives-away", Closed(1000),
        &[Recv(1), GiveAway, Echo(2), Rest],
        &[Text(5), Text(6), Text(7), Recv(2), SendClose(1000), Rest]),
    script("gives-away-and-leaves", Closes(1000), &[GiveAway, Recv(1), Text(5)], &[Text(3), Rest]),
    script("sleeps", Closed(1000),
        &[Echo(1), Sleep(5_000), Text(5), Rest],
        &[Text(3), Recv(1), Text(4), SendClose(1000), Rest]).driven_by(Supervisor),
    script("panics-among-senders", Closes(1011), &[Senders(2, 3, 100), Panic], &[Rest]).racy(),
];
