//! `xenia-rs bench`: runs every cpu-suite kernel on every engine, and the same sources natively and
//! in QEMU.
//!
//! All contenders take turns within a run, the first contender changes from run to run, and every
//! kernel is run several times, so that drift of the machine affects all alike; minimum, median and
//! maximum are reported. Kernels have known answers, and a wrong answer fails the bench. A first,
//! uncounted turn compiles and warms the caches, and determines how often a short kernel must be
//! repeated to be measurable.

mod contender;
mod kernel_report;
mod much_code;
mod plot;
mod program_report;
mod programs;
mod suite;
mod whole;

use crate::args::{BenchArgs, Peer};
use crate::flat::FlatProgram;
use anyhow::{Context, bail, ensure};
use contender::{Contender, repeats_for};
pub use kernel_report::KernelReport;
use kernel_report::{heading, line};
pub use much_code::MuchCodeReport;
pub use program_report::{ProgramMeans, ProgramReport};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use suite::{CPU_SUITE, Kernel};
pub use whole::StartReport;
use xenia::interrupt::Interrupt;
use xenia::report::{self, check_json, write_json};
use xenia::say::outln;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_cpu::EngineCounters;
use xenia_documents::documented;

documented! {
    /// Measurements of a bench, and the machine they were made on.
    #[derive(Debug, Serialize)]
    pub struct BenchReport {
        /// The host's processor, and its number of cores.
        host: String,
        /// Number of runs of each kernel.
        runs: u64,
        /// Measurements of the kernels.
        kernels: Vec<KernelReport>,
        /// Measurements of programs, with `--programs`; the kernels are then empty.
        programs: Vec<ProgramReport>,
        /// Geometric means over groups of programs, by the group's name.
        program_geomeans: BTreeMap<&'static str, ProgramMeans>,
        /// Measurements of generated titles, with `--much-code`; the kernels are then empty.
        much_code: Vec<MuchCodeReport>,
        /// Geometric mean over the kernels of the time of `auto`, relative to native; null if a
        /// time is missing.
        geomean_auto_over_native: Option<f64>,
        /// Geometric mean over the kernels of QEMU's time, relative to native; null if a time is
        /// missing.
        geomean_qemu_over_native: Option<f64>,
        /// Geometric mean of the interpreter's MIPS.
        geomean_interp_mips: Option<f64>,
        /// Geometric mean of the optimizing tier's MIPS.
        geomean_function_mips: Option<f64>,
        /// Geometric mean of the optimizing tier's speed-up over the interpreter.
        geomean_function_over_interp: Option<f64>,
        /// Counters of the JIT, with the prefix `jit_`.
        #[serde(flatten, serialize_with = "prefixed")]
        jit: EngineCounters,
        /// Signal that interrupted the bench; kernels not measured by then are missing.
        interrupted_by: Option<String>,
    }

    /// Distribution of a time in seconds, or of a ratio.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct Spread {
        /// The smallest value.
        pub min: f64,
        /// The median value.
        pub median: f64,
        /// The largest value.
        pub max: f64,
    }
}

impl Spread {
    /// `None` for no values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let min = *values.first()?;
        let max = *values.last()?;
        Some(Self { min, median: values[values.len() / 2], max })
    }
}

fn prefixed<S: Serializer>(counters: &EngineCounters, to: S) -> Result<S::Ok, S::Error> {
    report::prefixed("jit_", counters, to)
}

