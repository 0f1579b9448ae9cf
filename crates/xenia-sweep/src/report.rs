//! Writes a result as one static HTML page, stored beside the pictures that it shows.
//!
//! Names, hosts and titles' output are untrusted: all text is escaped, and the page may only load
//! pictures.

use crate::error::Result;
use crate::judge::Outcome;
use crate::lines;
use crate::merge::Merged;
use crate::run::{PICTURES, REPORTS};
use crate::verdict::Verdict;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("report.html");
/// File name of the page in the folder of results.
const FILE: &str = "report.html";

/// Writes the page of a result to the folder of results, and returns its path.
pub fn write_report(folder: &Path, merged: &Merged) -> Result<PathBuf> {
    let path = folder.join(FILE);
    lines::write_whole(&path, |out| out.write_all(page(merged).as_bytes()))?;
    Ok(path)
}

/// Generates the page.
fn page(merged: &Merged) -> String {
    // Failures come first.
    let mut rows: Vec<&Outcome> = merged.rows.iter().collect();
    rows.sort_by(|a, b| (a.result.is_good(), &a.name).cmp(&(b.result.is_good(), &b.name)));
    let rows: String = rows.into_iter().map(row).collect();
    let of_result = |result: Verdict| Some((result, *merged.results.get(result.name())?));
    let mut buttons = String::new();
    for (result, number) in Verdict::ALL.into_iter().filter_map(of_result) {
        let name = result.name();
        let _ = write!(buttons, "<button value=\"{name}\" aria-pressed=\"false\">{name} {number}</button>");
    }
    let summary = format!(
        "{} units, {} of them wrong, {} missing, {} not the same each time",
        merged.units,
        merged.failed.len(),
        merged.missing,
        merged.conflicts.len()
    );
    let mut page = String::with_capacity(PAGE.len() + rows.len());
    for (index, part) in PAGE.split('@').enumerate() {
        // Every second part is a placeholder's name.
        page.push_str(match part {
            "SUMMARY" if index % 2 == 1 => &summary,
            "HASH" if index % 2 == 1 => &merged.hash,
            "BUTTONS" if index % 2 == 1 => &buttons,
            "ROWS" if index % 2 == 1 => &rows,
            text => text,
        });
    }
    page
}

fn row(outcome: &Outcome) -> String {
    let Outcome { id, result, exit, .. } = outcome;
    let good = if result.is_good() { "good" } else { "bad" };
    let file_of = |named: &Option<String>, folder: &str, end: &str| {
        let path = format!("{folder}/{id}.{end}");
        named.as_deref().filter(|named| *named == path && crate::unit::is_hash(id)).map(|_| path)
    };
    let picture = file_of(&outcome.picture, PICTURES, "png").map_or_else(String::new, |path| {
        format!("<a href=\"{path}\"><img src=\"{path}\" alt=\"last frame\" loading=\"lazy\"></a>")
    });
    let report = file_of(&outcome.report, REPORTS, "txt")
        .map_or_else(String::new, |path| format!(" <a href=\"{path}\">what it printed</a>"));
    let mut figures = format!("{:.2} s", outcome.wall_seconds);
    for (name, value) in &outcome.figures {
        let _ = write!(figures, "<br>{} {}", escaped(name), rounded(*value));
    }
    format!(
        "<article data-result=\"{result}\"><div>{picture}</div><div class=\"result {good}\">{result}</div>\
         <div>{}<br>{}{report}<br><code>{}</code></div><div class=\"figures\">{figures}<br>exit {exit}, {}</div></article>\n",
        escaped(&outcome.name),
        escaped(&outcome.said),
        escaped(outcome.digest.as_deref().unwrap_or("no digest")),
        escaped(&outcome.host),
        result = result.name(),
    )
}

fn rounded(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Escapes text for HTML, in elements and attributes.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::{merge, tests::outcome};

    #[test]
    fn report_page_escapes_title_text() {
        let mut hostile = outcome(1, Verdict::Crash, "\"><script>alert(1)</script>", "h");
        hostile.name = "<img src=x onerror=alert(2)>@ROWS@".into();
        hostile.said = "</main><script>alert(3)</script>".into();
        hostile.host = "'onclick='alert(4)".into();
        hostile.figures.insert("<b>".into(), 1.5);
        hostile.picture = Some("../../etc/passwd".into());
        hostile.report = Some("javascript:alert(5)".into());
        let page = page(&merge(vec![hostile]));
        assert_eq!(page.matches("<script>").count(), 1, "the page's own");
        assert_eq!(page.matches("<article").count(), 1);
        for wrong in ["<img", "passwd", "javascript:", "<b>", "'onclick"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
        assert!(page.contains("&lt;b&gt; 1.50") && page.contains("&lt;img src=x onerror=alert(2)&gt;@ROWS@"));
    }

    #[test]
    fn every_row_has_its_picture_its_figures_and_its_result() {
        let mut rows: Vec<Outcome> = (1..=5).map(|id| outcome(id, Verdict::Pass, "d", "h")).collect();
        rows[0].result = Verdict::Crash;
        for row in &mut rows {
            row.picture = Some(format!("pictures/{}.png", row.id));
            row.figures.insert("frames".into(), 60.0);
        }
        rows[0].report = Some(format!("reports/{}.txt", rows[0].id));
        let merged = merge(rows);
        let dir = tempfile::tempdir().unwrap();
        let page = std::fs::read_to_string(write_report(dir.path(), &merged).unwrap()).unwrap();
        assert_eq!(page.matches("<img src=\"pictures/").count(), 5);
        assert_eq!(page.matches("frames 60").count(), 5);
        assert_eq!(page.matches("data-result=\"crash\"").count(), 1);
        assert!(
            page.find("data-result=\"crash\"") < page.find("data-result=\"pass\""),
            "what is wrong is first"
        );
        assert!(page.contains(">pass 4</button>") && page.contains(&merged.hash));
        assert!(page.contains("reports/") && !page.contains("http:") && !page.contains("https:"));
        assert!(!page.contains("@SUMMARY@") && page.contains("5 units, 1 of them wrong, 0 missing"));
    }
}
