//! The page of controllers: a picture of one, the keys and buttons of its parts, dead zones.
//!
//! ```text
//!  a part is chosen ──▶ waits ──▶ the window takes the next key or button of a pad ──▶ bound
//!                         └─ Escape, or the part once more: as before
//! ```
//!
//! While a part waits, the window passes no key to the pages
//! ([`super::UserInterface::waiting_part`]).

mod picture;

use super::page::{MenuPage, Outcome};
use super::widgets::{entry, row_of};
use super::{InputCommand, InputModel, PageCommand, PageModel, settings};
use egui::{EventFilter, FocusDirection, Key, Response, ScrollArea, Ui};
use picture::DeadZones;
use std::time::Duration;

/// Interval between polls of what is pressed.
const POLL_INTERVAL: Duration = Duration::from_millis(33);
/// Height of the list of parts in points.
const LIST_HEIGHT: f32 = 156.0;
/// Seconds for which the motors are tried.
const MOTORS: f64 = 0.6;

/// State of the page.
#[derive(Debug, Default)]
pub(super) struct InputState {
    /// Name of the part that waits for a key or button.
    pub(super) waiting: Option<&'static str>,
    /// Time at which the motors stop.
    motors_until: Option<f64>,
}

/// The outcome that gives a command to the window.
fn command(command: InputCommand) -> Outcome {
    Outcome::Do(PageCommand::Input(command))
}

/// Shows the page.
pub(super) fn show(ui: &mut Ui, model: &PageModel, state: &mut InputState) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let Some(input) = &model.input else { return outcomes };
    ui.ctx().request_repaint_after(POLL_INTERVAL);
    ui.vertical_centered(|ui| ui.heading("Controllers"));
    if input.pads.is_empty() {
        ui.vertical_centered(|ui| ui.label("no pad: the keyboard alone"));
    }
    let pads: Vec<&str> = input.pads.iter().map(|pad| pad.name.as_str()).collect();
    ui.vertical_centered(|ui| ui.label(pads.join(", ")));
    let zones =
        DeadZones { stick: fraction(input, "dead-zone"), trigger: fraction(input, "trigger-dead-zone") };
    let on_picture = picture::show(ui, &input.parts, zones, state.waiting);
    let hint = if state.waiting.is_some() {
        "Press a key, or a pad's button, trigger or stick. Escape: as before."
    } else {
        "Enter: another key or button. Delete: no key."
    };
    ui.vertical_centered(|ui| ui.label(hint));
    let in_list = show_list(ui, input, state.waiting, &mut outcomes);
    if let Some(chosen) = in_list.or(on_picture) {
        state.waiting = (state.waiting != Some(chosen)).then_some(chosen);
    }
    outcomes.extend(settings::list(ui, &input.settings));
    ui.add_space(4.0);
    if let Some(name) = &input.assignment
        && row_of(ui, "Assignment", if name.is_empty() { "none" } else { name }).clicked()
    {
        outcomes.push(command(InputCommand::NextAssignment));
    }
    show_motors(ui, state, &mut outcomes);
    outcomes.extend(settings::keep(ui, model));
    if entry(ui, "As built in\u{2026}") {
        outcomes.push(Outcome::Go(MenuPage::AskBuiltIn));
    }
    if entry(ui, "Back") {
        outcomes.push(Outcome::Go(MenuPage::Menu));
    }
    outcomes
}

/// Asks before the built-in keys, buttons and dead zones are used again. The first answer is
/// harmless.
pub(super) fn ask_built_in(ui: &mut Ui) -> Vec<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Use the built-in keys and buttons?"));
    ui.label("Assignments, dead zones and motors' strength not kept for the next start are lost.");
    ui.add_space(8.0);
    let mut outcomes = Vec::new();
    if entry(ui, "Back") {
        outcomes.push(Outcome::Go(MenuPage::Input));
    }
    if entry(ui, "As built in") {
        outcomes.extend([command(InputCommand::Reset), Outcome::Go(MenuPage::Input)]);
    }
    outcomes
}

/// Shows the parts and the pads as a list. Returns the part that was clicked.
fn show_list(
    ui: &mut Ui,
    input: &InputModel,
    waiting: Option<&'static str>,
    outcomes: &mut Vec<Outcome>,
) -> Option<&'static str> {
    let mut clicked = None;
    ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, false]).show(ui, |ui| {
        let mut rows = Vec::new();
        for part in &input.parts {
            let waits = waiting == Some(part.name);
            let response = row_of(ui, &part.label, if waits { "..." } else { &part.bound });
            if response.clicked() {
                clicked = Some(part.name);
            }
            if response.has_focus() && ui.input(|input| input.key_pressed(Key::Delete)) {
                outcomes.push(command(InputCommand::Unbind(part.name)));
            }
            rows.push(response);
        }
        for (number, pad) in input.pads.iter().enumerate() {
            let response = row_of(ui, &pad.name, pad.assignment.as_deref().unwrap_or("as all pads"));
            if response.clicked() {
                outcomes.push(command(InputCommand::NextPadAssignment(number)));
            }
            rows.push(response);
        }
        walk(ui, &rows, EventFilter::default());
    });
    clicked
}

