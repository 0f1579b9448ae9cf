//! On-screen display: text over the frame and in the title bar.

use super::meter::{Meter, Sounding};
use crate::backend::WorkCounts;
use crate::picture::{Appearance, AspectRatio, Filter, FramePacing, Scaling};
use std::time::Duration;
use xenia_gpu::PixelSize;
use xenia_gpu::processor::FIELDS_PER_SECOND;
use xenia_ui::PageTheme;

/// Amount of figures shown over the frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    #[default]
    Off,
    /// Frames per second only.
    Small,
    Full,
}

impl Overlay {
    /// Next setting, for the key that cycles through them.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Off => Self::Small,
            Self::Small => Self::Full,
            Self::Full => Self::Off,
        }
    }
}

/// Display state of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OsdState {
    /// Number of the newest frame, and its size.
    pub(crate) frame: Option<(u64, PixelSize)>,
    /// Size of the window.
    pub(crate) window: PixelSize,
    pub(crate) scaling: Scaling,
    pub(crate) filter: Filter,
    pub(crate) appearance: Appearance,
    pub(crate) pacing: FramePacing,
    pub(crate) paused: bool,
    pub(crate) turbo: bool,
    /// Whether a video is being recorded.
    pub(crate) has_video: bool,
    pub(crate) overlay: Overlay,
    /// Colours of pages.
    pub(crate) theme: PageTheme,
    /// Name of the host's graphics adapter.
    pub(crate) adapter: String,
}

/// Pace of the machine. The display names all except the usual one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OsdPace {
    Usual,
    Paused,
    Turbo,
}

impl OsdState {
    fn pace(&self) -> OsdPace {
        match (self.paused, self.turbo) {
            (true, _) => OsdPace::Paused,
            (false, true) => OsdPace::Turbo,
            (false, false) => OsdPace::Usual,
        }
    }
}

/// Lines of the overlay in a window of this width, in logical pixels.
pub(crate) fn lines(meter: &Meter, osd: &OsdState, width: f64) -> Vec<String> {
    let rates = meter.rates();
    match osd.overlay {
        Overlay::Off => return Vec::new(),
        Overlay::Full if width >= FULL_WIDTH => {}
        Overlay::Full | Overlay::Small => return vec![fps(meter)],
    }
    // Where the host's clock is the guest's, the speed is as requested, however slow the machine
    // is.
    let (of, speed) = match fields(meter) {
        Some(fields) => (format!(" of {fields:.0}"), String::new()),
        None => (String::new(), format!("  speed {:.0}%", rates.speed * 100.0)),
    };
    let pace = match osd.pace() {
        OsdPace::Usual => "",
        OsdPace::Paused => "  paused",
        OsdPace::Turbo => "  turbo",
    };
    let mut lines = vec![format!(
        "{:5.1}{of} fps  {:5.1} ms (longest {:.1}){speed}{pace}",
        rates.fps, rates.frame_ms, rates.longest_ms
    )];
    if let Some(figures) = meter.newest() {
        lines.push(format!("{:5.1} MIPS, {}", rates.mips, figures.engine));
        if figures.functions > 0 {
            lines.push(format!(
                "{:5} functions compiled; {:.2}% interpreted, {:.0} fallbacks a frame",
                figures.functions,
                rates.interpreted * 100.0,
                rates.fallbacks_per_frame
            ));
        }
        lines.push(format!("{:5.0} draws a frame, {}", rates.draws_per_frame, figures.backend));
        if let Some((work, frames)) = rates.work.filter(|(_, frames)| *frames > 0.0) {
            lines.extend(work_lines(&work, frames));
        }
        if let Some(Sounding { latency, gaps }) = figures.sound {
            lines.push(format!("{:5.0} ms behind in sound, {gaps} gaps", latency.as_secs_f64() * 1000.0));
        }
    }
    if let Some((number, PixelSize { width, height })) = osd.frame {
        lines.push(format!(
            "frame {number}: {width}x{height} on {}x{}, {}, {}, vsync {}{}{}",
            osd.window.width,
            osd.window.height,
            shape(osd),
            osd.filter.name(),
            if osd.pacing.vsync { "on" } else { "off" },
            if osd.pacing.low_latency { ", low latency" } else { "" },
            osd.appearance.list()
        ));
    }
    lines.push(format!("shown by {}", osd.adapter));
    lines
}

/// How the picture fills the window.
fn shape(osd: &OsdState) -> String {
    match osd.appearance.aspect {
        ratio @ AspectRatio(Some(_)) if osd.scaling == Scaling::Aspect => format!("aspect ratio {ratio}"),
        _ => osd.scaling.name().to_owned(),
    }
}

