//! Report of `bench --much-code`: JSON objects, and rows of the printed table.

use super::super::{Spread, cell, ns_per_instruction, plot};
use super::measure::{MuchCodeRun, Times, peak, spread};
use crate::args::MuchCode;
use serde::Serialize;
use xenia::say::outln;
use xenia_documents::documented;

documented! {
    /// Measurements of a generated title: CPU seconds of whole processes, null if not measured.
    #[derive(Debug, Serialize)]
    pub struct MuchCodeReport {
        /// Number of functions and of calls of each, and the variant unless it is `plain`.
        pub name: String,
        /// Kind of the functions.
        pub variant: String,
        /// Number of functions.
        pub functions: u32,
        /// Number of calls of each function.
        pub calls: u32,
        /// Guest instructions in the title's code.
        pub static_guest_instructions: u64,
        /// Guest instructions of a run.
        pub guest_instructions: u64,
        /// The same program in C, compiled for the host.
        pub native_s: Option<Spread>,
        /// Time in the interpreter.
        pub interp_s: Option<Spread>,
        /// First start of the JIT, with an empty code cache.
        pub first_s: Option<Spread>,
        /// Second start of the JIT, with the code cache of the first.
        pub second_s: Option<Spread>,
        /// Nanoseconds per guest instruction in the interpreter, from the least time.
        pub interp_ns_per_instruction: Option<f64>,
        /// Nanoseconds per guest instruction of first starts, from the least time.
        pub first_ns_per_instruction: Option<f64>,
        /// Nanoseconds per guest instruction of second starts, from the least time.
        pub second_ns_per_instruction: Option<f64>,
        /// First start in parallel mode; null for titles of one thread.
        pub parallel_first_s: Option<Spread>,
        /// Second start in parallel mode; null for titles of one thread.
        pub parallel_second_s: Option<Spread>,
        /// Wall-clock seconds that the last first start spent compiling, in both tiers.
        pub first_compile_s: Option<f64>,
        /// Wall-clock seconds that the last second start spent compiling, in both tiers.
        pub second_compile_s: Option<f64>,
        /// Peak resident memory of native runs, in bytes.
        pub native_peak_bytes: Option<u64>,
        /// Peak resident memory of the interpreter, in bytes.
        pub interp_peak_bytes: Option<u64>,
        /// Peak resident memory of first starts, in bytes; compiled code counts once.
        pub first_peak_bytes: Option<u64>,
        /// Peak resident memory of second starts, in bytes; compiled code counts once.
        pub second_peak_bytes: Option<u64>,
        /// Memory of a first start beyond the interpreter's, in bytes for each guest instruction of
        /// the title's code.
        pub first_bytes_per_instruction: Option<f64>,
        /// Whether all checksums were equal, and all runs in lockstep executed the same number of
        /// instructions.
        pub checksum_ok: bool,
    }
}

impl MuchCodeReport {
    /// The report of a title's measurements.
    pub fn new(title: &MuchCode, instructions: u64, times: &Times) -> Self {
        let compiling = |runs: &[MuchCodeRun]| runs.last().map(|ran| ran.compile_seconds);
        let executed = times.instructions().unwrap_or_default();
        let [interp_s, first_s, second_s] =
            [&times.interp, &times.first, &times.second].map(|runs| spread(runs));
        let ns = |time: Option<Spread>| ns_per_instruction(time?.min, executed);
        let beyond =
            peak(&times.first).zip(peak(&times.interp)).map(|(first, interp)| first as f64 - interp as f64);
        Self {
            name: title.to_string(),
            variant: title.variant.name().to_owned(),
            functions: title.functions,
            calls: title.calls,
            static_guest_instructions: instructions,
            guest_instructions: executed,
            native_s: spread(&times.native),
            interp_s,
            first_s,
            second_s,
            interp_ns_per_instruction: ns(interp_s),
            first_ns_per_instruction: ns(first_s),
            second_ns_per_instruction: ns(second_s),
            parallel_first_s: spread(&times.parallel_first),
            parallel_second_s: spread(&times.parallel_second),
            first_compile_s: compiling(&times.first),
            second_compile_s: compiling(&times.second),
            native_peak_bytes: peak(&times.native),
            interp_peak_bytes: peak(&times.interp),
            first_peak_bytes: peak(&times.first),
            second_peak_bytes: peak(&times.second),
            first_bytes_per_instruction: beyond.map(|bytes| bytes / instructions.max(1) as f64),
            checksum_ok: times.agree(),
        }
    }

