//! The book's page about program run times, from the figures of `bench --programs`.

use super::much_code;
use super::shares::PARTS;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fmt::Write as _;

/// Goal for the run time relative to native, as a geometric mean.
const GOAL: f64 = 2.0;

const BEGINNING: &str = "\
# How long programs take

`cargo xtask program-times --bless` times all [programs that others wrote](../programs.md), the
[whole ones](../testing/index.md#whole-programs) among them, and writes this page and its picture;
nothing of it is written by hand.

```sh
cargo xtask program-times --no-run        # builds: some minutes, once
cargo xtask program-times --shares --bless # times, asks perf where it goes, writes this page
cargo xtask program-times lua lua-title 10000x400:wide --no-interp
```

A figure is CPU seconds of a whole process, its own start included: natively (`cc -O2`), of
`qemu-ppc` on the same guest code, and of a release build of the emulator in lockstep, without a
backend. The JIT's *first* start finds no code on disk, its *second* that of the first. Programs
whose name ends with `-title` have files and arguments, and run over [the library](../using/sdk.md);
the others only compute. *Wide* programs have [64-bit instructions](../programs.md#method), which
`qemu-ppc` can't run. *ns* are nanoseconds per guest instruction, which do not depend on the native
compiler.

";

/// The page, from the report of `bench --programs`, the shares that [`super::shares`] measured for
/// each program, and the report of `bench --much-code` (null if not measured).
pub(super) fn page(report: &Value, shares: &Value, titles: &Value) -> Result<String> {
    let programs = report["programs"].as_array().context("the report has no programs")?;
    let mut out = BEGINNING.to_owned();
    let host = report["host"].as_str().unwrap_or("unknown");
    writeln!(out, "Measured on {host}; runs of each: {}.\n", report["runs"])?;
    out.push_str("![Time over native, of each program](../images/program-times.svg)\n\n");
    means(&mut out, report)?;
    times(&mut out, programs)?;
    starts(&mut out, programs)?;
    if !titles.is_null() {
        much_code::section(&mut out, titles)?;
    }
    parts(&mut out, shares)?;
    shortfalls(&mut out, report, programs)?;
    Ok(out)
}

fn means(out: &mut String, report: &Value) -> Result<()> {
    out.push_str(
        "| geometric mean | programs | JIT/native | second/native | JIT/qemu | qemu/native | ns, first | ns, second |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (group, means) in report["program_geomeans"].as_object().context("the report has no means")? {
        let keys = [
            "auto_over_native",
            "second_over_native",
            "auto_over_qemu",
            "qemu_over_native",
            "auto_ns_per_instruction",
            "second_ns_per_instruction",
        ];
        let cells = keys.map(|key| number(means[key].as_f64(), 2)).join(" | ");
        writeln!(out, "| {group} | {} | {cells} |", means["programs"])?;
    }
    out.push('\n');
    Ok(())
}

fn times(out: &mut String, programs: &[Value]) -> Result<()> {
    out.push_str("## Times\n\nSeconds: least, median, most.\n\n");
    out.push_str(
        "| program | kind | million instructions | native | JIT, first | JIT, second | interpreter | qemu |",
    );
    out.push_str(" JIT/native | JIT/qemu | ns, first | ns, second |\n");
    writeln!(out, "|{}", "---|".repeat(12))?;
    for program in programs {
        let [native, first, second, interp, qemu] =
            ["native_s", "auto_s", "second_s", "interp_s", "qemu_s"].map(|key| spread(&program[key], 1.0, 3));
        let millions = program["guest_instructions"].as_f64().map(|n| n / 1e6);
        let over = |key| number(ratio(program, "auto_s", key), 2);
        let wrong = if program["checksum_ok"] == true { "" } else { " (WRONG)" };
        writeln!(
            out,
            "| {}{}{}{wrong} | {} | {} | {native} | {first} | {second} | {interp} | {qemu} | {} | {} | {} | {} |",
            program["name"].as_str().unwrap_or_default(),
            if program["unseen"] == true { " (unseen)" } else { "" },
            if program["wide"] == true { " (wide)" } else { "" },
            program["kind"].as_str().unwrap_or_default(),
            number(millions, 0),
            over("native_s"),
            over("qemu_s"),
            number(program["auto_ns_per_instruction"].as_f64(), 2),
            number(program["second_ns_per_instruction"].as_f64(), 2),
        )?;
    }
    out.push('\n');
    Ok(())
}

fn starts(out: &mut String, programs: &[Value]) -> Result<()> {
    out.push_str(
        "## Starts\n\nTo `main`: a title that ends where its `main` would begin, from the process's start, in milliseconds of CPU time (least, \
         median, most), and the share of it that is compiling. Whole: the share of a whole run that is compiling, which is timed by the wall.\n\n",
    );
    out.push_str("| program | instructions to `main` | first, ms | compiling | second, ms | compiling | instructions compiled |");
    out.push_str(
        " whole, first: compiling | whole, second: compiling |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for program in programs {
        let start = &program["to_main"];
        let share = |part: &Value, whole: &Value| {
            let share = part.as_f64().zip(whole["median"].as_f64()).map(|(part, whole)| part / whole * 100.0);
            share.map_or_else(|| "-".to_owned(), |share| format!("{share:.0}%"))
        };
        let of = |value: &Value| value.as_u64().map_or_else(|| "-".to_owned(), |n| n.to_string());
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            program["name"].as_str().unwrap_or_default(),
            of(&start["instructions"]),
            spread(&start["first_s"], 1e3, 0),
            share(&start["first_compile_s"], &start["first_s"]),
            spread(&start["second_s"], 1e3, 0),
            share(&start["second_compile_s"], &start["second_s"]),
            of(&program["compiled_guest_instructions"]),
            share(&program["compile_s"], &program["auto_s"]),
            share(&program["second_compile_s"], &program["second_s"]),
        )?;
    }
    out.push('\n');
    Ok(())
}

/// Writes where the time goes.
fn parts(out: &mut String, shares: &Value) -> Result<()> {
    let Some(programs) = shares.as_array() else { return Ok(()) };
    out.push_str(
        "## Where it goes\n\nPercent of the samples of a whole run (`perf record -e cpu-clock`), at the first start and at the second. The compiler's \
         allocations are among the rest, with the kernel's calls, the files and the emulator's own start; ways in and out are those of compiled \
         code, and the functions that it calls.\n\n",
    );
    writeln!(out, "| program | {} |\n|{}", PARTS.join(" | "), "---|".repeat(PARTS.len() + 1))?;
    for program in programs {
        write!(out, "| {} |", program["name"].as_str().unwrap_or_default())?;
        for part in 0..PARTS.len() {
            write!(out, " {}, {} |", program["first"][part], program["second"][part])?;
        }
        out.push('\n');
    }
    out.push('\n');
    Ok(())
}

/// Writes which programs miss a goal.
fn shortfalls(out: &mut String, report: &Value, programs: &[Value]) -> Result<()> {
    out.push_str("## Goals\n\n");
    let mean = report["program_geomeans"]["all"]["auto_over_native"].as_f64();
    let verdict = mean.map_or("not measured", |mean| if mean <= GOAL { "met" } else { "not met" });
    writeln!(out, "- Geometric mean at most {GOAL} times native: {verdict} ({}).", number(mean, 2))?;
    let behind =
        programs.iter().filter(|program| ratio(program, "auto_s", "qemu_s").is_some_and(|r| r > 1.0));
    let names: Vec<_> = behind.filter_map(|program| program["name"].as_str()).collect();
    let list = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    writeln!(out, "- Ahead of qemu on each program: {} behind it ({list}).", names.len())?;
    Ok(())
}

/// The ratio of two medians.
fn ratio(program: &Value, of: &str, to: &str) -> Option<f64> {
    let median = |key: &str| program[key]["median"].as_f64();
    Some(median(of)? / median(to)?)
}

/// Minimum, median and maximum of a spread.
pub(super) fn spread(value: &Value, times: f64, decimals: usize) -> String {
    let parts = ["min", "median", "max"].map(|key| value[key].as_f64());
    if parts.contains(&None) {
        return "-".to_owned();
    }
    parts.map(|part| number(part.map(|part| part * times), decimals)).join(" ")
}

/// A figure, or a dash if it is missing.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_page_has_a_row_in_each_table_and_names_shortfalls() {
        let spread = |s: f64| json!({ "min": s, "median": s * 2.0, "max": s * 3.0 });
        let program = |name: &str, qemu: Value| {
            json!({
                "name": name, "kind": "whole", "unseen": false, "wide": qemu.is_null(), "native_s": spread(0.1), "qemu_s": qemu, "interp_s": spread(1.0),
                "auto_s": spread(0.5), "second_s": spread(0.4), "guest_instructions": 5_000_000, "checksum_ok": true,
                "auto_ns_per_instruction": 0.2, "second_ns_per_instruction": null,
                "compile_s": 0.25, "second_compile_s": 0.0, "compiled_guest_instructions": 77,
                "to_main": { "instructions": 1234, "first_s": spread(0.02), "first_compile_s": 0.01, "second_s": spread(0.01),
                    "second_compile_s": 0.0 },
            })
        };
        let report = json!({
            "host": "a machine", "runs": 3, "programs": [program("slow", spread(0.2)), program("alone", Value::Null)],
            "program_geomeans": { "all": { "programs": 2, "auto_over_native": 5.0, "second_over_native": 4.0,
                "auto_over_qemu": null, "qemu_over_native": null, "auto_ns_per_instruction": 0.25,
                "second_ns_per_instruction": null } },
        });
        let shares =
            json!([{ "name": "slow", "first": [50, 20, 10, 5, 5, 10], "second": [80, 0, 5, 5, 5, 5] }]);
        let titles = json!({ "host": "another", "runs": 1, "much_code": [] });
        assert!(!page(&report, &shares, &Value::Null).unwrap().contains("another"));
        let page = page(&report, &shares, &titles).unwrap();
        assert!(
            page.contains("## Much code") && page.contains("Measured on another; runs of each: 1."),
            "{page}"
        );
        assert!(page.contains("| all | 2 | 5.00 | 4.00 | - | - | 0.25 | - |\n"), "{page}");
        assert!(
            page.contains("| slow | whole | 5 | 0.100 0.200 0.300 | 0.500 1.000 1.500 | 0.400 0.800 1.200 |"),
            "{page}"
        );
        assert!(page.contains("| alone (wide) | whole |"), "{page}");
        for row in ["| 5.00 | 2.50 | 0.20 | - |\n", "| 5.00 | - | 0.20 | - |\n"] {
            assert!(page.contains(row), "{page}");
        }
        assert!(page.contains("| slow | 1234 | 20 40 60 | 25% | 10 20 30 | 0% | 77 | 25% | 0% |"), "{page}");
        assert!(page.contains("| slow | 50, 80 | 20, 0 | 10, 5 | 5, 5 | 5, 5 | 10, 5 |"), "{page}");
        assert!(page.contains("not met (5.00)") && page.contains("1 behind it (slow)"), "{page}");
    }
}
