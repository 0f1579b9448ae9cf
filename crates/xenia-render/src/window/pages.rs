//! Pages of the user interface in the window: the translation of its events, and the pass that
//! makes shapes of the open page and of the texts outside of pages.

use crate::present::PageShapes;
use egui_winit::State;
use egui_winit::egui::{Event, Pos2, RawInput, Rect, ViewportId, vec2};
use std::time::Duration;
use winit::event::WindowEvent;
use winit::window::Window;
use xenia_gpu::PixelSize;
use xenia_ui::{MenuPage, OverlayText, PadKeys, PageCommand, PageModel, PageTheme, UserInterface};

/// The pages, and the input for the open one.
#[derive(Default)]
pub(super) struct WindowPages {
    interface: UserInterface,
    /// Translator of events, while a page is open or the mouse is over a dialog.
    translator: Option<State>,
    pads: PadKeys,
    /// Keys that pads have pressed since the last pass.
    pressed: Vec<Event>,
    /// Time of the next pass, which needs no event.
    repaint_at: Option<Duration>,
    /// Text outside of pages.
    text: OverlayText,
    /// Size and scale of the window when the text was drawn; `None`: it is to be drawn.
    drawn_for: Option<(PixelSize, f64)>,
}

impl WindowPages {
    /// No open page. `guide_waits`: the guide button opens the menu when it is released alone.
    pub(super) fn new(guide_waits: bool) -> Self {
        let pads = PadKeys::default();
        Self { pads: if guide_waits { pads.with_combinations() } else { pads }, ..Self::default() }
    }

    /// The page that is open.
    pub(super) fn page(&self) -> Option<MenuPage> {
        self.interface.page()
    }

    /// Opens a page in `window`.
    pub(super) fn open(&mut self, page: MenuPage, window: &Window) {
        self.translate(window);
        self.interface.open(page);
    }

    /// The translator of events, which begins now if there is none.
    fn translate(&mut self, window: &Window) -> &mut State {
        self.translator.get_or_insert_with(|| {
            let context = self.interface.context().clone();
            let mut state = State::new(context, ViewportId::ROOT, window, None, window.theme(), None);
            // The window has the keyboard: the menu was opened by it, or by a pad.
            state.egui_input_mut().focused = true;
            state
        })
    }

    /// Passes an event to the console's dialog, which takes the mouse and touches alone. Returns
    /// true if it needs a pass.
    pub(super) fn dialog_event(&mut self, window: &Window, event: &WindowEvent) -> bool {
        let is_pointers = matches!(
            event,
            WindowEvent::CursorMoved { .. }
                | WindowEvent::CursorLeft { .. }
                | WindowEvent::MouseInput { .. }
                | WindowEvent::Touch(_)
        );
        let is_open = self.has_dialog() && self.page().is_none();
        is_pointers && is_open && self.translate(window).on_window_event(window, event).repaint
    }

    /// Whether a dialog of the console is shown.
    pub(super) fn has_dialog(&self) -> bool {
        self.text.dialog.is_some()
    }

    /// The text outside of pages.
    pub(super) fn text(&self) -> &OverlayText {
        &self.text
    }

    /// Sets the text outside of pages.
    pub(super) fn set_text(&mut self, text: OverlayText) {
        if text != self.text {
            self.text = text;
            self.drawn_for = None;
            if !self.has_dialog() && self.page().is_none() {
                self.translator = None;
            }
        }
    }

    /// Whether shapes are out of date: a page or a dialog is open, or the text or the window has
    /// changed.
    pub(super) fn needs_pass(&self, size: PixelSize, scale: f64) -> bool {
        self.page().is_some() || self.has_dialog() || self.drawn_for != Some((size, scale))
    }

    /// Closes the open page.
    pub(super) fn close(&mut self) {
        self.drawn_for = None;
        self.interface.close();
        self.translator = None;
        self.pressed.clear();
        self.repaint_at = None;
    }

