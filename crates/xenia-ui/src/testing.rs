//! Drives pages in tests, without a window.

use super::{MenuPage, OverlayText, PageCommand, PageModel, UserInterface};
use egui::accesskit::TreeUpdate;
use egui::epaint::{Shape, TextShape};
use egui::{
    Event, FullOutput, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, RawInput, Rect,
    TouchPhase, vec2,
};

/// Size of the screen in points.
const SCREEN: egui::Vec2 = vec2(1280.0, 720.0);

/// An interface and its model.
pub(super) struct Driver {
    interface: UserInterface,
    model: PageModel,
    /// Time of the passes in seconds; `None`: each takes as long as egui assumes.
    time: Option<f64>,
}

impl Driver {
    pub(super) fn new(page: MenuPage, model: PageModel) -> Self {
        let mut driver = Self { interface: UserInterface::default(), model, time: None };
        driver.interface.context().enable_accesskit();
        driver.interface.open(page);
        driver.events(Vec::new());
        driver
    }

    /// An interface without a page, with this text.
    pub(super) fn without_page(text: OverlayText) -> Self {
        let mut driver =
            Self { interface: UserInterface::default(), model: PageModel::default(), time: None };
        driver.interface.context().enable_accesskit();
        driver.set_text(text);
        driver
    }

    /// Sets the text outside of pages.
    pub(super) fn set_text(&mut self, text: OverlayText) {
        self.interface.set_text(text);
    }

    /// All texts that are shown, from the lowest to the topmost.
    pub(super) fn texts(&mut self) -> Vec<String> {
        let (output, _) = self.events(Vec::new());
        let mut texts = Vec::new();
        for shape in &output.shapes {
            collect(&shape.shape, &mut |text| texts.push(text.galley.text().to_owned()));
        }
        texts
    }

    /// Places of all texts that are shown.
    pub(super) fn places(&mut self) -> Vec<Rect> {
        let (output, _) = self.events(Vec::new());
        let mut places = Vec::new();
        for shape in &output.shapes {
            collect(&shape.shape, &mut |text| places.push(text.visual_bounding_rect()));
        }
        places
    }

    /// Place of a text: from its first letter's cell on.
    pub(super) fn place(&mut self, text: &str) -> Option<Rect> {
        let (output, _) = self.events(Vec::new());
        let mut place = None;
        for shape in &output.shapes {
            collect(&shape.shape, &mut |found| {
                if found.galley.text() == text {
                    place = Some(Rect::from_min_size(found.pos, found.galley.size()));
                }
            });
        }
        place
    }

    /// Radii of all circles that are shown.
    pub(super) fn circles(&mut self) -> Vec<f32> {
        let (output, _) = self.events(Vec::new());
        let radius = |shape: &Shape| match shape {
            Shape::Circle(circle) => Some(circle.radius),
            _ => None,
        };
        output.shapes.iter().filter_map(|shape| radius(&shape.shape)).collect()
    }

    pub(super) fn page(&self) -> Option<MenuPage> {
        self.interface.page()
    }

