//! Compares the servers: see README.md, or run it with `--help`.

use std::{env, path::Path};

use peers::{
    Error,
    load::{connects, echo, idle},
    options::Options,
    process::{SERVE, allow_many_sockets, pin_client},
    report::Results,
    rounds::Table,
    scenario::{CONNECTS, IDLE},
    servers::Server,
};

fn main() -> Result<(), Error> {
    let mut args = env::args().skip(1).peekable();
    if args.next_if(|arg| arg == SERVE).is_some() {
        return Server::parse(args)?.run();
    }
    let mut options = match Options::parse(args) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    allow_many_sockets()?;
    options.pinned = options.pinned && pin_client()?;

    let results = measure(&options);
    println!("{}", results.markdown());
    if options.is_complete() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        results.write(package, options.rounds)?;
        eprintln!("wrote {}/RESULTS.md and results.svg", package.display());
    }
    Ok(())
}

fn measure(options: &Options) -> Results {
    let times = options.times();
    let mut results = Results::default();
    for scenario in options.echoes() {
        let table = Table::measure(scenario.to_string(), options, |process, peer| {
            echo(process, &scenario, peer, times)
        });
        results.echoes.push(table);
    }
    if options.connects() {
        let table = Table::measure(CONNECTS, options, |process, peer| {
            connects(process, peer, times)
        });
        results.connects = Some(table);
    }
    if options.idle() {
        results.idle = Some(Table::measure(IDLE, options, idle));
    }
    results
}