/// Shows the entry that tries the motors, and stops them when their time is over.
fn show_motors(ui: &mut Ui, state: &mut InputState, outcomes: &mut Vec<Outcome>) {
    if entry(ui, "Try the motors") {
        state.motors_until = Some(ui.input(|input| input.time) + MOTORS);
        outcomes.push(command(InputCommand::StartMotors));
    }
    if state.motors_until.take_if(|until| *until <= ui.input(|input| input.time)).is_some() {
        outcomes.push(command(InputCommand::StopMotors));
    }
}

/// A percentage of the page's settings as a fraction; 0 if it is none of them.
fn fraction(input: &InputModel, key: &str) -> f32 {
    let setting = input.settings.iter().find(|setting| setting.key == key);
    setting.and_then(|setting| setting.value.parse::<u8>().ok()).map_or(0.0, |value| f32::from(value) / 100.0)
}

/// Moves the focus along the rows by the arrows, Page Up and Down, Home and End, also to those that
/// are not seen yet, to which egui does not go. The row keeps the other keys of this filter, too.
pub(super) fn walk(ui: &Ui, rows: &[Response], filter: EventFilter) {
    let Some(at) = rows.iter().position(Response::has_focus) else { return };
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    // The last row's arrow leads out of the list.
    let last = rows.len() - 1;
    let filter = EventFilter { vertical_arrows: at < last, ..filter };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(rows[at].id, filter));
    let seen = rows.iter().filter(|row| ui.clip_rect().intersects(row.rect)).count();
    let page = seen.saturating_sub(1).max(1);
    let steps = [
        (Key::ArrowDown, (at < last).then_some(at + 1)),
        (Key::ArrowUp, at.checked_sub(1).filter(|_| at < last)),
        (Key::PageDown, Some((at + page).min(last))),
        (Key::PageUp, Some(at.saturating_sub(page))),
        (Key::Home, Some(0)),
        (Key::End, Some(last)),
    ];
    let taken: Vec<Option<usize>> =
        steps.into_iter().filter(|(key, _)| pressed(*key)).map(|(_, to)| to).collect();
    // Keys that contradict each other do nothing.
    let [Some(to)] = taken[..] else { return };
    if let Some(next) = rows.get(to) {
        next.request_focus();
        // The filter does not act in the first pass with the focus: egui would move on by one more.
        ui.memory_mut(|memory| memory.move_focus(FocusDirection::None));
    }
}

