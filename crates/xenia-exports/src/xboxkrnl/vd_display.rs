//! Display modes (`VdQuery*`, `Vd*Display*`): the structures that titles read. The state behind
//! them, and when an override takes effect, is in [`crate::display`].

use crate::abi::{Call, OptionalOut, Out, Ptr};
use crate::display::{ModeFlags, ModeOverride, Persisted, field_period};
use crate::ports::DisplayMode;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::{Heap, PHYSICAL_SIZE, Protect};
use xenia_user::xconfig::video_standard_of;

/// The exports for display modes.
pub struct VdDisplay;

/// Layout of `VIDEO_MODE`.
mod video_mode {
    pub(super) const SIZE: u32 = 0x30;
}

/// Least width in pixels of a mode that is high definition.
const MIN_HIGH_DEFINITION_WIDTH: u32 = 1280;

/// Size in bytes of a persisted picture's block. The block is empty, as the display keeps the
/// picture.
const PICTURE: u32 = 0x1000;

/// The mode of the console's settings.
fn settings(call: &Call) -> DisplayMode {
    call.kernel.chips.display_mode
}

/// The mode of the console's settings, with the title's overrides.
fn mode(call: &Call) -> DisplayMode {
    let settings = settings(call);
    call.kernel.display.lock().mode(settings)
}

/// Writes the `VIDEO_MODE` that titles see.
pub fn write_video_mode(call: &Call, at: GuestAddr) -> Fallible<()> {
    write_mode(call, at, mode(call))
}

fn write_mode(call: &Call, at: GuestAddr, mode: DisplayMode) -> Fallible<()> {
    let memory = call.memory();
    memory.fill(at, video_mode::SIZE, 0)?;
    for (offset, value) in [
        (0x00, mode.width),
        (0x04, mode.height),
        (0x08, u32::from(mode.interlaced)),
        (0x0C, u32::from(mode.widescreen)),
        (0x10, u32::from(mode.width >= MIN_HIGH_DEFINITION_WIDTH)),
        (0x14, mode.refresh_rate.to_bits()),
        (0x18, video_standard_of(call.kernel.config.locale.game_region, mode.is_50_hz())),
        // Purpose unknown; the values are the console's.
        (0x1C, 0x4A),
        (0x20, 1),
    ] {
        memory.write(at.offset(offset), value)?;
    }
    Ok(())
}

#[exports(xboxkrnl)]
impl VdDisplay {
    /// Stores the current display mode.
    #[export(Done)]
    fn VdQueryVideoMode(call: &mut Call, mode: Ptr<()>) -> Fallible<()> {
        write_video_mode(call, mode.addr())
    }

    /// Stores the display mode of the console's settings, without the title's overrides.
    #[export(Done)]
    fn VdQueryRealVideoMode(call: &mut Call, mode: Ptr<()>) -> Fallible<()> {
        write_mode(call, mode.addr(), settings(call))
    }

    /// Returns the display mode as flags: 1 wide, 2 high definition, 4 at least 1920 wide.
    #[export(Done)]
    fn VdQueryVideoFlags(call: &mut Call) -> u32 {
        let mode = mode(call);
        u32::from(mode.widescreen)
            | u32::from(mode.width >= MIN_HIGH_DEFINITION_WIDTH) << 1
            | u32::from(mode.width >= 1920) << 2
    }

    /// Stores the properties of the display, its scaler and its overscan (`DISPLAY_INFO`).
    #[export(Done)]
    fn VdGetCurrentDisplayInformation(call: &mut Call, information: Ptr<()>) -> Fallible<()> {
        let memory = call.memory();
        let at = information.addr();
        let settings = settings(call);
        let (mode, flags) = call.kernel.display.lock().current(settings);
        let width = mode.width as u16;
        let height = mode.height as u16;
        memory.fill(at, 0x58, 0)?;
        for offset in [0x04, 0x54] {
            memory.write(at.offset(offset), flags.color_space())?;
        }
        for (offset, value) in [
            (0x00, width),
            (0x02, height),
            (0x40, 320), // overscan: left, top, right, bottom
            (0x42, 180),
            (0x44, 320),
            (0x46, 180),
            (0x48, width),
            (0x4A, height),
            (0x56, width),
        ] {
            memory.write(at.offset(offset), value)?;
        }
        for (offset, value) in [
            (0x10, mode.width), // scaler source: x2, y2
            (0x14, mode.height),
            (0x18, mode.width), // scaler output
            (0x1C, mode.height),
            (0x20, 1), // vertical filter
            (0x30, 1), // horizontal filter
            (0x4C, mode.refresh_rate.to_bits()),
            (0x50, u32::from(mode.interlaced)),
        ] {
            memory.write(at.offset(offset), value)?;
        }
        Ok(())
    }

    /// Stores the gamma curve of the display: sRGB (1), BT.709 (2), or a power (3). It is always
    /// BT.709: no setting of the console changes it, and the host's display is not queried.
    #[export(Constant)]
    fn VdGetCurrentDisplayGamma(call: &mut Call, kind: Out<u32>, power: Out<f32>) -> Fallible<()> {
        kind.set(call.memory(), 2)?;
        Ok(power.set(call.memory(), 2.222_222_3)?)
    }

    /// Switches to the mode given by the settings and the override, with the format and colour
    /// space of the front buffers. From then on fields occur at the mode's rate.
    #[export(Done)]
    fn VdSetDisplayMode(call: &mut Call, flags: u32) -> NtStatus {
        let settings = settings(call);
        let mode = call.kernel.display.lock().change_mode(settings, ModeFlags(flags));
        call.kernel.chips.video.lock().set_field_period(field_period(&mode));
        NtStatus::SUCCESS
    }

