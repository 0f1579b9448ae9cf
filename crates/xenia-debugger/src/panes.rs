//! The text of the panes, built from the machine's state.

pub mod code;
pub mod lists;
pub mod memory;
pub mod registers;

/// Maximum number of rows of a list; beyond it only the number of the remaining rows is shown.
pub const MAX_ROWS: usize = 1000;

/// Highlighting of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowMark {
    #[default]
    Plain,
    /// The instruction that the thread executes next.
    Here,
    /// An instruction with a breakpoint.
    Stop,
    /// A value that the last command has changed.
    Changed,
    /// A heading of rows.
    Heading,
}

/// A row of a pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaneRow {
    pub text: String,
    pub mark: RowMark,
}

impl PaneRow {
    /// A row without highlighting.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), mark: RowMark::Plain }
    }
}

/// A pane: a title, a heading that stays, and rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pane {
    pub title: String,
    pub heading: Option<String>,
    pub rows: Vec<PaneRow>,
    /// The row that is selected.
    pub selected: Option<usize>,
    /// The first row that is shown, if no row is selected.
    pub first: usize,
}

impl Pane {
    /// A list with a selected row. Only the first [`MAX_ROWS`] are kept.
    pub fn list(title: &str, heading: &str, rows: Vec<PaneRow>, selected: usize) -> Self {
        let total = rows.len();
        let mut pane = Self {
            title: format!("{title} ({total})"),
            heading: (!heading.is_empty()).then(|| heading.to_owned()),
            rows,
            selected: Some(selected.min(total.min(MAX_ROWS).saturating_sub(1))),
            first: 0,
        };
        if total > MAX_ROWS {
            pane.rows.truncate(MAX_ROWS);
            pane.rows.push(PaneRow::plain(format!("... and {} more", total - MAX_ROWS)));
        }
        if total == 0 {
            pane.rows.push(PaneRow::plain("none"));
            pane.selected = None;
        }
        pane
    }

    /// The rows that fit into a height, with the index of the first.
    pub fn window(&self, height: usize) -> (usize, &[PaneRow]) {
        let last_first = self.rows.len().saturating_sub(height);
        let first = match self.selected {
            Some(selected) => selected.saturating_sub(height / 2),
            None => self.first,
        };
        let first = first.min(last_first);
        (first, &self.rows[first..self.rows.len().min(first + height)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<PaneRow> {
        (0..count).map(|n| PaneRow::plain(n.to_string())).collect()
    }

    #[test]
    fn long_lists_are_cut_and_say_how_many_are_missing() {
        let pane = Pane::list("objects", "", rows(1500), 1499);
        assert_eq!(pane.title, "objects (1500)");
        assert_eq!(pane.rows.last().unwrap().text, "... and 500 more");
        assert_eq!((pane.rows.len(), pane.selected), (1001, Some(999)));
        assert_eq!(Pane::list("objects", "", Vec::new(), 3).rows[0].text, "none");
    }

    #[test]
    fn the_selected_row_is_in_the_window() {
        for selected in [0, 1, 5, 50, 99] {
            let pane = Pane::list("x", "", rows(100), selected);
            for height in [1, 2, 10, 200] {
                let (first, rows) = pane.window(height);
                assert!(first <= selected && selected < first + rows.len(), "{selected} of {height}");
            }
        }
        assert_eq!(Pane::list("x", "", rows(3), 0).window(0), (0, &[][..]));
    }
}
