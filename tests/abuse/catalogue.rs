//! Which test is for which attack: the rows of the abuse catalogue, then the faults that other
//! implementations had, then what is held while nobody attacks.
//!
//! A row that has no test here names the file of its test, or why it does not apply.

#[cfg(feature = "client")]
use crate::client;
#[cfg(feature = "http2")]
use crate::http2::{siblings, streams};
use crate::{
    chapter, deadlines, dependencies,
    entry::{Check, Entry},
    handshake::{heads, requests, values},
    input::{fragments, headers, lengths, unread},
    output,
    tasks::{ends, starvation},
    teardown,
};
#[cfg(feature = "deflate")]
use crate::{
    compression::{bombs, floods, held},
    held as attacks,
};

pub(crate) const CATALOGUE: &[Entry] = &[
    here!(["1"], heads::abuse_01_slowloris_head),
    here!(["2"], heads::abuse_02_response_never_taken),
    here!(["3"], deadlines::abuse_03_message_that_drips),
    here!(["4"], lengths::abuse_04_huge_declared_length),
    here!(["5"], fragments::abuse_05_time_of_one_byte_fragments),
    here!(
        ["5", "CVE-2026-48779"],
        fragments::cve_2026_48779_one_byte_fragments
    ),
    here!(
        ["6", "CVE-2026-12151", "ws#2329"],
        fragments::abuse_06_empty_continuations
    ),
    #[cfg(feature = "http2")]
    here!(["6"], streams::abuse_06_empty_continuations_over_http2),
    here!(
        ["7", "CVE-2026-109932", "CVE-2026-11586"],
        output::abuse_07_ping_flood_pongs_unread
    ),
    #[cfg(feature = "http2")]
    here!(["7"], streams::abuse_07_ping_flood_over_http2),
    here!(
        ["8", "RUSTSEC-2020-0043"],
        output::abuse_08_peer_never_reads
    ),
    #[cfg(feature = "http2")]
    here!(["8"], streams::abuse_08_peer_never_reads_over_http2),
    here!(
        ["9", "CVE-2026-77791"],
        teardown::abuse_09_close_never_answered
    ),
    here!(["10"], teardown::abuse_10_data_behind_the_close),
    here!(["11"], teardown::abuse_11_end_without_close),
    here!(
        ["12", "CVE-2017-2670", "CVE-2025-5399"],
        teardown::abuse_12_end_or_reset_at_every_byte
    ),
    #[cfg(feature = "deflate")]
    here!(
        [
            "13",
            "CVE-2018-1000518",
            "CVE-2026-27571",
            "CVE-2026-39804",
            "CVE-2026-54464",
            "CVE-2026-54490",
            "CVE-2026-5680",
            "CVE-2026-83599",
            "CVE-2026-107227",
            "CVE-2026-116579",
            "WSA-2026-1"
        ],
        bombs::abuse_13_deflate_bomb
    ),
    #[cfg(all(feature = "http2", feature = "deflate"))]
    here!(["13"], streams::abuse_13_deflate_bomb_over_http2),
    #[cfg(all(feature = "client", feature = "deflate"))]
    here!(
        ["13", "CVE-2026-1526", "CVE-2026-15709"],
        client::cve_2026_1526_bomb_from_a_server
    ),
    #[cfg(feature = "deflate")]
    here!(["14"], held::abuse_14_windows_of_idle_connections),
    #[cfg(feature = "deflate")]
    here!(["15"], floods::abuse_15_runs_of_what_is_empty),
    here!(["16"], fragments::abuse_16_bad_byte_at_the_end),
    here!(["17"], requests::abuse_17_connection_flood),
    there!(
        ["17"],
        "abuse_17_place_is_free_again_on_every_way_out",
        "tests/closing/connections/places.rs"
    ),
    here!(
        ["18", "CVE-2021-32640"],
        values::abuse_18_hostile_header_values
    ),
    here!(
        ["18", "CVE-2020-7662", "CVE-2020-7663"],
        values::cve_2020_7662_hostile_offers
    ),
    there!(
        ["18"],
        "cve_2021_32640_many_subprotocols_are_all_compared",
        "src/handshake/tests/subprotocols.rs"
    ),
    there!(
        ["18"],
        "cve_2021_32640_many_offers_are_all_tried",
        "src/handshake/tests/deflate/choice.rs"
    ),
    here!(
        ["19", "CVE-2026-44211", "CVE-2026-112085", "CVE-2025-41254"],
        requests::abuse_19_foreign_pages
    ),
    there!(
        ["19"],
        "abuse_19_page_of_another_host_is_refused",
        "src/handshake/tests/origin.rs"
    ),
    there!(
        ["19"],
        "abuse_19_rebound_name_is_refused_by_every_mount",
        "tests/handshake/rules.rs"
    ),
    there!(
        ["19"],
        "abuse_19_rebound_authority_is_refused",
        "tests/http2/handshake.rs"
    ),
    there!(
        ["20"],
        "abuse_20_connection_of_a_refused_handshake_stays_http",
        "tests/handshake/wire/refused.rs"
    ),
    there!(
        ["20", "CVE-2026-2833"],
        "cve_2026_2833_frames_behind_a_refused_handshake_are_never_frames",
        "tests/handshake/wire/refused.rs"
    ),
    there!(
        ["20", "CVE-2026-69243"],
        "cve_2026_69243_handshake_with_a_body_is_refused",
        "tests/handshake/wire/refused.rs"
    ),
    there!(
        ["20", "RUSTSEC-2021-0078"],
        "rustsec_2021_0078_handshake_with_a_doubtful_body_never_reaches_us",
        "tests/handshake/wire/heads.rs"
    ),
    there!(
        ["21"],
        "abuse_21_recv_dropped_at_every_poll",
        "tests/cancellation/bytes.rs"
    ),
    there!(
        ["22"],
        "abuse_22_send_dropped_at_every_poll",
        "tests/cancellation/bytes.rs"
    ),
    here!(["23"], ends::abuse_23_handlers_that_panic),
    there!(
        ["23"],
        "abuse_23_panic_ends_one_socket",
        "tests/http2/sockets.rs"
    ),
    there!(
        ["24"],
        "abuse_24_every_kind_of_handler_ends_and_the_counts_add_up",
        "tests/closing/connections/drain.rs"
    ),
    here!(["25"], ends::abuse_25_tasks_that_are_dropped),
    here!(["26"], ends::abuse_26_receiving_half_dropped),
    here!(["26"], ends::abuse_26_sending_half_dropped),
    here!(["27"], ends::abuse_27_wakes_from_another_thread),
    here!(["27"], ends::abuse_27_halves_in_two_tasks),
    here!(["28"], output::abuse_28_transport_that_lies),
    #[cfg(feature = "http2")]
    here!(["29"], siblings::abuse_29_small_frames_to_a_busy_handler),
    #[cfg(feature = "http2")]
    here!(
        ["29"],
        siblings::abuse_29_handler_is_told_of_dropped_messages
    ),
    #[cfg(feature = "http2")]
    here!(["29"], siblings::abuse_29_small_frames_to_a_slow_handler),
    #[cfg(feature = "http2")]
    here!(["29"], siblings::abuse_29_large_frames_to_busy_handlers),
    #[cfg(feature = "http2")]
    here!(["29"], siblings::abuse_29_large_message_to_a_busy_handler),
    there!(["30"], "abuse_30_reset_is_lost", "tests/http2/closing.rs"),
    #[cfg(feature = "http2")]
    here!(["31"], streams::abuse_31_window_that_never_opens),
    #[cfg(feature = "http2")]
    here!(["31"], streams::abuse_31_closing_without_a_window),
    here!(["32"], starvation::abuse_32_floods_beside_others),
    here!(["32"], starvation::abuse_32_unread_floods_beside_others),
    here!(["33"], teardown::abuse_33_flood_behind_close_or_violation),
    here!(
        ["CVE-2014-0193", "GHSA-pf94-94m9-536p", "CVE-2026-63495"],
        fragments::cve_2014_0193_fragments_up_to_the_limit
    ),
    here!(
        ["CVE-2026-62389"],
        fragments::cve_2026_62389_just_below_each_limit
    ),
    #[cfg(feature = "http2")]
    here!(
        ["RUSTSEC-2026-0258"],
        streams::rustsec_2026_0258_empty_data_frames
    ),
    there!(
        ["CVE-2026-2229"],
        "cve_2026_2229_illegal_parameters_fail_the_connection",
        "src/handshake/tests/deflate/client.rs"
    ),
    there!(
        ["CVE-2026-59881"],
        "cve_2026_59881_compressed_message_that_was_not_agreed_on_is_answered_with_1002",
        "tests/compression/messages.rs"
    ),
    #[cfg(feature = "deflate")]
    here!(
        ["CVE-2026-87022"],
        floods::cve_2026_87022_bytes_behind_the_final_block
    ),
    there!(
        ["CVE-2026-87022"],
        "cve_2026_87022_blocks_after_a_final_block_belong_to_the_message",
        "src/deflate/codec/tests/vectors.rs"
    ),
    there!(
        ["CVE-2026-102560"],
        "cve_2026_102560_sizes_around_64_kib_survive",
        "src/deflate/codec/tests/sending.rs"
    ),
    there!(
        ["CVE-2026-102560"],
        "cve_2026_102560_message_of_64_mib_survives",
        "src/deflate/codec/tests/sending.rs"
    ),
    there!(
        ["RUSTSEC-2024-0401"],
        "rustsec_2024_0401_stack_of_128_kib_suffices",
        "src/deflate/codec/tests/abuse.rs"
    ),
    #[cfg(feature = "deflate")]
    here!(
        ["jetty#293", "jetty#300"],
        held::jetty_293_connections_that_are_gone
    ),
    #[cfg(feature = "deflate")]
    here!(["jetty#13029"], held::jetty_13029_last_message_is_not_kept),
    there!(
        ["tomcat bz61491"],
        "tomcat_61491_empty_messages_among_others_arrive",
        "tests/compression/messages.rs"
    ),
    here!(
        ["RUSTSEC-2022-0035", "GHSA-8h6x-h86x-75wh"],
        lengths::rustsec_2022_0035_length_above_the_limit
    ),
    here!(
        ["CVE-2016-10542", "CVE-2018-21035", "CVE-2025-32049"],
        headers::cve_2016_10542_defaults_are_finite
    ),
    here!(
        ["CVE-2026-19204"],
        headers::cve_2026_19204_opcode_before_length
    ),
    here!(
        ["CVE-2026-15711"],
        headers::cve_2026_15711_oversized_control_frame
    ),
    here!(
        [
            "CVE-2020-27813",
            "CVE-2020-13935",
            "CVE-2026-1528",
            "CVE-2026-50161",
            "CVE-2026-54463"
        ],
        lengths::cve_2020_27813_length_arithmetic
    ),
    here!(["CVE-2021-3690"], output::cve_2021_3690_unsolicited_pongs),
    here!(
        ["8", "CVE-2026-79677"],
        deadlines::cve_2026_79677_write_deadline
    ),
    here!(
        ["tungstenite 0.21"],
        output::tungstenite_0_21_pong_leaves_without_send
    ),
    here!(
        ["CVE-2026-107928"],
        output::cve_2026_107928_transport_that_overclaims
    ),
    here!(
        ["CVE-2024-23672"],
        teardown::cve_2024_23672_close_while_nobody_receives
    ),
    here!(["CVE-2026-15565"], unread::cve_2026_15565_idle_connections),
    here!(
        ["RUSTSEC-2023-0065"],
        heads::rustsec_2023_0065_head_byte_by_byte
    ),
    here!(["NSP-550"], requests::nsp_550_odd_names),
    there!(
        ["CVE-2024-37890"],
        "cve_2024_37890_head_with_too_many_headers_is_refused",
        "tests/handshake/wire/heads.rs"
    ),
    here!(["CVE-2026-54465"], heads::cve_2026_54465_endless_head),
    here!(
        ["CVE-2026-100658"],
        heads::cve_2026_100658_pipelined_requests
    ),
    there!(
        ["CVE-2025-11677"],
        "cve_2025_11677_valid_handshake_may_be_refused_by_the_application",
        "tests/handshake/wire/refused.rs"
    ),
    here!(
        ["CVE-2026-59898", "CVE-2026-54466"],
        requests::cve_2026_59898_draft_handshakes
    ),
    here!(["facil.io#169"], headers::facil_io_169_unmasked_frame),
    here!(
        ["CVE-2021-45945", "CVE-2025-1866"],
        dependencies::cve_2021_45945_no_unsafe_code
    ),
    here!(
        [
            "RUSTSEC-2026-0007",
            "RUSTSEC-2022-0022",
            "RUSTSEC-2023-0034",
            "RUSTSEC-2024-0003",
            "RUSTSEC-2024-0332"
        ],
        dependencies::rustsec_2026_0007_versions_of_dependencies
    ),
    #[cfg(feature = "client")]
    here!(
        ["CVE-2025-10148", "GHSA-w67g-5rqw-f597"],
        client::cve_2025_10148_mask_keys
    ),
    none!(
        ["CVE-2026-1527"],
        "a client's headers are HeaderValues, which hold no CR and LF"
    ),
    none!(
        ["GHSA-2mhh-w6q8-5hxw", "CVE-2026-45736"],
        "types that only JavaScript confuses; payloads are Bytes"
    ),
    none!(
        ["CVE-2026-0716"],
        "an out-of-bounds read in C; slices are checked"
    ),
    none!(["RUSTSEC-2020-0049"], "actix-codec, which is not used"),
    none!(
        ["tungstenite 0.26.1"],
        "a buffer that is not initialised, behind unsafe; there is none"
    ),
    none!(
        ["CVE-2018-1257", "CVE-2022-22971"],
        "STOMP, which is not spoken"
    ),
    none!(
        ["CVE-2021-33880"],
        "who may connect is compared by the application"
    ),
    there!(
        ["CVE-2020-11050", "CVE-2017-1000209"],
        "cve_2020_11050_wrong_certificate_tells_which_check_failed",
        "tests/client/wss.rs"
    ),
    there!(
        ["CVE-2026-42498"],
        "cve_2026_42498_credentials_are_not_sent_to_another_host",
        "tests/client/redirects/credentials.rs"
    ),
    here!([], chapter::past_faults_are_in_the_chapter),
    #[cfg(feature = "deflate")]
    here!([], attacks::bytes_held_per_byte_on_the_wire),
    #[cfg(feature = "deflate")]
    here!(
        [],
        bombs::large_messages_behind_small_ones_are_inflated_one_at_a_time
    ),
    #[cfg(feature = "deflate")]
    here!([], floods::garbage_is_answered_with_1007),
    #[cfg(feature = "deflate")]
    here!(
        [],
        held::nothing_is_allocated_before_the_first_compressed_message
    ),
    here!([], unread::reading_ahead_is_bounded),
    here!([], unread::messages_read_ahead_do_not_keep_their_buffers),
    here!([], unread::small_messages_keep_nothing_of_their_batch),
    here!([], lengths::message_takes_at_most_twice_what_arrived),
    here!(
        [],
        lengths::stalled_message_keeps_at_most_twice_what_arrived
    ),
    here!(
        [],
        lengths::message_cut_off_keeps_at_most_twice_what_arrived
    ),
];
