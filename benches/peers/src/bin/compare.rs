//! Compares the servers: see README.md, or run it with `--help`.

use std::{path::Path, process::ExitCode};

use peers::{
    Error,
    load::{connects, idle, warm_up},
    options::Options,
    process::allow_many_sockets,
    program,
    report::Results,
    rounds::Table,
    scenario::{CONNECTS, Extension, IDLE},
};

fn main() -> Result<ExitCode, Error> {
    program::run("compare", Options::default(), compare)
}

fn compare(options: &Options) -> Result<ExitCode, Error> {
    allow_many_sockets()?;
    let results = measure(options);
    println!("{}", results.markdown());
    if options.is_complete() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        results.write(package, options)?;
        eprintln!("wrote {}/RESULTS.md and results.svg", package.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> Results {
    let mut results = Results::default();
    for scenario in options.echoes() {
        let table = Table::of_echo(scenario.to_string(), &scenario, options);
        match scenario.extension {
            Extension::None => results.echoes.push(table),
            Extension::Deflate(_) => results.deflate.push(table),
        }
    }
    if options.connects() {
        let table = Table::measure(
            CONNECTS,
            Extension::None,
            options.slices,
            options,
            |process, peer| warm_up(process, peer, options),
            |process, peer| connects(process, *peer, options),
        );
        results.connects = Some(table);
    }
    if options.idle() {
        let table = Table::measure(
            IDLE,
            Extension::None,
            1,
            options,
            |_process, peer| Ok(peer),
            |process, peer| idle(process, *peer),
        );
        results.idle = Some(table);
    }
    results
}
