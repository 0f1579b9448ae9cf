//! Texts in the middle of the window (progress before the first frame, the list of keys), and the
//! page for a machine that has stopped.

use super::ControllerKeys;
use super::hotkeys::Hotkeys;
use super::keys::KeyAction;
use super::meter::Meter;
use std::path::PathBuf;
use xenia_ui::StoppedModel;

/// Letters in a progress bar.
const BAR: usize = 32;

/// Activity of a machine before its first frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Loading the title and creating its machine.
    #[default]
    Loading,
    /// Compiling the pipelines of earlier runs for the host's GPU.
    Pipelines {
        /// Number of pipelines compiled so far.
        done: usize,
        /// Total number of pipelines.
        total: usize,
    },
    /// Compiling code of the title for the host.
    Code {
        /// Number of functions compiled so far.
        done: usize,
        /// Total number of functions.
        total: usize,
    },
    /// Running guest code.
    Running,
}

impl Phase {
    /// Short description for the title bar.
    pub(super) fn words(self) -> String {
        match self {
            Self::Loading => "loading".to_owned(),
            Self::Pipelines { done, total } => format!("pipelines {done}/{total}"),
            Self::Code { done, total } => format!("functions {done}/{total}"),
            Self::Running => "running".to_owned(),
        }
    }
}

/// Reason why a machine has stopped unexpectedly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Short description of the cause.
    pub heading: String,
    /// Details, the most useful first.
    pub lines: Vec<String>,
    /// Whether the title can be restarted.
    pub again: bool,
    /// Whether a bug report can be written.
    pub has_report: bool,
    /// The reason as a text for other programs, without paths of the host; empty if there is none.
    pub excerpt: String,
    /// Folder of the report; `None` if there is none.
    pub folder: Option<PathBuf>,
}

/// Page shown before the first frame.
pub(super) fn start(name: &str, phase: Phase, meter: &Meter, hotkeys: &Hotkeys) -> Vec<String> {
    let mut lines = vec![name.to_owned(), String::new()];
    match phase {
        Phase::Loading => lines.push("loading".to_owned()),
        Phase::Pipelines { done, total } => {
            lines.push(format!("compiling pipelines for the GPU: {done} of {total}"));
            lines.push(bar(done, total));
        }
        Phase::Code { done, total } => {
            lines.push(format!("compiling functions: {done} of {total}"));
            lines.push(bar(done, total));
        }
        Phase::Running => {
            lines.push("running; it has not shown a picture yet".to_owned());
            if let Some(figures) = meter.newest() {
                let rates = meter.rates();
                let seconds = figures.guest_time.as_secs_f64();
                let speed = if figures.has_host_clock {
                    String::new()
                } else {
                    format!(", speed {:.0}%", rates.speed * 100.0)
                };
                lines.push(format!("{seconds:.1} seconds of the console's time{speed}"));
                lines.push(format!("{:.1} MIPS, {} functions compiled", rates.mips, figures.functions));
            }
        }
    }
    if let Some(key) = hotkeys.label(KeyAction::Help) {
        lines.extend([String::new(), format!("{key} shows the keys")]);
    }
    lines
}

fn bar(done: usize, total: usize) -> String {
    let full = (done.min(total) * BAR).checked_div(total).unwrap_or(0);
    format!("[{}{}]", "=".repeat(full), " ".repeat(BAR - full))
}

/// Page of keys; `controller` lists the machine's, which are not the window's. Keys of one action
/// share a line.
pub(super) fn keys(hotkeys: &Hotkeys, controller: &ControllerKeys) -> Vec<String> {
    let mut own: Vec<(String, &str)> = Vec::new();
    for binding in hotkeys.keys().iter().filter(|binding| !binding.is_given_away(&controller.keys)) {
        let meaning = binding.action.meaning();
        match own.last_mut().filter(|(_, above)| *above == meaning) {
            Some((labels, _)) => {
                labels.push_str(", ");
                labels.push_str(&binding.label);
            }
            None => own.push((binding.label.to_string(), meaning)),
        }
    }
    let chords = hotkeys.chords().iter().map(|chord| (chord.label.as_str(), chord.action.meaning()));
    let window = own.iter().map(|(labels, meaning)| (labels.as_str(), *meaning)).chain(chords);
    let rows = controller.rows.iter().map(|(keys, parts)| (keys.as_str(), parts.as_str()));
    let all = window.clone().chain(rows.clone());
    let width = all.map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let row = |(name, meaning): (&str, &str)| format!("  {name:width$}  {meaning}");
    let mut lines = vec!["The window".to_owned()];
    lines.extend(window.map(row));
    if !controller.rows.is_empty() {
        lines.extend([String::new(), controller.heading.clone()]);
        lines.extend(rows.map(row));
    }
    lines
}

