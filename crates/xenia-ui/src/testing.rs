//! Drives pages in tests, without a window.

use super::{MenuPage, PageCommand, PageModel, UserInterface};
use egui::epaint::Shape;
use egui::{Event, FullOutput, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, vec2};

/// Size of the screen in points.
const SCREEN: egui::Vec2 = vec2(1280.0, 720.0);

/// An interface and its model.
pub(super) struct Driver {
    interface: UserInterface,
    model: PageModel,
}

impl Driver {
    pub(super) fn new(page: MenuPage, model: PageModel) -> Self {
        let mut driver = Self { interface: UserInterface::default(), model };
        driver.interface.open(page);
        driver.events(Vec::new());
        driver
    }

    pub(super) fn page(&self) -> Option<MenuPage> {
        self.interface.page()
    }

    fn events(&mut self, events: Vec<Event>) -> (FullOutput, Vec<PageCommand>) {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, SCREEN));
        let input = |events| RawInput { screen_rect, events, focused: true, ..RawInput::default() };
        let (mut output, mut commands) = self.interface.show(input(events), &self.model);
        // A change of the focus, or of the page, is complete at the next pass.
        let (mut next, more) = self.interface.show(input(Vec::new()), &self.model);
        commands.extend(more);
        // They are for a graphics device.
        output.textures_delta.clear();
        next.textures_delta.clear();
        (next, commands)
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

/// Centre of a text in a shape.
fn find(shape: &Shape, text: &str) -> Option<Pos2> {
    match shape {
        Shape::Vec(shapes) => shapes.iter().find_map(|shape| find(shape, text)),
        Shape::Text(found) if found.galley.text() == text => Some(found.visual_bounding_rect().center()),
        _ => None,
    }
}
