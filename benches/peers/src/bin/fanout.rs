//! Compares what it costs to send one message to many sockets: see README.md, or run it with
//! `--help`.

use std::{env, path::Path, process::ExitCode};

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
    report::{hardware, write_fanout},
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
    let mut text = format!(
        "{}\nMedians of {} rounds of {} interleaved turns each, over loopback.\n\n",
        hardware()?,
        options.rounds,
        options.slices,
    );
    for &wanted in &options.sockets {
        let sockets = possible(wanted, open_files);
        if sockets < wanted {
            let cut = format!(
                "The open-file limit is {open_files}: {sockets} sockets instead of {wanted}.\n\n"
            );
            print!("{cut}");
            text += &cut;
        }
        for scenario in Scenario::all(sockets) {
            if !options.wants(&scenario.to_string()) {
                continue;
            }
            let table = Table::measure(scenario, options);
            print!("{table}");
            text += &table.to_string();
            failed |= table.rows.iter().any(|row| row.error.is_some());
        }
    }
    if options.is_complete() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        write_fanout(package, &text)?;
        eprintln!("wrote {}/RESULTS.md", package.display());
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
