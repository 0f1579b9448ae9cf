//! Display state set by the title: overrides of the video mode, the mode chosen at the last mode
//! change, the image persisted across a change of title, and the callbacks for mode changes.
//!
//! An override affects every query of the video mode at once. The display itself (its refresh rate,
//! its current mode) changes at the next `VdSetDisplayMode`, as Direct3D calls the two in this
//! order.

mod video_events;

pub use video_events::VideoEvents;

use crate::notification_list::NotificationList;
use crate::ports::DisplayMode;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use xenia_guest::{FIELDS_PER_SECOND, GuestAddr, NtStatus};
use xenia_memory::{GuestMemory, physical_to_view};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_state::{Impossible, check, is_count};

/// Largest number of pending swaps; the chip has room for a few.
const MAX_SWAPS: usize = 64;
/// Refresh rates that a display supports, in fields per second.
const RATES: std::ops::RangeInclusive<f64> = 20.0..=240.0;
/// Largest width and height of a mode: the limit of the chip.
const MAX_SIDE: u32 = 8192;

/// Override of the console's video mode; a field of 0 keeps the setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModeOverride {
    /// Pixels per line.
    pub width: u32,
    /// Lines; in a stereoscopic mode, both eyes' lines and the gap between them.
    pub height: u32,
    /// Fields per second.
    pub refresh_rate: f64,
}

impl ModeOverride {
    /// Whether no field is overridden.
    fn is_none(&self) -> bool {
        self.width == 0 && self.height == 0 && self.refresh_rate == 0.0
    }

    /// Whether a display supports the mode.
    fn is_supported(&self) -> bool {
        let rate_is_valid = self.refresh_rate == 0.0 || RATES.contains(&self.refresh_rate);
        rate_is_valid && self.width <= MAX_SIDE && self.height <= MAX_SIDE
    }

    fn applied_to(&self, mode: DisplayMode) -> DisplayMode {
        let or = |value, setting| if value == 0 { setting } else { value };
        let refresh_rate =
            if self.refresh_rate == 0.0 { mode.refresh_rate } else { self.refresh_rate as f32 };
        DisplayMode {
            width: or(self.width, mode.width),
            height: or(self.height, mode.height),
            refresh_rate,
            ..mode
        }
    }
}

/// Flags of `VdSetDisplayMode`: 2 is standard definition, 0x0800_0000 front buffers with 10 bits
/// per component, 0x3000_0000 the colour space, 0x4000_0000 always set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeFlags(pub u32);

impl ModeFlags {
    /// Colour space of the front buffers; 0 is RGB.
    pub fn color_space(self) -> u8 {
        (self.0 >> 28 & 3) as u8
    }
}

/// Display state set by the title: mode, callbacks, pending swaps, persisted image.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Display {
    mode_override: ModeOverride,
    /// Mode and flags of the last mode change; `None` before the first.
    current: Option<(DisplayMode, ModeFlags)>,
    /// Callbacks for mode changes, `routine(registration, kind, data)`.
    pub routines: NotificationList,
    /// Physical address to which the chip writes the identifier of the consumed system command
    /// buffer.
    pub gpu_identifier: Option<u32>,
    /// Identifiers of the system command buffers of pending swaps.
    marks: VecDeque<u32>,
    persisted: Persisted,
    /// Number of frames the graphics chip has shown.
    pub frames: u64,
    /// Number of `VdSwap` calls.
    pub swaps: u64,
}

/// The image that stays on the display while one title replaces another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Persisted {
    /// The image that was shown while this title was loaded. Its memory is allocated at the first
    /// request for it.
    #[default]
    Launch,
    /// There is no image.
    Nothing,
    /// An image that this title has persisted, in physical memory.
    Title(GuestAddr),
}

/// Duration of one field in ticks of guest time.
pub fn field_period(mode: &DisplayMode) -> GuestTicks {
    let rate = f64::from(mode.refresh_rate);
    let rate = if RATES.contains(&rate) { rate } else { f64::from(FIELDS_PER_SECOND) };
    (TICKS_PER_SECOND as f64 / rate) as GuestTicks
}

