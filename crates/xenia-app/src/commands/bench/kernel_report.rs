//! A kernel's figures: the report's rows, the printed table.

use super::{Spread, cell, plot, ratio};
use crate::say::outln;
use serde::Serialize;
use xenia_documents::documented;

documented! {
    /// A kernel's figures: seconds for one call, null for who was not measured.
    #[derive(Debug, Serialize)]
    pub struct KernelReport {
        /// Its name.
        pub name: String,
        /// The same source, built by the host's compiler.
        pub native_s: Option<Spread>,
        /// The same source, built for PowerPC and run by qemu.
        pub qemu_s: Option<Spread>,
        /// The interpreter.
        pub interp_s: Option<Spread>,
        /// The baseline tier, which takes part with `--tier baseline` alone.
        pub baseline_s: Option<Spread>,
        /// The function tier.
        pub function_s: Option<Spread>,
        /// What `--tier auto` chooses.
        pub auto_s: Option<Spread>,
        /// Guest instructions of one call.
        pub guest_instructions: u64,
        /// Whether everybody's answer was right, and all executed as many instructions.
        pub checksum_ok: bool,
        /// Guest instructions per microsecond of the interpreter's median.
        pub interp_mips: Option<f64>,
        /// Of the baseline tier's.
        pub baseline_mips: Option<f64>,
        /// Of the function tier's.
        pub function_mips: Option<f64>,
        /// Of what `--tier auto` chooses.
        pub auto_mips: Option<f64>,
    }
}

impl KernelReport {
    /// What is drawn of it.
    pub fn bars(&self) -> plot::Bars<'_> {
        plot::Bars {
            name: &self.name,
            native: self.native_s,
            auto: self.auto_s,
            baseline: self.baseline_s,
            function: self.function_s,
            interp: self.interp_s,
            qemu: self.qemu_s,
        }
    }
}

/// Prints the names of the columns.
pub fn heading() {
    outln!(
        "{:<16} {:>12} {:>12} {:>14} {:>14} {:>10} {:>14} {:>14}",
        "kernel",
        "instructions",
        "interp MIPS",
        "baseline MIPS",
        "function MIPS",
        "auto MIPS",
        "auto/native",
        "qemu/native"
    );
}

/// Prints a kernel's row.
pub fn line(report: &KernelReport) {
    outln!(
        "{:<16} {:>12} {:>12} {:>14} {:>14} {:>10} {:>14} {:>14}{}",
        report.name,
        report.guest_instructions,
        cell(report.interp_mips, 0),
        cell(report.baseline_mips, 0),
        cell(report.function_mips, 0),
        cell(report.auto_mips, 0),
        cell(ratio(report.auto_s, report.native_s), 2),
        cell(ratio(report.qemu_s, report.native_s), 2),
        if report.checksum_ok { "" } else { "  WRONG ANSWER" }
    );
}
