//! `bench --much-code`: generated titles with as much code as games have, called in rounds.
//!
//! Kernels and programs spend their time in a few thousand instructions; a game runs hundreds of
//! thousands, each of them seldom. A [program](program) is [generated](generate) from a seed and
//! written as [PowerPC code](powerpc) and as [C](c_source). Equal checksums show that both compute
//! the same.

mod c_source;
mod c_statement;
mod dice;
mod elf;
mod encode;
#[cfg(test)]
mod evaluate;
mod frame;
mod generate;
mod lower;
mod lower_float;
mod measure;
mod native;
mod powerpc;
mod program;
mod report;
mod start;
mod writer;
mod writer_branch;
mod writer_float;

use super::{conclude, exit_code, host, summary};
use crate::args::{BenchArgs, MuchCode, Peer, TitleVariant};
use anyhow::{Context, Result, ensure};
use measure::Contenders;
use native::Native;
use program::Program;
pub use report::MuchCodeReport;
use std::path::Path;
use xenia::config::Tier;
use xenia::interrupt::Interrupt;
use xenia::output;
use xenia::say::outln;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_cli::CpuArgs;
use xenia_cpu::EngineCounters;

/// The seed of all titles.
const SEED: u64 = 360;

/// Measures the titles, or only writes them to files.
pub(super) fn run(titles: &[MuchCode], args: &BenchArgs) -> Result<Code> {
    let mut titles = titles.to_vec();
    if let Some(filter) = &args.filter {
        titles.retain(|title| title.to_string().contains(filter.as_str()));
        ensure!(!titles.is_empty(), "no title has {filter:?} in its name");
    }
    if let Some(folder) = &args.keep {
        titles.iter().try_for_each(|title| keep(title, folder))?;
        return Ok(Code::Done);
    }
    if args.peers.contains(&Peer::Qemu) {
        outln!("Qemu is not measured: a generated title runs on our engines and natively");
    }
    let interrupt = Interrupt::listen(None)?;
    report::heading();
    let mut reports = Vec::new();
    let mut built = None;
    for title in &titles {
        let report = measure_title(title, args, &mut built, &interrupt).with_context(|| title.to_string())?;
        // An interrupted measurement is not comparable.
        let Some(report) = report else { break };
        report::line(&report);
        reports.push(report);
    }
    let mut report = summary(args.runs, Vec::new(), EngineCounters::default());
    report.interrupted_by = interrupt.cause().map(|cause| cause.name().to_owned());
    outln!("{}; {}", host(), count(args.runs, "run"));
    let is_right = reports.iter().all(|title| title.checksum_ok);
    report.much_code = reports;
    let bars: Vec<_> = report.much_code.iter().map(MuchCodeReport::bars).collect();
    conclude(args, &report, &bars, &count(titles.len(), "title"))?;
    Ok(exit_code(is_right, &interrupt))
}

/// The native program built last. Titles that differ only in their number of calls share it.
type Built = Option<(MuchCode, Option<Native>)>;

/// Measures a title; `None` if it was interrupted.
fn measure_title(
    title: &MuchCode,
    args: &BenchArgs,
    built: &mut Built,
    interrupt: &Interrupt,
) -> Result<Option<MuchCodeReport>> {
    let program = program(title);
    let is_chosen = |peer| args.peers.is_empty() || args.peers.contains(&peer);
    let alike = MuchCode { calls: 0, ..*title };
    if is_chosen(Peer::Native) && built.as_ref().is_none_or(|(one, _)| *one != alike) {
        let native = native::build(&c_source::files(&program));
        let native = native.map_err(|reason| outln!("Native is not measured: {reason:#}"));
        *built = Some((alike, native.ok()));
    }
    let native = built.as_ref().and_then(|(_, native)| native.as_ref());
    let folder = tempfile::tempdir().context("a folder for the title")?;
    let made = powerpc::title(&program)?;
    let path = folder.path().join(format!("title.{}", made.extension));
    std::fs::write(&path, &made.file).with_context(|| format!("cannot write {}", path.display()))?;
    drop(made.file);
    let only_interp = args.cpu.tier() == Tier::Interp;
    let compiled = CpuArgs { interp: false, jit: false, ..args.cpu.clone() };
    let contenders = Contenders {
        native: native.filter(|_| is_chosen(Peer::Native)).map(|native| (native, title.calls)),
        interp: (only_interp || is_chosen(Peer::Interp)).then(|| measure::interpreter(&args.cpu)),
        starts: (!only_interp).then_some(compiled),
        in_parallel: title.variant == TitleVariant::Threads,
    };
    let times = measure::measure(&path, &contenders, args.runs, interrupt)?;
    Ok(times.map(|times| MuchCodeReport::new(title, made.instructions, &times)))
}

