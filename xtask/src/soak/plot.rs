//! Plot of the samples: memory, counts and code over the time of all parts.

use super::samples::{Line, Sample, SoakPart};
use crate::files;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1200, 900);
const COLORS: [RGBColor; 4] =
    [RGBColor(38, 110, 180), RGBColor(190, 60, 70), RGBColor(200, 140, 60), RGBColor(90, 90, 90)];

/// A figure of the samples over time.
struct Curve {
    label: &'static str,
    figure: fn(&Line) -> Option<f64>,
}

/// Curves with one axis.
struct SoakChart {
    axis: &'static str,
    curves: &'static [Curve],
}

/// The charts, from above.
const CHARTS: [SoakChart; 3] = [
    SoakChart {
        axis: "resident MiB",
        curves: &[Curve { label: "resident memory", figure: |line| Some(line.rss_kib as f64 / 1024.0) }],
    },
    SoakChart {
        axis: "number",
        curves: &[
            Curve { label: "mappings", figure: |line| Some(line.maps as f64) },
            Curve { label: "descriptors", figure: |line| Some(line.descriptors as f64) },
            Curve { label: "kernel handles", figure: |line| line.handles.map(|n| n as f64) },
            Curve { label: "kernel objects", figure: |line| line.objects.map(|n| n as f64) },
        ],
    },
    SoakChart {
        axis: "code",
        curves: &[
            Curve { label: "code memory in KiB", figure: |line| line.code_bytes.map(|n| n as f64 / 1024.0) },
            Curve { label: "regions", figure: |line| line.regions.map(|n| n as f64) },
        ],
    },
];

/// Samples with the time since the first of all, in minutes: processes follow each other.
fn timed(samples: &[Sample]) -> Vec<(f64, &Line)> {
    let mut before = 0.0;
    let mut last = 0.0;
    let mut process: Option<(SoakPart, usize)> = None;
    samples
        .iter()
        .map(|sample| {
            let this = Some((sample.part, sample.number));
            if process.is_some() && process != this {
                before = last;
            }
            process = this;
            last = before + sample.line.at / 60.0;
            (last, &sample.line)
        })
        .collect()
}

/// Writes the picture as SVG.
pub(crate) fn write(path: &Path, samples: &[Sample]) -> Result<()> {
    let mut picture = String::new();
    draw(&mut picture, &timed(samples))
        .map_err(|error| anyhow!("cannot draw {}: {error}", path.display()))?;
    files::write(path, picture)
}

fn draw(picture: &mut String, samples: &[(f64, &Line)]) -> Result<(), Box<dyn std::error::Error>> {
    let end = samples.last().map_or(1.0, |(at, _)| at.max(0.1));
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    for (area, SoakChart { axis, curves }) in area.split_evenly((CHARTS.len(), 1)).iter().zip(CHARTS) {
        let values =
            samples.iter().flat_map(|(_, line)| curves.iter().filter_map(|curve| (curve.figure)(line)));
        let top = values.fold(1.0, f64::max) * 1.15;
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        chart.configure_mesh().x_desc("minutes").y_desc(axis).draw()?;
        for (Curve { label, figure }, color) in curves.iter().zip(COLORS) {
            let points: Vec<_> = samples.iter().filter_map(|(at, line)| Some((*at, figure(line)?))).collect();
            chart
                .draw_series([PathElement::new(points, color)])?
                .label(*label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], color));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()?;
    }
    area.present()?;
    Ok(())
}
