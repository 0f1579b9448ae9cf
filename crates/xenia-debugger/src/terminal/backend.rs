//! The terminal as ratatui draws on it: cells become sequences of crossterm.

use crossterm::style::{Attribute, Color as HostColor, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType as HostClear};
use crossterm::{cursor, execute, queue, terminal};
use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};
use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Whether this process has taken the terminal over.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal at standard output.
#[derive(Debug)]
pub(super) struct HostTerminal(Stdout);

impl HostTerminal {
    /// Takes over the terminal: enables raw mode and switches to the alternate screen.
    pub(super) fn open() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        IS_TAKEN.store(true, Relaxed);
        let mut out = io::stdout();
        if let Err(error) = execute!(out, terminal::EnterAlternateScreen, cursor::Hide) {
            close();
            return Err(error);
        }
        Ok(Self(out))
    }
}

/// Gives the terminal back in the state that it had, if it was taken.
pub(super) fn close() {
    if !IS_TAKEN.swap(false, Relaxed) {
        return;
    }
    let _ = execute!(io::stdout(), terminal::LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}

/// The host's colour: the panes use these only.
fn color(color: Color) -> HostColor {
    match color {
        Color::Red => HostColor::DarkRed,
        Color::Green => HostColor::DarkGreen,
        Color::Yellow => HostColor::DarkYellow,
        Color::Cyan => HostColor::DarkCyan,
        _ => HostColor::Reset,
    }
}

impl Backend for HostTerminal {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut style = (Color::Reset, Modifier::empty());
        for (x, y, cell) in content {
            queue!(self.0, cursor::MoveTo(x, y))?;
            if style != (cell.fg, cell.modifier) {
                style = (cell.fg, cell.modifier);
                queue!(self.0, SetAttribute(Attribute::Reset))?;
                let attributes =
                    [(Modifier::BOLD, Attribute::Bold), (Modifier::REVERSED, Attribute::Reverse)];
                for (modifier, attribute) in attributes {
                    if cell.modifier.contains(modifier) {
                        queue!(self.0, SetAttribute(attribute))?;
                    }
                }
                queue!(self.0, SetForegroundColor(color(cell.fg)))?;
            }
            queue!(self.0, Print(cell.symbol()))?;
        }
        queue!(self.0, SetAttribute(Attribute::Reset))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        execute!(self.0, cursor::Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        execute!(self.0, cursor::Show)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would read the keys of the thread that waits for them.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        execute!(self.0, cursor::MoveTo(x, y))
    }

    fn clear(&mut self) -> io::Result<()> {
        execute!(self.0, Clear(HostClear::All))
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        let region = match region {
            ClearType::All => HostClear::All,
            ClearType::AfterCursor => HostClear::FromCursorDown,
            ClearType::BeforeCursor => HostClear::FromCursorUp,
            ClearType::CurrentLine => HostClear::CurrentLine,
            ClearType::UntilNewLine => HostClear::UntilNewLine,
        };
        execute!(self.0, Clear(region))
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
