//! `xenia-rs fuzz`: random instruction sequences, the JIT against the interpreter.

use crate::cli::FuzzArgs;
use crate::commands::conformance::jit_engine;
use crate::exit::Code;
use crate::report::write_json;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use xenia_jit_tests::fuzz::{self, FuzzConfig};

/// Runs, shrinks what differs, prints the figures.
pub fn run(args: &FuzzArgs) -> Result<Code> {
    let bar = ProgressBar::new(args.blocks).with_style(ProgressStyle::with_template(
        "{wide_bar} {human_pos}/{human_len} sequences, {eta} left",
    )?);
    let shown = bar.clone();
    let mut config = FuzzConfig::new(args.blocks, args.seed, jit_engine(args.break_lifter));
    config.out.clone_from(&args.out);
    config.progress = Some(Box::new(move |done| shown.set_position(done)));
    let report = fuzz::run(config)?;
    bar.finish_and_clear();
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    for mismatch in &report.mismatch_details {
        println!(
            "MISMATCH in sequence {}: {} is {}, expected {}",
            mismatch.block, mismatch.what, mismatch.actual, mismatch.expected
        );
        for instruction in &mismatch.instructions {
            println!("    {instruction}");
        }
    }
    println!(
        "{} sequences, {} instructions, mean length {:.1}, {} mismatches, {} rows below 1,000 executions, {:.1} s",
        report.blocks,
        report.instructions,
        report.mean_block_length,
        report.mismatches,
        report.rows_below_1000.len(),
        report.wall_seconds
    );
    Ok(if report.mismatches == 0 { Code::Done } else { Code::Mismatch })
}
