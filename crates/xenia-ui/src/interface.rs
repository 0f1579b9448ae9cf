//! State of the pages, and their common data.
//!
//! A pass shows the open page and returns its [`PageCommand`]s; pages read the [`PageModel`] and
//! change nothing of the machine themselves. Except on the library, a pass gets at most one
//! key press: further ones wait for the next pass, so that a slow pass acts as several fast ones.

use super::all_settings::{self, SettingsState};
use super::fonts::HostFonts;
use super::input::{self, InputState};
use super::internals::{self, InternalsView};
use super::library::LibraryState;
use super::navigation::back;
use super::overlay::OverlayText;
use super::page::{MenuPage, Outcome};
use super::pictures::Textures;
use super::profile::{self, ProfileState, ProfileView};
use super::states::{self, SlotUse, SlotView};
use super::typing::TypedText;
use super::{
    InputCommand, PageCommand, PageModel, details, folders, gallery, library, menu, settings, stopped,
};
use egui::{
    Align2, Area, Color32, Context, CornerRadius, Event, FontFamily, FontId, Frame, FullOutput, Id, Key,
    LayerId, Modifiers, Order, RawInput, TextStyle, ThemePreference, Ui, Vec2, vec2,
};
use std::sync::Arc;

/// Height of a window, in points, in which a point is one of the display's.
const USUAL_HEIGHT: f32 = 720.0;
/// Width in points that pages with text need.
const PAGE_WIDTH: f32 = 700.0;

/// Colours of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageTheme {
    /// The system's colours; dark ones if it states no preference.
    #[default]
    System,
    /// Light letters on a dark ground.
    Dark,
    /// Dark letters on a light ground.
    Light,
}

/// The pages, of which at most one is open.
#[derive(Debug)]
pub struct UserInterface {
    context: Context,
    page: Option<MenuPage>,
    library: LibraryState,
    /// Pictures of saved states.
    pictures: Textures,
    /// Slot whose state is to be replaced.
    slot: u8,
    /// The pane of the machine's internals that is shown.
    internals: InternalsView,
    /// The path that is typed.
    typed: TypedText,
    settings: SettingsState,
    input: InputState,
    profile: ProfileState,
    /// Text outside of pages.
    text: OverlayText,
    /// Events for the next pass.
    later: Vec<Event>,
    /// Whether the page has not had a pass yet, so that none of its widgets has the focus.
    is_new: bool,
}

impl Default for UserInterface {
    fn default() -> Self {
        let context = Context::default();
        context.add_font_provider(Arc::new(HostFonts::default()));
        context.all_styles_mut(|style| {
            let font = |size| FontId::new(size, FontFamily::Proportional);
            style.text_styles.insert(TextStyle::Heading, font(26.0));
            style.text_styles.insert(TextStyle::Body, font(18.0));
            style.text_styles.insert(TextStyle::Button, font(20.0));
            style.spacing.button_padding = vec2(12.0, 7.0);
            style.spacing.slider_width = 180.0;
            style.visuals.widgets.hovered.corner_radius = CornerRadius::same(6);
            // The focus must be seen from a sofa, and texts must be legible there: WCAG asks for a
            // contrast of 4.5, of which egui's own colours have less on some grounds.
            let visuals = &mut style.visuals;
            visuals.selection.stroke.width = 2.0;
            if visuals.dark_mode {
                visuals.widgets.noninteractive.fg_stroke.color = Color32::from_gray(205);
                visuals.weak_text_alpha = 0.8;
                visuals.error_fg_color = Color32::from_rgb(255, 160, 150);
            } else {
                visuals.weak_text_alpha = 0.9;
                visuals.warn_fg_color = Color32::from_rgb(140, 70, 0);
                visuals.error_fg_color = Color32::from_rgb(176, 0, 0);
            }
        });
        Self {
            context,
            page: None,
            library: LibraryState::default(),
            pictures: Textures::default(),
            slot: 0,
            internals: InternalsView::default(),
            typed: TypedText::default(),
            settings: SettingsState::default(),
            input: InputState::default(),
            profile: ProfileState::default(),
            text: OverlayText::default(),
            later: Vec::new(),
            is_new: true,
        }
    }
}

impl UserInterface {
    /// The context, for the translation of events.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The page that is open.
    pub fn page(&self) -> Option<MenuPage> {
        self.page
    }

