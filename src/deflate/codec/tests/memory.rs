//! What a connection holds between messages, and what its thread does.

use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        history::History,
        states::{self, Lent},
        zlib::{Compressor, Decompressor, Settings},
    },
    *,
};

proptest! {
    #![proptest_config(crate::randomised::cases(256))]

    /// 7.1.2: the window is the last 2^`window_bits` bytes, and no memory beyond.
    #[test]
    fn history_is_the_end_of_what_was_pushed(
        bits in 8..=15_u8,
        pieces in vec((any::<u64>(), 0..70_000_usize), 0..8),
    ) {
        let mut history = History::new(bits);
        let mut all = Vec::new();
        prop_assert_eq!(history.capacity(), 0);
        for (seed, len) in pieces {
            let piece = random_bytes(seed % 10, len % (3 << bits));
            history.push(&piece);
            all.extend_from_slice(&piece);
            let seen = all.len().min(1 << bits);
            prop_assert!(history.parts().concat() == all[all.len() - seen..]);
            prop_assert!(history.capacity() <= seen.next_power_of_two());
        }
        history.clear();
        prop_assert_eq!(history.capacity(), 0);
    }
}

const SETTINGS: Settings = Settings {
    effort: Effort {
        level: 1,
        memory_level: 1,
    },
    window_bits: 9,
};

/// A compressor is found by the ticket that it left, once.
#[test]
fn ticket_is_good_for_one_time() {
    let mut tickets: Vec<_> = (0..8)
        .map(|_| states::park_compressor(Compressor::new(SETTINGS)))
        .collect();
    for _ in 0..3 {
        for ticket in &mut tickets {
            let Lent::Ready(compressor) = states::lend_compressor(SETTINGS, *ticket) else {
                panic!("eight connections do not take one from each other");
            };
            let again = states::lend_compressor(SETTINGS, *ticket);
            assert!(matches!(again, Lent::Stale(_)));
            *ticket = states::park_compressor(compressor);
        }
    }
}

/// The same of decompressors.
#[test]
fn decompressor_is_found_by_its_ticket() {
    let mut tickets: Vec<_> = (0..8)
        .map(|_| states::park_decompressor(Decompressor::new()))
        .collect();
    for _ in 0..3 {
        for ticket in &mut tickets {
            let Lent::Ready(decompressor) = states::lend_decompressor(*ticket) else {
                panic!("eight connections do not take one from each other");
            };
            assert!(matches!(states::lend_decompressor(*ticket), Lent::Stale(_)));
            *ticket = states::park_decompressor(decompressor);
        }
    }
}

/// More connections than compressors: some still find theirs, and those that left are forgotten.
#[test]
fn connections_in_turn_share_the_compressors() {
    let mut ready = 0;
    for _ in 0..2 {
        // Whoever came before never comes again.
        let mut tickets = [None; 20];
        ready = 0;
        for round in 0..20 {
            for ticket in &mut tickets {
                let compressor = match states::lend_compressor(SETTINGS, ticket.take()) {
                    Lent::Ready(compressor) => {
                        ready += usize::from(round >= 10);
                        compressor
                    }
                    Lent::Stale(compressor) => compressor,
                };
                *ticket = states::park_compressor(compressor);
            }
        }
    }
    println!("{ready} of 200 found theirs");
    assert!(ready >= 60, "{ready}");
}

/// Compressors are made for settings, and never given to others.
#[test]
fn compressors_of_other_settings_are_not_lent() {
    for level in 1..=9 {
        for window_bits in 9..=15 {
            let settings = Settings {
                effort: effort(level),
                window_bits,
            };
            let (Lent::Ready(compressor) | Lent::Stale(compressor)) =
                states::lend_compressor(settings, None);
            assert_eq!(compressor.settings(), settings);
            if level % 2 == 0 {
                states::return_compressor(compressor);
            } else {
                states::park_compressor(compressor);
            }
        }
    }
}
