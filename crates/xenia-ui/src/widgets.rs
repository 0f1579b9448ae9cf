//! Widgets that pages share: entries of menus, rows of lists, texts that are scrolled.

use egui::{Button, Key, Response, ScrollArea, Ui, vec2};

/// Gives the focus to a widget if no other has it: the first one of a page.
pub(super) fn focus_first(response: &Response) {
    if response.ctx.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
    }
}

/// An entry of a menu, over the page's whole width. Returns true if it was chosen.
pub(super) fn entry(ui: &mut Ui, label: &str) -> bool {
    let response = ui.add(Button::new(label).min_size(vec2(ui.available_width(), 0.0)));
    focus_first(&response);
    response.clicked()
}

/// As [`entry`], but it can be chosen only if `is_enabled`.
pub(super) fn entry_if(ui: &mut Ui, is_enabled: bool, label: &str) -> bool {
    let button = Button::new(label).min_size(vec2(ui.available_width(), 0.0));
    let response = ui.add_enabled(is_enabled, button);
    if is_enabled {
        focus_first(&response);
    }
    response.clicked()
}

/// Shows lines in an area of at most this height. Page Up and Down, a pad's shoulders, scroll it,
/// as its lines don't take the focus.
pub(super) fn text_lines(ui: &mut Ui, height: f32, lines: &[String]) {
    // Other lines begin with the first one. Without a least height, the area of long lines would
    // grow from frame to frame, and the entries below would move.
    let area = ScrollArea::vertical().id_salt(lines).max_height(height).min_scrolled_height(height);
    area.show(ui, |ui| {
        for line in lines {
            ui.label(line);
        }
        for (key, pages) in [(Key::PageUp, 0.8), (Key::PageDown, -0.8)] {
            if ui.input(|input| input.key_pressed(key)) {
                ui.scroll_with_delta(vec2(0.0, pages * height));
            }
        }
    });
}

/// An entry of a list, with details at its right side. Returns true if it was chosen.
pub(super) fn row(ui: &mut Ui, name: &str, details: &str) -> bool {
    row_of(ui, name, details).clicked()
}

/// As [`row`], but returns the response.
pub(super) fn row_of(ui: &mut Ui, name: &str, details: &str) -> Response {
    let button = Button::new(name).right_text(details);
    let response = ui.add(button.min_size(vec2(ui.available_width(), 0.0)).truncate());
    let response =
        if details.is_empty() { response } else { response.accessible_name(format!("{name}: {details}")) };
    focus_first(&response);
    if response.has_focus() {
        response.scroll_to_me(None);
    }
    response
}