    /// Opens a page.
    pub fn open(&mut self, page: MenuPage) {
        self.page = Some(page);
        self.is_new = true;
        // Slots are read again, so that another picture may have an old one's address.
        self.pictures = Textures::default();
        self.typed.begin(self.profile.first_text(page));
        self.settings.open(page);
        self.profile.enter(page);
        if page == MenuPage::Library {
            self.library.open();
        }
        // Otherwise a widget with the same id on the new page would get the focus.
        self.context.memory_mut(|memory| {
            if let Some(focused) = memory.focused() {
                memory.surrender_focus(focused);
            }
        });
        self.context.request_repaint();
    }

    /// Number of pictures of saved states that were shown last.
    #[cfg(test)]
    pub(super) fn picture_count(&self) -> usize {
        self.pictures.count()
    }

    /// Closes the open page.
    pub fn close(&mut self) {
        self.page = None;
        self.later.clear();
        self.input.waiting = None;
    }

    /// The part of the controller that is being mapped, if one is. It takes the next key or button;
    /// the page does not.
    pub fn waiting_part(&self) -> Option<&'static str> {
        self.input.waiting.filter(|_| self.page == Some(MenuPage::Input))
    }

    /// Ends the wait for a key or button.
    pub fn end_waiting(&mut self) {
        self.input.waiting = None;
        self.context.request_repaint();
    }

    /// Scales pages with the window of this size: it may be small, narrow, or a television's.
    pub fn fit(&self, window: Vec2) {
        // By the width as well: in a tall window, as on half of a screen, pages would be cut off.
        let factor = (window.y / USUAL_HEIGHT).min(window.x / PAGE_WIDTH);
        self.context.set_zoom_factor(if factor < 1.0 { factor.max(0.5) } else { factor.min(3.0) });
    }

    /// Sets the colours of pages.
    pub fn set_theme(&self, theme: PageTheme) {
        self.context.set_theme(match theme {
            PageTheme::System => ThemePreference::System,
            PageTheme::Dark => ThemePreference::Dark,
            PageTheme::Light => ThemePreference::Light,
        });
    }

    /// Sets the text outside of pages, for the next pass.
    pub fn set_text(&mut self, text: OverlayText) {
        self.text = text;
    }

    /// Runs a pass: the text outside of pages, and the open page. Returns the shapes to draw, and
    /// the commands.
    pub fn show(&mut self, mut input: RawInput, model: &PageModel) -> (FullOutput, Vec<PageCommand>) {
        let page = self.page;
        let mut outcomes = Vec::new();
        if page != Some(MenuPage::Input) && self.input.leave() {
            outcomes.push(Outcome::Do(PageCommand::Input(InputCommand::StopMotors)));
        }
        self.take_keys(page, &mut input.events);
        let context = self.context.clone();
        let text = std::mem::take(&mut self.text);
        let output = context.run_pass(input, |context| {
            outcomes.extend(text.show_below(context).map(|pick| Outcome::Do(PageCommand::Pick(pick))));
            text.show_above(context);
            if let Some(page) = page {
                outcomes.extend(self.show_page(context, page, model));
            }
        });
        self.text = text;
        (output, self.follow(page, outcomes))
    }

    /// Takes the keys of this pass out that egui does not get: those that a page types with, and
    /// those of later passes.
    fn take_keys(&mut self, page: Option<MenuPage>, events: &mut Vec<Event>) {
        events.splice(0..0, self.later.drain(..));
        if page == Some(MenuPage::Library) {
            // Further keys of a slow pass are for the page that these open.
            self.later = after_leaving(events);
        } else {
            // A pass moves the focus once, however many keys a slow one finds.
            let taken = usize::from(!std::mem::take(&mut self.is_new));
            self.later = after_keys(taken, events);
        }
        match page {
            Some(MenuPage::Library) => library::take_keys(&mut self.library, events),
            Some(
                MenuPage::FindTitle
                | MenuPage::AddFolder
                | MenuPage::Import
                | MenuPage::NewProfile
                | MenuPage::RenameProfile,
            ) => self.typed.take_keys(events),
            Some(MenuPage::AllSettings) => self.settings.take_keys(events),
            Some(MenuPage::TypeSetting | MenuPage::FindSetting) => self.settings.typed.take_keys(events),
            _ => {}
        }
    }

    /// Shows the open page: the library over the whole window, others in a frame in its middle.
    fn show_page(&mut self, context: &Context, page: MenuPage, model: &PageModel) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        if !self.later.is_empty() {
            context.request_repaint();
        }
        if context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            outcomes.push(back(page, model));
        }
        let area = Area::new(Id::unique(("page", page))).order(Order::Middle);
        if page == MenuPage::Library {
            let whole = context.content_rect();
            area.fixed_pos(whole.min).show(context, |ui| {
                ui.set_min_size(whole.size());
                ui.set_max_size(whole.size());
                outcomes.extend(library::show(ui, model, &mut self.library));
            });
            return outcomes;
        }
        let dark = context.layer_painter(LayerId::background());
        dark.rect_filled(context.viewport_rect(), 0.0, Color32::from_black_alpha(140));
        area.anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
            Frame::window(ui.style()).inner_margin(20.0).show(ui, |ui| {
                ui.set_width(page.width().min(ui.ctx().content_rect().width() - 60.0));
                outcomes.extend(self.show_contents(ui, page, model));
            });
        });
        outcomes
    }

    /// Opens the pages to which outcomes of the page lead, and returns the commands.
    fn follow(&mut self, page: Option<MenuPage>, outcomes: Vec<Outcome>) -> Vec<PageCommand> {
        let mut commands = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Go(next) => {
                    if page == Some(MenuPage::Input) && self.input.leave() {
                        commands.push(PageCommand::Input(InputCommand::StopMotors));
                    }
                    self.open(next);
                    if next == MenuPage::Internals {
                        commands.push(PageCommand::RequestInternals);
                    }
                }
                Outcome::Do(command) => commands.push(command),
            }
        }
        commands
    }

    /// Shows the contents of a page that does not fill the window.
    fn show_contents(&mut self, ui: &mut Ui, page: MenuPage, model: &PageModel) -> Vec<Outcome> {
        let title = self.library.chosen();
        let outcome = match page {
            MenuPage::Input => return input::show(ui, model, &mut self.input),
            MenuPage::AskBuiltIn => return input::ask_built_in(ui),
            MenuPage::AllSettings => return all_settings::show(ui, model, &mut self.settings),
            MenuPage::OneSetting => all_settings::show_one(ui, model, &mut self.settings),
            MenuPage::TypeSetting => all_settings::type_text(ui, model, &mut self.settings),
            MenuPage::FindSetting => all_settings::find(ui, &mut self.settings),
            MenuPage::AskReset => all_settings::ask_reset(ui, model),
            MenuPage::Library => None,
            MenuPage::Menu => menu::show(ui, model),
            MenuPage::Stopped => stopped::show(ui, model),
            MenuPage::Settings => settings::show(ui, model),
            MenuPage::Internals => internals::show(ui, model, &mut self.internals),
            MenuPage::FindTitle => library::find(ui, &mut self.library, &mut self.typed),
            MenuPage::Title => details::show(ui, model, title),
            MenuPage::ChooseFolder => folders::show(ui, model),
            MenuPage::AddFolder => details::add_folder(ui, &mut self.typed),
            MenuPage::RemoveFolder => folders::show_removal(ui, model),
            MenuPage::Unread => library::show_unread(ui, model),
            MenuPage::Failure => details::failure(ui, model),
            MenuPage::Gallery => gallery::show(ui, model, &mut self.pictures),
            MenuPage::Picture => gallery::show_picture(ui, model, &mut self.pictures),
            MenuPage::Profiles
            | MenuPage::OneProfile
            | MenuPage::NewProfile
            | MenuPage::RenameProfile
            | MenuPage::AskDeleteProfile
            | MenuPage::Achievements
            | MenuPage::Saves
            | MenuPage::Package
            | MenuPage::AskDeletePackage
            | MenuPage::Import
            | MenuPage::AskReplace => {
                let mut view = ProfileView { state: &mut self.profile, pictures: &mut self.pictures };
                profile::show(ui, page, model, &mut view, &mut self.typed)
            }
            MenuPage::SaveState | MenuPage::LoadState => {
                let used_to = if page == MenuPage::SaveState { SlotUse::Save } else { SlotUse::Load };
                let view = SlotView { replaced: &mut self.slot, pictures: &mut self.pictures };
                states::show(ui, model, used_to, view)
            }
            MenuPage::AskSave => states::ask_save(ui, model, self.slot),
            MenuPage::AskDelete => details::ask_delete(ui, model, title),
            MenuPage::AskRestart => {
                menu::ask(ui, model, "Restart the title?", "Restart", PageCommand::Restart)
            }
            MenuPage::AskHome => {
                menu::ask(ui, model, "Close the title?", "To the library", PageCommand::Home)
            }
            MenuPage::AskOpen => details::ask_open(ui, model),
            MenuPage::AskQuit => menu::ask(ui, model, "Close the title?", "Quit", PageCommand::Quit),
        };
        outcome.into_iter().collect()
    }
}

