//! `cargo xtask faults`: fault injection, which checks that host failures damage neither a run nor
//! its saves.
//!
//! The test title guest/faults reads a file with known words from a disc image, and saves numbers,
//! printing which of them were confirmed. Each row of [`table::ROWS`] is a fault, injected at the
//! requested number of random points: most by a preloaded library that makes calls of the C library
//! fail (xtask/faults/shim.c). After each, the emulator must have ended in a way that the row
//! allows, without a panic and in time; the title must have read no wrong data; and another run,
//! without a fault, must find every save intact, and none older than the last confirmed one.

mod device;
mod judge;
mod run;
mod table;

use crate::arguments::seed_of_the_day;
use crate::built::target_folder;
use crate::not_run;
use anyhow::{Context, Result, bail};
use clap::Args;
use device::DeviceLossTest;
use run::{FaultRunOutcome, Ground};
use std::time::Instant;
use table::{FaultTableRow, ROWS, Strikes};
use xenia_testing::{Dice, Tool};

/// Points at which CI injects each of [`IN_CI`].
const POINTS_IN_CI: u64 = 3;
/// Points at which a long run loses the graphics device.
const LOSSES_OF_A_LONG_RUN: u64 = 100;
/// Rows that CI tests.
const IN_CI: [&str; 3] = ["read fails", "disk full", "image shortened"];

/// Arguments of `cargo xtask faults`.
#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// Only rows whose name contains this text.
    names: Vec<String>,
    /// Random points for each row.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    points: u64,
    /// Seed of the random points; a failure prints its seed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the table for the book, and run nothing.
    #[arg(long)]
    table: bool,
}

/// Injects the requested faults.
pub(crate) fn faults(args: &FaultsArgs) -> Result<()> {
    if args.table {
        print!("{}", table::markdown());
        return Ok(());
    }
    let is_asked =
        |row: &&FaultTableRow| args.names.is_empty() || args.names.iter().any(|name| row.name.contains(name));
    strike_all(&ROWS.iter().filter(is_asked).collect::<Vec<_>>(), args.points, args.seed)
}

/// A few points of a few rows, in CI.
pub(crate) fn small_set() -> Result<()> {
    let rows: Vec<&FaultTableRow> = ROWS.iter().filter(|row| IN_CI.contains(&row.name)).collect();
    strike_all(&rows, POINTS_IN_CI, 1)
}

/// Losses of the graphics device, in a long run: at other points each day.
pub(crate) fn device_set() -> Result<()> {
    let rows: Vec<&FaultTableRow> = ROWS.iter().filter(|row| row.strikes == Strikes::Device).collect();
    strike_all(&rows, LOSSES_OF_A_LONG_RUN, seed_of_the_day())
}

fn strike_all(rows: &[&FaultTableRow], points: u64, seed: u64) -> Result<()> {
    if rows.is_empty() {
        bail!("no fault matches the given names");
    }
    let ground = Ground::prepare(&target_folder().join("faults"))?;
    let mut wrong = Vec::new();
    for row in rows {
        let begun = Instant::now();
        let found = strike(&ground, row, points, seed).with_context(|| row.name.to_owned())?;
        println!(
            "{:<18} {points} points, {} noticed by the title, {} ended the run, {} wrong, {:.0} s",
            row.name,
            found.noticed,
            found.ended,
            found.wrong.len(),
            begun.elapsed().as_secs_f64()
        );
        wrong.extend(found.wrong);
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

/// Results of a row.
#[derive(Debug, Default)]
struct Found {
    /// Points at which the title received an error.
    noticed: u64,
    /// Points at which the run ended before the title's end.
    ended: u64,
    wrong: Vec<String>,
}

impl Found {
    /// Notes it if a row's faults, which a title or a run notices, reached neither: then nothing
    /// was injected, or a fault other than the row's.
    fn expect_an_effect(&mut self, row: &FaultTableRow, points: u64) {
        if row.may_be_noticed && points >= POINTS_IN_CI && self.noticed + self.ended == 0 {
            self.wrong.push(format!("{}: none of {points} faults had an effect", row.name));
        }
    }
}

fn strike(ground: &Ground, row: &FaultTableRow, points: u64, seed: u64) -> Result<Found> {
    let mut found = Found::default();
    if row.strikes == Strikes::Device {
        let Some(device) = DeviceLossTest::prepare()? else {
            not_run::write_down(row.name, Tool::Vulkan, "no device")?;
            return Ok(found);
        };
        for point in 0..points {
            let (what, wrong) = device.strike(&mut Dice(seed << 32 | point))?;
            let name = |wrong| format!("{} (--seed {seed}, point {point}), {what}: {wrong}", row.name);
            found.wrong.extend(wrong.into_iter().map(name));
        }
        return Ok(found);
    }
    // How often the calls occur in a run without a fault, by mode.
    let calls = run::MODES.map(|mode| ground.count(row, mode));
    let calls: Vec<u64> = calls.into_iter().collect::<Result<_>>()?;
    for point in 0..points {
        let mut dice = Dice(seed << 32 | point);
        let name = format!("{} (--seed {seed}, point {point})", row.name);
        let outcome = ground.run(row, &calls, &mut dice).with_context(|| name.clone())?;
        found.noticed += u64::from(outcome.errors > 0);
        found.ended += u64::from(!outcome.came_to_its_end);
        let FaultRunOutcome { injection, messages, .. } = &outcome;
        for what in judge::judge(row, &outcome) {
            found.wrong.push(format!("{name}, {injection}: {what}\n{messages}"));
        }
    }
    found.expect_an_effect(row, points);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unnoticed_faults_fail_the_rows_that_expect_notice() {
        let wrong = |name: &str, points, noticed, ended| {
            let row = ROWS.iter().find(|row| row.name == name).unwrap();
            let mut found = Found { noticed, ended, wrong: Vec::new() };
            found.expect_an_effect(row, points);
            found.wrong.len()
        };
        assert_eq!((wrong("disk full", 3, 0, 0), wrong("disk full", 1, 0, 0)), (1, 0));
        assert_eq!((wrong("disk full", 3, 1, 0), wrong("disk full", 3, 0, 1)), (0, 0));
        assert_eq!(wrong("short read", 100, 0, 0), 0);
    }
}