    /// Passes an event of the window to the open page. Returns true if it needs a pass.
    pub(super) fn event(&mut self, window: &Window, event: &WindowEvent) -> bool {
        self.translator.as_mut().is_some_and(|state| state.on_window_event(window, event).repaint)
    }

    /// Name of the part of the controller that waits for a key or button.
    pub(super) fn waiting_part(&self) -> Option<&'static str> {
        self.interface.waiting_part()
    }

    /// Ends the wait for a key or button.
    pub(super) fn end_waiting(&mut self) {
        self.interface.end_waiting();
    }

    /// The buttons that pads held last.
    pub(super) fn held(&self) -> u16 {
        self.pads.held()
    }

    /// Takes the buttons that pads hold. Returns true if they ask for the menu.
    pub(super) fn pads(&mut self, held: u16, now: Duration) -> bool {
        let asked = self.pads.set(held, now, &mut self.pressed);
        self.drop_unused_keys();
        asked
    }

    /// Repeats held buttons. Returns true if they ask for the menu.
    pub(super) fn tick(&mut self, now: Duration) -> bool {
        let asked = self.pads.tick(now, &mut self.pressed);
        self.drop_unused_keys();
        asked
    }

    /// Drops keys of pads that no page gets.
    fn drop_unused_keys(&mut self) {
        if self.page().is_none() || self.waiting_part().is_some() {
            self.pressed.clear();
        }
    }

    /// Whether a pass is due: pads have pressed keys, or the page moves.
    pub(super) fn is_due(&mut self, now: Duration) -> bool {
        let moves = self.repaint_at.take_if(|at| *at <= now).is_some();
        moves || !self.pressed.is_empty()
    }

    /// Time of the next change without an event.
    pub(super) fn next_change(&self) -> Option<Duration> {
        self.repaint_at.into_iter().chain(self.pads.next()).min()
    }

    /// Runs a pass in a window of this size in pixels. Returns its shapes, and the commands of the
    /// open page.
    pub(super) fn run(
        &mut self,
        window: &Window,
        size: PixelSize,
        theme: PageTheme,
        model: &PageModel,
        now: Duration,
    ) -> (PageShapes, Vec<PageCommand>) {
        let scale = window.scale_factor();
        self.drawn_for = Some((size, scale));
        self.interface.fit(vec2(size.width as f32, size.height as f32) / scale as f32);
        self.interface.set_text(self.text.clone());
        self.interface.set_theme(theme);
        let mut input = self.input(size, scale as f32, now);
        input.events.append(&mut self.pressed);
        let (mut output, commands) = self.interface.show(input, model);
        if let Some(state) = &mut self.translator {
            state.handle_platform_output(window, std::mem::take(&mut output.platform_output));
        }
        // The first pass of a dialog only measures it.
        if self.translator.is_some() || self.has_dialog() {
            let delay = output.viewport_output.get(&ViewportId::ROOT).map(|viewport| viewport.repaint_delay);
            self.repaint_at =
                delay.and_then(|delay| now.checked_add(delay)).filter(|at| *at < Duration::MAX / 2);
        }
        (PageShapes::new(self.interface.context(), output), commands)
    }

    /// Input of a pass; only its events come from the translator.
    fn input(&mut self, size: PixelSize, scale: f32, now: Duration) -> RawInput {
        // The translator would ask for the size of the window, which may have been destroyed.
        let input = self.translator.as_mut().map(|state| state.egui_input_mut().take());
        let mut input = input.unwrap_or_default();
        // Passes without an open page have it, too: egui would guess their time, and a guess may
        // be later than the next pass.
        input.time = Some(now.as_secs_f64());
        let points = scale * self.interface.context().zoom_factor();
        let points = vec2(size.width as f32, size.height as f32) / points;
        input.screen_rect = Some(Rect::from_min_size(Pos2::ZERO, points));
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(scale);
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_has_the_time_of_the_window_without_an_open_page() {
        let mut pages = WindowPages::default();
        assert_eq!(pages.input(PixelSize::new(640, 360), 1.0, Duration::from_millis(1500)).time, Some(1.5));
    }
}
