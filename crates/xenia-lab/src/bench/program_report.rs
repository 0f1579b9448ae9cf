//! Report of `bench --programs` on programs and groups of them: JSON objects, and rows of the
//! printed table.

use super::whole::StartReport;
use super::{Spread, cell, geomean, ns_per_instruction, plot, ratio};
use serde::Serialize;
use std::collections::BTreeMap;
use xenia::say::outln;
use xenia_documents::documented;

documented! {
    /// Measurements of a program: CPU seconds of one run, null for contenders not measured.
    #[derive(Debug, Serialize)]
    pub struct ProgramReport {
        /// Name of the program.
        pub name: String,
        /// Main kind of its computations: `integer` or `float`; `whole` for a program with files.
        pub kind: String,
        /// Whether it is held out: not used while the engines are tuned.
        pub unseen: bool,
        /// Whether its title has 64-bit instructions, which qemu-ppc cannot run.
        pub wide: bool,
        /// The same sources, compiled for the host.
        pub native_s: Option<Spread>,
        /// The same object files, run in QEMU.
        pub qemu_s: Option<Spread>,
        /// Time in the interpreter.
        pub interp_s: Option<Spread>,
        /// Time in the baseline tier.
        pub baseline_s: Option<Spread>,
        /// Time in the optimizing tier.
        pub function_s: Option<Spread>,
        /// Time with `--tier auto`.
        pub auto_s: Option<Spread>,
        /// Guest instructions of a run.
        pub guest_instructions: u64,
        /// Nanoseconds per guest instruction with `--tier auto`, from the median.
        pub auto_ns_per_instruction: Option<f64>,
        /// Whether every answer was right, and all runs executed the same number of instructions.
        pub checksum_ok: bool,
        /// Seconds that the last compiled run spent compiling, in both tiers.
        pub compile_s: Option<f64>,
        /// Guest instructions that the last compiled run compiled, summed over both tiers.
        pub compiled_guest_instructions: Option<u64>,
        /// Time with `--tier auto` and the code cache of the previous run; only for whole programs,
        /// like the fields below.
        pub second_s: Option<Spread>,
        /// Nanoseconds per guest instruction of those runs, from the median.
        pub second_ns_per_instruction: Option<f64>,
        /// Seconds that the last of those runs spent compiling.
        pub second_compile_s: Option<f64>,
        /// Guest instructions that it compiled.
        pub second_compiled_guest_instructions: Option<u64>,
        /// Times of a start, up to `main`.
        pub to_main: Option<StartReport>,
    }

    /// Geometric means over a group of programs; null if a time is missing. Means with QEMU leave
    /// out `wide` programs.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct ProgramMeans {
        /// Number of programs in the group.
        pub programs: u64,
        /// Time of `auto`, relative to native.
        pub auto_over_native: Option<f64>,
        /// Time of a second start with `auto`, relative to native.
        pub second_over_native: Option<f64>,
        /// Time of `auto`, relative to QEMU.
        pub auto_over_qemu: Option<f64>,
        /// Time of QEMU, relative to native.
        pub qemu_over_native: Option<f64>,
        /// Nanoseconds per guest instruction with `auto`.
        pub auto_ns_per_instruction: Option<f64>,
        /// Nanoseconds per guest instruction of a second start with `auto`.
        pub second_ns_per_instruction: Option<f64>,
    }
}

/// The means of all programs, and of each kind and half.
pub(super) fn means(programs: &[ProgramReport]) -> BTreeMap<&'static str, ProgramMeans> {
    type Belongs = fn(&ProgramReport) -> bool;
    let groups: [(&'static str, Belongs); 7] = [
        ("all", |_| true),
        ("integer", |program| program.kind == "integer"),
        ("float", |program| program.kind == "float"),
        ("whole", |program| program.kind == "whole"),
        ("seen", |program| !program.unseen),
        ("unseen", |program| program.unseen),
        ("wide", |program| program.wide),
    ];
    let of = |belongs: Belongs| {
        let group = || programs.iter().filter(|program| belongs(program));
        let for_qemu = || group().filter(|program| !program.wide);
        ProgramMeans {
            programs: group().count() as u64,
            auto_over_native: geomean(group(), |program| ratio(program.auto_s, program.native_s)),
            second_over_native: geomean(group(), |program| ratio(program.second_s, program.native_s)),
            auto_over_qemu: geomean(for_qemu(), |program| ratio(program.auto_s, program.qemu_s)),
            qemu_over_native: geomean(for_qemu(), |program| ratio(program.qemu_s, program.native_s)),
            auto_ns_per_instruction: geomean(group(), |program| program.auto_ns_per_instruction),
            second_ns_per_instruction: geomean(group(), |program| program.second_ns_per_instruction),
        }
    };
    groups.into_iter().map(|(name, belongs)| (name, of(belongs))).filter(|(_, m)| m.programs > 0).collect()
}

impl ProgramReport {
    /// The program's bars in the plot.
    pub fn bars(&self) -> plot::Bars<'_> {
        plot::bars_of!(self)
    }

    /// Time of this emulator: with `auto`, or in the tier measured instead.
    fn emulator_time(&self) -> Option<Spread> {
        self.auto_s.or(self.function_s).or(self.baseline_s).or(self.interp_s)
    }
}

/// Prints the names of the columns.
pub(super) fn heading() {
    outln!(
        "{:<12} {:<8} {:<6} {:<4} {:>9} {:>22} {:>9} {:>9} {:>9} {:>9} {:>12} {:>12} {:>10} {:>12} {:>16}",
        "program",
        "kind",
        "",
        "",
        "M instr.",
        "ours s: min med max",
        "second s",
        "interp s",
        "native s",
        "qemu s",
        "ours/native",
        "ours/qemu",
        "ns/instr.",
        "compiling",
        "to main"
    );
}

/// Prints a program's row.
pub(super) fn line(report: &ProgramReport) {
    let emulator_time = report.emulator_time();
    let seconds = |spread: Option<Spread>| cell(spread.map(|spread| spread.median), 3);
    let milliseconds = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
    let to_main = report
        .to_main
        .as_ref()
        .and_then(|start| Some(format!("{} in {}", start.instructions, milliseconds(start.first_s?.median))));
    outln!(
        "{:<12} {:<8} {:<6} {:<4} {:>9.0} {:>22} {:>9} {:>9} {:>9} {:>9} {:>12} {:>12} {:>10} {:>12} {:>16}{}",
        report.name,
        report.kind,
        if report.unseen { "unseen" } else { "" },
        if report.wide { "wide" } else { "" },
        report.guest_instructions as f64 / 1e6,
        emulator_time.map_or_else(String::new, |s| format!("{:.3} {:.3} {:.3}", s.min, s.median, s.max)),
        seconds(report.second_s),
        seconds(report.interp_s),
        seconds(report.native_s),
        seconds(report.qemu_s),
        cell(ratio(emulator_time, report.native_s), 2),
        cell(ratio(emulator_time, report.qemu_s), 2),
        cell(
            emulator_time.and_then(|emulator_time| ns_per_instruction(
                emulator_time.median,
                report.guest_instructions
            )),
            3
        ),
        report.compile_s.map_or_else(|| "-".to_owned(), milliseconds),
        to_main.unwrap_or_else(|| "-".to_owned()),
        if report.checksum_ok { "" } else { "  WRONG ANSWER" }
    );
}
