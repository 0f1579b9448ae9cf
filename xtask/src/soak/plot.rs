//! Plot of the samples: memory, counts and code over the time of all parts.

use super::samples::{Line, Sample, SoakPart};
use crate::files;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1200, 900);
const COLORS: [RGBColor; 4] =
    [RGBColor(38, 110, 180), RGBColor(190, 60, 70), RGBColor(200, 140, 60), RGBColor(90, 90, 90)];

type Line2 = (&'static str, fn(&Line) -> Option<f64>);
/// The charts: axis title, and the lines.
const CHARTS: &[(&str, &[Line2])] = &[
    ("resident MiB", &[("resident memory", |line| Some(line.rss_kib as f64 / 1024.0))]),
    (
        "number",
        &[
            ("mappings", |line| Some(line.maps as f64)),
            ("descriptors", |line| Some(line.descriptors as f64)),
            ("kernel handles", |line| line.handles.map(|n| n as f64)),
            ("kernel objects", |line| line.objects.map(|n| n as f64)),
        ],
    ),
    (
        "code",
        &[
            ("code memory in KiB", |line| line.code_bytes.map(|n| n as f64 / 1024.0)),
            ("regions", |line| line.regions.map(|n| n as f64)),
        ],
    ),
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
    for (area, (name, lines)) in area.split_evenly((CHARTS.len(), 1)).iter().zip(CHARTS) {
        let values = samples.iter().flat_map(|(_, line)| lines.iter().filter_map(|(_, of)| of(line)));
        let top = values.fold(1.0, f64::max) * 1.15;
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(34)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        chart.configure_mesh().x_desc("minutes").y_desc(*name).draw()?;
        for ((label, of), color) in lines.iter().zip(COLORS) {
            let points: Vec<_> = samples.iter().filter_map(|(at, line)| Some((*at, of(line)?))).collect();
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