/// End of a swap, which the title is notified of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SwapEnd {
    /// Physical address that gets the identifier.
    address: u32,
    /// Identifier of the system command buffer.
    identifier: u32,
}

impl Display {
    /// Checks a display's state that comes from a file.
    pub(crate) fn check_state(&self) -> Result<(), Impossible> {
        // An address of the chip and one of the title: checked when they are used.
        let Self { mode_override, current, routines, gpu_identifier: _, marks, persisted: _, frames, swaps } =
            self;
        check(mode_override.is_supported(), "no display supports the video mode")?;
        if let Some((mode, _)) = current {
            let fits = mode.width <= MAX_SIDE && mode.height <= MAX_SIDE;
            check(fits && mode.refresh_rate.is_finite(), "no display supports the current mode")?;
        }
        check(marks.len() <= MAX_SWAPS, "too many pending swaps")?;
        check([frames, swaps].iter().all(|&&count| is_count(count)), "a count of frames is too high")?;
        routines.check_state()
    }

    /// Sets the override; fails if no display supports the mode.
    pub fn set_override(&mut self, wanted: ModeOverride) -> Fallible<()> {
        if !wanted.is_supported() {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        self.mode_override = wanted;
        Ok(())
    }

    /// The mode that results from `settings` and the override.
    pub fn mode(&self, settings: DisplayMode) -> DisplayMode {
        self.mode_override.applied_to(settings)
    }

    /// Changes to the mode that results from `settings` and the override; returns it.
    pub fn change_mode(&mut self, settings: DisplayMode, flags: ModeFlags) -> DisplayMode {
        let mode = self.mode(settings);
        self.current = Some((mode, flags));
        mode
    }

    /// The current mode and flags of the display.
    pub fn current(&self, settings: DisplayMode) -> (DisplayMode, ModeFlags) {
        self.current.unwrap_or((settings, ModeFlags::default()))
    }

    // ---- system command buffers ----

    /// Records that the title's commands contain a swap with this identifier. Beyond a limit the
    /// oldest is dropped.
    pub fn swap_begins(&mut self, mark: u32) {
        self.swaps += 1;
        if self.marks.len() == MAX_SWAPS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    /// Records a shown frame: writes the identifier of the consumed system command buffer to the
    /// title's address. Returns the frame's number, counted from 1.
    pub(crate) fn show_frame(&mut self, memory: &GuestMemory) -> u64 {
        self.frames += 1;
        if let Some(SwapEnd { address, identifier }) = self.swap_ends()
            && let Err(fault) = memory.write(physical_to_view(address), identifier)
        {
            tracing::warn!(target: "kernel", "system command buffer's identifier: {fault}");
        }
        self.frames
    }

    /// Removes the oldest pending swap, and returns its end if the title is notified of it.
    fn swap_ends(&mut self) -> Option<SwapEnd> {
        let identifier = self.marks.pop_front()?;
        self.gpu_identifier.map(|address| SwapEnd { address, identifier })
    }

    // ---- the persisted image ----

    /// Replaces the persisted image; returns the previous one.
    pub fn persist(&mut self, picture: Option<GuestAddr>) -> Persisted {
        std::mem::replace(&mut self.persisted, picture.map_or(Persisted::Nothing, Persisted::Title))
    }

    /// Writes the state that differs from a freshly started console as lines in a fixed order: part
    /// of the input of a state digest.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        if !self.mode_override.is_none() {
            line(&format!("mode override {:?}", self.mode_override));
        }
        for (order, routine) in self.routines.iter() {
            line(&format!("graphics notification {:#x} {routine:?}", order.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_shows_in_the_mode_and_on_the_display_after_a_change() {
        let settings = DisplayMode::default();
        let mut display = Display::default();
        for (width, height, rate, expected) in [
            (0, 0, 50.0, (1280, 720, 50.0)),
            (1280, 1470, 59.94, (1280, 1470, 59.94_f32)),
            (1920, 0, 0.0, (1920, 720, 60.0)),
            (0, 0, 0.0, (1280, 720, 60.0)),
        ] {
            let before = display.current(settings).0;
            display.set_override(ModeOverride { width, height, refresh_rate: rate }).unwrap();
            let mode = display.mode(settings);
            assert_eq!((mode.width, mode.height, mode.refresh_rate), expected);
            assert_eq!(display.current(settings).0, before, "not before the mode is changed");
            display.change_mode(settings, ModeFlags(0x5000_0000));
            assert_eq!(display.current(settings), (mode, ModeFlags(0x5000_0000)));
        }
        assert_eq!(display.current(settings).1.color_space(), 1);
    }

    #[test]
    fn modes_that_no_display_has_are_refused() {
        let mut display = Display::default();
        for refresh_rate in [f64::NAN, f64::INFINITY, -60.0, 1e-300, 19.0, 1e300] {
            let wanted = ModeOverride { refresh_rate, ..ModeOverride::default() };
            assert!(display.set_override(wanted).is_err(), "{refresh_rate}");
        }
        for (width, height) in [(u32::MAX, 0), (0, 8193)] {
            assert!(display.set_override(ModeOverride { width, height, refresh_rate: 0.0 }).is_err());
        }
        assert_eq!(display.mode_override, ModeOverride::default());
    }

    #[test]
    fn the_field_period_is_that_of_the_rate() {
        let period = |refresh_rate| field_period(&DisplayMode { refresh_rate, ..DisplayMode::default() });
        assert_eq!([period(60.0), period(50.0), period(f32::NAN)], [831_250, 997_500, 831_250]);
    }

    #[test]
    fn swaps_end_in_the_order_they_begin() {
        let mut display = Display::default();
        display.swap_begins(1);
        assert_eq!(display.swap_ends(), None, "no GPU identifier is set");
        display.gpu_identifier = Some(0x100);
        assert_eq!(display.swap_ends(), None, "no swap");
        (0..100).for_each(|mark| display.swap_begins(mark));
        for identifier in [36, 37] {
            assert_eq!(display.swap_ends(), Some(SwapEnd { address: 0x100, identifier }));
        }
    }

    #[test]
    fn a_restored_display_continues_as_the_saved_one() {
        let mut display = Display { gpu_identifier: Some(0x100), ..Display::default() };
        display.set_override(ModeOverride { width: 640, height: 480, refresh_rate: 50.0 }).unwrap();
        display.change_mode(DisplayMode::default(), ModeFlags(2));
        (0..3).for_each(|mark| display.swap_begins(mark));
        display.persist(Some(GuestAddr(0xA000_0000)));
        let mut read = crate::kernel::round_trip(&display);
        assert_eq!(read.check_state(), Ok(()));
        assert_eq!(format!("{read:?}"), format!("{display:?}"));
        assert_eq!((read.swap_ends(), read.persist(None)), (display.swap_ends(), display.persist(None)));
        let changes: [fn(&mut Display); 6] = [
            |display| display.mode_override.refresh_rate = f64::NAN,
            |display| display.mode_override.width = MAX_SIDE + 1,
            |display| display.current.as_mut().unwrap().0.height = u32::MAX,
            |display| display.current.as_mut().unwrap().0.refresh_rate = f32::INFINITY,
            |display| display.marks.resize(MAX_SWAPS + 1, 0),
            |display| display.frames = u64::MAX,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut changed = read.clone();
            change(&mut changed);
            assert!(changed.check_state().is_err(), "{index}");
        }
    }

    #[test]
    fn a_picture_is_kept_until_the_next() {
        let mut display = Display::default();
        assert_eq!(display.persist(Some(GuestAddr(0xA000_0000))), Persisted::Launch);
        assert_eq!(display.persist(None), Persisted::Title(GuestAddr(0xA000_0000)));
        assert_eq!(display.persist(None), Persisted::Nothing);
    }
}
