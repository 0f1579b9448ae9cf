//! Plots guest and native speed-ups over the number of workers, with the range of the runs.

use super::{ScaleReport, ScaleWorkers};
use crate::bench::Spread;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (640, 480);
const GUEST: RGBColor = RGBColor(38, 110, 180);
const NATIVE: RGBColor = RGBColor(120, 120, 120);

/// Writes the plot as SVG.
pub(super) fn write(path: &Path, report: &ScaleReport) -> Result<()> {
    let mut picture = String::new();
    draw(&mut picture, report).map_err(|error| anyhow!("cannot draw {}: {error}", path.display()))?;
    xenia::output::write(path, picture.as_bytes())
}

/// The spread that a curve shows.
type SpreadOf = fn(&ScaleWorkers) -> Spread;

fn draw(picture: &mut String, report: &ScaleReport) -> Result<(), Box<dyn std::error::Error>> {
    let most = report.workers.iter().map(|of| of.n).max().unwrap_or(1);
    let top = f64::from(most) * 1.1;
    let area = SVGBackend::with_string(picture, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let caption =
        format!("{} workers, median and range of {} runs; {}", report.kind, report.runs, report.host);
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, ("sans-serif", 14))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.5..f64::from(most) + 0.5, 0.0..top)?;
    chart.configure_mesh().x_desc("workers").y_desc("speed-up").x_labels(most as usize + 1).draw()?;
    let ideal = vec![(1.0, 1.0), (f64::from(most), f64::from(most))];
    let pale = BLACK.mix(0.3);
    chart
        .draw_series([PathElement::new(ideal, pale)])?
        .label("as many times as workers")
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], pale));
    let curves: [(&str, RGBColor, SpreadOf); 2] =
        [("native", NATIVE, |workers| workers.native_speedup), ("guest", GUEST, |workers| workers.speedup)];
    for (label, color, of) in curves {
        let points = || report.workers.iter().map(|workers| (f64::from(workers.n), of(workers)));
        let line: Vec<_> = points().map(|(n, spread)| (n, spread.median)).collect();
        chart
            .draw_series([PathElement::new(line.clone(), color.stroke_width(2))])?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], color.stroke_width(2)));
        chart.draw_series(line.into_iter().map(|at| Circle::new(at, 3, color.filled())))?;
        chart.draw_series(points().map(|(n, s)| PathElement::new([(n, s.min), (n, s.max)], color)))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
