//! Whether everybody holds what it must hold, and the figures.

use std::{collections::BTreeMap, sync::MutexGuard, time::Duration};

use redis::{AsyncConnectionConfig, Client, RedisResult, cmd};

use crate::{
    Records,
    record::{Entry, Record},
};

pub(crate) fn room(number: usize) -> String {
    format!("room-{number}")
}

/// How many messages were published in each room.
pub(crate) fn totals(records: &Records, rooms: usize) -> Vec<usize> {
    let mut totals = vec![0; rooms];
    for record in locked(records) {
        totals[record.room] += usize::try_from(record.published).expect("fewer than 2^32");
    }
    totals
}

/// Prints the figures. Returns what is wrong.
pub(crate) async fn judge(
    records: &Records,
    rooms: usize,
    redis: Option<&str>,
) -> RedisResult<Vec<String>> {
    print(records);
    let mut problems = Vec::new();
    for (number, &total) in totals(records, rooms).iter().enumerate() {
        let published: BTreeMap<_, _> = (0..)
            .zip(locked(records))
            .filter(|(_, record)| record.room == number)
            .map(|(author, record)| (author, record.published))
            .collect();
        let log = match redis {
            Some(url) => Some(ids(url, &room(number)).await?),
            None => None,
        };
        for (client, record) in locked(records).enumerate() {
            if record.room != number {
                continue;
            }
            if let Some(log) = &log {
                let differs = !record
                    .entries
                    .iter()
                    .map(|entry| entry.id)
                    .eq(log.iter().copied());
                if differs {
                    problems.push(format!("client {client} holds not what Redis does"));
                }
            }
            let held = record.entries.len();
            problems.extend(
                difference(&record.entries, &published)
                    .map(|what| format!("client {client} holds {held} of {total}: {what}")),
            );
        }
    }
    for (client, record) in locked(records).enumerate() {
        if record.unacknowledged > 0 {
            let count = record.unacknowledged;
            problems.push(format!("client {client}: {count} not acknowledged"));
        }
        if record.gaps > 0 {
            problems.push(format!("client {client} was told of a gap"));
        }
    }
    Ok(problems)
}

/// What is first found to be wrong, if anything.
fn difference(entries: &[Entry], published: &BTreeMap<usize, u64>) -> Option<String> {
    let mut last_id = (0, 0);
    let mut last_of = BTreeMap::<usize, u64>::new();
    for Entry { id, text } in entries {
        if *id <= last_id {
            return Some(format!("{text:?} came under {id:?} after {last_id:?}"));
        }
        last_id = *id;
        let parts = text.split_once(' ');
        let parts = parts.and_then(|(author, n)| Some((author.parse().ok()?, n.parse().ok()?)));
        let Some((author, n)) = parts else {
            return Some(format!("{text:?} was never published"));
        };
        let last = last_of.entry(author).or_default();
        if n != *last + 1 {
            return Some(format!("{n} came after {last} of author {author}"));
        }
        *last = n;
    }
    let is_missing = |(author, n): &(&usize, &u64)| last_of.get(*author).unwrap_or(&0) != *n;
    let (author, n) = published.iter().find(is_missing)?;
    Some(format!("{n} of author {author} is missing"))
}

/// What Redis holds of a room.
async fn ids(url: &str, room: &str) -> RedisResult<Vec<(u64, u64)>> {
    // It may take its time.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = Client::open(url)?;
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let mut command = cmd("XRANGE");
    command.arg(format!("chat:{{{room}}}")).arg("-").arg("+");
    let entries: Vec<(String, Vec<String>)> = command.query_async(&mut connection).await?;
    let parse = |id: &str| {
        let (millis, count) = id.split_once('-')?;
        Some((millis.parse().ok()?, count.parse().ok()?))
    };
    Ok(entries.iter().filter_map(|(id, _)| parse(id)).collect())
}

fn print(records: &Records) {
    let sum =
        |figure: fn(&Record) -> usize| locked(records).map(|record| figure(&record)).sum::<usize>();
    let published: u64 = locked(records).map(|record| record.published).sum();
    println!(
        "messages: {published} published, {} received by {} clients, {} refused, {} known",
        sum(|record| record.entries.len()),
        records.len(),
        sum(|record| record.refused),
        sum(|record| record.known)
    );
    let slowest = locked(records).map(|record| record.slowest_ack).max();
    println!(
        "slowest acknowledgement: {:.2} s",
        slowest.unwrap_or_default().as_secs_f64()
    );
    let mut closed = BTreeMap::<_, usize>::new();
    let mut silences = BTreeMap::<_, Duration>::new();
    for record in locked(records) {
        for (code, count) in &record.closed {
            *closed.entry(*code).or_default() += count;
        }
        for (phase, silence) in &record.silences {
            let longest = silences.entry(phase.clone()).or_default();
            *longest = (*longest).max(*silence);
        }
    }
    println!(
        "reconnects: {} ({}), {} tries failed",
        closed.values().sum::<usize>(),
        closed
            .iter()
            .map(|(code, count)| format!("{count} after {code}"))
            .collect::<Vec<_>>()
            .join(", "),
        sum(|record| record.failed)
    );
    for (phase, silence) in silences {
        println!("longest silence, {phase}: {:.2} s", silence.as_secs_f64());
    }
}

fn locked(records: &Records) -> impl Iterator<Item = MutexGuard<'_, Record>> {
    records
        .iter()
        .map(|record| record.lock().expect("nobody panics"))
}
