//! The display (`VdQuery*`, `Vd*Display*`).

use crate::abi::{Call, Out, Ptr};
use crate::failure::Fallible;
use crate::ports::DisplayMode;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct VdDisplay;

/// `VIDEO_MODE`.
mod video_mode {
    pub(super) const SIZE: u32 = 0x30;
    /// Video standard NTSC-M.
    pub(super) const NTSC_M: u32 = 1;
}

fn mode(call: &Call) -> DisplayMode {
    call.kernel.video.lock().display_mode()
}

/// Writes a `VIDEO_MODE`.
pub fn write_video_mode(call: &Call, at: GuestAddr) -> Fallible<()> {
    let (memory, mode) = (call.memory(), mode(call));
    memory.fill(at, video_mode::SIZE, 0)?;
    for (offset, value) in [
        (0x00, mode.width),
        (0x04, mode.height),
        (0x08, u32::from(mode.interlaced)),
        (0x0C, u32::from(mode.widescreen)),
        (0x10, u32::from(mode.width >= 1024)),
        (0x14, mode.refresh_rate.to_bits()),
        (0x18, video_mode::NTSC_M),
        // Purpose unknown.
        (0x1C, 0x4A),
        (0x20, 1),
    ] {
        memory.write(at.offset(offset), value)?;
    }
    Ok(())
}

#[exports(xboxkrnl)]
impl VdDisplay {
    /// The display's mode.
    #[export(Done)]
    fn VdQueryVideoMode(call: &mut Call, mode: Ptr<()>) -> Fallible<()> {
        write_video_mode(call, mode.addr())
    }

    /// The display's mode as flags: 1 wide, 2 at least 1024 wide, 4 at least 1920 wide.
    #[export(Done)]
    fn VdQueryVideoFlags(call: &mut Call) -> u32 {
        let mode = mode(call);
        u32::from(mode.widescreen) | u32::from(mode.width >= 1024) << 1 | u32::from(mode.width >= 1920) << 2
    }

    /// The display, its scaler and its overscan (`DISPLAY_INFO`).
    #[export(Done)]
    fn VdGetCurrentDisplayInformation(call: &mut Call, information: Ptr<()>) -> Fallible<()> {
        let (memory, at, mode) = (call.memory(), information.addr(), mode(call));
        let (width, height) = (mode.width as u16, mode.height as u16);
        memory.fill(at, 0x58, 0)?;
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

    /// The gamma curve that the display wants: sRGB (1), BT.709 (2), or a power (3).
    #[export(Done)]
    fn VdGetCurrentDisplayGamma(call: &mut Call, kind: Out<u32>, power: Out<f32>) -> Fallible<()> {
        kind.set(call.memory(), 2)?;
        Ok(power.set(call.memory(), 2.222_222_3)?)
    }

    /// Sets the display's colour format. There is one display, which shows every format.
    #[export(Partial)]
    fn VdSetDisplayMode(_call: &mut Call, _flags: u32) -> u32 {
        0
    }

    /// Overrides the display's refresh rate. Ignored: the rate is fixed.
    #[export(Stub)]
    fn VdSetDisplayModeOverride(
        _call: &mut Call,
        _a: u32,
        _b: u32,
        _refresh_rate: f64,
        _c: u32,
        _d: u32,
    ) -> u32 {
        0
    }

    /// Keeps the picture on the display while the title ends. Stores a block that the caller frees; the picture
    /// is not kept.
    #[export(Partial)]
    fn VdPersistDisplay(call: &mut Call, _unknown: u32, block: Option<Out<GuestAddr>>) -> Fallible<u32> {
        if let Some(out) = block {
            let at = call.memory().alloc_physical(
                xenia_memory::Heap::Physical4K,
                0x1000,
                0x1000,
                0,
                xenia_memory::PHYSICAL_SIZE - 1,
                xenia_memory::Protect::READ_WRITE,
            )?;
            out.set(call.memory(), at)?;
        }
        Ok(1)
    }

    /// Tells the registered routines that the scaler has changed. There are none.
    #[export(Partial)]
    fn VdCallGraphicsNotificationRoutines(_call: &mut Call, _kind: u32, _scaling: Ptr<()>) -> u32 {
        0
    }
}