    /// Overrides the size and field rate of the console's settings; 0 keeps a setting. `kind` is 2
    /// for the stereoscopic modes of 1280×1470 and 1920×2205, otherwise 0.
    #[export(Done)]
    fn VdSetDisplayModeOverride(
        call: &mut Call,
        width: u32,
        height: u32,
        refresh_rate: f64,
        _kind: u32,
        _unknown: u32,
    ) -> Fallible<NtStatus> {
        call.kernel.display.lock().set_override(ModeOverride { width, height, refresh_rate })?;
        Ok(NtStatus::SUCCESS)
    }

    /// Persists a picture on the display until the next title shows one, or (all zeros) stops that.
    /// Stores the memory of the picture persisted before, which the caller must free; returns false
    /// if there was none. The first such picture is the one shown while the title was loaded.
    #[export(Done)]
    fn VdPersistDisplay(
        call: &mut Call,
        picture: Option<Ptr<GuestAddr>>,
        before: Option<Out<GuestAddr>>,
    ) -> Fallible<bool> {
        let memory = call.memory();
        let picture = match picture {
            Some(picture) => Some(picture.read(memory)?).filter(|picture| !picture.is_null()),
            None => None,
        };
        let persisted = call.kernel.display.lock().persist(picture);
        let (was_kept, block) = match persisted {
            Persisted::Nothing => (false, GuestAddr::NULL),
            Persisted::Title(block) => (true, block),
            Persisted::Launch if before.is_none() => (true, GuestAddr::NULL),
            Persisted::Launch => {
                let protect = Protect::READ_WRITE;
                let last = PHYSICAL_SIZE - 1;
                (true, memory.alloc_physical(Heap::Physical4K, PICTURE, PICTURE, 0, last, protect)?)
            }
        };
        before.set(memory, block)?;
        Ok(was_kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::harness::Harness;
    use xenia_guest::{GuestAddr, NtStatus};
    use xenia_memory::Heap;

    /// Width, height and field rate (as bits) that a query stores.
    fn mode(b: &mut Harness, query: &str) -> (u32, u32, u32) {
        let base = u64::from(b.scratch.0);
        b.kernel_call(query, &[base]);
        (b.word(0), b.word(4), b.word(0x14))
    }

    #[test]
    fn an_override_is_read_back_and_changes_the_field_rate() {
        let mut b = Harness::new();
        let sixty = 60_f32.to_bits();
        let fifty = 50_f32.to_bits();
        assert_eq!(b.kernel.chips.video.lock().next_event(), Some(831_250));
        b.context().fpr[1] = 50_f64.to_bits();
        assert_eq!(b.status("VdSetDisplayModeOverride", &[640, 480, 0, 0, 0]), NtStatus::SUCCESS);
        assert_eq!(mode(&mut b, "VdQueryVideoMode"), (640, 480, fifty));
        assert_eq!(mode(&mut b, "VdQueryRealVideoMode"), (1280, 720, sixty));
        assert_eq!(b.kernel_call("VdQueryVideoFlags", &[]), 1);
        assert_eq!(b.status("VdSetDisplayModeOverride", &[1024, 768, 0, 0, 0]), NtStatus::SUCCESS);
        assert_eq!(b.kernel_call("VdQueryVideoFlags", &[]), 1);
        assert_eq!(b.status("VdSetDisplayModeOverride", &[640, 480, 0, 0, 0]), NtStatus::SUCCESS);
        let information = |b: &mut Harness| {
            let base = u64::from(b.scratch.0);
            b.kernel_call("VdGetCurrentDisplayInformation", &[base]);
            let size = b.word(0x48);
            ((size >> 16, size & 0xFFFF), b.word(0x4C), b.word(0x04) >> 24, b.word(0x54) >> 24)
        };
        assert_eq!(information(&mut b), ((1280, 720), sixty, 0, 0));
        b.kernel_call("VdSetDisplayMode", &[0x6000_0002]);
        assert_eq!(information(&mut b), ((640, 480), fifty, 2, 2));
        let mut video = b.kernel.chips.video.lock();
        video.advance(831_250);
        assert_eq!(video.next_event(), Some(831_250 + 997_500));
        drop(video);
        b.context().fpr[1] = 0;
        assert_eq!(b.status("VdSetDisplayModeOverride", &[0; 5]), NtStatus::SUCCESS);
        assert_eq!(mode(&mut b, "VdQueryVideoMode"), (1280, 720, sixty));
        b.context().fpr[1] = f64::NAN.to_bits();
        assert_eq!(b.status("VdSetDisplayModeOverride", &[0; 5]), NtStatus::INVALID_PARAMETER);
    }

    #[test]
    fn the_picture_of_the_launch_is_handed_over_once() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        assert_eq!(b.kernel_call("VdPersistDisplay", &[base, base + 0x20]), 1);
        let block = GuestAddr(b.word(0x20));
        assert_eq!(Heap::of(block), Some(Heap::Physical4K));
        b.kernel_call("MmFreePhysicalMemory", &[1, u64::from(block.0)]);
        assert!(!b.memory().is_committed(block));
        assert_eq!(b.kernel_call("VdPersistDisplay", &[base, base + 0x20]), 0);
        assert_eq!(b.word(0x20), 0);
        b.memory().write(b.scratch, 0xA001_0000_u32).unwrap();
        assert_eq!(b.kernel_call("VdPersistDisplay", &[base, base + 0x20]), 0);
        assert_eq!(b.kernel_call("VdPersistDisplay", &[0, base + 0x20]), 1);
        assert_eq!(b.word(0x20), 0xA001_0000);
        assert_eq!(b.kernel_call("VdPersistDisplay", &[0, 0]), 0);
    }
}
