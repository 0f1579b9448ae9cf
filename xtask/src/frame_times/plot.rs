//! Plot of the frames: for each title and backend a bar of CPU milliseconds, ours and the driver's.

use super::WAYS;
use super::threads::DRIVER;
use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;
use serde_json::Value;

const WIDTH: u32 = 900;
const ROW: u32 = 34;
const MARGINS: u32 = 90;
const OURS: RGBColor = RGBColor(38, 110, 180);
const THEIRS: RGBColor = RGBColor(200, 140, 60);

/// A bar of the picture.
struct FrameTimeBar {
    name: String,
    /// Milliseconds of our threads.
    emulator: f64,
    /// The driver's milliseconds.
    driver: f64,
}

/// The picture as SVG.
pub(super) fn svg(figures: &Value) -> Result<String> {
    let titles = figures["titles"].as_array().context("the file of figures has no titles")?;
    let mut bars = Vec::new();
    for title in titles {
        for way in &WAYS {
            let Some(threads) = title[way.name]["threads_s"].as_object() else { continue };
            let all: f64 = threads.values().filter_map(Value::as_f64).sum();
            let driver = threads.get(DRIVER).and_then(Value::as_f64).unwrap_or(0.0);
            let name = title["name"].as_str().unwrap_or_default();
            let name = format!("{name}, {}", way.name);
            bars.push(FrameTimeBar { name, emulator: (all - driver) * 1e3, driver: driver * 1e3 });
        }
    }
    let mut picture = String::new();
    draw(&mut picture, &bars).map_err(|error| anyhow!("cannot draw the picture: {error}"))?;
    Ok(picture)
}

fn draw(picture: &mut String, bars: &[FrameTimeBar]) -> Result<(), Box<dyn std::error::Error>> {
    let rows = bars.len().max(1);
    let size = (WIDTH, MARGINS + ROW * rows as u32);
    let area = SVGBackend::with_string(picture, size).into_drawing_area();
    area.fill(&WHITE)?;
    // Frames differ by powers of ten.
    let most = bars.iter().map(|bar| bar.emulator + bar.driver).fold(1.0, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(210)
        .build_cartesian_2d((0.5..most).log_scale(), 0.0..rows as f64)?;
    chart.configure_mesh().disable_y_mesh().y_labels(0).x_desc("CPU milliseconds of a frame").draw()?;
    for (i, FrameTimeBar { name, emulator, driver }) in bars.iter().enumerate() {
        let top = rows as f64 - i as f64 - 0.15;
        let bottom = rows as f64 - i as f64 - 0.85;
        let bar = |from: f64, to: f64, color: RGBColor| {
            Rectangle::new([(from.max(0.5), bottom), (to.max(0.5), top)], color.filled())
        };
        chart.draw_series([bar(0.5, *emulator, OURS), bar(*emulator, emulator + driver, THEIRS)])?;
        let text = format!("{name}: {:.1}", emulator + driver);
        let style = ("sans-serif", 13).into_font().color(&BLACK);
        let at = chart.backend_coord(&(0.5, f64::midpoint(top, bottom)));
        area.draw(&Text::new(text, (14, at.1 - 7), style))?;
    }
    let legend = ("sans-serif", 13).into_font();
    for (i, (text, color)) in [("our threads", OURS), ("the driver's", THEIRS)].into_iter().enumerate() {
        let left = WIDTH as i32 - 150;
        let top = 14 + 18 * i as i32;
        area.draw(&Rectangle::new([(left, top), (left + 12, top + 12)], color.filled()))?;
        area.draw(&Text::new(text, (left + 18, top), legend.color(&BLACK)))?;
    }
    drop(chart);
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_bar_has_its_name_and_its_sum() {
        let backend = json!({ "threads_s": { "draws": 0.25, "driver": 0.125 } });
        let figures = json!({ "titles": [{ "name": "one", "reference": backend, "wgpu": Value::Null }] });
        let picture = svg(&figures).unwrap();
        assert!(picture.contains("one, reference: 375.0") && !picture.contains("one, wgpu"), "{picture}");
        assert!(svg(&json!({})).is_err());
    }
}
