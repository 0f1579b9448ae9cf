//! `cargo xtask faults`: what becomes of a run, and of its saves, when the host fails under it.
//!
//! A title of ours (guest/faults) reads a file of a disc image whose words it knows, and saves
//! numbers, saying which of them were confirmed. Each row of [`table::ROWS`] is a fault, struck at
//! as many random points as are asked for: most by a library that is preloaded and makes
//! calls of the C library fail (xtask/faults/shim.c). After each, the emulator must have ended in a
//! way that the row allows, without a panic and in time; the title must have read nothing wrong;
//! and another run, without a fault, must find every save whole, and none older than what was
//! confirmed.

mod device;
mod judge;
mod run;
mod table;

use crate::not_run;
use crate::steps::target_folder;
use anyhow::{Context, Result, bail};
use clap::Args;
use device::Device;
use run::{Ground, Outcome};
use std::time::Instant;
use table::{ROWS, Row, Strikes};
use xenia_testing::{Dice, Tool};

/// Points at which CI strikes each of [`IN_CI`].
const POINTS_IN_CI: u64 = 3;
/// Rows that CI strikes.
const IN_CI: [&str; 3] = ["read fails", "disk full", "image shortened"];

/// `cargo xtask faults`.
#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// Only rows whose name contains this.
    names: Vec<String>,
    /// Random points for each row.
    #[arg(long, value_name = "N", default_value_t = 100)]
    points: u64,
    /// What the random points follow from; a failure names its own.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the table, as the book has it, and run nothing.
    #[arg(long)]
    table: bool,
}

/// Strikes all that are asked for.
pub(crate) fn faults(args: &FaultsArgs) -> Result<()> {
    if args.table {
        print!("{}", table::markdown());
        return Ok(());
    }
    let is_asked =
        |row: &&Row| args.names.is_empty() || args.names.iter().any(|name| row.name.contains(name));
    strike_all(&ROWS.iter().filter(is_asked).collect::<Vec<_>>(), args.points, args.seed)
}

/// A few points of a few rows, in CI.
pub(crate) fn small_set() -> Result<()> {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| IN_CI.contains(&row.name)).collect();
    strike_all(&rows, POINTS_IN_CI, 1)
}

fn strike_all(rows: &[&Row], points: u64, seed: u64) -> Result<()> {
    if rows.is_empty() || points == 0 {
        bail!("nothing to strike");
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

/// What came of a row.
#[derive(Debug, Default)]
struct Found {
    /// Points at which the title was told of an error.
    noticed: u64,
    /// Points at which the run did not come to the title's end.
    ended: u64,
    wrong: Vec<String>,
}

fn strike(ground: &Ground, row: &Row, points: u64, seed: u64) -> Result<Found> {
    let mut found = Found::default();
    if row.strikes == Strikes::Device {
        let Some(device) = Device::prepare()? else {
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
    // How often the calls are made in a run that nothing happens to, by mode.
    let calls = run::MODES.map(|mode| ground.count(row, mode));
    let calls: Vec<u64> = calls.into_iter().collect::<Result<_>>()?;
    for point in 0..points {
        let mut dice = Dice(seed << 32 | point);
        let name = format!("{} (--seed {seed}, point {point})", row.name);
        let outcome = ground.run(row, &calls, &mut dice).with_context(|| name.clone())?;
        found.noticed += u64::from(outcome.errors > 0);
        found.ended += u64::from(!outcome.came_to_its_end);
        let Outcome { injection, said, .. } = &outcome;
        for what in judge::judge(row, &outcome) {
            found.wrong.push(format!("{name}, {injection}: {what}\n{said}"));
        }
    }
    Ok(found)
}
