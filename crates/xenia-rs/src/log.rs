//! The log: writes `tracing` events of all crates to standard error or to a file.
//!
//! Warnings are shown, and so are the title's debug output (target `guest`, see
//! [`xenia::guest_log`]), achievements (`achievements`) and the title's pop-ups (`popups`). `-v`,
//! `-vv` and `-q` change the level, `RUST_LOG` and `--log` choose levels by target. Third-party
//! libraries log errors only unless a filter names them.
//!
//! A title can trigger most log statements as often as it likes, so each statement is rate-limited:
//! the first 16 lines are shown, then those whose number is a power of two, and [`finish`] reports
//! how many were left out. Achievements are not limited, nor are lines at `debug` and below, which
//! are only enabled on request. A window shows achievements, pop-ups and some errors, whatever the
//! filter ([`show_to`]).

mod flags;
mod targets;
mod window;

pub use window::show_to;

use crate::cli::{Color, LogArgs};
use anyhow::{Context as _, Result, bail};
use flags::FlagFields;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use xenia::lock_order;
use xenia::output::{StreamFile, WriteErrors};
use xenia::say::{self, StandardError, errln};
use xenia::status;
use xenia_sync::Mutex;

/// Lines of one log statement that are shown before the rate limit applies.
const LINES: u64 = 16;
pub use xenia::guest_log::GUEST;
/// Target of achievements, shown by default.
const ACHIEVEMENTS: &str = "achievements";
/// Target of the title's pop-ups, shown by default.
const POPUPS: &str = "popups";
/// Third-party libraries, of which only errors are shown by default.
const LIBRARIES: [&str; 7] =
    ["winit", "wgpu_core", "wgpu_hal", "naga", "cranelift_codegen", "cranelift_frontend", "regalloc2"];

/// Whether standard error is coloured.
fn is_standard_error_colored(color: Color) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto => is_set("CLICOLOR_FORCE") || std::io::stderr().is_terminal(),
    }
}

/// The default filter, adjusted by `-v` and `-q`.
fn base(verbose: u8, quiet: bool) -> Targets {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let guest = if quiet { LevelFilter::OFF } else { level.max(LevelFilter::INFO) };
    Targets::new()
        .with_default(level)
        .with_targets(LIBRARIES.map(|library| (library, LevelFilter::ERROR)))
        .with_targets([GUEST, ACHIEVEMENTS, POPUPS].map(|target| (target, guest)))
}

/// Parses a filter: levels by target, or one level for all other targets.
fn parsed(text: &str) -> Result<Targets> {
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        // A word that is not a level would be taken for a target that does not exist.
        if !directive.contains('=') && LevelFilter::from_str(directive).is_err() {
            bail!("{directive:?} is neither a level (error, warn, info, debug, trace, off) nor TARGET=LEVEL");
        }
    }
    text.parse().with_context(|| format!("{text:?} is not a filter"))
}

/// Adds the directives of `text` to `filter`.
fn refined(mut filter: Targets, text: &str) -> Result<Targets> {
    let directives = parsed(text)?;
    if let Some(level) = directives.default_level() {
        filter = filter.with_default(level);
    }
    Ok(filter.with_targets(directives.iter()))
}

/// The filter of the flags and of `RUST_LOG`, and the reason why the latter is ignored, if it is.
fn filter_of(args: &LogArgs, environment: Option<&str>) -> Result<(Targets, Option<anyhow::Error>)> {
    let mut filter = base(args.verbose, args.quiet);
    let mut ignored = None;
    if let Some(text) = environment {
        match refined(filter.clone(), text) {
            Ok(refined) => filter = refined,
            Err(error) => ignored = Some(error),
        }
    }
    if let Some(text) = &args.log {
        // Unlike --log, RUST_LOG may contain targets of other programs.
        parsed(text).and_then(|directives| targets::check(&directives)).context("--log")?;
        filter = refined(filter, text).context("--log")?;
    }
    Ok((filter, ignored))
}

