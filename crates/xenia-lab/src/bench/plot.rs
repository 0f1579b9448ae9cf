//! Plots the bench: bars for each kernel or program, relative to native time, or to the
//! interpreter's if native time was not measured. Shorter is faster; the scale is logarithmic.

use super::{Spread, host, ratio};
use anyhow::{Result, anyhow, bail};
use plotters::prelude::*;
use std::ops::Range;
use std::path::Path;

const GROUP_WIDTH: u32 = 110;
const MARGINS: u32 = 120;
const HEIGHT: u32 = 560;
/// Number of kernels from which their places are narrower.
const MANY: usize = 20;
const GROUP_WIDTH_OF_MANY: u32 = 84;
/// Fraction of a kernel's place that its bars fill.
const FILLED: f64 = 0.8;

/// The bars of a kernel or a program.
#[derive(Clone, Copy, Debug)]
pub struct Bars<'a> {
    /// Name of the kernel or program.
    pub name: &'a str,
    /// Time of the native program.
    pub native: Option<Spread>,
    /// Time with `--tier auto`.
    pub auto: Option<Spread>,
    /// Time in the baseline tier.
    pub baseline: Option<Spread>,
    /// Time in the optimizing tier.
    pub function: Option<Spread>,
    /// Time in the interpreter.
    pub interp: Option<Spread>,
    /// Time in QEMU.
    pub qemu: Option<Spread>,
}

/// The bars of a report with a time in each engine and in all others.
macro_rules! bars_of {
    ($report:expr) => {
        $crate::bench::plot::Bars {
            name: &$report.name,
            native: $report.native_s,
            auto: $report.auto_s,
            baseline: $report.baseline_s,
            function: $report.function_s,
            interp: $report.interp_s,
            qemu: $report.qemu_s,
        }
    };
}
pub(super) use bars_of;

/// A contender, which has a bar for each kernel.
struct Column {
    label: &'static str,
    time: fn(&Bars<'_>) -> Option<Spread>,
    color: RGBColor,
}

const COLUMNS: &[Column] = &[
    Column { label: "native", time: |bars| bars.native, color: RGBColor(120, 120, 120) },
    Column { label: "auto", time: |bars| bars.auto, color: RGBColor(38, 110, 180) },
    Column { label: "baseline tier", time: |bars| bars.baseline, color: RGBColor(110, 170, 110) },
    Column { label: "optimizing tier", time: |bars| bars.function, color: RGBColor(120, 170, 220) },
    Column { label: "interpreter", time: |bars| bars.interp, color: RGBColor(200, 140, 60) },
    Column { label: "qemu", time: |bars| bars.qemu, color: RGBColor(190, 60, 70) },
];

/// Labels of the columns that all times are divided by, if one was measured for every kernel.
const BASES: [&str; 2] = ["native", "interpreter"];

/// Writes the plot as SVG.
pub(super) fn write(path: &Path, runs: u64, all: &[Bars<'_>]) -> Result<()> {
    let mut picture = String::new();
    draw(&mut picture, path, runs, all)?;
    xenia::output::write(path, picture.as_bytes())
}

/// The columns that are drawn, and the one that their times are divided by.
struct Comparison<'a> {
    kernels: &'a [Bars<'a>],
    base: &'static Column,
    columns: Vec<&'static Column>,
}

impl<'a> Comparison<'a> {
    fn of(kernels: &'a [Bars<'a>]) -> Result<Self> {
        if kernels.is_empty() {
            bail!("--plot: nothing was measured");
        }
        let everywhere = |column: &Column| kernels.iter().all(|kernel| (column.time)(kernel).is_some());
        let mut bases = COLUMNS.iter().filter(|column| BASES.contains(&column.label));
        let base = bases.find(|column| everywhere(column));
        let base = base.or_else(|| COLUMNS.iter().find(|column| everywhere(column)));
        let Some(base) = base else { bail!("--plot: nothing was measured") };
        let somewhere = |column: &Column| kernels.iter().any(|kernel| (column.time)(kernel).is_some());
        let columns =
            COLUMNS.iter().filter(|column| column.label != base.label && somewhere(column)).collect();
        Ok(Self { kernels, base, columns })
    }

    /// A kernel's time in a column, relative to the base; 1, which has no bar, if it was not
    /// measured.
    fn value(&self, column: &Column, kernel: &Bars<'_>) -> f64 {
        ratio((column.time)(kernel), (self.base.time)(kernel)).unwrap_or(1.0)
    }

    /// Ends of the axis, with room for the legend above the longest bar.
    fn axis(&self) -> Range<f64> {
        let mut values = 0.5_f64..2.0_f64;
        for column in &self.columns {
            for kernel in self.kernels {
                let value = self.value(column, kernel);
                values = values.start.min(value)..values.end.max(value);
            }
        }
        values.start * 0.8..values.end * 3.0
    }
}

fn draw(picture: &mut String, path: &Path, runs: u64, kernels: &[Bars<'_>]) -> Result<()> {
    let comparison = Comparison::of(kernels)?;
    let base_name = comparison.base.label;
    let axis = comparison.axis();
    let low = axis.start;

    let width = if kernels.len() < MANY { GROUP_WIDTH } else { GROUP_WIDTH_OF_MANY };
    let size = (MARGINS + width * kernels.len() as u32, HEIGHT);
    let failed = |error: &dyn std::fmt::Display| anyhow!("cannot draw {}: {error}", path.display());
    let area = SVGBackend::with_string(picture, size).into_drawing_area();
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("Time over {base_name}, median of {} runs; {}", runs, host()), ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..kernels.len() as f64, axis.log_scale())
        .map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_desc(format!("× {base_name}"))
        .y_label_formatter(&|y| format!("{y}"))
        .draw()
        .map_err(|error| failed(&error))?;
    for (index, column) in comparison.columns.iter().enumerate() {
        let Column { label, color, .. } = *column;
        let width = FILLED / comparison.columns.len() as f64;
        let bars = kernels.iter().enumerate().map(|(place, kernel)| {
            let left = place as f64 + (1.0 - FILLED) / 2.0 + width * index as f64;
            Rectangle::new(
                [(left, 1.0), (left + width * 0.92, comparison.value(column, kernel))],
                color.filled(),
            )
        });
        chart
            .draw_series(bars)
            .map_err(|error| failed(&error))?
            .label(*label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], color.filled()));
    }
    let names = kernels.iter().enumerate().map(|(place, kernel)| {
        let style = ("sans-serif", 13).into_text_style(&area).pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Bottom,
        ));
        Text::new(kernel.name.to_owned(), (place as f64 + 0.5, low), style)
    });
    chart.draw_series(names).map_err(|error| failed(&error))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .map_err(|error| failed(&error))?;
    area.present().map_err(|error| failed(&error))
}
