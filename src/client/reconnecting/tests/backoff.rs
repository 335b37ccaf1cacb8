//! How long it waits, in virtual time.

use super::*;

/// No more than the limit, each time anew, and less again once a connection has lived.
#[tokio::test(start_paused = true)]
async fn waits_grow_until_a_connection_has_lived() {
    let (mut servers, builder) = servers();
    let mut socket = builder.build();
    for number in 1..=40 {
        expect_open(&mut socket, number).await;
        drop(servers.next());
        expect_lost(&mut socket).await;
    }
    let waits: Vec<Duration> = {
        let attempts = servers.attempts.lock().unwrap();
        attempts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    for (retries, wait) in waits.iter().enumerate() {
        let limit = Duration::from_secs(60).min(Duration::from_secs(1 << retries.min(6)));
        // tokio's timer is a millisecond late at most.
        assert!(
            *wait <= limit + Duration::from_millis(1),
            "{retries}: {wait:?}"
        );
    }
    let longest = waits.iter().max().expect("waits");
    let shortest = waits[10..].iter().min().expect("waits");
    // Chances of less are one in millions.
    assert!(*longest > Duration::from_secs(20), "{longest:?}");
    assert!(*shortest < Duration::from_secs(30), "{shortest:?}");

    expect_open(&mut socket, 41).await;
    let server = servers.next();
    tokio::time::sleep(Duration::from_secs(10)).await;
    drop(server);
    let lost_at = Instant::now();
    expect_lost(&mut socket).await;
    expect_open(&mut socket, 42).await;
    assert!(lost_at.elapsed() <= Duration::from_millis(1001));
}

/// 1012 and 1013 ask for more time.
#[tokio::test(start_paused = true)]
async fn server_that_restarts_is_left_alone_longer() {
    for (code, least, most) in [(1012, 5, 30), (1013, 30, 60)] {
        let (mut servers, builder) = servers();
        let mut socket = builder.build();
        expect_open(&mut socket, 1).await;
        let closing = close(servers.next(), code);
        expect_lost(&mut socket).await;
        expect_open(&mut socket, 2).await;
        let wait = servers.last_wait();
        let range =
            Duration::from_secs(least)..=Duration::from_secs(most) + Duration::from_millis(1);
        assert!(range.contains(&wait), "{code}: {wait:?}");
        closing.await.expect("closed");
    }
}

/// What does not get better has an end.
#[tokio::test(start_paused = true)]
async fn limits_of_a_row_end_it() {
    let (servers, builder) = servers();
    servers.expect(vec![Outcome::Unreachable; 10]);
    let retry = Retry::new().max_retries(Some(3));
    let mut socket = builder.retry(retry).build();
    expect_stopped(&mut socket).await;
    assert_eq!(servers.attempts(), 4);

    let (servers, builder) = super::servers();
    servers.expect(vec![Outcome::Unreachable; 1000]);
    let retry = Retry::new().give_up_after(Some(Duration::from_secs(120)));
    let mut socket = builder.retry(retry).build();
    let began = Instant::now();
    expect_stopped(&mut socket).await;
    assert!(began.elapsed() <= Duration::from_secs(120));
    assert!(began.elapsed() >= Duration::from_secs(10));
    assert!(servers.attempts() > 4);
}

/// A connection that lives shorter than `reset_after` does not begin a new row.
#[tokio::test(start_paused = true)]
async fn server_that_accepts_and_closes_ends_a_row_too() {
    for (lives, connections) in [(9, 3), (10, 8)] {
        let (mut servers, builder) = servers();
        let retry = Retry::new().max_retries(Some(2));
        let mut socket = builder.retry(retry).build();
        for number in 1..=connections {
            expect_open(&mut socket, number).await;
            let server = servers.next();
            tokio::time::sleep(Duration::from_secs(lives)).await;
            drop(server);
            if number < connections || lives == 10 {
                expect_lost(&mut socket).await;
            }
        }
        if lives < 10 {
            expect_stopped(&mut socket).await;
        }
        assert_eq!(
            servers.attempts(),
            usize::try_from(connections).expect("few")
        );
    }
}

/// Settings of zero: no panic, and no loop that starves others.
#[tokio::test(start_paused = true)]
async fn zero_is_a_millisecond() {
    let (servers, builder) = servers();
    servers.expect(vec![Outcome::Unreachable; 1000]);
    let zero = Duration::ZERO;
    let retry = Retry::new()
        .first_delay(zero)
        .max_delay(zero)
        .factor(0.0)
        .reset_after(zero);
    let mut socket = builder
        .retry(retry)
        .rule(|_, _| Decision::Wait(Duration::ZERO))
        .max_unflushed(0)
        .build();
    let began = Instant::now();
    expect_open(&mut socket, 1).await;
    assert!(began.elapsed() >= Duration::from_secs(1));

    let (servers, builder) = super::servers();
    servers.expect(vec![Outcome::Hangs; 10]);
    let mut socket = builder.attempt_timeout(Duration::ZERO).build();
    expect_open(&mut socket, 1).await;
    assert_eq!(servers.attempts(), 11);
}

/// A rule may ask for longer than there is time.
#[tokio::test(start_paused = true)]
async fn endless_wait_is_no_panic() {
    let (servers, builder) = servers();
    servers.expect([Outcome::Unreachable]);
    let mut socket = builder.rule(|_, _| Decision::Wait(Duration::MAX)).build();
    assert!(poll(socket.recv()).is_pending());
    assert!(poll(socket.recv()).is_pending());
    assert_eq!(servers.attempts(), 1);
}
