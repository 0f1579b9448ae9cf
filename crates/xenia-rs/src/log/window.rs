//! Passes lines of the log that a player must see to the window: a program that is started from a
//! desktop has no terminal.

use super::{ACHIEVEMENTS, POPUPS};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use xenia::lock_order;
use xenia::say;
use xenia_sync::Mutex;

/// Period of the rate limit. An error that lasts is shown again and again, for a player must see it
/// now.
const PERIOD: Duration = Duration::from_mins(1);
/// Lines of a log statement in a period.
const LINES: u64 = 16;

/// Receiver of the lines, if there is a window.
static WINDOW: OnceLock<mpsc::Sender<String>> = OnceLock::new();

/// Sends lines to a window from now on; a process has one.
pub fn show_to(window: mpsc::Sender<String>) {
    let _ = WINDOW.set(window);
}

/// Lines of a log statement since the start of its period.
#[derive(Clone, Copy, Debug)]
struct Burst {
    start: Instant,
    lines: u64,
}

impl Burst {
    /// Counts a line, and returns whether it is shown.
    fn admit(&mut self, now: Instant) -> bool {
        if now.duration_since(self.start) >= PERIOD {
            *self = Self { start: now, lines: 0 };
        }
        self.lines += 1;
        self.lines <= LINES
    }
}

/// Layer that sends the lines to a channel, because statements log under locks of any level.
struct WindowLayer(Mutex<HashMap<Identifier, Burst>>);

/// The layer with its own filter: a quiet log keeps nothing from the window.
pub(super) fn layer<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let bursts = Mutex::numbered(xenia_sync::Level::Leaf, lock_order::LOG_LIMITER, HashMap::new());
    // The hint keeps more detailed statements as cheap as without a window.
    let filter = FilterFn::new(is_shown).with_max_level_hint(LevelFilter::INFO);
    WindowLayer(bursts).with_filter(filter)
}

/// Whether a player must see a line: an achievement, a pop-up of the title, or an error of files,
/// sound or this program.
fn is_shown(line: &Metadata<'_>) -> bool {
    let target = line.target();
    let is_news = [ACHIEVEMENTS, POPUPS].contains(&target);
    let concerns_player = target == "vfs" || target.starts_with("xenia");
    let least = if is_news { Level::INFO } else { Level::ERROR };
    *line.level() <= least && (is_news || concerns_player)
}

impl WindowLayer {
    fn admit(&self, line: &Metadata<'_>) -> bool {
        // Each achievement is earned once.
        if line.target() == ACHIEVEMENTS {
            return true;
        }
        let now = Instant::now();
        self.0.lock().entry(line.callsite()).or_insert(Burst { start: now, lines: 0 }).admit(now)
    }
}

impl<S: Subscriber> Layer<S> for WindowLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(window) = WINDOW.get() else { return };
        if self.admit(event.metadata()) {
            let mut text = MessageText::default();
            event.record(&mut text);
            // The send fails only if the window is closed.
            let _ = window.send(say::fitting(&text.0));
        }
    }
}

/// Text of an event, without its fields.
#[derive(Default)]
struct MessageText(String);

impl Visit for MessageText {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::GUEST;
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn errors_of_files_achievements_and_pop_ups_reach_the_window() {
        let (window, lines) = mpsc::channel();
        show_to(window);
        let log = tracing_subscriber::registry().with(layer());
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "vfs", "can't save package {}: the device is full", "progress");
            tracing::warn!(target: "vfs", "the times are not saved");
            for _ in 0..17 {
                tracing::info!(target: ACHIEVEMENTS, "Player 1 earned achievement \"Second\" (25 G)");
            }
            for _ in 0..17 {
                tracing::info!(target: POPUPS, "\"Lap 2\"");
            }
            tracing::error!(target: "kernel", "a wait has timed out");
            tracing::error!(target: GUEST, "a line of the title");
        });
        let lines: Vec<String> = lines.try_iter().collect();
        let mut expected = vec!["can't save package progress: the device is full"];
        expected.extend(["Player 1 earned achievement \"Second\" (25 G)"; 17]);
        // A title can repeat them without end.
        expected.extend(["\"Lap 2\""; 16]);
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_error_that_lasts_is_shown_in_each_period() {
        let start = Instant::now();
        let mut burst = Burst { start, lines: 0 };
        let admitted = |burst: &mut Burst, now| (0..100).filter(|_| burst.admit(now)).count();
        assert_eq!((admitted(&mut burst, start), admitted(&mut burst, start + PERIOD / 2)), (16, 0));
        assert_eq!(admitted(&mut burst, start + PERIOD), 16);
    }
}
