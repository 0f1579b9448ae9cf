//! The picture of a controller: pressed parts light up, and clicking a part selects it.

use crate::InputPart;
use egui::{
    Align2, Color32, CornerRadius, FontId, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, pos2, vec2,
};

/// Size of the picture in points.
const SIZE: Vec2 = vec2(380.0, 176.0);
/// Radius of a stick's range in points.
pub(super) const STICK: f32 = 26.0;

/// Dead zones as fractions of the range.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeadZones {
    pub(super) stick: f32,
    pub(super) trigger: f32,
}

/// A part's name in settings, its place, half its size, and its letter.
type Drawn = (&'static str, Pos2, Vec2, &'static str);

/// Parts that are drawn as boxes; sticks are below.
const PARTS: [Drawn; 15] = [
    ("left-trigger", pos2(84.0, 12.0), vec2(34.0, 9.0), "LT"),
    ("right-trigger", pos2(296.0, 12.0), vec2(34.0, 9.0), "RT"),
    ("left-shoulder", pos2(84.0, 34.0), vec2(40.0, 9.0), "LB"),
    ("right-shoulder", pos2(296.0, 34.0), vec2(40.0, 9.0), "RB"),
    ("back", pos2(156.0, 82.0), vec2(14.0, 9.0), "<"),
    ("guide", pos2(190.0, 62.0), vec2(12.0, 12.0), "G"),
    ("start", pos2(224.0, 82.0), vec2(14.0, 9.0), ">"),
    ("y", pos2(298.0, 62.0), vec2(12.0, 12.0), "Y"),
    ("a", pos2(298.0, 110.0), vec2(12.0, 12.0), "A"),
    ("x", pos2(274.0, 86.0), vec2(12.0, 12.0), "X"),
    ("b", pos2(322.0, 86.0), vec2(12.0, 12.0), "B"),
    ("up", pos2(140.0, 124.0), vec2(9.0, 9.0), ""),
    ("down", pos2(140.0, 160.0), vec2(9.0, 9.0), ""),
    ("left", pos2(122.0, 142.0), vec2(9.0, 9.0), ""),
    ("right", pos2(158.0, 142.0), vec2(9.0, 9.0), ""),
];

/// A stick: the part that is its click, its centre, and its directions: up, down, left, right.
const STICKS: [(&str, Pos2, [&str; 4]); 2] = [
    (
        "left-stick",
        pos2(84.0, 90.0),
        ["left-stick-up", "left-stick-down", "left-stick-left", "left-stick-right"],
    ),
    (
        "right-stick",
        pos2(240.0, 142.0),
        ["right-stick-up", "right-stick-down", "right-stick-left", "right-stick-right"],
    ),
];

/// Shows the picture; returns the part that was clicked.
pub(super) fn show(
    ui: &mut Ui,
    parts: &[InputPart],
    zones: DeadZones,
    waiting: Option<&str>,
) -> Option<&'static str> {
    let mut chosen = None;
    ui.vertical_centered(|ui| {
        // Keys choose in the list: a picture with a focus would have to be walked through.
        let (rect, response) = ui.allocate_exact_size(SIZE, Sense::CLICK);
        let clicked = response.interact_pointer_pos().filter(|_| response.clicked());
        let picture = Picture { ui, origin: rect.min, parts, zones, waiting };
        picture.body();
        for (name, at, half, letter) in PARTS {
            let part = picture.part(name, at, half, letter);
            if clicked.is_some_and(|at| part.contains(at)) {
                chosen = picture.find(name).map(|part| part.name);
            }
        }
        for (click, centre, directions) in STICKS {
            let part = picture.stick(click, centre, directions);
            if clicked.is_some_and(|at| part.contains(at)) {
                chosen = picture.find(click).map(|part| part.name);
            }
        }
    });
    chosen
}

struct Picture<'a> {
    ui: &'a Ui,
    origin: Pos2,
    parts: &'a [InputPart],
    zones: DeadZones,
    waiting: Option<&'a str>,
}

impl Picture<'_> {
    fn find(&self, name: &str) -> Option<&InputPart> {
        self.parts.iter().find(|part| part.name == name)
    }

    fn pressed(&self, name: &str) -> f32 {
        self.find(name).map_or(0.0, |part| f32::from(part.pressed) / 100.0)
    }

    fn place(&self, at: Pos2) -> Pos2 {
        self.origin + at.to_vec2()
    }

    fn line(&self) -> Stroke {
        Stroke::new(1.5, self.ui.visuals().weak_text_color())
    }

    /// Colour of a part: brighter the further it is pressed, and marked while it waits.
    fn fill(&self, name: &str) -> Color32 {
        let visuals = self.ui.visuals();
        if self.waiting == Some(name) {
            return visuals.warn_fg_color;
        }
        visuals.extreme_bg_color.lerp_to_gamma(visuals.selection.bg_fill, self.pressed(name).min(1.0))
    }

    fn body(&self) {
        let body = Rect::from_min_max(self.place(pos2(36.0, 44.0)), self.place(pos2(344.0, 174.0)));
        let painter = self.ui.painter();
        painter.rect(
            body,
            CornerRadius::same(60),
            self.ui.visuals().faint_bg_color,
            self.line(),
            StrokeKind::Inside,
        );
    }

    /// Draws a part; returns where it is.
    fn part(&self, name: &str, at: Pos2, half: Vec2, letter: &str) -> Rect {
        let rect = Rect::from_center_size(self.place(at), 2.0 * half);
        let corner = CornerRadius::same(half.min_elem() as u8);
        let painter = self.ui.painter();
        painter.rect(rect, corner, self.fill(name), self.line(), StrokeKind::Inside);
        if name.ends_with("-trigger") {
            // A trigger that is pressed less than this is not pressed.
            let x = rect.left() + rect.width() * self.zones.trigger;
            painter.vline(x, rect.y_range(), self.line());
        }
        let color = self.ui.visuals().text_color();
        painter.text(rect.center(), Align2::CENTER_CENTER, letter, FontId::proportional(12.0), color);
        rect
    }

    /// Draws a stick with a dot where it is pushed; returns where it is.
    fn stick(&self, click: &str, centre: Pos2, [up, down, left, right]: [&str; 4]) -> Rect {
        let centre = self.place(centre);
        let painter = self.ui.painter();
        let waits = [up, down, left, right].into_iter().find(|name| self.waiting == Some(*name));
        painter.circle(centre, STICK, self.fill(waits.unwrap_or(click)), self.line());
        painter.circle_stroke(centre, STICK * self.zones.stick, self.line());
        let pushed = vec2(self.pressed(right) - self.pressed(left), self.pressed(down) - self.pressed(up));
        painter.circle_filled(centre + STICK * pushed, 5.0, self.ui.visuals().strong_text_color());
        Rect::from_center_size(centre, Vec2::splat(2.0 * STICK))
    }
}