fn program(title: &MuchCode) -> Program {
    generate::generate(SEED, title.variant, title.functions, title.calls)
}

/// Writes the title, and the folder of its C sources.
fn keep(title: &MuchCode, folder: &Path) -> Result<()> {
    let program = program(title);
    let made = powerpc::title(&program)?;
    let name = title.to_string().replace(':', "-");
    let path = folder.join(format!("{name}.{}", made.extension));
    let sources = folder.join(&name);
    std::fs::create_dir_all(&sources).with_context(|| format!("cannot make {}", sources.display()))?;
    output::write(&path, &made.file)?;
    native::write(&sources, &c_source::files(&program))?;
    outln!("{}: {}", path.display(), count(made.instructions, "instruction"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flat::FlatProgram;
    use clap::ValueEnum;
    use powerpc::Title;
    use xenia::config::{CpuConfig, GpuKind, MachineConfig, TitleConfig, VideoConfig};
    use xenia::machine::{Machine, MachineOptions};

    /// The checksum and instruction count of a title on an engine.
    fn run_title(title: &Title, tier: Tier) -> (u32, u64) {
        if title.extension == "xex" {
            return run_xex(title, tier);
        }
        let flat = FlatProgram::load(&title.file).unwrap();
        let cpu = CpuArgs { tier, ..CpuArgs::default() };
        let mut engine =
            xenia::machine::engine(&flat.memory, &(&cpu).into(), &Default::default(), &[], None).unwrap().run;
        let ended = flat.run(&mut *engine, 50_000).unwrap();
        (ended.value, ended.instructions)
    }

    /// As [`run_title`], for titles that call the kernel.
    fn run_xex(title: &Title, tier: Tier) -> (u32, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.xex");
        std::fs::write(&path, &title.file).unwrap();
        let title = xenia::title::Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
        let cpu = CpuConfig { tier, ..CpuConfig::default() };
        let config = MachineConfig { cpu, ..MachineConfig::default() };
        let video = VideoConfig { gpu: GpuKind::None, ..VideoConfig::default() };
        let mut machine = Machine::new(&title, MachineOptions::new(&config, &video)).unwrap();
        let report = machine.run(&xenia::Limits::default()).report;
        assert_eq!(report.exit, xenia::report::End::Exit);
        assert_eq!(report.code_bytes > 0, tier != Tier::Interp);
        (report.exit_code.unwrap(), report.instructions)
    }

    #[test]
    fn titles_compute_the_result_of_their_program() {
        let sizes = [(1, 1), (40, 3), (600, 2)];
        let titles = TitleVariant::value_variants()
            .iter()
            .flat_map(|&variant| sizes.map(|(functions, calls)| MuchCode { functions, calls, variant }));
        for title in titles {
            let program = program(&title);
            let wanted = evaluate::evaluate(&program);
            let made = powerpc::title(&program).unwrap();
            let (sum, instructions) = run_title(&made, Tier::Interp);
            assert_eq!(sum, wanted, "{title}");
            assert_eq!(run_title(&made, Tier::Auto), (wanted, instructions), "{title}");
        }
    }

    /// On Windows there may be no compiler.
    #[cfg(unix)]
    #[test]
    fn the_host_computes_the_same() {
        for &variant in TitleVariant::value_variants() {
            // The C compiler takes the time.
            let functions = if xenia_testing::is_long() { 120 } else { 40 };
            let title = MuchCode { functions, calls: 5, variant };
            let program = program(&title);
            let native = native::build(&c_source::files(&program)).unwrap();
            assert_eq!(native.run(5).unwrap().checksum, evaluate::evaluate(&program), "{title}");
        }
    }

    #[test]
    fn functions_beyond_a_branchs_reach_have_separate_leaves_and_helpers() {
        let program = program(&MuchCode { functions: 100, calls: 3, variant: TitleVariant::Wide });
        let whole = powerpc::title(&program).unwrap();
        let parted = powerpc::title_with_reach(&program, 60).unwrap();
        assert!(parted.instructions > whole.instructions, "another copy of leaves and helpers");
        let (sum, _) = run_title(&parted, Tier::Interp);
        assert_eq!(sum, evaluate::evaluate(&program));
    }

    #[test]
    fn functions_are_as_long_as_games_have_them() {
        for &variant in TitleVariant::value_variants() {
            let title = MuchCode { functions: 1000, calls: 1, variant };
            let made = powerpc::title(&program(&title)).unwrap();
            let mean = made.instructions as f64 / 1000.0;
            assert!((68.0..90.0).contains(&mean), "{title}: {mean}");
            let bytes = mean * 4.0 * powerpc::WITHIN_REACH as f64;
            assert!(bytes < f64::from(32 << 20), "{title}: {bytes} bytes are beyond a branch's reach");
        }
    }
}
