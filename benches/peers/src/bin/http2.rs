//! Compares ours in axum with axum's own over HTTP/2: see README.md, or run it with `--help`.

use std::process::ExitCode;

use peers::{
    Error,
    load::{echo_http2, idle_http2, load_http2},
    options::Options,
    program,
    report::Results,
    rounds::Table,
    scenario::{Extension, HTTP2, IDLE},
    servers::{Kind, Server},
};

fn main() -> Result<ExitCode, Error> {
    let measured = |server: &Server| matches!(server.kind, Kind::Axum | Kind::TowerWebsockAxum);
    let mut servers: Vec<_> = Server::all().filter(measured).collect();
    // The one to compare with comes first.
    servers.sort_by_key(|server| server.kind != Kind::Axum);
    let defaults = Options {
        servers,
        ..Options::default()
    };
    program::run("http2", defaults, compare)
}

fn compare(options: &Options) -> Result<ExitCode, Error> {
    let mut results = Results::default();
    for scenario in HTTP2 {
        let name = format!("{scenario} over HTTP/2");
        if options.wants(&name) {
            let extension = scenario.extension;
            let table = Table::measure(
                name,
                extension,
                options.slices,
                options,
                |process, _peer| load_http2(process, &scenario, options),
                |process, client| echo_http2(process, client, options),
            );
            results.http2.push(table);
        }
    }
    if options.idle() {
        let table = Table::measure(
            IDLE,
            Extension::None,
            1,
            options,
            |_process, _peer| Ok(()),
            |process, ()| idle_http2(process),
        );
        results.idle = Some(table);
    }
    println!("{}", results.markdown());
    let failed = |table: &Table<_>| table.rows.iter().any(|row| row.error.is_some());
    Ok(if results.http2.iter().any(failed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
