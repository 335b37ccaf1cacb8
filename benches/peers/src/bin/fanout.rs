//! Compares what it costs to send one message to many sockets: see README.md, or run it with
//! `--help`.

use std::{env, process::ExitCode};

use peers::{
    Error,
    fanout::{
        driver::{self, DRIVE},
        options::Options,
        rounds::Table,
        scenario::{Scenario, possible},
        servers,
    },
    process::{SERVE, allow_many_sockets},
};

fn main() -> Result<ExitCode, Error> {
    let args: Vec<_> = env::args().skip(1).collect();
    match args.split_first() {
        Some((first, args)) if first == SERVE => servers::run(args)?,
        Some((first, args)) if first == DRIVE => driver::drive(args)?,
        _ => match Options::parse(args.into_iter()) {
            Ok(options) => return compare(&options),
            Err(error) => {
                eprintln!("fanout: {error}");
                return Ok(ExitCode::from(2));
            }
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(options: &Options) -> Result<ExitCode, Error> {
    let open_files = allow_many_sockets()?;
    let mut failed = false;
    for &wanted in &options.sockets {
        let sockets = possible(wanted, open_files);
        if sockets < wanted {
            println!(
                "The open-file limit is {open_files}: {sockets} sockets instead of {wanted}.\n"
            );
        }
        for scenario in Scenario::all(sockets) {
            if !options.wants(&scenario.to_string()) {
                continue;
            }
            let table = Table::measure(scenario, options);
            print!("{table}");
            failed |= table.rows.iter().any(|row| row.error.is_some());
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
