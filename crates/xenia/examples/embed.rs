//! Embeds a machine: runs the built-in demo for some frames, saves its state, presses a button,
//! reads guest memory, goes back to the state, and checks that the same frames follow.
//!
//! `cargo run -p xenia --example embed`; it needs no crate of this workspace besides `xenia`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use xenia::config::{MachineConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::ports::{Gamepad, GuestTicks, Input};
use xenia::title::Title;
use xenia::{GuestAddr, Limits};

/// A pad of the first user, whose held buttons this program sets between runs.
#[derive(Clone, Default)]
struct Pad(Arc<AtomicU16>);

impl Input for Pad {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        let buttons = self.0.load(Ordering::Relaxed);
        // The packet number changes with the state, as titles expect.
        (user == 0).then(|| Gamepad { packet: buttons.into(), buttons, ..Gamepad::default() })
    }

    fn set_vibration(&mut self, user: u32, _left: u16, _right: u16, _: GuestTicks) -> bool {
        user == 0
    }
}

fn main() -> anyhow::Result<()> {
    let pad = Pad::default();
    let config = MachineConfig::default();
    let video = VideoConfig::default();
    let options = MachineOptions { input: Box::new(pad.clone()), ..MachineOptions::new(&config, &video) };
    let mut machine = Machine::new(&Title::demo()?, options)?;
    // Limits are totals, so the second run draws five frames, too.
    let up_to_frame = |frames| Limits { frames: Some(frames), ..Limits::default() };

    machine.run(&up_to_frame(5));
    let state = machine.save_state()?;
    pad.0.store(Gamepad::A, Ordering::Relaxed);
    let first = machine.run(&up_to_frame(10)).report.digest;

    let entry: u32 = machine.memory().read(GuestAddr(0x8201_0334))?;
    println!("first instruction: {entry:08x}");

    machine.restore(&state)?;
    let second = machine.run(&up_to_frame(10)).report.digest;
    println!("frames 5 to 10: {first:?}, and again: {second:?}");
    anyhow::ensure!(first.is_some() && first == second, "the frames differ");
    Ok(())
}
