//! `xenia-rs bench`: instructions per second of every cpu-suite kernel, engine against engine.
//!
//! Engines take turns within a run, and every kernel is run several times: the machine's drift hits
//! both alike, and minimum, median and maximum are all shown. What is compared is work on known
//! answers: a wrong answer fails the bench.

use crate::cli::BenchArgs;
use crate::exit::Code;
use crate::flat::FlatProgram;
use crate::report::write_json;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;
use xenia_cpu::{EngineConfig, Execute, Interpreter};
use xenia_jit::{Jit, JitConfig};

const CPU_SUITE: &[u8] = include_bytes!("../../../../guest/bin/cpu-suite.elf");
const SUITE_HEADER: &str = include_str!("../../../../guest/cpu-suite/suite.h");
const ANSWERS: &str = include_str!("../../../../guest/cpu-suite/answers.inc");

/// Minimum, median and maximum of several runs.
#[derive(Clone, Copy, Debug, Serialize)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { min: values[0], median: values[values.len() / 2], max: values[values.len() - 1] }
    }
}

#[derive(Debug, Serialize)]
struct KernelReport {
    name: String,
    interp_s: Spread,
    function_s: Spread,
    auto_s: Spread,
    guest_instructions: u64,
    interp_mips: f64,
    function_mips: f64,
    checksum_ok: bool,
}

#[derive(Debug, Serialize)]
struct BenchReport {
    host: String,
    runs: u64,
    kernels: Vec<KernelReport>,
    geomean_interp_mips: f64,
    geomean_function_mips: f64,
    geomean_function_over_interp: f64,
    jit_compiled_guest_instructions: u64,
    jit_compile_ns: u64,
    jit_interpreted_instructions: u64,
    jit_fallback_instructions: u64,
    jit_helper_calls: BTreeMap<&'static str, u64>,
}

/// Runs and prints the table; the JSON has everything.
pub fn run(args: &BenchArgs) -> Result<Code> {
    let program = FlatProgram::load(CPU_SUITE)?;
    let kernels: Vec<_> = suite_rounds()?
        .into_iter()
        .filter(|(name, _)| args.filter.as_ref().is_none_or(|filter| name.contains(filter.as_str())))
        .collect();
    let answers = suite_answers();
    let functions: BTreeMap<_, _> = program.functions("kernel_").into_iter().collect();
    let mut interpreter = Interpreter::new(program.memory.clone(), EngineConfig::default());
    let mut jit = Jit::new(program.memory.clone(), JitConfig::default())?;
    let runs = args.runs.max(1);

    println!(
        "{:<16} {:>12} {:>12} {:>12} {:>7}",
        "kernel", "instructions", "interp MIPS", "jit MIPS", "ratio"
    );
    let mut reports = Vec::new();
    for (name, rounds) in &kernels {
        let entry = *functions.get(name).with_context(|| format!("cpu-suite.elf has no kernel_{name}"))?;
        let (mut interp, mut function, mut instructions, mut ok) = (Vec::new(), Vec::new(), 0, true);
        // The first turn compiles and warms caches; it is not counted.
        for turn in 0..=runs {
            let engines: [(&mut dyn Execute, &mut Vec<f64>); 2] =
                [(&mut interpreter, &mut interp), (&mut jit, &mut function)];
            for (engine, times) in engines {
                let start = Instant::now();
                let (answer, executed) = program.call(engine, entry, *rounds)?;
                if turn > 0 {
                    times.push(start.elapsed().as_secs_f64());
                }
                ok &= answers.get(name) == Some(&answer) && (instructions == 0 || instructions == executed);
                instructions = executed;
            }
        }
        let (interp_s, function_s) = (Spread::of(interp), Spread::of(function));
        let mips = |spread: Spread| instructions as f64 / spread.median / 1e6;
        let report = KernelReport {
            name: name.clone(),
            interp_mips: mips(interp_s),
            function_mips: mips(function_s),
            interp_s,
            function_s,
            auto_s: function_s,
            guest_instructions: instructions,
            checksum_ok: ok,
        };
        println!(
            "{:<16} {:>12} {:>12.0} {:>12.0} {:>6.1}x{}",
            report.name,
            report.guest_instructions,
            report.interp_mips,
            report.function_mips,
            report.function_mips / report.interp_mips,
            if ok { "" } else { "  WRONG ANSWER" }
        );
        reports.push(report);
    }
    if reports.is_empty() {
        bail!("no kernel matches the filter");
    }
    let report = summary(runs, reports, &jit);
    println!(
        "geomean: interpreter {:.0} MIPS, jit {:.0} MIPS, {:.2}x",
        report.geomean_interp_mips, report.geomean_function_mips, report.geomean_function_over_interp
    );
    println!(
        "jit: {} guest instructions compiled in {:.1} ms ({:.1} µs each), {} interpreted, {} fallbacks",
        report.jit_compiled_guest_instructions,
        report.jit_compile_ns as f64 / 1e6,
        report.jit_compile_ns as f64 / 1e3 / report.jit_compiled_guest_instructions.max(1) as f64,
        report.jit_interpreted_instructions,
        report.jit_fallback_instructions
    );
    for (helper, count) in &report.jit_helper_calls {
        println!("  helper {helper}: {count}");
    }
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    Ok(if report.kernels.iter().all(|kernel| kernel.checksum_ok) { Code::Done } else { Code::Mismatch })
}

fn summary(runs: u64, kernels: Vec<KernelReport>, jit: &Jit) -> BenchReport {
    let geomean = |value: &dyn Fn(&KernelReport) -> f64| {
        (kernels.iter().map(|kernel| value(kernel).ln()).sum::<f64>() / kernels.len() as f64).exp()
    };
    let counters = jit.counters();
    BenchReport {
        host: host(),
        runs,
        geomean_interp_mips: geomean(&|kernel| kernel.interp_mips),
        geomean_function_mips: geomean(&|kernel| kernel.function_mips),
        geomean_function_over_interp: geomean(&|kernel| kernel.function_mips / kernel.interp_mips),
        kernels,
        jit_compiled_guest_instructions: counters.compiled_guest_instructions,
        jit_compile_ns: counters.compile_ns,
        jit_interpreted_instructions: counters.interpreted_instructions,
        jit_fallback_instructions: counters.fallback_instructions,
        jit_helper_calls: counters.helper_calls,
    }
}

/// The processor's name, where the system tells it.
fn host() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", model.map_or("unknown processor", |(_, name)| name))
}

/// Kernel names and rounds, from the table that the suite itself is compiled from.
fn suite_rounds() -> Result<Vec<(String, u32)>> {
    let rows = SUITE_HEADER.lines().filter_map(|line| {
        let row = line.trim().strip_prefix("X(")?;
        let (name, rest) = row.split_once(',')?;
        let rounds = rest.split(')').next()?.trim().parse().ok()?;
        Some((name.to_owned(), rounds))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        bail!("suite.h has no table of kernels");
    }
    Ok(rows)
}

/// Known answers by kernel.
fn suite_answers() -> BTreeMap<String, u32> {
    let rows = ANSWERS.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("ANSWER(")?.split_once(", 0x")?;
        Some((name.to_owned(), u32::from_str_radix(value.strip_suffix("u)")?, 16).ok()?))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_has_a_known_answer() {
        let answers = suite_answers();
        let kernels = suite_rounds().unwrap();
        assert_eq!(kernels.len(), answers.len());
        assert!(kernels.iter().all(|(name, rounds)| answers.contains_key(name) && *rounds > 0));
    }

    #[test]
    fn spread_is_sorted() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.0, 3.0));
    }
}
