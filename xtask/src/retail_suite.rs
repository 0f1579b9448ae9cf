//! The retail suite: one of our own titles, built as retail titles are (guest/retail), from a
//! folder, an image, an STFS and an SVOD package, on both engines, in lockstep and in parallel, and
//! with each of its files damaged at 1,000 places. The tests of xenia run a small part of it each
//! time.

use crate::commands::run;
use crate::linting::linting_cargo;
use anyhow::Result;
use clap::Args;
use xenia_testing::LONG;

/// Arguments of `cargo xtask retail-suite`.
#[derive(Debug, Args)]
pub(crate) struct RetailSuiteArgs {
    /// Write golden/retail-suite.txt instead of comparing with it.
    #[arg(long)]
    bless: bool,
}

/// Runs the suite in full.
pub(crate) fn suite(args: &RetailSuiteArgs) -> Result<()> {
    let mut command = linting_cargo()?;
    command.args(["test", "--package", "xenia", "--test", "tests", "retail::"]).env(LONG, "1");
    if args.bless {
        command.env("XENIA_BLESS", "1");
    }
    run(&mut command)
}
