//! Runs the built-in demo on two machines of one process at the same time, one with the JIT and one
//! with the interpreter, and compares their digests.

use xenia::Limits;
use xenia::config::{CpuConfig, MachineConfig, Tier, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::title::Title;

fn digest(tier: Tier) -> anyhow::Result<Option<String>> {
    let config =
        MachineConfig { cpu: CpuConfig { tier, ..CpuConfig::default() }, ..MachineConfig::default() };
    let video = VideoConfig::default();
    let mut machine = Machine::new(&Title::demo()?, MachineOptions::new(&config, &video))?;
    let limits = Limits { frames: Some(3), ..Limits::default() };
    Ok(machine.run(&limits).report.digest)
}

fn main() -> anyhow::Result<()> {
    let (jit, interpreter) = std::thread::scope(|scope| {
        let other = scope.spawn(|| digest(Tier::Interp));
        (digest(Tier::Auto), other.join().expect("no panic"))
    });
    let jit = jit?;
    let interpreter = interpreter?;
    println!("JIT {jit:?}\ninterpreter {interpreter:?}");
    anyhow::ensure!(jit.is_some() && jit == interpreter, "the engines differ");
    Ok(())
}
