//! The balance sheet: every connection, as the load meant it and as the server recorded it.

use std::collections::BTreeMap;

use crate::{
    kinds::{KINDS, Opens},
    load::Books,
    options::Mode,
};

/// What the server wrote down, by the index of a kind.
#[derive(Default)]
pub(crate) struct Recorded {
    accepted: BTreeMap<usize, u64>,
    served: BTreeMap<(usize, String), u64>,
    ended: BTreeMap<(usize, String), u64>,
}

impl Recorded {
    /// Takes a line of the server's.
    pub(crate) fn add(&mut self, line: &str) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [book, kind, how, count] = fields[..] else {
            panic!("the server said {line:?}");
        };
        let (kind, count) = (
            kind.parse().expect("a kind"),
            count.parse().expect("a count"),
        );
        match book {
            "accepted" => drop(self.accepted.insert(kind, count)),
            "served" => drop(self.served.insert((kind, how.to_owned()), count)),
            _ => drop(self.ended.insert((kind, how.to_owned()), count)),
        }
    }
}

/// How many of a kind there are in all, and of what is expected; and what else there is.
fn of(
    counts: &BTreeMap<(usize, String), u64>,
    kind: usize,
    expected: &[&str],
) -> (u64, u64, Vec<String>) {
    let (mut all, mut good, mut others) = (0, 0, Vec::new());
    for ((_, how), count) in counts.iter().filter(|((of, _), _)| *of == kind) {
        all += count;
        if expected.contains(&how.as_str()) {
            good += count;
        } else {
            others.push(format!("{count} times: {how}"));
        }
    }
    (all, good, others)
}

/// Prints the sheet; returns what does not balance.
pub(crate) fn print(mode: Mode, load: &Books, server: &Recorded) -> Vec<String> {
    println!(
        "\n| kind | begun | TCP accepted | TCP ended | WebSockets ended | as expected by the server | by the client | how |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---|");
    let mut problems = Vec::new();
    let mut sums = [0; 6];
    for (index, kind) in KINDS.iter().enumerate() {
        let begun = load.begun.get(&index).copied().unwrap_or(0);
        let accepted = server.accepted.get(&index).copied().unwrap_or(0);
        let is_http = kind.opens == Opens::None;
        let expected = if is_http {
            kind.server
        } else {
            &["served", "failed"]
        };
        let (finished, ended_in_order, strange) = of(&server.served, index, expected);
        let expected = if is_http { &[] } else { kind.server };
        let (ended, ended_well, wrong) = of(&server.ended, index, expected);
        let (_, seen_well, unseen) = of(&load.seen, index, kind.client);
        let well = if is_http && kind.has_tcp(mode) {
            ended_in_order
        } else if is_http {
            begun
        } else {
            ended_well
        };
        if [begun, accepted, ended, seen_well] == [0; 4] && unseen.is_empty() {
            continue;
        }
        let how = kind.server.join(" or ");
        println!(
            "| {} | {begun} | {accepted} | {finished} | {ended} | {well} | {seen_well} | {how} |",
            kind.name
        );
        for (sum, figure) in sums
            .iter_mut()
            .zip([begun, accepted, finished, ended, well, seen_well])
        {
            *sum += figure;
        }
        let mut check = |what: &str, is: u64, is_to_be: u64| {
            if is != is_to_be {
                problems.push(format!("{}: {what}: {is} of {is_to_be}", kind.name));
            }
        };
        let tcp = if kind.has_tcp(mode) { begun } else { 0 };
        check("TCP connections accepted", accepted, tcp);
        check("TCP connections that ended", finished, tcp);
        match kind.opens {
            Opens::All(_) => {
                check("WebSockets that ended", ended, begun);
                check("as the server expects", well, begun);
            }
            Opens::Some(_) => check("as the server expects", well, ended.min(begun)),
            Opens::None => {
                check("WebSockets that ended", ended, 0);
                check("as the server expects", well, begun);
            }
        }
        check("as the client expects", seen_well, begun);
        for (who, others) in [("HTTP", strange), ("server", wrong), ("client", unseen)] {
            for other in others {
                problems.push(format!("{}: {who}, {other}", kind.name));
            }
        }
    }
    let sums = sums.map(|sum| sum.to_string()).join(" | ");
    println!("| all | {sums} | |\n");
    let nobody = KINDS.len();
    if server.accepted.contains_key(&nobody) || server.ended.keys().any(|(of, _)| *of == nobody) {
        problems.push(String::from(
            "the server had guests that are not of the load",
        ));
    }
    problems
}
