//! The settings are what is documented.

use std::time::Duration;

use super::*;

const fn second(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The documented defaults, and what is set is what is read.
#[test]
fn settings_are_read_as_they_were_set() {
    let read = |config: &Config| {
        let sizes = [
            config.get_max_message_size(),
            config.get_max_frame_size(),
            config.get_max_fragments(),
            config.get_write_high_water(),
        ];
        let times = [
            config.get_close_timeout(),
            config.get_max_close_time(),
            config.get_upgrade_timeout(),
        ];
        let limits = [
            config.get_message_timeout(),
            config.get_write_timeout(),
            config.get_max_lifetime(),
        ];
        (sizes, times, limits)
    };
    assert_eq!(
        read(&Config::new()),
        (
            [1 << 20, usize::MAX, 131_072, 64 << 10],
            [5, 900, 10].map(second),
            [None, Some(second(120)), None],
        )
    );
    let set = |[a, b, c, d]: [usize; 4]| {
        Config::new()
            .max_message_size(a)
            .max_frame_size(b)
            .max_fragments(c)
            .write_high_water(d)
            .close_timeout(second(1))
            .max_close_time(second(2))
            .upgrade_timeout(second(3))
            .message_timeout(Some(second(4)))
            .write_timeout(None)
            .max_lifetime(Some(second(5)))
    };
    let times = [1, 2, 3].map(second);
    let limits = [Some(second(4)), None, Some(second(5))];
    assert_eq!(read(&set([1, 2, 3, 4])), ([1, 2, 3, 4], times, limits));
    // At least 1, where nothing could be received or sent.
    assert_eq!(read(&set([0; 4])), ([0, 0, 1, 1], times, limits));
}

#[test]
fn keep_alive_is_on_unless_it_is_turned_off() {
    let keep_alive = Config::new().get_keep_alive();
    assert_eq!(keep_alive, KeepAlive::default());
    assert!(!keep_alive.is_off());
    assert_eq!(keep_alive.get_interval(), second(30));
    assert_eq!(keep_alive.get_timeout(), second(30));
    let set = KeepAlive::new().interval(second(1)).timeout(second(2));
    let set = Config::new().keep_alive(set).get_keep_alive();
    assert_eq!(
        (set.get_interval(), set.get_timeout()),
        (second(1), second(2))
    );
    assert!(KeepAlive::OFF.interval(second(1)).is_off());
}
