//! `cargo xtask`: one place for what cargo cannot say.

mod bench;
mod ci;
mod conformance;
mod daemon;
mod npm;
mod page;
mod progress;
mod project;
mod test;
mod tools;

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;

const HELP: &str = "\
Builds, runs and tests Roost.

Usage: cargo xtask <command>

  serve [folder] [-- flags]   set up what is missing, build, and start the daemon for a folder (default: here);
                              flags go to `roost serve`, see `cargo xtask serve -- --help`
  test [-- filter]            every test, the browser's included; installs Chromium where it may; what fails is run
                              once more, alone, and named as unstable if it passes then
  build                       the release binary with the page inside: target/release/roost
  page                        the page alone: web/dist
  npm                         core as an npm package with types, tried from Node: target/npm
  bench [flags]               measures this machine's floor and Roost; --quick, --json FILE,
                              --upstream \"<command>\" (with {port} and {workspace}) for a third column
  conformance [flags]         compares every answer with the original's, as recorded; --upstream asks it anew
                              (found on the PATH, or installed with npm; or --upstream \"<command>\" with {port} and {workspace})
  ci                          what CI runs: format, lints, docs, wasm, fuzz targets, then `test`
";

/// What was asked for.
enum Command {
    Help,
    Serve { folder: PathBuf, flags: Vec<String> },
    Test { filter: Vec<String> },
    Build,
    Page,
    Npm,
    Bench { flags: Vec<String> },
    Conformance { upstream: Option<conformance::Upstream> },
    Ci,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1).collect()).and_then(perform) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: Vec<String>) -> anyhow::Result<Command> {
    let mut arguments = arguments.into_iter();
    let Some(command) = arguments.next() else { return Ok(Command::Help) };
    let rest: Vec<String> = arguments.collect();
    Ok(match command.as_str() {
        "help" | "--help" | "-h" => Command::Help,
        "serve" => {
            let (own, flags) = at_dashes(rest);
            match own.as_slice() {
                [] => Command::Serve { folder: PathBuf::from("."), flags },
                [folder] if !folder.starts_with('-') => Command::Serve { folder: PathBuf::from(folder), flags },
                [flag] => bail!("flags of the daemon come after `--`: cargo xtask serve -- {flag}"),
                _ => bail!("serve takes one folder; flags of the daemon come after `--`"),
            }
        }
        "test" => {
            let (own, filter) = at_dashes(rest);
            nothing_more("test", &own)?;
            Command::Test { filter }
        }
        "bench" => Command::Bench { flags: rest },
        "conformance" => Command::Conformance { upstream: conformance::Upstream::read(&rest)? },
        "build" => nothing_more("build", &rest).map(|()| Command::Build)?,
        "page" => nothing_more("page", &rest).map(|()| Command::Page)?,
        "npm" => nothing_more("npm", &rest).map(|()| Command::Npm)?,
        "ci" => nothing_more("ci", &rest).map(|()| Command::Ci)?,
        other => bail!("there is no `cargo xtask {other}`\n\n{HELP}"),
    })
}

/// The arguments before and after `--`.
fn at_dashes(mut arguments: Vec<String>) -> (Vec<String>, Vec<String>) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(dashes) => {
            let after = arguments.split_off(dashes + 1);
            arguments.pop();
            (arguments, after)
        }
        None => (arguments, Vec::new()),
    }
}

fn nothing_more(command: &str, arguments: &[String]) -> anyhow::Result<()> {
    match arguments.first() {
        Some(argument) => bail!("`cargo xtask {command}` does not know {argument}"),
        None => Ok(()),
    }
}

fn perform(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Help => print!("{HELP}"),
        Command::Serve { folder, flags } => return daemon::serve(&folder, &flags),
        Command::Test { filter } => return test::run(&filter),
        Command::Build => daemon::build_release()?,
        Command::Page => page::build()?,
        Command::Npm => npm::build()?,
        Command::Bench { flags } => bench::run(&flags)?,
        Command::Conformance { upstream } => conformance::run(upstream.as_ref())?,
        Command::Ci => return ci::run(),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn serve_takes_a_folder_before_the_dashes_and_flags_after_them() {
        let Ok(Command::Serve { folder, flags }) = parse(words("serve /srv/app -- --port 0")) else {
            panic!("a folder and flags are taken")
        };
        assert_eq!((folder, flags), (PathBuf::from("/srv/app"), words("--port 0")));
        let Ok(Command::Serve { folder, flags }) = parse(words("serve")) else { panic!("the folder may be left out") };
        assert_eq!((folder, flags), (PathBuf::from("."), vec![]));
        assert!(parse(words("serve --port 0")).is_err(), "a flag before the dashes is a mistake worth naming");
    }

    #[test]
    fn an_unknown_command_is_answered_with_the_known_ones() {
        let error = parse(words("deploy")).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("deploy") && error.contains("serve [folder]"), "{error}");
    }
}