/// Takes out the events after this number of key presses.
fn after_keys(number: usize, events: &mut Vec<Event>) -> Vec<Event> {
    let is_press = |event: &Event| matches!(event, Event::Key { pressed: true, .. });
    let presses = events.iter().enumerate().filter(|(_, event)| is_press(event));
    presses.map(|(at, _)| at).nth(number).map_or_else(Vec::new, |at| events.split_off(at))
}

/// Takes out the keys and letters after a key by which the library is left.
fn after_leaving(events: &mut Vec<Event>) -> Vec<Event> {
    let leaves = |event: &Event| {
        matches!(event, Event::Key { key: Key::Escape | Key::Enter | Key::Delete, pressed: true, .. })
    };
    let is_typed = |event: &Event| matches!(event, Event::Key { pressed: true, .. } | Event::Text(_));
    let next = events.iter().position(leaves).map_or(events.len(), |at| at + 1);
    let kept = events[next..].iter().position(is_typed).map_or(events.len(), |at| next + at);
    events.split_off(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Rgba, Theme};

    /// Ratio of contrast as in WCAG 2, "relative luminance".
    fn contrast(text: Color32, ground: Color32) -> f32 {
        let [text, ground] = [ground.blend(text), ground].map(Rgba::from);
        let luminance = |colour: Rgba| 0.2126 * colour.r() + 0.7152 * colour.g() + 0.0722 * colour.b();
        let text = luminance(text);
        let ground = luminance(ground);
        (text.max(ground) + 0.05) / (text.min(ground) + 0.05)
    }

    #[test]
    fn pages_have_the_colours_of_the_system_unless_others_are_set() {
        let mut interface = UserInterface::default();
        interface.open(MenuPage::Menu);
        let mut shown = |set: PageTheme, system: Option<Theme>| {
            interface.set_theme(set);
            let input = RawInput { system_theme: system, ..RawInput::default() };
            let (mut output, _) = interface.show(input, &PageModel::default());
            output.textures_delta.clear();
            interface.context().theme()
        };
        for system in [None, Some(Theme::Dark), Some(Theme::Light)] {
            assert_eq!(shown(PageTheme::System, system), system.unwrap_or(Theme::Dark));
            assert_eq!(shown(PageTheme::Dark, system), Theme::Dark);
            assert_eq!(shown(PageTheme::Light, system), Theme::Light);
        }
    }

    #[test]
    fn pages_fit_small_narrow_and_large_windows() {
        let mut interface = UserInterface::default();
        let mut zoom = |width, height| {
            interface.fit(vec2(width, height));
            let (mut output, _) = interface.show(RawInput::default(), &PageModel::default());
            output.textures_delta.clear();
            interface.context().zoom_factor()
        };
        assert_eq!([zoom(1280.0, 720.0), zoom(1920.0, 1080.0), zoom(640.0, 360.0)], [1.0, 1.5, 0.5]);
        assert_eq!([zoom(525.0, 1080.0), zoom(9.0, 9.0), zoom(9999.0, 9999.0)], [0.75, 0.5, 3.0]);
    }

    #[test]
    fn texts_are_legible_in_both_themes() {
        let interface = UserInterface::default();
        for theme in [Theme::Dark, Theme::Light] {
            let visuals = interface.context().style_of(theme).visuals.clone();
            let texts = [visuals.text_color(), visuals.weak_text_color(), visuals.strong_text_color()];
            // The library's title with the focus has the last ground.
            let widgets = &visuals.widgets;
            for ground in [visuals.panel_fill, widgets.inactive.weak_bg_fill, widgets.hovered.weak_bg_fill] {
                for text in texts.into_iter().chain([visuals.warn_fg_color, visuals.error_fg_color]) {
                    let ratio = contrast(text, ground);
                    assert!(ratio >= 4.5, "{theme:?}: {text:?} on {ground:?} has a contrast of {ratio:.1}");
                }
            }
        }
    }
}
