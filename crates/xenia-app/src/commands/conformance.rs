//! `xenia-rs conformance`: annotated assembler files on the engines.

use crate::cli::{ConformanceArgs, EngineChoice, Tier};
use crate::exit::Code;
use crate::report::write_json;
use anyhow::{Result, bail};
use xenia_jit::{Jit, JitConfig};
use xenia_jit_tests::conformance::{self, Engine};

/// Failures printed in full; the JSON has all.
const SHOWN: usize = 20;

/// The JIT, compiling at first sight and however often code is replaced: a case that runs once runs compiled.
pub fn jit_engine<'a>(break_lifter: bool) -> Engine<'a> {
    Engine::new("jit", move |memory| {
        let config = JitConfig { wrong_addi: break_lifter, ..JitConfig::compile_everything() };
        Ok(Box::new(Jit::new(memory, config)?))
    })
}

/// Runs every file, prints the failures and the rows that no case covers.
pub fn run(args: &ConformanceArgs) -> Result<Code> {
    args.tier.refuse_unbuilt()?;
    let engines = match args.engine {
        EngineChoice::Jit if args.tier == Tier::Interp => {
            bail!("--tier interp runs no JIT: use --engine interp")
        }
        EngineChoice::Interp => vec![Engine::interpreter()],
        EngineChoice::Both if args.tier == Tier::Interp => vec![Engine::interpreter()],
        EngineChoice::Jit => vec![jit_engine(false)],
        EngineChoice::Both => vec![Engine::interpreter(), jit_engine(false)],
    };
    let report = conformance::run(&args.paths, &engines, args.filter.as_deref())?;
    if let Some(path) = &args.json {
        write_json(path, &report)?;
    }
    for failure in report.failed.iter().take(SHOWN) {
        println!(
            "FAILED {}: {} on {}: {} is {}, expected {}",
            failure.file, failure.case, failure.engine, failure.what, failure.actual, failure.expected
        );
    }
    if report.failed.len() > SHOWN {
        println!("and {} more; --json writes all", report.failed.len() - SHOWN);
    }
    if args.filter.is_none() {
        match report.uncovered.as_slice() {
            [] => println!("rows without a case: none"),
            rows => println!("rows without a case: {}", rows.join(" ")),
        }
    }
    println!("{} cases, {} passed", report.cases, report.passed);
    Ok(if report.ok() { Code::Done } else { Code::Mismatch })
}