/// Lines of the backend's work in this number of frames.
fn work_lines(work: &WorkCounts, frames: f64) -> [String; 3] {
    let each = |count: u64| count as f64 / frames;
    let waits = format!(
        "{:5.1} waits of {:.1} ms, {:.1} MB back, {:.1} MB up, {:.1} drawn by the CPU a frame",
        each(work.waits),
        each(work.ns_waited) / 1e6,
        each(work.bytes_back) / 1e6,
        each(work.bytes_up) / 1e6,
        each(work.fallback_draws)
    );
    let WorkCounts { pipelines_in_play, pipelines_predicted, predictions_used, .. } = work;
    let textures = [work.textures_made, work.textures_dropped, work.levels_decoded];
    let [textures, dropped, levels] = textures.map(each);
    let pipelines = format!(
        "{pipelines_in_play:5} pipelines in {:.0} ms, {predictions_used} of {pipelines_predicted} predictions used; \
         {textures:.1} textures ({dropped:.1} dropped), {levels:.1} levels, {:.1} queries, held back {:.1} ms a frame",
        work.ns_in_pipelines as f64 / 1e6,
        each(work.queries),
        each(work.ns_held_back) / 1e6
    );
    let errors = match work.validation_errors {
        0 => String::new(),
        count => format!("; {count} errors of the graphics API"),
    };
    let others = format!(
        "{:5.1} groups, {:.1} epoch misses, {:.1} kB of indices, {:.1} EDRAM trips, {:.1} expanded a frame{errors}",
        each(work.groups_made),
        each(work.epoch_misses),
        each(work.index_bytes) / 1e3,
        each(work.edram_trips),
        each(work.expanded_draws)
    );
    [waits, pipelines, others]
}

/// Video fields per second of host time, if guest time is the host's clock.
fn fields(meter: &Meter) -> Option<f64> {
    let has_clock = meter.newest().is_some_and(|figures| figures.has_host_clock);
    has_clock.then(|| meter.rates().speed * f64::from(FIELDS_PER_SECOND)).filter(|fields| *fields >= 0.5)
}

/// Frames per second, and of how many fields.
fn fps(meter: &Meter) -> String {
    let fps = meter.rates().fps;
    fields(meter).map_or_else(|| format!("{fps:.0} fps"), |fields| format!("{fps:.0} of {fields:.0} fps"))
}

/// Badges in a corner; `badges` are the permanent ones.
pub(crate) fn badges(badges: &[&str], osd: &OsdState) -> Vec<String> {
    let state = match osd.pace() {
        OsdPace::Usual => None,
        OsdPace::Paused => Some("|| paused"),
        OsdPace::Turbo => Some(">> turbo"),
    };
    let video = osd.has_video.then_some("* video");
    let all: Vec<&str> = badges.iter().copied().chain(video).chain(state).collect();
    if all.is_empty() { Vec::new() } else { vec![all.join("   ")] }
}

/// Text of the title bar; `doing` is the activity of a machine before its first frame.
pub(crate) fn title(name: &str, meter: &Meter, osd: &OsdState, doing: Option<&str>) -> String {
    if let Some(doing) = doing {
        return format!("{name} | {doing} | xenia-rs");
    }
    let state = match osd.pace() {
        OsdPace::Usual => format!(" | {}", fps(meter)),
        OsdPace::Paused => " | paused".to_owned(),
        OsdPace::Turbo => format!(" | {}, turbo", fps(meter)),
    };
    format!("{name}{state} | xenia-rs")
}

/// Width that all figures need, in logical pixels; smaller windows show few.
const FULL_WIDTH: f64 = 340.0;
/// Time for which a message is shown.
const MESSAGE_TIME: Duration = Duration::from_secs(3);
/// Time to read a letter of a message.
const LETTER_TIME: Duration = Duration::from_millis(50);
/// Longest time for which a message is shown.
const MAX_MESSAGE_TIME: Duration = Duration::from_secs(30);
/// Maximum number of messages shown at a time.
const MAX_MESSAGES: usize = 5;

/// Short messages with a limited time.
#[derive(Debug, Default)]
pub(crate) struct Messages(Vec<(Duration, String)>);

/// Message of another thread than the window's.
#[derive(Debug)]
pub(crate) enum MailedText {
    /// A value that changes, shown by [`Messages::say`].
    Value(String),
    /// Any other text, shown by [`Messages::note`].
    Note(String),
}

