//! The book's page about the times of frames.

use super::pictures::{GOAL_DB, psnr};
use super::threads::DRIVER;
use super::{WAYS, Way};
use crate::program_times::number;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write as _;

const BEGINNING: &str = "\
# How long frames take

`cargo xtask frame-times --bless` times the frames of titles that draw, with both backends, and
writes this page and its picture; nothing of it is written by hand.

```sh
cargo xtask frame-times --bless             # all titles; XENIA_TITLES names the folder with dolphin
cargo xtask frame-times demo small --runs 1 # some, and a picture of them in target/frame-times
```

The program runs each title headless: in lockstep with both backends, and in parallel mode with
wgpu, also with `--readback none` (*no readback*), for a few frames and for more. Figures are the
median difference of the two runs, divided by the frames between. CPU time is that of the process's
threads; software drivers have threads of their own (*driver*), the work of others is in the thread
that records.
*small*, *medium* and *large* are `game-frame`, [our title that draws as games
do](../testing/suites.md#the-frame-of-a-game), in three sizes.

";

/// Counters of the wgpu backend: name in the report, heading, divisor.
const COUNTERS: &[(&str, &str, f64)] = &[
    ("passes", "passes", 1.0),
    ("submissions", "submissions", 1.0),
    ("waits", "waits", 1.0),
    ("ms_waited", "ms waited", 1.0),
    ("held_back", "waits for a device that is behind", 1.0),
    ("bytes_back", "KiB back", 1024.0),
    ("bytes_up", "KiB up", 1024.0),
    ("textures_made", "textures made", 1.0),
    ("levels_decoded", "levels decoded", 1.0),
    ("groups_made", "groups made", 1.0),
    ("index_bytes", "KiB of indices", 1024.0),
    ("epoch_misses", "epoch misses", 1.0),
    ("queries", "queries", 1.0),
    ("tiles_dumped", "tiles dumped", 1.0),
    ("tiles_loaded", "tiles loaded", 1.0),
    ("pipelines_in_play", "pipelines", 1.0),
    ("pipelines_predicted", "predicted pipelines", 1.0),
    ("predictions_used", "predicted pipelines used", 1.0),
    ("fallback_draws", "fallbacks", 1.0),
    ("edram_trips", "EDRAM trips", 1.0),
    ("expanded_draws", "draws with vertices by the CPU", 1.0),
    ("resolves_through_cpu", "resolves by the CPU", 1.0),
    ("survey_waits", "waits for visibility", 1.0),
    ("validation_errors", "errors", 1.0),
];

/// The page, from the file of figures.
pub(super) fn page(figures: &Value) -> Result<String> {
    let titles = figures["titles"].as_array().context("the file of figures has no titles")?;
    let mut out = BEGINNING.to_owned();
    let text = |key: &str| figures[key].as_str().unwrap_or("unknown");
    writeln!(
        out,
        "Measured with {} on {}; wgpu's adapter: {}; runs of each: {}.\n",
        text("build"),
        text("host"),
        text("adapter"),
        figures["runs"]
    )?;
    out.push_str("![CPU time of a frame, by thread](../images/frame-times.svg)\n\n");
    frames(&mut out, titles)?;
    counters(&mut out, titles)?;
    starts(&mut out, titles)?;
    sizes(&mut out, titles)?;
    Ok(out)
}

fn frames(out: &mut String, titles: &[Value]) -> Result<()> {
    out.push_str(
        "## Frames\n\n| title | run | draws | frames/s | CPU ms | ours | driver's threads | by thread |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for title in titles {
        for way in &WAYS {
            let of = &title[way.name];
            let Some(threads) = of["threads_s"].as_object() else { continue };
            let ms = |name: &str| threads.get(name).and_then(Value::as_f64).unwrap_or(0.0) * 1e3;
            let all: f64 = threads.keys().map(|name| ms(name)).sum();
            let mut own_threads: Vec<_> =
                threads.keys().filter(|name| *name != DRIVER && ms(name) >= 0.05).collect();
            own_threads.sort_by(|a, b| ms(b).total_cmp(&ms(a)));
            let own_threads: Vec<_> =
                own_threads.iter().map(|name| format!("{name} {:.1}", ms(name))).collect();
            let rate = of["wall_s"].as_f64().filter(|wall| *wall > 0.0).map(|wall| 1.0 / wall);
            writeln!(
                out,
                "| {} | {} | {} | {} | {all:.1} | {:.1} | {:.1} | {} |",
                title["name"].as_str().unwrap_or_default(),
                way.name,
                number(of["draws"].as_f64(), 0),
                number(rate, 1),
                all - ms(DRIVER),
                ms(DRIVER),
                own_threads.join(", "),
            )?;
        }
    }
    out.push('\n');
    Ok(())
}

fn counters(out: &mut String, titles: &[Value]) -> Result<()> {
    out.push_str("## Work of the wgpu backend\n\nOf a frame; the names are those of `gpu.wgpu` in the [report](../measuring.md).\n\n");
    let mut columns = Vec::new();
    for title in titles {
        for way in WAYS.iter().filter(|way| way.backend == "wgpu" && title[way.name].is_object()) {
            let name = title["name"].as_str().unwrap_or_default();
            columns.push((format!("{name}, {}", way.column), &title[way.name]["counters"]));
        }
    }
    if columns.is_empty() {
        out.push_str("It was not measured: there is no adapter.\n\n");
        return Ok(());
    }
    let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
    writeln!(out, "| counter | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()))?;
    for (name, heading, divisor) in COUNTERS {
        write!(out, "| {heading} |")?;
        for (_, counters) in &columns {
            let value = counters[name].as_f64().map(|value| value / divisor);
            let decimals = usize::from(value.is_some_and(|value| value != 0.0 && value.abs() < 100.0));
            write!(out, " {} |", number(value, decimals))?;
        }
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

/// Waits for pipelines at a first start, and the PSNR of the pictures.
fn starts(out: &mut String, titles: &[Value]) -> Result<()> {
    let ways: Vec<&Way> = WAYS.iter().filter(|way| way.backend == "wgpu").collect();
    let is_measured =
        |title: &&Value| title["picture"].is_object() || ways.iter().any(|way| title[way.name].is_object());
    let titles: Vec<&Value> = titles.iter().filter(is_measured).collect();
    if titles.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "## First starts and pictures\n\n\
         At a first start the caches of pipelines, ours and the driver's, are empty. The milliseconds are\n\
         those that its worst frame waited for pipelines, in one run. The picture is wgpu's beside the\n\
         reference's, of the same frame in lockstep: its PSNR in dB, for which the goal is {GOAL_DB}. With two\n\
         samples a pixel, as in the scene, [attributes and edges\n\
         differ](../internals/gpu.md#how-the-backends-are-compared).\n"
    )?;
    let heads: Vec<String> = ways.iter().map(|way| format!("first start, {}: ms", way.column)).collect();
    writeln!(
        out,
        "| title | {} | frame | picture: dB (goal: {GOAL_DB}) |\n|---|{}---|---|",
        heads.join(" | "),
        "---|".repeat(heads.len())
    )?;
    for title in titles {
        write!(out, "| {} |", title["name"].as_str().unwrap_or_default())?;
        for way in &ways {
            write!(out, " {} |", number(title[way.name]["first_start_ms"].as_f64(), 0))?;
        }
        let picture = &title["picture"];
        let frame = number(picture["frame"].as_f64(), 0);
        writeln!(out, " {frame} | {} |", decibels(picture["squared_error"].as_f64()))?;
    }
    out.push('\n');
    Ok(())
}

/// PSNR of a mean square, with a mark if it is below the goal.
fn decibels(squared_error: Option<f64>) -> String {
    match squared_error {
        Some(0.0) => "equal".to_owned(),
        Some(error) if psnr(error) < GOAL_DB => format!("{:.1} (below)", psnr(error)),
        error => number(error.map(psnr), 1),
    }
}

fn sizes(out: &mut String, titles: &[Value]) -> Result<()> {
    out.push_str("## Settings of the scene\n\n");
    for title in titles {
        let settings = title["settings"].as_str().unwrap_or_default();
        if !settings.is_empty() {
            let name = title["name"].as_str().unwrap_or_default();
            writeln!(out, "- {name}: {}", settings.trim().replace('\n', ", "))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_page_has_a_row_for_each_backend_and_the_counters_of_one() {
        let backend = json!({ "wall_s": 0.5, "draws": 8.0, "threads_s": { "draws": 0.25, "driver": 0.125, "idle": 0.0 },
            "counters": { "waits": 2.5, "bytes_up": 2048.0 }, "first_start_ms": 305.6 });
        let figures = json!({ "host": "a machine", "build": "a build", "adapter": "an adapter", "runs": 3, "titles": [
            { "name": "one", "settings": "", "reference": backend, "wgpu": backend,
              "wgpu, no readback": backend, "picture": { "frame": 40, "squared_error": 0.25 } },
            { "name": "two", "settings": "draws 5\nwidth 160\n", "reference": backend, "wgpu": Value::Null },
        ] });
        let page = page(&figures).unwrap();
        assert!(
            page.contains("Measured with a build on a machine; wgpu's adapter: an adapter; runs of each: 3."),
            "{page}"
        );
        assert!(page.contains("| one | wgpu | 8 | 2.0 | 375.0 | 250.0 | 125.0 | draws 250.0 |"), "{page}");
        assert!(page.contains("| one | wgpu, no readback | 8 | 2.0 |"), "{page}");
        assert!(page.contains("| two | reference |") && !page.contains("| two | wgpu |"), "{page}");
        assert!(page.contains("| counter | one, lockstep | one, no readback |"), "{page}");
        assert!(page.contains("| waits | 2.5 | 2.5 |"), "{page}");
        assert!(page.contains("| KiB up | 2.0 |") && page.contains("- two: draws 5, width 160"), "{page}");
        assert!(page.contains("| one | 306 | - | 306 | 40 | 54.2 |"), "{page}");
        assert!(!page.contains("| two | -"), "{page}");
        assert!(super::page(&json!({})).is_err());
    }

    #[test]
    fn each_way_has_other_flags() {
        let flags: std::collections::BTreeSet<_> = WAYS.iter().map(Way::flags).collect();
        assert_eq!(flags.len(), WAYS.len(), "{flags:?}");
    }

    #[test]
    fn psnr_below_the_goal_is_marked() {
        let errors = [Some(0.0), Some(0.5), Some(1.0), None];
        assert_eq!(errors.map(decibels), ["equal", "51.1", "48.1 (below)", "-"]);
    }
}