/// Lines logged by one statement.
#[derive(Clone, Copy, Debug, Default)]
struct LineCounts {
    logged: u64,
    left_out: u64,
}

/// Rate limiter: counts lines by log statement.
#[derive(Debug)]
struct Limiter(Mutex<HashMap<Identifier, (&'static Metadata<'static>, LineCounts)>>);

impl Default for Limiter {
    fn default() -> Self {
        Self(Mutex::numbered(xenia_sync::Level::Leaf, lock_order::LOG_LIMITER, HashMap::new()))
    }
}

impl LineCounts {
    /// Counts a line, and returns whether it is shown.
    fn admit(&mut self) -> bool {
        self.logged += 1;
        let shown = self.logged <= LINES || self.logged.is_power_of_two();
        self.left_out += u64::from(!shown);
        shown
    }
}

impl Limiter {
    fn admit(&self, statement: &'static Metadata<'static>) -> bool {
        // Each achievement is earned once.
        let is_earned = statement.target() == ACHIEVEMENTS && *statement.level() == Level::INFO;
        if *statement.level() > Level::INFO || statement.target() == GUEST || is_earned {
            return true;
        }
        let mut statements = self.0.lock();
        statements.entry(statement.callsite()).or_insert((statement, LineCounts::default())).1.admit()
    }

    /// Numbers of lines left out, in source order.
    fn left_out(&self) -> Vec<String> {
        let statements = self.0.lock();
        let mut rows: Vec<_> = statements
            .values()
            .filter(|(_, counts)| counts.left_out > 0)
            .map(|(at, counts)| {
                (at.file().unwrap_or("?"), at.line().unwrap_or(0), at.target(), counts.left_out)
            })
            .collect();
        rows.sort_unstable();
        rows.iter()
            .map(|(file, line, target, count)| {
                format!("{count} more lines of {target} ({file}:{line}) were left out")
            })
            .collect()
    }
}

/// Filter of the layer that writes.
struct Thinned {
    filter: Targets,
    limiter: Arc<Limiter>,
}

impl<S: Subscriber> Filter<S> for Thinned {
    fn enabled(&self, line: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        Filter::<S>::enabled(&self.filter, line, context)
    }

    fn callsite_enabled(&self, line: &'static Metadata<'static>) -> Interest {
        let interest = Filter::<S>::callsite_enabled(&self.filter, line);
        // tracing-subscriber expects `event_enabled` to admit all lines of an `always` statement.
        if interest.is_always() { Interest::sometimes() } else { interest }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.filter)
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.limiter.admit(event.metadata())
    }
}

/// The file of `--log-file`; remembers the first write error. The log of an earlier run stays until
/// the first line, or the end of a run that is not refused.
#[derive(Clone)]
struct LogFile {
    file: Arc<Mutex<Option<StreamFile>>>,
    name: String,
    write_errors: WriteErrors,
}

impl LogFile {
    fn create(path: &Path, write_errors: WriteErrors) -> Result<Self> {
        let name = path.display().to_string();
        let file = StreamFile::create(path).with_context(|| format!("cannot create the log file {name}"))?;
        Ok(Self {
            file: Arc::new(Mutex::numbered(xenia_sync::Level::Leaf, lock_order::LOG_FILE, Some(file))),
            name,
            write_errors,
        })
    }

