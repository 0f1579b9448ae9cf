//! Draws a scene into a buffer of cells. The result depends on the scene and the size alone, so a
//! script's screens can be compared.

use crate::areas::Areas;
use crate::model::Focus;
use crate::panes::{Pane, PaneRow, RowMark};
use crate::scene::DebugScene;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::symbols::border;

/// Width of the table of keys and commands.
const HELP_WIDTH: u16 = 100;

fn style(mark: RowMark) -> Style {
    match mark {
        RowMark::Plain => Style::new(),
        RowMark::Here => Style::new().fg(Color::Green).add_modifier(Modifier::BOLD),
        RowMark::Stop => Style::new().fg(Color::Red),
        RowMark::Changed => Style::new().fg(Color::Yellow),
        RowMark::Heading => Style::new().add_modifier(Modifier::BOLD),
    }
}

/// Draws the frame of a pane, and returns its inner area.
fn draw_frame(title: &str, has_focus: bool, area: Rect, buffer: &mut Buffer) -> Rect {
    let color = if has_focus { Style::new().fg(Color::Cyan) } else { Style::new() };
    let set = border::PLAIN;
    let width = usize::from(area.width);
    let height = usize::from(area.height);
    if width < 2 || height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    let line = |left: &str, middle: &str, right: &str| format!("{left}{}{right}", middle.repeat(width - 2));
    let top = area.top();
    let bottom = area.bottom() - 1;
    buffer.set_string(area.x, top, line(set.top_left, set.horizontal_top, set.top_right), color);
    for y in top + 1..bottom {
        buffer.set_string(area.x, y, set.vertical_left, color);
        buffer.set_string(area.right() - 1, y, set.vertical_right, color);
    }
    buffer.set_string(area.x, bottom, line(set.bottom_left, set.horizontal_bottom, set.bottom_right), color);
    // Without colours the focus is seen by its title.
    let (title, style) = if has_focus {
        (format!(" {title} [focus] "), Style::new().add_modifier(Modifier::REVERSED))
    } else {
        (format!(" {title} "), Style::new())
    };
    buffer.set_stringn(area.x + 1, top, title, width - 2, style);
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

fn draw_pane(pane: &Pane, has_focus: bool, area: Rect, buffer: &mut Buffer) {
    let Rect { x, y, width, height } = draw_frame(&pane.title, has_focus, area, buffer);
    let mut lines: Vec<(String, Style)> = Vec::new();
    let indent = if pane.selected.is_some() { " " } else { "" };
    lines.extend(pane.heading.as_ref().map(|text| (format!("{indent}{text}"), style(RowMark::Heading))));
    let (first, rows) = pane.window(usize::from(height).saturating_sub(lines.len()));
    for (index, PaneRow { text, mark }) in rows.iter().enumerate() {
        let is_selected = pane.selected == Some(first + index);
        let style = style(*mark);
        let style = if is_selected && has_focus { style.add_modifier(Modifier::REVERSED) } else { style };
        lines.push((format!("{}{text}", if is_selected { ">" } else { indent }), style));
    }
    for ((text, style), y) in lines.into_iter().zip(y..y + height) {
        buffer.set_stringn(x, y, text, width.into(), style);
    }
}

/// Draws a line of text over the whole width.
fn draw_line(text: &str, style: Style, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        buffer.set_style(area, style);
        buffer.set_stringn(area.x, area.y, text, area.width.into(), style);
    }
}

/// Draws a scene.
pub fn draw(scene: &DebugScene, buffer: &mut Buffer) {
    let size = *buffer.area();
    let areas = Areas::of(size);
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    draw_line(&scene.header, reversed, areas.header, buffer);
    draw_pane(&scene.code, scene.focus == Focus::Code, areas.code, buffer);
    draw_pane(&scene.side, scene.focus == Focus::Side, areas.side, buffer);
    draw_tabs(scene, areas.tabs, buffer);
    draw_pane(&scene.tab, scene.focus == Focus::Tab, areas.tab, buffer);
    draw_line(&scene.message, style(RowMark::Heading), areas.message, buffer);
    draw_line(&scene.line, Style::new(), areas.line, buffer);
    if let Some(help) = &scene.help {
        draw_help(help, size, buffer);
    }
}

/// Draws the names of the lower panes in a line, as far as there is room.
fn draw_tabs(scene: &DebugScene, area: Rect, buffer: &mut Buffer) {
    let (names, chosen) = &scene.tabs;
    let mut rest = area;
    for (index, name) in names.iter().enumerate() {
        let is_chosen = index == *chosen;
        let text = if is_chosen { format!("[{name}]") } else { format!(" {name} ") };
        let width = u16::try_from(text.len()).unwrap_or(u16::MAX).min(rest.width);
        let style = if is_chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        draw_line(&text, style, Rect { width, ..rest }, buffer);
        rest.x += width;
        rest.width -= width;
    }
}

/// Draws the table of keys and commands over the middle of the screen.
fn draw_help(help: &Pane, screen: Rect, buffer: &mut Buffer) {
    // Beside the rows: the frame's two lines, and the heading.
    let wanted = u16::try_from(help.rows.len()).unwrap_or(u16::MAX).saturating_add(3);
    let height = screen.height.min(wanted);
    let width = screen.width.min(HELP_WIDTH);
    let x = screen.x + (screen.width - width) / 2;
    let y = screen.y + (screen.height - height) / 2;
    let area = Rect { x, y, width, height };
    for position in area.positions() {
        buffer[position].reset();
    }
    draw_pane(help, false, area, buffer);
}

/// The text of a buffer, a line for each row of cells, without spaces at the ends.
pub fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area();
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let row: String = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui_core::backend::TestBackend;
    use ratatui_core::terminal::Terminal;

    #[test]
    fn screens_of_all_sizes_can_be_drawn() {
        let pane = Pane::list("list", "heading", vec![PaneRow::plain("row".repeat(99)); 99], 50);
        let scene = DebugScene {
            header: "header".to_owned(),
            code: pane.clone(),
            side: pane.clone(),
            tab: pane.clone(),
            tabs: (vec!["1 threads".to_owned()], 0),
            help: Some(pane),
            ..DebugScene::default()
        };
        for (width, height) in [(1, 1), (3, 2), (10, 5), (80, 24), (120, 40), (300, 100)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(&scene, frame.buffer_mut())).unwrap();
            assert_eq!(text_of(terminal.backend().buffer()).lines().count(), usize::from(height));
        }
    }

    #[test]
    fn the_selected_row_and_the_focus_are_seen_without_colours() {
        let rows = vec![PaneRow::plain("one"), PaneRow::plain("two")];
        let scene = DebugScene {
            tab: Pane::list("list", "head", rows, 1),
            focus: Focus::Tab,
            ..DebugScene::default()
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        draw(&scene, &mut buffer);
        let text = text_of(&buffer);
        assert!(text.contains("│>two") && text.contains("│ one") && text.contains("│ head"), "{text}");
        assert_eq!(text.matches("[focus]").count(), 1, "{text}");
    }
}