    fn events(&mut self, events: Vec<Event>) -> (FullOutput, Vec<PageCommand>) {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, SCREEN));
        let time = self.time;
        let input = |events| RawInput { screen_rect, time, events, focused: true, ..RawInput::default() };
        let (mut output, mut commands) = self.interface.show(input(events), &self.model);
        // A change of the focus, or of the page, is complete at the next pass.
        let (mut next, more) = self.interface.show(input(Vec::new()), &self.model);
        commands.extend(more);
        // They are for a graphics device.
        output.textures_delta.clear();
        next.textures_delta.clear();
        (next, commands)
    }

    /// Shows the page again, without any input, and returns the commands.
    pub(super) fn still(&mut self) -> Vec<PageCommand> {
        self.events(Vec::new()).1
    }

    /// Presses keys, one after the other, and returns the commands.
    pub(super) fn keys(&mut self, keys: &[Key]) -> Vec<PageCommand> {
        let mut commands = Vec::new();
        for &key in keys {
            let event = |pressed| Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: Modifiers::NONE,
            };
            commands.extend(self.events(vec![event(true), event(false)]).1);
        }
        commands
    }

    /// Presses keys within one pass, as a slow machine finds them.
    pub(super) fn keys_at_once(&mut self, keys: &[Key]) -> Vec<PageCommand> {
        let press = |key| Event::Key {
            key,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let mut commands = self.events(keys.iter().copied().map(press).collect()).1;
        for _ in keys {
            commands.extend(self.events(Vec::new()).1);
        }
        commands
    }

    /// Passes at a later time, in seconds from the start, and returns the commands.
    pub(super) fn after(&mut self, time: f64) -> Vec<PageCommand> {
        self.time = Some(time);
        self.events(Vec::new()).1
    }

    /// The part of the controller that waits for a key.
    pub(super) fn waiting_part(&self) -> Option<&'static str> {
        self.interface.waiting_part()
    }

    /// Ends the wait for a key.
    pub(super) fn end_waiting(&mut self) {
        self.interface.end_waiting();
    }

    /// Types letters, one after the other, as a keyboard does.
    pub(super) fn types(&mut self, text: &str) -> Vec<PageCommand> {
        let typed = |letter: char| self.events(vec![Event::Text(letter.to_string())]).1;
        text.chars().flat_map(typed).collect()
    }

    /// Turns the wheel over the middle of the screen; the content moves down by these points.
    pub(super) fn wheel(&mut self, points: f32) {
        self.events(vec![Event::PointerMoved(Rect::from_min_size(Pos2::ZERO, SCREEN).center())]);
        self.events(vec![Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, points),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        }]);
    }

    /// Changes the data of the pages.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut PageModel)) {
        change(&mut self.model);
    }

    /// Opens another page.
    pub(super) fn open(&mut self, page: MenuPage) {
        self.interface.open(page);
        self.events(Vec::new());
    }

    /// Whether the page shows this text.
    pub(super) fn shows(&mut self, text: &str) -> bool {
        self.events(Vec::new()).0.shapes.iter().any(|shape| find(&shape.shape, text).is_some())
    }

    /// Number of passes without input until the page stops changing; at most `most`.
    pub(super) fn passes_until_still(&mut self, most: usize) -> usize {
        (0..most)
            .find(|_| {
                let (output, _) = self.events(Vec::new());
                output.viewport_output.values().all(|viewport| !viewport.repaint_delay.is_zero())
            })
            .unwrap_or(most)
    }

    /// The page as assistive technologies get it: its nodes, and the one with the focus.
    pub(super) fn tree(&mut self) -> TreeUpdate {
        self.events(Vec::new()).0.platform_output.accesskit_update.expect("a tree for each pass")
    }

    /// Number of pictures of saved states that the page has shown last.
    pub(super) fn pictures(&self) -> usize {
        self.interface.picture_count()
    }

    /// Clicks a text, and returns the commands.
    pub(super) fn click(&mut self, text: &str) -> Vec<PageCommand> {
        let (output, mut commands) = self.events(Vec::new());
        let place = output.shapes.iter().find_map(|shape| find(&shape.shape, text));
        let pos = place.unwrap_or_else(|| panic!("the page does not show {text}"));
        for event in [
            Event::PointerMoved(pos),
            Event::PointerButton {
                pos,
                button: PointerButton::Primary,
                pressed: true,
                modifiers: Modifiers::NONE,
            },
            Event::PointerButton {
                pos,
                button: PointerButton::Primary,
                pressed: false,
                modifiers: Modifiers::NONE,
            },
        ] {
            commands.extend(self.events(vec![event]).1);
        }
        commands
    }
}

/// Visits the texts in a shape.
fn collect(shape: &Shape, take: &mut dyn FnMut(&TextShape)) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, take)),
        Shape::Text(text) => take(text),
        _ => {}
    }
}

/// Centre of a text in a shape.
fn find(shape: &Shape, text: &str) -> Option<Pos2> {
    match shape {
        Shape::Vec(shapes) => shapes.iter().find_map(|shape| find(shape, text)),
        Shape::Text(found) if found.galley.text() == text => Some(found.visual_bounding_rect().center()),
        _ => None,
    }
}
