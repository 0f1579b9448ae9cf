//! The parts of a screen, by its size.

use ratatui_core::layout::{Constraint, Layout, Rect};

/// Width of the pane beside the code: registers in two columns and a frame.
const SIDE_WIDTH: u16 = 48;

/// Rows that frame and heading take of a pane.
const FRAME: u16 = 2;

/// The parts of a screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Areas {
    pub(crate) header: Rect,
    pub(crate) code: Rect,
    pub(crate) side: Rect,
    pub(crate) tabs: Rect,
    pub(crate) tab: Rect,
    pub(crate) message: Rect,
    pub(crate) line: Rect,
}

/// Rows within the frame of a pane.
fn inner(area: Rect) -> usize {
    area.height.saturating_sub(FRAME).into()
}

impl Areas {
    /// The parts of a screen of this size.
    pub(crate) fn of(size: Rect) -> Self {
        let [header, upper, tabs, tab, message, line] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(3),
            Constraint::Length(1),
            Constraint::Fill(2),
            Constraint::Length(1),
            Constraint::Length(1),
        ])
        .areas(size);
        let side_width = SIDE_WIDTH.min(upper.width / 2);
        let [code, side] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(side_width)]).areas(upper);
        Self { header, code, side, tabs, tab, message, line }
    }

    /// Height of the listing in rows, without its frame.
    pub(crate) fn code_rows(&self) -> usize {
        inner(self.code)
    }

    /// Rows of the pane beside the code.
    pub(crate) fn side_rows(&self) -> usize {
        inner(self.side)
    }

    /// Rows of the lower pane.
    pub(crate) fn tab_rows(&self) -> usize {
        inner(self.tab)
    }
}