    /// The title's bars in the plot.
    pub fn bars(&self) -> plot::Bars<'_> {
        plot::Bars {
            name: &self.name,
            native: self.native_s,
            auto: self.first_s,
            baseline: None,
            function: None,
            interp: self.interp_s,
            qemu: None,
        }
    }

    /// Peak memory in MiB, in the order of [`Self::columns`].
    fn peaks(&self) -> [Option<f64>; 4] {
        [self.native_peak_bytes, self.interp_peak_bytes, self.first_peak_bytes, self.second_peak_bytes]
            .map(|bytes| Some(bytes? as f64 / f64::from(1 << 20)))
    }

    /// The columns, in the table's order.
    fn columns(&self) -> [Option<f64>; 4] {
        [self.native_s, self.interp_s, self.first_s, self.second_s].map(least)
    }

    /// The columns of the starts in parallel mode, if they were made.
    fn parallel_columns(&self) -> Option<[Option<f64>; 4]> {
        let first = self.parallel_first_s?;
        Some([self.native_s, None, Some(first), self.parallel_second_s].map(least))
    }
}

fn least(spread: Option<Spread>) -> Option<f64> {
    Some(spread?.min)
}

/// Prints the names of the columns.
pub(super) fn heading() {
    outln!(
        "{:<20} {:>8} {:>8} | {:^31} | {:^27} | {:^20} | {:^27} {:>7}",
        "",
        "",
        "",
        "CPU seconds, least",
        "ns a guest instruction",
        "times native",
        "most MiB resident",
        "bytes"
    );
    outln!(
        "{:<20} {:>8} {:>8} | {:>7} {:>7} {:>7} {:>7} | {:>6} {:>6} {:>6} {:>6} | {:>6} {:>6} {:>6} | {:>6} {:>6} {:>6} {:>6} {:>7}",
        "title",
        "M run",
        "M static",
        "native",
        "interp",
        "first",
        "second",
        "native",
        "interp",
        "first",
        "second",
        "interp",
        "first",
        "second",
        "native",
        "interp",
        "first",
        "second",
        "/instr."
    );
}

/// Prints a title's row, and one of its starts in parallel mode.
pub(super) fn line(report: &MuchCodeReport) {
    let run = report.guest_instructions;
    let columns = report.columns();
    let nanoseconds = columns.map(|seconds| ns_per_instruction(seconds?, run));
    let over = |columns: [Option<f64>; 4]| columns.map(|seconds| Some(seconds? / columns[0]?));
    let row = |values: &[Option<f64>], width: usize, decimals: usize| {
        let cells = values.iter().map(|value| format!("{:>width$}", cell(*value, decimals)));
        cells.collect::<Vec<_>>().join(" ")
    };
    outln!(
        "{:<20} {:>8.0} {:>8.2} | {} | {} | {} | {} {:>7}{}",
        report.name,
        run as f64 / 1e6,
        report.static_guest_instructions as f64 / 1e6,
        row(&columns, 7, 2),
        row(&nanoseconds, 6, 2),
        row(&over(columns)[1..], 6, 2),
        row(&report.peaks(), 6, 0),
        cell(report.first_bytes_per_instruction, 0),
        if report.checksum_ok { "" } else { "  WRONG ANSWER" }
    );
    if let Some(columns) = report.parallel_columns() {
        outln!(
            "{:<20} {:>8} {:>8} | {} | {:27} | {}",
            "  in parallel",
            "",
            "",
            row(&columns, 7, 2),
            "",
            row(&over(columns)[1..], 6, 2)
        );
    }
}