/// Runs the bench and prints the table; the JSON has everything.
pub fn run(args: &BenchArgs) -> anyhow::Result<Code> {
    check_json(args.json.as_deref())?;
    args.cpu.refuse_unsupported()?;
    args.mode.refuse_unsupported()?;
    if args.mode.parallel {
        bail!("bench measures engines on one hardware thread: leave out --parallel");
    }
    if args.cpu.cross_check.is_some() {
        bail!("bench measures engines one by one: leave out --cross-check");
    }
    if !args.much_code.is_empty() {
        return much_code::run(&args.much_code, args);
    }
    if let Some(folder) = &args.programs {
        return programs::run(folder, args);
    }
    let mut kernels = suite::kernels()?;
    if let Some(filter) = &args.filter {
        let names = kernels.iter().map(|kernel| kernel.name.as_str()).collect::<Vec<_>>().join(", ");
        kernels.retain(|kernel| kernel.name.contains(filter.as_str()));
        ensure!(!kernels.is_empty(), "no kernel has {filter:?} in its name; there are {names}");
    }
    let interrupt = Interrupt::listen(None)?;
    let mut contenders = contender::engines(FlatProgram::load(&CPU_SUITE)?, &args.cpu)?;
    // The interpreter measures kernels in any case.
    for &peer in args.peers.iter().filter(|peer| **peer != Peer::Interp) {
        match contender::peer(peer) {
            Ok(built) if !contenders.iter().any(|one| one.name() == built.name()) => {
                contenders.push(Box::new(built));
            }
            Ok(_) => {}
            Err(reason) => outln!("{peer:?} is not measured: {reason:#}"),
        }
    }
    let runs = args.runs;
    heading();
    let mut reports = Vec::new();
    for kernel in &kernels {
        let report = measure(kernel, &mut contenders, runs, &interrupt)
            .with_context(|| format!("kernel {}", kernel.name))?;
        // An interrupted measurement is not comparable.
        let Some(report) = report else { break };
        line(&report);
        reports.push(report);
    }
    let jit = contenders.iter().find(|one| matches!(one.name(), "baseline" | "function" | "auto"));
    let mut report = summary(runs, reports, jit.and_then(|jit| jit.counters()).unwrap_or_default());
    report.interrupted_by = interrupt.cause().map(|cause| cause.name().to_owned());
    print_summary(&report);
    let bars: Vec<_> = report.kernels.iter().map(KernelReport::bars).collect();
    let is_right = report.kernels.iter().all(|kernel| kernel.checksum_ok);
    conclude(args, &report, &bars, &count(kernels.len(), "kernel"))?;
    Ok(exit_code(is_right, &interrupt))
}

