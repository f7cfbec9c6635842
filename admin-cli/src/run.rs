//! From the command line to an exit code.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use rental_app::{App, load_dotenv};
use rental_core::{Actor, AdminId, LeaseToken};

use crate::cli::{self, Cli, Noun};
use crate::consent::Consent;
use crate::desk::Desk;
use crate::failure::{Exit, Failure};
use crate::output::Format;
use crate::{
    admins, audit, customers, doctor, invoices, keys, numbers, payments, rentals, sandbox, stats, store,
};

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    // First of all: it fills in the environment, which only one thread may do.
    let dotenv = load_dotenv();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match cli::parse(arguments.iter().cloned()) {
        Ok(cli) => cli,
        Err(error) => return explain(&error, &arguments),
    };
    let format = cli.global.format();
    let result = dotenv
        .map_err(|text| Failure::new(Exit::Usage, "config.dotenv", text))
        .and_then(|()| run(cli, &mut io::stdout().lock()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure, format),
    }
}

/// Says what is wrong with the command line, or shows the help that was asked for.
fn explain(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let wants_json = arguments.iter().any(|argument| argument == "--json" || argument == "--output=json")
        || arguments.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json");
    if error.use_stderr() && wants_json {
        let text = error.render().to_string();
        let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let text = format!("{text}; see --help");
        return report(&Failure::new(Exit::Usage, "usage", text), Format::Json);
    }
    // Nowhere to complain to when this cannot be written.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS }
}

fn report(failure: &Failure, format: Format) -> ExitCode {
    if failure.hung_up {
        return ExitCode::SUCCESS;
    }
    let text = match format {
        Format::Json => failure.json(),
        Format::Table | Format::Csv => failure.line(),
    };
    // Nowhere to complain to when this cannot be written.
    let _ = writeln!(io::stderr(), "{text}");
    failure.exit.into()
}

fn run(cli: Cli, out: &mut dyn Write) -> Result<(), Failure> {
    if cli.global.reason.is_some() && cli.noun.only_looks() {
        let text = "--reason notes why something is changed, and this changes nothing: leave it out; payments \
                    are filtered with `payments list --because REASON`";
        return Err(Failure::new(Exit::Usage, "usage", text));
    }
    if let Noun::Completions { shell } = cli.noun {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut cli::command(), "admin-cli", &mut script);
        return Ok(out.write_all(&script)?);
    }
    // One thread: a verb waits for the store and for nothing else.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(cli, out))
}

async fn serve(cli: Cli, out: &mut dyn Write) -> Result<(), Failure> {
    let format = cli.global.format();
    if let Noun::Doctor(doctor) = &cli.noun {
        return doctor::run(doctor, &cli.shop, &operator(), format, out).await;
    }
    if let Noun::Store(verb) = &cli.noun {
        return store::run(verb, &cli.shop, format, out, &mut io::stderr()).await;
    }
    let app = if cli.noun.only_looks() {
        App::open_existing(&cli.shop).await?
    } else {
        App::open(&cli.shop).await?
    };
    let usdt = app.usdt_gateway().await?;
    let mut desk = Desk {
        rentals: app.service.as_ref(),
        leases: app.leases.as_ref(),
        gateway: app.gateway.as_ref(),
        registry: app.registry.as_ref(),
        usdt: usdt.as_deref(),
        actor: operator(),
        reason: cli.global.reason.filter(|reason| !reason.trim().is_empty()),
        lease: cli.global.lease.as_deref().map(LeaseToken::from_text),
        consent: Consent::from_process(cli.global.yes),
        format,
        out,
        err: &mut io::stderr(),
    };
    let result = match cli.noun {
        Noun::Numbers(verb) => numbers::run(verb, &mut desk).await,
        Noun::Rentals(verb) => rentals::run(verb, &mut desk).await,
        Noun::Invoices(verb) => invoices::run(verb, &mut desk).await,
        Noun::Payments(verb) => payments::run(verb, &mut desk).await,
        Noun::Customers(verb) => customers::run(verb, &mut desk).await,
        Noun::Admins(verb) => admins::run(verb, &mut desk).await,
        Noun::Keys(verb) => keys::run(verb, &mut desk).await,
        Noun::Audit(verb) => audit::run(verb, &mut desk).await,
        Noun::Stats(stats) => stats::run(&stats, &mut desk).await,
        Noun::Sandbox(verb) => sandbox::run(verb, &mut desk, app.sandbox.as_ref()).await,
        Noun::Doctor(_) | Noun::Store(_) | Noun::Completions { .. } => Ok(()), // done above, without a desk
    };
    app.store.close();
    result
}

/// Who acts: the login name, for the audit trail. It is no proof; whoever can open the store may do everything.
fn operator() -> Actor {
    let login = ["USER", "LOGNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|login| !login.is_empty())
        .unwrap_or_else(|| "root".to_owned());
    Actor::Admin(AdminId::Console(login))
}
