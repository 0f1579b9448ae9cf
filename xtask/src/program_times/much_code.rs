//! Generated titles with as much code as games have: `xenia-rs bench --much-code`, and their
//! section of the page.

use super::page::{number, spread};
use crate::{built, commands};
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use xenia_testing::hermetic;

/// Titles that are measured by default.
const TITLES: [&str; 8] = [
    "10000x400",
    "10000x2000",
    "10000x400:wide",
    "10000x400:switches",
    "10000x400:virtual",
    "10000x400:float",
    "10000x400:threads",
    "30000x400",
];

const BEGINNING: &str = "\
## Much code

Generated titles of [`bench --much-code`](../measuring.md#measuring): FxC has F functions that are called C times each, so that no cache holds
what runs. CPU seconds of a whole process (least, median, most), natively `cc -O1`; ratios and nanoseconds per guest instruction are of the
least. Memory is the most that a process had resident, in MiB: natively, in the interpreter, at a first start, at a second one. The last
column has the bytes that a first start had beyond the interpreter, for each instruction of the title's code. Compiled code, which is mapped
twice, counts once. *In parallel*: six threads at once instead of in turns; compiling ahead of need then counts as well.

";

/// The names that are titles (they begin with a digit); the default titles if no name is given.
pub(super) fn titles(names: &[String]) -> Vec<&str> {
    if names.is_empty() {
        return TITLES.to_vec();
    }
    let is_title = |name: &&str| name.starts_with(|first: char| first.is_ascii_digit());
    names.iter().map(String::as_str).filter(is_title).collect()
}

/// Measures the titles and writes the figures to `json`.
pub(super) fn measure(titles: &[&str], runs: u32, peers: &str, json: &Path) -> Result<()> {
    let mut command = hermetic(built::released_program()?);
    command.args(["bench", "--runs", &runs.to_string()]);
    command.arg(format!("--much-code={}", titles.join(","))).arg(format!("--peers={peers}"));
    commands::run(command.arg("--json").arg(json))
}

/// Writes the page's section from the bench's report.
pub(super) fn section(out: &mut String, report: &Value) -> Result<()> {
    let titles = report["much_code"].as_array().context("the report has no titles")?;
    out.push_str(BEGINNING);
    let host = report["host"].as_str().unwrap_or("unknown");
    writeln!(out, "Measured on {host}; runs of each: {}.\n", report["runs"])?;
    let heads = [
        "title",
        "million instructions",
        "million run",
        "native",
        "JIT, first",
        "JIT, second",
        "interpreter",
        "first/native",
        "second/native",
        "interpreter/native",
        "ns, first",
        "ns, second",
        "ns, interpreter",
        "MiB",
        "bytes an instruction",
    ];
    writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()))?;
    for title in titles {
        let columns = ["native_s", "first_s", "second_s", "interp_s"];
        let times = columns.map(|key| spread(&title[key], 1.0, 3)).join(" | ");
        let over = |key: &str| {
            let native = title["native_s"]["min"].as_f64();
            number(title[key]["min"].as_f64().zip(native).map(|(of, native)| of / native), 2)
        };
        let name = title["name"].as_str().unwrap_or_default();
        let ratios = ["first_s", "second_s", "interp_s"].map(over).join(" | ");
        let ns = ["first_ns_per_instruction", "second_ns_per_instruction", "interp_ns_per_instruction"];
        let ns = ns.map(|key| number(title[key].as_f64(), 2)).join(" | ");
        let millions = |key: &str, decimals| number(title[key].as_f64().map(|n| n / 1e6), decimals);
        let mebibytes = |key: &str| number(title[key].as_f64().map(|bytes| bytes / f64::from(1 << 20)), 0);
        let peaks = ["native_peak_bytes", "interp_peak_bytes", "first_peak_bytes", "second_peak_bytes"];
        writeln!(
            out,
            "| {name}{} | {} | {} | {times} | {ratios} | {ns} | {} | {} |",
            if title["checksum_ok"] == true { "" } else { " (WRONG)" },
            millions("static_guest_instructions", 2),
            millions("guest_instructions", 0),
            peaks.map(mebibytes).join(" "),
            number(title["first_bytes_per_instruction"].as_f64(), 0),
        )?;
        if title["parallel_first_s"].is_object() {
            let keys = ["parallel_first_s", "parallel_second_s"];
            let times = keys.map(|key| spread(&title[key], 1.0, 3)).join(" | ");
            let ratios = keys.map(over).join(" | ");
            writeln!(out, "| {name}, in parallel | | | | {times} | | {ratios} | | | | | | |")?;
        }
    }
    out.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn titles_are_chosen_by_their_names() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(titles(&[]), TITLES);
        assert_eq!(titles(&names(&["lua", "300x4:wide"])), ["300x4:wide"]);
        assert!(titles(&names(&["lua-title"])).is_empty());
    }

    #[test]
    fn a_title_has_a_row_with_ratios_of_the_least_and_memory() {
        let spread = |s: f64| json!({ "min": s, "median": s * 2.0, "max": s * 3.0 });
        let title = |ok: bool| {
            json!({
                "name": "3x4:wide", "static_guest_instructions": 250_000, "guest_instructions": 3_000_000, "native_s": spread(0.1),
                "first_s": spread(0.5), "second_s": spread(0.2), "interp_s": null, "native_peak_bytes": 3 << 20,
                "interp_peak_bytes": null, "first_peak_bytes": 90 << 20, "second_peak_bytes": 80 << 20,
                "interp_ns_per_instruction": null, "first_ns_per_instruction": 1.5, "second_ns_per_instruction": 0.6,
                "first_bytes_per_instruction": 61.5, "checksum_ok": ok,
            })
        };
        let mut threads = title(false);
        threads["parallel_first_s"] = spread(0.7);
        threads["parallel_second_s"] = spread(0.3);
        let mut out = String::new();
        let report = json!({ "host": "a machine", "runs": 3, "much_code": [title(true), threads] });
        section(&mut out, &report).unwrap();
        let row = "| 3x4:wide | 0.25 | 3 | 0.100 0.200 0.300 | 0.500 1.000 1.500 | 0.200 0.400 0.600 | - | 5.00 | 2.00 | - | \
                   1.50 | 0.60 | - | 3 - 90 80 | 62 |\n";
        assert!(out.contains(row), "{out}");
        assert!(out.contains("| 3x4:wide (WRONG) |"), "{out}");
        let row = "| 3x4:wide, in parallel | | | | 0.700 1.400 2.100 | 0.300 0.600 0.900 | | 7.00 | 3.00 | | | | | | |\n";
        assert!(out.contains(row) && out.matches("in parallel |").count() == 1, "{out}");
    }
}