/// Reports what an interruption left unmeasured of `all`, and writes the outputs.
fn conclude(
    args: &BenchArgs,
    report: &BenchReport,
    measured: &[plot::Bars<'_>],
    all: &str,
) -> anyhow::Result<()> {
    if let Some(by) = &report.interrupted_by {
        outln!("interrupted by {by}: {} of {all} measured", measured.len());
    }
    if let Some(path) = &args.json {
        write_json(path, "bench", report)?;
    }
    if let Some(path) = &args.plot {
        plot::write(path, report.runs, measured)?;
    }
    Ok(())
}

/// The exit code of a bench with right or wrong answers.
fn exit_code(is_right: bool, interrupt: &Interrupt) -> Code {
    if is_right { interrupt.cause().map_or(Code::Done, Code::from) } else { Code::Mismatch }
}

/// Measures a kernel; `None` if it was interrupted.
fn measure(
    kernel: &Kernel,
    contenders: &mut [Box<dyn Contender>],
    runs: u64,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<KernelReport>> {
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut instructions = None;
    let mut ok = true;
    let mut repeats = Vec::new();
    for one in contenders.iter_mut() {
        if interrupt.cause().is_some() {
            return Ok(None);
        }
        // Twice, because the first call compiles, which would make the kernel seem longer.
        one.measure(kernel, 1)?;
        repeats.push(repeats_for(one.measure(kernel, 1)?));
    }
    for run in 0..runs as usize {
        for turn in 0..contenders.len() {
            if interrupt.cause().is_some() {
                return Ok(None);
            }
            let index = (run + turn) % contenders.len();
            let one = &mut contenders[index];
            let outcome = one.measure(kernel, repeats[index])?;
            times.entry(one.name()).or_default().push(outcome.seconds);
            ok &= outcome.answer == kernel.answer;
            if let Some(executed) = outcome.instructions {
                ok &= *instructions.get_or_insert(executed) == executed;
            }
        }
    }
    let mut spread = |name| times.remove(name).and_then(Spread::of);
    let instructions = instructions.unwrap_or(0);
    let mips = |spread: Option<Spread>| spread.map(|spread| instructions as f64 / spread.median / 1e6);
    let [interp_s, baseline_s, function_s, auto_s] =
        ["interp", "baseline", "function", "auto"].map(&mut spread);
    Ok(Some(KernelReport {
        name: kernel.name.clone(),
        native_s: spread("native"),
        qemu_s: spread("qemu"),
        interp_mips: mips(interp_s),
        baseline_mips: mips(baseline_s),
        function_mips: mips(function_s),
        auto_mips: mips(auto_s),
        interp_s,
        baseline_s,
        function_s,
        auto_s,
        guest_instructions: instructions,
        checksum_ok: ok,
    }))
}

/// Nanoseconds per guest instruction; `None` for no instructions.
fn ns_per_instruction(seconds: f64, instructions: u64) -> Option<f64> {
    (instructions != 0).then(|| seconds * 1e9 / instructions as f64)
}

/// The ratio of two medians.
fn ratio(of: Option<Spread>, to: Option<Spread>) -> Option<f64> {
    Some(of?.median / to?.median)
}

/// The geometric mean of `value` over all rows; `None` if a row has no value, or there are no rows.
fn geomean<'a, T: 'a>(
    rows: impl IntoIterator<Item = &'a T>,
    value: impl Fn(&T) -> Option<f64>,
) -> Option<f64> {
    let logs: Vec<f64> = rows.into_iter().map(|row| value(row).map(f64::ln)).collect::<Option<_>>()?;
    if logs.is_empty() { None } else { Some((logs.iter().sum::<f64>() / logs.len() as f64).exp()) }
}

fn summary(runs: u64, kernels: Vec<KernelReport>, jit: EngineCounters) -> BenchReport {
    BenchReport {
        host: host(),
        runs,
        geomean_auto_over_native: geomean(&kernels, |kernel| ratio(kernel.auto_s, kernel.native_s)),
        geomean_qemu_over_native: geomean(&kernels, |kernel| ratio(kernel.qemu_s, kernel.native_s)),
        geomean_interp_mips: geomean(&kernels, |kernel| kernel.interp_mips),
        geomean_function_mips: geomean(&kernels, |kernel| kernel.function_mips),
        geomean_function_over_interp: geomean(&kernels, |kernel| ratio(kernel.interp_s, kernel.function_s)),
        kernels,
        programs: Vec::new(),
        program_geomeans: BTreeMap::new(),
        much_code: Vec::new(),
        jit,
        interrupted_by: None,
    }
}

/// A value in a column, or a dash.
fn cell(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

fn print_summary(report: &BenchReport) {
    outln!(
        "geomean: interpreter {} MIPS, optimizing tier {} MIPS, {}x the interpreter; auto/native {}, qemu/native {}",
        cell(report.geomean_interp_mips, 0),
        cell(report.geomean_function_mips, 0),
        cell(report.geomean_function_over_interp, 2),
        cell(report.geomean_auto_over_native, 2),
        cell(report.geomean_qemu_over_native, 2)
    );
    outln!(
        "jit: {} guest instructions compiled in {:.1} ms ({:.1} µs each), {} interpreted, {} fallbacks",
        report.jit.compiled_guest_instructions,
        report.jit.compile_ns as f64 / 1e6,
        report.jit.compile_ns as f64 / 1e3 / report.jit.compiled_guest_instructions.max(1) as f64,
        report.jit.interpreted_instructions,
        report.jit.fallback_instructions
    );
    for (helper, count) in &report.jit.helper_calls {
        outln!("  helper {helper}: {count}");
    }
}

/// The processor's name, if the system reports it.
pub fn host() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabCli, LabCommand};
    use clap::Parser;

    fn bench(flags: &[&str]) -> anyhow::Result<Code> {
        let words = ["xenia-rs", "bench"].iter().chain(flags);
        let LabCommand::Bench(args) = LabCli::try_parse_from(words)?.command else { panic!("not bench") };
        run(&args)
    }

    #[test]
    fn a_spread_has_the_least_median_and_largest_value() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.0, 3.0));
        assert!(Spread::of(Vec::new()).is_none());
    }

    #[test]
    fn a_run_without_instructions_has_no_time_per_instruction() {
        assert_eq!(ns_per_instruction(0.5, 2_000_000_000), Some(0.25));
        assert_eq!(ns_per_instruction(0.5, 0), None);
    }

    #[test]
    fn unmeasured_bench_columns_are_null_in_the_report() {
        let dir = tempfile::tempdir().unwrap();
        let json = dir.path().join("b.json");
        let plot = dir.path().join("b.svg");
        let flags =
            ["--runs=1", "--filter=fib", "--json", json.to_str().unwrap(), "--plot", plot.to_str().unwrap()];
        assert_eq!(bench(&flags).unwrap(), Code::Done);
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
        let kernel = &report["kernels"][0];
        assert!(kernel["native_s"].is_null() && kernel["qemu_s"].is_null());
        for key in ["interp_s", "function_s", "auto_s"] {
            assert!(kernel[key]["median"].as_f64().unwrap() > 0.0, "{key}");
        }
        assert_eq!(kernel["checksum_ok"], true);
        assert!(report["geomean_auto_over_native"].is_null());
        assert!(report["geomean_qemu_over_native"].is_null());
        let svg = std::fs::read_to_string(&plot).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("fib"), "{svg:.200}");
    }

    #[test]
    fn unsupported_bench_flags_are_rejected() {
        for (flags, expected) in [
            (&["--programs=/nowhere"][..], "cargo xtask programs"),
            (&["--cross-check"], "one by one"),
            (&["--parallel"], "one hardware thread"),
            (&["--filter=nothing"], "no kernel"),
        ] {
            let error = bench(flags).err().unwrap_or_else(|| panic!("{flags:?} was accepted"));
            assert!(format!("{error:#}").contains(expected), "{flags:?}: {error:#}");
        }
    }
}
