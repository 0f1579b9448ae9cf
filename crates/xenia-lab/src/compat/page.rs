//! The page of results: one HTML file beside the pictures that it shows.
//!
//! Names and reasons are the titles': all text is escaped, and the page has no script and loads
//! pictures only.

use super::row::{CompatReport, CompatRow, CompatState};
use std::fmt::Write;
use xenia::wording::count;
use xenia_sweep::escaped;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Compatibility</title>
<style>
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
img { width: 160px; height: 90px; object-fit: contain; background: #0003; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: #1a7f37; font-weight: bold; }
.bad { color: #cf222e; font-weight: bold; }
</style>
<h1>Compatibility</h1>
";

/// A sentence that sums the report up.
pub(super) fn summary(report: &CompatReport) -> String {
    let states: Vec<String> =
        report.states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    let mode = if report.lockstep { "in lockstep" } else { "in parallel" };
    let titles = count(report.titles.len(), "title");
    let seconds = count(report.seconds, "second");
    format!("{titles}, {seconds} each, {mode}: {}.", states.join(", "))
}

/// Whether a title's result is a good one.
pub(super) fn is_good(row: &CompatRow) -> bool {
    matches!(row.state, CompatState::Runs) || row.state == CompatState::Ended && row.reason.is_none()
}

/// The page of a report, as HTML.
pub(super) fn page(report: &CompatReport) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<p>{}</p>", escaped(&summary(report)));
    if report.left_out > 0 {
        let _ = writeln!(page, "<p>Interrupted: {} more were not run.</p>", report.left_out);
    }
    page.push_str(
        "<table><tr><th>last picture<th>title<th>state<th>reason, and what is missing\
         <th class=\"number\">first picture, s<th class=\"number\">pictures a second<th class=\"number\">speed\
         <th class=\"number\">memory, MiB\n",
    );
    report.titles.iter().for_each(|title| row(&mut page, title));
    page.push_str("</table>\n</html>\n");
    page
}

fn row(page: &mut String, row: &CompatRow) {
    let picture = row.picture.as_ref().map_or_else(String::new, |path| {
        format!("<img src=\"{}\" alt=\"last picture\" loading=\"lazy\">", escaped(path))
    });
    let good = is_good(row);
    let mut notes: Vec<String> = row.reason.iter().map(|reason| escaped(reason)).collect();
    let calls: Vec<String> =
        row.missing_calls.iter().map(|(name, number)| format!("{} ({number})", escaped(name))).collect();
    if !calls.is_empty() {
        notes.push(format!("missing calls: {}", calls.join(", ")));
    }
    if !row.missing_files.is_empty() {
        let files: Vec<String> = row.missing_files.iter().map(|file| escaped(file)).collect();
        notes.push(format!("missing files: {}", files.join(", ")));
    }
    if let Some(report) = &row.report {
        notes.push(format!("<a href=\"{}\">bug report</a>", escaped(report)));
    }
    let id = row.title_id.as_deref().map_or_else(String::new, |id| format!("<br>{}", escaped(id)));
    let first = row.first_frame_seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.2}"));
    let _ = writeln!(
        page,
        "<tr><td>{picture}<td>{}{id}<td class=\"{}\">{}<td>{}<td class=\"number\">{first}\
         <td class=\"number\">{:.1}<td class=\"number\">{:.0} %<td class=\"number\">{:.0}",
        escaped(&row.name),
        if good { "good" } else { "bad" },
        row.state.words(),
        notes.join("<br>"),
        row.frames_per_second,
        row.speed * 100.0,
        row.memory_mib,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_page_shows_each_title_and_escapes_its_text() {
        let row = CompatRow {
            name: "<b>Fog</b>".to_owned(),
            title_id: Some("58410001".to_owned()),
            state: CompatState::Crashes,
            reason: Some("<script>alert(1)</script>".to_owned()),
            exit_code: None,
            frames: 60,
            first_frame_seconds: Some(0.5),
            frames_per_second: 29.97,
            speed: 0.5,
            missing_calls: BTreeMap::from([("NtMissing".to_owned(), 7)]),
            missing_files: vec!["game:\\<x>".to_owned()],
            memory_mib: 512.0,
            wall_seconds: 2.0,
            picture: Some("pictures/0000.png".to_owned()),
            report: Some("reports/0000.zip".to_owned()),
        };
        let runs = CompatRow { state: CompatState::Runs, reason: None, ..row.clone() };
        let report = CompatReport {
            seconds: 30,
            lockstep: false,
            states: BTreeMap::from([("crashes".to_owned(), 1), ("runs".to_owned(), 1)]),
            left_out: 0,
            titles: vec![row, runs],
        };
        let page = page(&report);
        for wanted in [
            "2 titles, 30 seconds each, in parallel: 1 crashes, 1 runs.",
            "&lt;b&gt;Fog&lt;/b&gt;",
            "&lt;script&gt;alert(1)",
            "missing calls: NtMissing (7)",
            "game:\\&lt;x&gt;",
            "<img src=\"pictures/0000.png\"",
            "<a href=\"reports/0000.zip\">",
            ">30.0<",
            ">50 %<",
            ">0.50<",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert!(!page.contains("<script>") && !page.contains("<b>Fog"));
        assert_eq!(page.matches("<tr><td>").count(), 2);
        let one = CompatReport { seconds: 1, titles: report.titles[..1].to_vec(), ..report };
        assert!(summary(&one).starts_with("1 title, 1 second each, "));
    }
}
