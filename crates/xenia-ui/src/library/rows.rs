//! Draws the titles of the library: as rows, or as a grid of icons. Only those on the page are
//! drawn.

use super::{LibraryState, open};
use crate::page::Outcome;
use crate::pictures::{key_of, paint_inside};
use crate::{LibraryEntry, LibraryModel, PageCommand};
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, Color32, CornerRadius, FontFamily, FontId, Id, Pos2, Rect, Response, Role, ScrollArea, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

/// Height of a row in points.
const ROW: f32 = 60.0;
/// Size of a cell of the grid in points.
const CELL: Vec2 = vec2(168.0, 168.0);
/// Side of an icon in a row, and in a cell.
const ICONS: [f32; 2] = [46.0, 96.0];
const MARGIN: f32 = 8.0;

/// Shows the titles in a list of this height. Returns the outcome of a choice.
pub(super) fn show(
    ui: &mut Ui,
    height: f32,
    library: &LibraryModel,
    state: &mut LibraryState,
) -> Option<Outcome> {
    let width = ui.available_width();
    let cell = if state.view.is_grid { CELL } else { vec2(width - 2.0 * MARGIN, ROW) };
    let columns = if state.view.is_grid { ((width / cell.x) as usize).max(1) } else { 1 };
    state.columns = columns;
    state.visible_rows = (height / cell.y) as usize;
    let area = scroll_area(height, cell.y, state);
    state.has_focus = false;
    // The title that has the focus is another one until this one is drawn.
    let wanted = std::mem::take(&mut state.needs_focus).then_some(state.position);
    let mut outcome = None;
    let mut used = Vec::new();
    area.show_viewport(ui, |ui, viewport| {
        let titles = state.order.titles().to_vec();
        ui.set_height(titles.len().div_ceil(columns) as f32 * cell.y);
        ui.set_width(ui.available_width());
        let origin = ui.max_rect().min;
        let first = (viewport.min.y / cell.y).floor().max(0.0) as usize;
        let rows = first..((viewport.max.y / cell.y).ceil().max(0.0) as usize).max(first);
        let near = state.position / columns;
        // The title that gets the focus is drawn wherever it is, which scrolls to it.
        let rows = rows.start.min(near)..rows.end.max(near + 1);
        let drawn = titles.iter().enumerate().take(rows.end * columns).skip(rows.start * columns);
        for (position, &index) in drawn {
            let row = position / columns;
            let column = position % columns;
            let is_on_page = (first..=first + state.visible_rows + 1).contains(&row);
            if !is_on_page && row != near {
                continue;
            }
            let Some(entry) = library.entries.get(index) else { continue };
            let at = origin + vec2(column as f32 * cell.x, row as f32 * cell.y);
            let rect = Rect::from_min_size(at, cell).shrink(2.0);
            let response = button(ui, rect, index, entry);
            if wanted == Some(position) {
                response.request_focus();
                response.scroll_to_me(None);
            }
            if response.has_focus() && wanted.is_none_or(|wanted| wanted == position) {
                state.position = position;
                state.has_focus = true;
            }
            draw(ui, rect, entry, &response, state, &mut used);
            if let Some(chosen) = chosen(&response, entry) {
                state.position = position;
                outcome = Some(chosen);
            }
        }
    });
    // A large library has more icons than a graphics device should keep.
    state.icons.keep(&used);
    outcome
}

/// Area of this height, scrolled to the title that gets the focus.
fn scroll_area(height: f32, row_height: f32, state: &LibraryState) -> ScrollArea {
    let area = ScrollArea::vertical().id_salt("titles").auto_shrink(false).max_height(height);
    if !state.needs_focus || state.has_focus {
        return area;
    }
    // The page was elsewhere, so the title may be far away.
    let row = (state.position / state.columns) as f32;
    area.vertical_scroll_offset((row * row_height - height / 2.0).max(0.0))
}

/// Area of a title, which can be clicked. Screen readers get all facts that are drawn in it:
/// several titles may have one name.
fn button(ui: &Ui, rect: Rect, index: usize, entry: &LibraryEntry) -> Response {
    let response = ui.interact(rect, Id::unique(("title", index)), Sense::click());
    response.widget_info(|| {
        let facts = [&entry.name, &entry.kind, &entry.played].map(String::as_str);
        let facts = facts.into_iter().chain(entry.state).filter(|fact| !fact.is_empty());
        WidgetInfo::labeled(Role::Button, true, facts.collect::<Vec<_>>().join(", "))
    });
    response
}

