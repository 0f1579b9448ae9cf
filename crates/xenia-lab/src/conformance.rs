//! `xenia-rs conformance`: runs annotated assembler files on the engines.

use crate::args::{ConformanceArgs, EngineChoice};
use anyhow::{Context, Result, bail};
use xenia::config::Tier;
use xenia::interrupt::Interrupt;
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia::source;
use xenia::wording::{count, grouped};
use xenia_cli::Code;
use xenia_jit::{HAS_BASELINE, Jit, JitConfig, Tiers};
use xenia_jit_tests::conformance::{self, ConformanceEngine};

/// Failures printed in full; the JSON has all.
const SHOWN: usize = 20;

/// The JIT. With [`JitConfig::compile_everything`] it compiles at first execution, however often
/// code is replaced, so that a case that runs once runs compiled.
pub fn jit_engine<'a>(config: JitConfig) -> ConformanceEngine<'a> {
    ConformanceEngine::new("jit", move |memory| Ok(Box::new(Jit::new(memory, config)?)))
}

/// The baseline tier alone, which compiles however often code is replaced.
pub fn baseline_engine<'a>() -> ConformanceEngine<'a> {
    ConformanceEngine::new("baseline", move |memory| {
        // Code that the tier does not support (64-bit mode, XER.SO set) is interpreted, not
        // compiled by another tier, which has separate tests.
        let everything = JitConfig::compile_everything();
        let config = JitConfig { tiers: Tiers::Baseline, warm_up: u32::MAX, ..everything };
        Ok(Box::new(Jit::new(memory, config)?))
    })
}

/// The JIT engines for `tier`; `auto` means one engine for each tier, because a case runs only
/// once.
fn compiling<'a>(tier: Tier) -> Vec<ConformanceEngine<'a>> {
    let jit = || jit_engine(JitConfig::compile_everything());
    match tier {
        Tier::Baseline => vec![baseline_engine()],
        Tier::Interp | Tier::Auto if HAS_BASELINE => vec![jit(), baseline_engine()],
        Tier::Interp | Tier::Auto | Tier::Function => vec![jit()],
    }
}

/// The engines that the flags choose.
fn engines<'a>(args: &ConformanceArgs) -> Result<Vec<ConformanceEngine<'a>>> {
    Ok(match args.engine {
        EngineChoice::Jit if args.tier == Tier::Interp => {
            bail!("--tier interp runs no JIT: use --engine interp")
        }
        EngineChoice::Interp => vec![ConformanceEngine::interpreter()],
        EngineChoice::Both if args.tier == Tier::Interp => vec![ConformanceEngine::interpreter()],
        EngineChoice::Jit => compiling(args.tier),
        EngineChoice::Both => {
            [ConformanceEngine::interpreter()].into_iter().chain(compiling(args.tier)).collect()
        }
    })
}

/// Runs every file; prints the failures, and the instructions that no case covers.
pub fn run(args: &ConformanceArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let engines = engines(args)?;
    for path in &args.paths {
        source::refuse_named_pipe(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let interrupt = Interrupt::listen(None)?;
    let is_stopped = || interrupt.cause().is_some();
    let mut report = conformance::run_until(&args.paths, &engines, args.filter.as_deref(), &is_stopped)?;
    let cause = interrupt.cause();
    report.interrupted_by = cause.map(|cause| cause.name().to_owned());
    // A malformed file has no cases either, but its failure names the reason.
    if report.cases == 0 && report.failed.is_empty() && cause.is_none() {
        match &args.filter {
            Some(filter) => bail!("no case matches --filter {filter}"),
            None => bail!("there is no case in the named files"),
        }
    }
    if let Some(path) = &args.json {
        write_json(path, "conformance", &report)?;
    }
    print(&report, args.filter.is_some());
    Ok(if report.ok() { cause.map_or(Code::Done, Code::from) } else { Code::Mismatch })
}

/// Prints the failures, and the instructions without a case. With a filter most have none, which is
/// not worth a list.
fn print(report: &conformance::Report, is_filtered: bool) {
    for failure in report.failed.iter().take(SHOWN) {
        if failure.case.is_empty() {
            outln!("FAILED {}: {}", failure.file, failure.actual);
            continue;
        }
        outln!(
            "FAILED {}: {} on {}: {} is {}, expected {}",
            failure.file,
            failure.case,
            failure.engine,
            failure.what,
            failure.actual,
            failure.expected
        );
    }
    if report.failed.len() > SHOWN {
        outln!("and {} more; --json writes all", report.failed.len() - SHOWN);
    }
    if let Some(by) = &report.interrupted_by {
        outln!("interrupted by {by}: partial results follow");
    } else if !is_filtered {
        match report.uncovered.as_slice() {
            [] => outln!("rows without a case: none"),
            rows if rows.len() > SHOWN => {
                outln!("rows without a case: {}; --json names them", rows.len());
            }
            rows => outln!("rows without a case: {}", rows.join(" ")),
        }
    }
    outln!("{}, {} passed", count(report.cases, "case"), grouped(report.passed));
}
