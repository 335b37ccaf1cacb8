//! What is set, and what is made of it.

use super::*;

/// 7.1.2: a window is of 8 to 15 bits; zlib's levels are 1 to 9.
#[test]
fn settings_out_of_bounds_become_the_nearest() {
    for value in 0..=u8::MAX {
        let config = DeflateConfig::new()
            .level(value)
            .memory_level(value)
            .server_max_window_bits(value)
            .client_max_window_bits(value);
        assert_eq!(config.level, value.clamp(1, 9));
        assert_eq!(config.memory_level, value.clamp(1, 9));
        for bounds in [config.server, config.client] {
            assert_eq!(bounds.side().window_bits, value.clamp(8, 15));
        }
        assert_eq!(config.min_size, 32);
    }
}

/// The documented defaults, and what is set is what is read.
#[test]
fn settings_are_read_as_they_were_set() {
    let read = |config: DeflateConfig| {
        let levels = (config.get_level(), config.get_memory_level());
        let bits = [
            config.get_server_max_window_bits(),
            config.get_client_max_window_bits(),
        ];
        let flags = [
            config.get_omit_client_max_window_bits(),
            config.get_server_no_context_takeover(),
            config.get_client_no_context_takeover(),
        ];
        (levels, config.get_min_size(), bits, flags)
    };
    let new = DeflateConfig::new;
    let off = [false; 3];
    assert_eq!(read(new()), ((1, 5), 32, [None; 2], off));
    let set = new().level(2).memory_level(3).min_size(4);
    let set = set.server_max_window_bits(10).client_max_window_bits(11);
    assert_eq!(read(set), ((2, 3), 4, [Some(10), Some(11)], off));
    for (config, flags) in [
        (new().omit_client_max_window_bits(), [true, false, false]),
        (new().server_no_context_takeover(), [false, true, false]),
        (new().client_no_context_takeover(), [false, false, true]),
        (new().no_context_takeover(), [false, true, true]),
    ] {
        assert_eq!(read(config), ((1, 5), 32, [None; 2], flags));
    }
}

/// 7.1.2: a window that was not set is bound for its own compressor, and asked of nobody.
#[test]
fn default_window_is_not_a_demand() {
    let config = DeflateConfig::new();
    for (bounds, own, set) in [
        (config.server, 12, None),
        (
            config.clone().server_max_window_bits(12).server,
            12,
            Some(12),
        ),
        (config.clone().client_max_window_bits(9).client, 9, Some(9)),
        (config.clone().client_max_window_bits(15).client, 15, None),
    ] {
        assert_eq!(bounds.side().window_bits, own);
        assert_eq!(bounds.set_window_bits(), set);
    }
}

/// 7.1.1: each end may be told alone.
#[test]
fn context_takeover_is_given_up_by_who_is_named() {
    use Takeover::{Kept, Reset};
    let new = DeflateConfig::new;
    for (config, server, client) in [
        (new(), Kept, Kept),
        (new().server_no_context_takeover(), Reset, Kept),
        (new().client_no_context_takeover(), Kept, Reset),
        (new().no_context_takeover(), Reset, Reset),
    ] {
        assert_eq!(config.server.takeover, server);
        assert_eq!(config.client.takeover, client);
    }
}
