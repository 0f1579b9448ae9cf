//! Report of a kernel: its JSON object, and its row in the printed table.

use super::{Spread, cell, plot, ratio};
use serde::Serialize;
use xenia::say::outln;
use xenia_documents::documented;

documented! {
    /// Measurements of a kernel: seconds for one call, null for contenders not measured.
    #[derive(Debug, Serialize)]
    pub struct KernelReport {
        /// Name of the kernel.
        pub name: String,
        /// The same source, compiled for the host.
        pub native_s: Option<Spread>,
        /// The same source, compiled for PowerPC and run in QEMU.
        pub qemu_s: Option<Spread>,
        /// Time in the interpreter.
        pub interp_s: Option<Spread>,
        /// Time in the baseline tier, which takes part only with `--tier baseline`.
        pub baseline_s: Option<Spread>,
        /// Time in the optimizing tier.
        pub function_s: Option<Spread>,
        /// Time with `--tier auto`.
        pub auto_s: Option<Spread>,
        /// Guest instructions of one call.
        pub guest_instructions: u64,
        /// Whether every answer was right, and all engines executed the same number of
        /// instructions.
        pub checksum_ok: bool,
        /// Guest instructions per microsecond, from the interpreter's median.
        pub interp_mips: Option<f64>,
        /// Guest instructions per microsecond, from the baseline tier's median.
        pub baseline_mips: Option<f64>,
        /// Guest instructions per microsecond, from the optimizing tier's median.
        pub function_mips: Option<f64>,
        /// Guest instructions per microsecond, from the median of `--tier auto`.
        pub auto_mips: Option<f64>,
    }
}

impl KernelReport {
    /// The kernel's bars in the plot.
    pub fn bars(&self) -> plot::Bars<'_> {
        plot::bars_of!(self)
    }
}

/// Prints the names of the columns.
pub(super) fn heading() {
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
pub(super) fn line(report: &KernelReport) {
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