impl InputState {
    /// Prepares the page to be left. Returns whether motors still run.
    pub(super) fn leave(&mut self) -> bool {
        self.waiting = None;
        self.motors_until.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use crate::{InputPad, InputPart, LiveSetting, SettingControl};

    fn model() -> PageModel {
        let part = |name, label: &str, bound: &str| InputPart {
            name,
            label: String::from(label),
            bound: bound.to_owned(),
            pressed: 0,
        };
        let zone = SettingControl::Percent { range: 0..=90, step: 5 };
        let zone =
            LiveSetting { key: "dead-zone", label: "Dead zone", control: zone, value: "10".to_owned() };
        let input = InputModel {
            parts: vec![part("a", "A", "Z, A"), part("b", "B", "X, B"), part("start", "Start", "Enter")],
            pads: vec![InputPad { name: "Gamepad: controller 1".to_owned(), assignment: None }],
            settings: vec![zone],
            assignment: None,
        };
        PageModel { input: Some(input), has_input: true, can_keep: true, ..PageModel::default() }
    }

    #[test]
    fn a_part_waits_for_a_key_until_it_is_chosen_again() {
        let mut driver = Driver::new(MenuPage::Input, model());
        assert_eq!((driver.keys(&[Key::ArrowDown, Key::Enter]), driver.waiting_part()), (vec![], Some("b")));
        assert!(driver.shows("...") && driver.shows("Gamepad: controller 1"));
        driver.click("...");
        assert_eq!(driver.waiting_part(), None);
        driver.click("A");
        assert_eq!(driver.waiting_part(), Some("a"));
        driver.end_waiting();
        assert_eq!(driver.waiting_part(), None);
        driver.click("A");
        driver.open(MenuPage::Menu);
        assert_eq!(driver.waiting_part(), None, "the page was left");
    }

    #[test]
    fn delete_takes_the_keys_and_sliders_set_dead_zones() {
        let mut driver = Driver::new(MenuPage::Input, model());
        assert_eq!(
            driver.keys(&[Key::ArrowDown, Key::Delete]),
            [PageCommand::Input(InputCommand::Unbind("b"))]
        );
        let set = PageCommand::Set { key: "dead-zone", value: "15".to_owned() };
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowRight]), [set]);
        assert_eq!(driver.click("As built in\u{2026}"), []);
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        driver.click("As built in\u{2026}");
        let reset = [PageCommand::Input(InputCommand::Reset)];
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), reset);
        assert_eq!(driver.page(), Some(MenuPage::Input));
        assert_eq!(driver.click("Keep for the next start"), [PageCommand::Keep]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn dead_zones_are_drawn_to_scale() {
        let mut driver = Driver::new(MenuPage::Input, model());
        let small = driver.circles();
        driver.change(|model| model.input.as_mut().unwrap().settings[0].value = "40".to_owned());
        let large = driver.circles();
        let count = |circles: &[f32], zone: f32| {
            circles.iter().filter(|radius| (**radius - zone * picture::STICK).abs() < 0.01).count()
        };
        assert_eq!((count(&small, 0.1), count(&small, 0.4)), (2, 0), "{small:?}");
        assert_eq!((count(&large, 0.1), count(&large, 0.4)), (0, 2), "{large:?}");
    }

    #[test]
    fn the_arrows_reach_every_part_and_what_is_below() {
        let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"];
        let part =
            |name: &'static str| InputPart { name, label: format!("Part {name}"), ..InputPart::default() };
        let mut long = model();
        long.input.as_mut().unwrap().parts = names.map(part).into();
        let mut driver = Driver::new(MenuPage::Input, long);
        for name in &names[1..] {
            driver.keys(&[Key::ArrowDown, Key::Enter]);
            assert_eq!(driver.waiting_part(), Some(*name));
        }
        driver.keys(&[Key::ArrowDown; 3]);
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Input(InputCommand::StartMotors)]);
    }

    #[test]
    fn a_long_list_is_walked_by_pages_and_to_its_ends() {
        let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"];
        let part = |name: &'static str| InputPart { name, label: name.to_owned(), ..InputPart::default() };
        let mut long = model();
        long.input.as_mut().unwrap().parts = names.map(part).into();
        let mut driver = Driver::new(MenuPage::Input, long);
        driver.keys(&[Key::PageDown, Key::Enter]);
        let page: usize = driver.waiting_part().unwrap().parse().unwrap();
        assert!((2..8).contains(&page), "{page}");
        driver.keys(&[Key::PageDown, Key::PageUp, Key::PageUp, Key::PageUp, Key::Enter]);
        assert_eq!(driver.waiting_part(), Some("0"));
        let pad = [PageCommand::Input(InputCommand::NextPadAssignment(0))];
        assert_eq!(driver.keys(&[Key::End, Key::Enter]), pad);
        driver.keys(&[Key::Home, Key::Enter]);
        assert_eq!(driver.waiting_part(), None, "the part that waited was chosen again");
    }

    #[test]
    fn the_next_named_assignment_is_used_where_there_are_any() {
        let mut driver = Driver::new(MenuPage::Input, model());
        assert!(!driver.shows("Assignment"));
        driver.change(|model| model.input.as_mut().unwrap().assignment = Some(String::new()));
        assert!(driver.shows("none"));
        driver.change(|model| model.input.as_mut().unwrap().assignment = Some("racing".to_owned()));
        assert_eq!(driver.click("racing"), [PageCommand::Input(InputCommand::NextAssignment)]);
    }

    #[test]
    fn each_pad_has_its_own_assignment_and_pads_that_come_and_go_are_shown() {
        let mut driver = Driver::new(MenuPage::Input, model());
        driver.change(|model| model.input.as_mut().unwrap().parts.truncate(1));
        assert_eq!(driver.click("as all pads"), [PageCommand::Input(InputCommand::NextPadAssignment(0))]);
        let second =
            InputPad { name: "Wheel: controller 2".to_owned(), assignment: Some("racing".to_owned()) };
        driver.change(|model| model.input.as_mut().unwrap().pads.push(second));
        assert!(driver.shows("Gamepad: controller 1, Wheel: controller 2"));
        assert_eq!(driver.click("racing"), [PageCommand::Input(InputCommand::NextPadAssignment(1))]);
        driver.change(|model| model.input.as_mut().unwrap().pads.clear());
        assert!(driver.shows("no pad: the keyboard alone") && !driver.shows("racing"));
    }

    #[test]
    fn motors_run_for_a_while_and_never_after_the_page() {
        let mut driver = Driver::new(MenuPage::Input, model());
        let on = PageCommand::Input(InputCommand::StartMotors);
        let off = PageCommand::Input(InputCommand::StopMotors);
        assert_eq!(driver.click("Try the motors"), [on]);
        assert_eq!(driver.after(2.0 * MOTORS), std::slice::from_ref(&off));
        assert_eq!(driver.after(4.0 * MOTORS), []);
        driver.click("Try the motors");
        assert_eq!(driver.keys(&[Key::Escape]), [off]);
    }

    #[test]
    fn the_menu_leads_to_the_page_where_there_are_controllers() {
        let mut driver = Driver::new(MenuPage::Menu, model());
        driver.click("Controllers");
        assert_eq!(driver.page(), Some(MenuPage::Input));
        let mut without = Driver::new(MenuPage::Menu, PageModel::default());
        assert!(!without.shows("Controllers"));
    }
}