impl Messages {
    /// Shows `text` from `now` on. It replaces a message that differs only in its numbers: a value
    /// that changes, such as the volume, has one line.
    pub(crate) fn say(&mut self, now: Duration, text: String) {
        let without_digits = |text: &str| text.replace(|letter: char| letter.is_ascii_digit(), "");
        let fixed_part = without_digits(&text);
        self.0.retain(|(_, other)| without_digits(other) != fixed_part);
        self.note(now, text);
    }

    /// Shows `text` from `now` on. Other numbers are those of other files and slots: it replaces
    /// only itself.
    pub(crate) fn note(&mut self, now: Duration, text: String) {
        self.0.retain(|(_, other)| *other != text);
        if self.0.len() == MAX_MESSAGES {
            self.0.remove(0);
        }
        let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let time = LETTER_TIME.saturating_mul(letters).clamp(MESSAGE_TIME, MAX_MESSAGE_TIME);
        self.0.push((now + time, text));
    }

    /// Removes expired messages.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.0.retain(|(until, _)| *until > now);
    }

    /// Time when the next message expires.
    pub(crate) fn next_end(&self) -> Option<Duration> {
        self.0.iter().map(|(until, _)| *until).min()
    }

    /// Current messages, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(_, text)| text.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::meter::Figures;
    use super::*;

    fn metered() -> Meter {
        let mut meter = Meter::default();
        let figures = |n: u64| Figures {
            engine: "jit",
            backend: "reference",
            guest_time: Duration::from_millis(n * 500),
            has_host_clock: false,
            instructions: n * 10_000_000,
            interpreted: n * 10_000,
            fallbacks: n * 90,
            functions: 812,
            frames: n * 30,
            draws: n * 90,
            work: Some(WorkCounts { waits: n * 60, ns_waited: n * 90_000_000, ..WorkCounts::default() }),
            sound: Some(Sounding { latency: Duration::from_millis(98), gaps: 2 }),
        };
        for n in 0..3 {
            meter.sample(Duration::from_millis(n * 1000), &figures(n));
        }
        for n in 0..31 {
            meter.frame(Duration::from_nanos(n * 33_333_333));
        }
        meter
    }

    fn sample_state() -> OsdState {
        OsdState {
            frame: Some((77, PixelSize::new(1280, 720))),
            window: PixelSize::new(1600, 900),
            pacing: FramePacing { vsync: true, low_latency: false },
            overlay: Overlay::Full,
            adapter: "an adapter".to_owned(),
            ..OsdState::default()
        }
    }

    fn lines(meter: &Meter, osd: &OsdState) -> Vec<String> {
        super::lines(meter, osd, 1280.0)
    }

    fn title(name: &str, meter: &Meter, osd: &OsdState) -> String {
        super::title(name, meter, osd, None)
    }

    #[test]
    fn the_overlay_shows_the_rates() {
        let expected = "
 30.0 fps   33.3 ms (longest 33.3)  speed 50%
 10.0 MIPS, jit
  812 functions compiled; 0.10% interpreted, 3 fallbacks a frame
    3 draws a frame, reference
  2.0 waits of 3.0 ms, 0.0 MB back, 0.0 MB up, 0.0 drawn by the CPU a frame
    0 pipelines in 0 ms, 0 of 0 predictions used; 0.0 textures (0.0 dropped), 0.0 levels, 0.0 queries, held back 0.0 ms a frame
  0.0 groups, 0.0 epoch misses, 0.0 kB of indices, 0.0 EDRAM trips, 0.0 expanded a frame
   98 ms behind in sound, 2 gaps
frame 77: 1280x720 on 1600x900, aspect ratio kept, linear, vsync on
shown by an adapter";
        assert_eq!(format!("\n{}", lines(&metered(), &sample_state()).join("\n")), expected);
        let paused = OsdState { paused: true, ..sample_state() };
        assert!(lines(&metered(), &paused)[0].ends_with("speed 50%  paused"));
    }

    #[test]
    fn a_ratio_is_named_where_it_shapes_the_picture() {
        let appearance = Appearance { aspect: AspectRatio(Some((4, 3))), ..Appearance::default() };
        for (scaling, expected) in [(Scaling::Aspect, "aspect ratio 4:3"), (Scaling::Stretch, "stretched")] {
            assert_eq!(shape(&OsdState { scaling, appearance, ..sample_state() }), expected);
        }
    }

    #[test]
    fn where_the_hosts_clock_is_the_guests_frames_are_counted_against_fields() {
        let mut meter = Meter::default();
        for n in 0..3 {
            let time = Duration::from_millis(n * 1000);
            let figures = Figures { guest_time: time, has_host_clock: true, ..Figures::default() };
            meter.sample(time, &figures);
        }
        for n in 0..20 {
            meter.frame(Duration::from_millis(n * 125));
        }
        let full = lines(&meter, &sample_state());
        assert_eq!(full[0], "  8.0 of 60 fps  125.0 ms (longest 125.0)");
        let few = OsdState { overlay: Overlay::Small, ..sample_state() };
        assert_eq!(lines(&meter, &few), ["8 of 60 fps"]);
        assert_eq!(title("demo", &meter, &few), "demo | 8 of 60 fps | xenia-rs");
    }

    #[test]
    fn overlay_omits_missing_figures() {
        let osd = OsdState { adapter: "x".to_owned(), overlay: Overlay::Full, ..OsdState::default() };
        let lines = lines(&Meter::default(), &osd);
        assert_eq!(lines, ["  0.0 fps    0.0 ms (longest 0.0)  speed 0%", "shown by x"]);
    }

    #[test]
    fn the_title_bar_names_title_and_speed() {
        let meter = metered();
        assert_eq!(title("dolphin", &meter, &sample_state()), "dolphin | 30 fps | xenia-rs");
        let turbo = OsdState { turbo: true, ..sample_state() };
        assert_eq!(title("dolphin", &meter, &turbo), "dolphin | 30 fps, turbo | xenia-rs");
        let paused = OsdState { paused: true, ..turbo };
        assert_eq!(title("dolphin", &meter, &paused), "dolphin | paused | xenia-rs");
        let loading = super::title("dolphin", &meter, &paused, Some("loading"));
        assert_eq!(loading, "dolphin | loading | xenia-rs");
    }

    #[test]
    fn the_key_goes_from_none_to_few_to_all_and_a_small_window_has_few() {
        let meter = metered();
        let mut osd = OsdState { overlay: Overlay::Off, ..sample_state() };
        let mut counts = Vec::new();
        for _ in 0..4 {
            counts.push(lines(&meter, &osd).len());
            osd.overlay = osd.overlay.next();
        }
        assert_eq!(counts, [0, 1, 10, 0]);
        let full = OsdState { overlay: Overlay::Full, ..osd };
        assert_eq!(super::lines(&meter, &full, 200.0), ["30 fps"]);
    }

    #[test]
    fn badges_show_lasting_states_and_the_machines_state() {
        let running = sample_state();
        let paused = OsdState { paused: true, turbo: true, ..sample_state() };
        assert!(badges(&[], &running).is_empty());
        assert_eq!(badges(&["recording"], &running), ["recording"]);
        let recorded = OsdState { has_video: true, ..paused.clone() };
        assert_eq!(badges(&[], &recorded), ["* video   || paused"]);
        assert_eq!(badges(&["recording"], &paused), ["recording   || paused"]);
        assert_eq!(badges(&[], &OsdState { turbo: true, ..running }), [">> turbo"]);
    }

    #[test]
    fn messages_go_after_a_while() {
        let second = Duration::from_secs(1);
        let mut messages = Messages::default();
        assert_eq!(messages.next_end(), None);
        messages.say(second, "a".to_owned());
        messages.say(second * 2, "b".to_owned());
        assert_eq!((messages.lines().join(" "), messages.next_end()), ("a b".to_owned(), Some(second * 4)));
        messages.expire(second * 4);
        assert_eq!(messages.lines(), ["b"]);
        messages.expire(second * 5);
        assert!(messages.lines().is_empty());
        for letter in 'a'..='i' {
            messages.say(second * 6, letter.to_string());
        }
        assert_eq!(messages.lines().join(""), "efghi");
    }

    #[test]
    fn a_value_that_changes_has_one_line() {
        let mut messages = Messages::default();
        for text in ["volume 90 %", "saved to slot 1", "volume 100 %"] {
            messages.say(Duration::ZERO, text.to_owned());
        }
        assert_eq!(messages.lines(), ["saved to slot 1", "volume 100 %"]);
    }

    #[test]
    fn messages_of_two_files_are_two_lines() {
        let mut messages = Messages::default();
        let texts = ["can't save package SAVE01", "can't save package SAVE02"];
        for text in texts.into_iter().chain(texts) {
            messages.note(Duration::ZERO, text.to_owned());
        }
        assert_eq!(messages.lines(), texts);
    }

    #[test]
    fn a_long_message_is_shown_until_it_can_be_read() {
        let end = |letters| {
            let mut messages = Messages::default();
            messages.note(Duration::ZERO, "a".repeat(letters));
            messages.next_end()
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!((end(60), end(200), end(4096)), (seconds(3), seconds(10), seconds(30)));
    }
}