/// Page of a machine that has stopped.
pub(super) fn stopped(why: &Stopped, has_library: bool, hotkeys: &Hotkeys) -> StoppedModel {
    let key = |action: KeyAction| hotkeys.label(action).unwrap_or_default().to_owned();
    StoppedModel {
        heading: why.heading.clone(),
        lines: why.lines.clone(),
        again: why.again.then(|| key(KeyAction::Again)),
        report: why.has_report.then(|| key(KeyAction::Report)),
        leave: key(KeyAction::Menu),
        can_copy: !why.excerpt.is_empty(),
        folder: why.folder.clone(),
        has_library,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::{BINDINGS, KeyBinding, Modifier};
    use super::super::meter::Figures;
    use super::*;
    use std::time::Duration;
    use winit::keyboard::KeyCode;

    fn first(name: &str, phase: Phase, meter: &Meter) -> Vec<String> {
        start(name, phase, meter, &Hotkeys::default())
    }

    #[test]
    fn pages_name_the_keys_of_the_settings() {
        let pause = KeyBinding {
            key: KeyCode::KeyO,
            with: Modifier::Any,
            label: "O".into(),
            action: KeyAction::Menu,
        };
        let named = [KeyAction::Menu, KeyAction::Help, KeyAction::Again];
        let own = Hotkeys::new(&named, vec![pause], Vec::new()).unwrap();
        let why = Stopped { again: true, ..Stopped::default() };
        let page = stopped(&why, false, &own);
        assert_eq!((page.leave.as_str(), page.again, page.report), ("O", Some(String::new()), None));
        assert_eq!(start("x", Phase::Loading, &Meter::default(), &own), ["x", "", "loading"]);
        assert!(keys(&own, &ControllerKeys::default()).iter().any(|line| line.starts_with("  O ")));
    }

    #[test]
    fn start_page_shows_title_and_progress() {
        let mut meter = Meter::default();
        assert_eq!(first("dolphin", Phase::Loading, &meter)[..3], ["dolphin", "", "loading"]);
        let compiling = first("dolphin", Phase::Pipelines { done: 12, total: 32 }, &meter);
        assert!(compiling[2].ends_with("12 of 32"), "{compiling:?}");
        assert_eq!(compiling[3], format!("[{}{}]", "=".repeat(12), " ".repeat(20)));
        let code = first("dolphin", Phase::Code { done: 1, total: 2 }, &meter);
        assert_eq!(code[2..4], ["compiling functions: 1 of 2".to_owned(), bar(16, 32)]);
        for (done, total) in [(0, 0), (9, 3), (usize::MAX / 64, 1)] {
            let page = first("x", Phase::Pipelines { done, total }, &meter);
            assert_eq!(page[3].len(), BAR + 2);
        }
        let guest_time = Duration::from_millis(1250);
        meter.sample(Duration::ZERO, &Figures { guest_time, functions: 812, ..Figures::default() });
        let running = first("dolphin", Phase::Running, &meter).join("\n");
        assert!(running.contains("1.2 seconds") && running.contains("812 functions"), "{running}");
    }

    #[test]
    fn the_page_of_keys_has_all_of_them_in_columns() {
        let mut controller = ControllerKeys {
            heading: "Controller 1".to_owned(),
            rows: vec![("Z X A S".to_owned(), "A B X Y".to_owned())],
            keys: vec![KeyCode::KeyZ],
        };
        let page = keys(&Hotkeys::default(), &controller);
        let labels = |line: &str| line.trim_start().split("  ").next().unwrap_or_default().to_owned();
        let width = "F11, Alt+Enter".len();
        for binding in BINDINGS {
            let row = page.iter().find(|line| labels(line).split(", ").any(|label| label == binding.label));
            let at = row.and_then(|row| row.find(binding.action.meaning()));
            assert_eq!(at, Some(2 + width + 2), "{}", binding.label);
        }
        // A window of usual height has 42 lines, of which a controller has eight and its heading.
        let of_window = page.iter().take_while(|line| !line.is_empty()).count();
        assert!(of_window + 1 + 9 <= 42, "{page:?}");
        assert!(page.iter().any(|line| line.contains("Z X A S") && line.contains("A B X Y")));
        assert!(page.contains(&"Controller 1".to_owned()));
        controller.keys = vec![KeyCode::KeyP, KeyCode::F1];
        let page = keys(&Hotkeys::default(), &controller);
        assert!(page.iter().any(|line| labels(line) == "Pause"), "the controller has P");
        assert!(page.iter().any(|line| labels(line) == "F1"), "reserved");
    }

    #[test]
    fn the_last_page_offers_what_can_be_done() {
        let mut why = Stopped { again: true, has_report: true, ..Stopped::default() };
        let page = |why: &Stopped| stopped(why, true, &Hotkeys::default());
        let keys = |page: &StoppedModel| (page.again.clone(), page.report.clone());
        assert_eq!(keys(&page(&why)), (Some("R".to_owned()), Some("F9".to_owned())));
        why.again = false;
        why.has_report = false;
        assert_eq!((keys(&page(&why)), page(&why).leave.as_str()), ((None, None), "Escape"));
    }
}
