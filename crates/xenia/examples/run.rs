//! Runs a title in lockstep and prints its debug output, its end and the digest of the machine.
//!
//! `cargo run -p xenia --example run -- title.xex`; without a file it runs the built-in demo. It
//! needs none of the host's devices: `--no-default-features` builds it without them.

use std::path::PathBuf;
use xenia::Limits;
use xenia::config::{MachineConfig, TitleConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::title::Title;

fn main() -> anyhow::Result<()> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let title = Title::open_or_demo(path.as_deref(), &TitleConfig::default())?;
    let config = MachineConfig::default();
    let video = VideoConfig::default();
    let text = Box::new(|part: &[u8]| print!("{}", String::from_utf8_lossy(part)));
    let mut machine = Machine::new(&title, MachineOptions { text, ..MachineOptions::new(&config, &video) })?;
    let limits = Limits { instructions: Some(20_000_000), frames: Some(20), ..Limits::default() };
    let report = machine.run(&limits).report;
    let digest = report.digest.unwrap_or_default();
    println!(
        "{:?} after {} instructions and {} frames: {digest}",
        report.exit, report.instructions, report.frames
    );
    Ok(())
}