/// Outcome of a click on a title.
fn chosen(response: &Response, entry: &LibraryEntry) -> Option<Outcome> {
    if response.secondary_clicked() {
        return Some(Outcome::Do(PageCommand::Inspect(entry.path.clone())));
    }
    response.clicked().then(|| open(entry))
}

fn draw(
    ui: &Ui,
    rect: Rect,
    entry: &LibraryEntry,
    response: &Response,
    state: &mut LibraryState,
    used: &mut Vec<usize>,
) {
    let visuals = ui.visuals();
    let is_chosen = response.has_focus();
    if is_chosen || response.hovered() {
        let fill = if is_chosen { visuals.widgets.hovered.weak_bg_fill } else { visuals.faint_bg_color };
        let stroke = if is_chosen { visuals.selection.stroke } else { Stroke::NONE };
        ui.painter().rect(rect, CornerRadius::same(6), fill, stroke, StrokeKind::Inside);
    }
    let side = ICONS[usize::from(state.view.is_grid)];
    let icon = if state.view.is_grid {
        Rect::from_center_size(pos2(rect.center().x, rect.top() + MARGIN + side / 2.0), Vec2::splat(side))
    } else {
        Rect::from_min_size(rect.min + vec2(MARGIN, (rect.height() - side) / 2.0), Vec2::splat(side))
    };
    draw_icon(ui, icon, entry, state, used);
    if state.view.is_grid {
        draw_cell_text(ui, rect.shrink(MARGIN), icon.bottom(), entry);
    } else {
        draw_row_text(ui, rect, icon.right(), entry);
    }
}

/// Draws the lines below an icon of the grid.
fn draw_cell_text(ui: &Ui, inside: Rect, top: f32, entry: &LibraryEntry) {
    let visuals = ui.visuals();
    let left = inside.left();
    let width = inside.width();
    let style = LineStyle { size: 16.0, colour: visuals.strong_text_color(), width };
    text(ui, pos2(left, top + 6.0), &entry.name, style);
    let second = if entry.played.is_empty() { &entry.kind } else { &entry.played };
    let style = LineStyle { size: 13.0, colour: visuals.weak_text_color(), width };
    text(ui, pos2(left, top + 26.0), second, style);
}

/// Draws the lines beside an icon of a row, which ends at `icon`.
fn draw_row_text(ui: &Ui, rect: Rect, icon: f32, entry: &LibraryEntry) {
    let visuals = ui.visuals();
    let weak = visuals.weak_text_color();
    let left = icon + 2.0 * MARGIN;
    // The right third has the facts about the runs.
    let right = rect.left() + rect.width() * 0.68;
    let width = right - left - MARGIN;
    let style = LineStyle { size: 20.0, colour: visuals.strong_text_color(), width };
    text(ui, pos2(left, rect.top() + 7.0), &entry.name, style);
    text(ui, pos2(left, rect.top() + 32.0), &entry.kind, LineStyle { size: 14.0, colour: weak, width });
    let width = rect.right() - right - MARGIN;
    text(ui, pos2(right, rect.top() + 9.0), &entry.played, LineStyle { size: 15.0, colour: weak, width });
    if let Some(state) = entry.state {
        let colour = if state == "crashes" { visuals.error_fg_color } else { weak };
        text(ui, pos2(right, rect.top() + 32.0), state, LineStyle { size: 14.0, colour, width });
    }
}

/// Draws an icon, or the first letter of the name for a title without one.
fn draw_icon(ui: &Ui, rect: Rect, entry: &LibraryEntry, state: &mut LibraryState, used: &mut Vec<usize>) {
    let texture = entry.icon.as_ref().and_then(|icon| {
        used.push(key_of(icon));
        state.icons.get(ui.ctx(), icon)
    });
    if let Some(texture) = texture {
        // The user's covers may have any shape.
        paint_inside(ui, rect, &texture);
        return;
    }
    ui.painter().rect_filled(rect, CornerRadius::same(6), ui.visuals().widgets.inactive.bg_fill);
    let letter = entry.name.chars().next().unwrap_or('?').to_uppercase().to_string();
    let font = FontId::new(rect.height() * 0.55, FontFamily::Proportional);
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, letter, font, ui.visuals().text_color());
}

/// Form of a line of text, which is cut to the width.
struct LineStyle {
    size: f32,
    colour: Color32,
    width: f32,
}

/// Draws a line of text.
fn text(ui: &Ui, at: Pos2, text: &str, style: LineStyle) {
    let LineStyle { size, colour, width } = style;
    let font = FontId::new(size, FontFamily::Proportional);
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    let galley = ui.painter().layout_job(job);
    ui.painter().galley(at, galley, colour);
}
