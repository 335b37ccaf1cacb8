//! When there is something to tell of a connection that somebody looks at.

use std::time::Duration;

use super::harness::{Supervised, Wire, binary};

/// `report` has what has passed told, also of an idle connection, and once; so has a round trip.
/// A connection that nobody looks at tells nothing, not even its end.
#[tokio::test(start_paused = true)]
async fn keep_alive_has_things_told() {
    let mut server = Supervised::over(Wire::new());
    server.handle.with(|conn| {
        conn.seen_mut().hasten();
        assert!(!conn.seen_mut().has_news());
        conn.seen_mut().open();
        assert!(!conn.seen_mut().has_news());
        conn.seen_mut().hasten();
        assert!(conn.seen_mut().has_news());
        assert!(conn.take_news().is_some() && conn.take_news().is_none());
        conn.seen_mut().note_rtt(Duration::from_millis(2));
        assert_eq!(conn.stats().last_rtt, Some(Duration::from_millis(2)));
        assert!(conn.take_news().is_some() && !conn.seen_mut().has_news());
    });
    // After so much, without being asked.
    server.wire.send(&binary(512 * 1024));
    let (told, _) = server.poll_with(|handle, batch, cx| {
        assert!(handle.poll_recv::<crate::Error>(cx, batch).is_ready());
        handle.with(|conn| conn.seen_mut().has_news())
    });
    assert!(told);
    assert!(
        !server.handle.with(|conn| conn.seen_mut().has_news()),
        "the supervisor told it"
    );
}