    fn change(&self, change: impl FnOnce(&mut StreamFile) -> std::io::Result<()>) {
        let mut file = self.file.lock();
        if let Some(Err(error)) = file.as_mut().map(change) {
            *file = None;
            self.write_errors.note(format!("the log {} is incomplete: {error}", self.name));
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.change(|file| file.write_all(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Line break within a message, indented so that no further line looks like a message.
const NEXT_LINE: &str = "\n      ";

/// Writer of whole messages that makes control characters visible: a message may have text of a
/// title, of which tracing-subscriber replaces some control characters only.
struct Visible<W>(W);

/// Whether the text after an ESC makes it the escape sequence of a colour.
fn is_color(text: &str) -> bool {
    let numbers = |c: char| c.is_ascii_digit() || c == ';';
    text.strip_prefix('[').is_some_and(|rest| rest.trim_start_matches(numbers).starts_with('m'))
}

/// A message with control characters made visible, except line breaks, tabs and colours.
fn visible(message: &str) -> String {
    let text = message.strip_suffix('\n').unwrap_or(message);
    let mut parts = text.split('\x1b');
    let mut escaped = say::visible(parts.next().unwrap_or_default());
    for part in parts {
        escaped.push(if is_color(part) { '\x1b' } else { char::REPLACEMENT_CHARACTER });
        escaped.push_str(&say::visible(part));
    }
    escaped.replace('\n', NEXT_LINE) + &message[text.len()..]
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, message: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(visible(&String::from_utf8_lossy(message)).as_bytes())?;
        Ok(message.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

static LIMITER: OnceLock<Arc<Limiter>> = OnceLock::new();
static WRITE_ERRORS: OnceLock<WriteErrors> = OnceLock::new();
static FILE: OnceLock<LogFile> = OnceLock::new();

/// Starts the log; must be called once in a process.
pub fn start(args: &LogArgs) -> Result<()> {
    if args.quiet {
        say::be_quiet();
    }
    let (filter, ignored) = filter_of(args, std::env::var("RUST_LOG").ok().as_deref())?;
    let limiter = LIMITER.get_or_init(Arc::default).clone();
    let write_errors = WRITE_ERRORS.get_or_init(WriteErrors::default).clone();
    // A write error on standard error must not panic.
    let layer = tracing_subscriber::fmt::layer().without_time().log_internal_errors(false);
    let layer = layer.fmt_fields(FlagFields);
    // The filter is the log's alone: a quiet log keeps nothing from the window.
    let thinned = Thinned { filter, limiter };
    let registry = tracing_subscriber::registry().with(window::layer());
    if let Some(path) = &args.log_file {
        let file = LogFile::create(path, write_errors)?;
        let file = FILE.get_or_init(|| file).clone();
        let layer = layer.with_ansi(false).with_writer(move || Visible(file.clone()));
        registry.with(layer.with_filter(thinned)).init();
    } else {
        let colored = is_standard_error_colored(args.color);
        let layer = layer.with_ansi(colored).with_writer(|| Visible(StandardError));
        registry.with(layer.with_filter(thinned)).init();
    }
    // A status line is unwanted by users who turned escape sequences off or asked for less output;
    // and a log of each step would make it flicker.
    let is_busy = args.log_file.is_none() && LevelFilter::current() >= LevelFilter::DEBUG;
    if !args.quiet && args.color != Color::Never && !is_busy {
        status::allow();
    }
    if let Some(error) = ignored {
        tracing::warn!("RUST_LOG is ignored: {error:#}");
    }
    Ok(())
}

/// Ends the log and reports the lines left out. Returns false if the log file is incomplete.
/// `has_run`: the command was not refused, so the log file of an earlier run is truncated, even if
/// this run has logged nothing.
pub fn finish(has_run: bool) -> bool {
    if let Some(file) = FILE.get().filter(|_| has_run) {
        file.change(StreamFile::flush);
    }
    for line in LIMITER.get().into_iter().flat_map(|limiter| limiter.left_out()) {
        errln!("xenia-rs: {line}");
    }
    WRITE_ERRORS.get().is_none_or(WriteErrors::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(filter: &Targets, target: &str, level: Level) -> bool {
        filter.would_enable(target, &level)
    }

    #[test]
    fn warnings_and_the_title_are_shown_and_libraries_are_not() {
        let filter = base(0, false);
        assert!(shows(&filter, "kernel", Level::WARN) && !shows(&filter, "kernel", Level::INFO));
        assert!([GUEST, ACHIEVEMENTS, POPUPS].iter().all(|target| shows(&filter, target, Level::INFO)));
        assert!(!shows(&filter, "winit::platform", Level::WARN) && shows(&filter, "winit", Level::ERROR));
        let quiet = base(0, true);
        assert!(!shows(&quiet, "kernel", Level::WARN) && !shows(&quiet, GUEST, Level::ERROR));
        assert!(shows(&base(1, false), "kernel", Level::INFO));
        let loud = base(2, false);
        assert!(shows(&loud, "kernel", Level::DEBUG) && !shows(&loud, "cranelift_codegen::x", Level::DEBUG));
    }

    #[test]
    fn a_filter_refines_and_a_wrong_one_is_refused() {
        let filter = refined(base(0, false), "kernel=debug,winit=trace").unwrap();
        assert!(shows(&filter, "kernel", Level::DEBUG) && shows(&filter, "winit", Level::TRACE));
        assert!(shows(&filter, "gpu", Level::WARN) && !shows(&filter, "gpu", Level::INFO), "the rest stays");
        assert!(shows(&refined(base(0, false), "debug").unwrap(), "gpu", Level::DEBUG));
        for wrong in ["debgu", "kernel=loud", "kernel"] {
            assert!(refined(base(0, false), wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_flag_refines_the_environment_which_refines_the_usual_levels() {
        let flags = |log: &str| LogArgs { log: Some(log.to_owned()), quiet: true, ..LogArgs::default() };
        let environment = Some("kernel=debug,vfs=debug");
        let (filter, ignored) = filter_of(&flags("kernel=error,gpu=info"), environment).unwrap();
        assert!(ignored.is_none(), "{ignored:?}");
        let levels = [("kernel", Level::ERROR), ("gpu", Level::INFO), ("vfs", Level::DEBUG)];
        for (target, level) in levels.into_iter().chain([("sched", Level::ERROR)]) {
            assert!(shows(&filter, target, level), "{target}");
        }
        for (target, level) in [("kernel", Level::WARN), ("gpu", Level::DEBUG), ("sched", Level::WARN)] {
            assert!(!shows(&filter, target, level), "{target}");
        }
        // A wrong environment does not take the flag along.
        let (filter, ignored) = filter_of(&flags("gpu=info"), Some("debgu")).unwrap();
        assert!(ignored.is_some() && shows(&filter, "gpu", Level::INFO));
        // It may be for another program.
        assert!(filter_of(&flags("gpu=info"), Some("other=trace")).unwrap().1.is_none());
        let refused = filter_of(&flags("other=trace"), None).unwrap_err();
        assert!(format!("{refused:#}").starts_with("--log: nothing is logged as \"other\""), "{refused:#}");
    }

    #[test]
    fn control_characters_of_a_message_are_visible() {
        let mut written = Vec::new();
        let message = b"\x1b[33m WARN\x1b[0m a\rb\x0e\x05\x1a\0c\x1b[2Kd\te\nERROR f\n";
        Visible(&mut written).write_all(message).unwrap();
        let written = String::from_utf8(written).unwrap().replace(char::REPLACEMENT_CHARACTER, "?");
        assert_eq!(written, "\x1b[33m WARN\x1b[0m a?b????c?[2Kd\te\n      ERROR f\n");
    }

    #[test]
    fn lines_left_out_of_the_log_do_not_disturb_the_window() {
        let thinned = Thinned { filter: base(0, false), limiter: Arc::default() };
        let layer = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let log = tracing_subscriber::registry().with(window::layer()).with(layer.with_filter(thinned));
        tracing::subscriber::with_default(log, || {
            for _ in 0..40 {
                tracing::error!(target: "vfs", "can't save");
                tracing::error!(target: "kernel", "another layer's line");
            }
        });
    }

    #[test]
    fn a_statement_that_logs_without_end_is_thinned_out() {
        let mut counts = LineCounts::default();
        let shown = (0..1_000_000).filter(|_| counts.admit()).count();
        assert_eq!(shown, 16 + 15, "16 lines, then number 32, 64, up to 524,288");
        assert_eq!(counts.left_out, 1_000_000 - shown as u64);
    }
}
