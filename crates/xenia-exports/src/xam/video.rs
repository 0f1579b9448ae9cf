//! The display, as `xam` reports it (`XGet*`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use crate::xboxkrnl::hal::HIGH_DEFINITION_CABLE;
use crate::xboxkrnl::vd_display::write_video_mode;
use xenia_kernel_macros::exports;

/// Exports of the display.
pub struct XamVideo;

#[exports(xam)]
impl XamVideo {
    /// Returns the type of the video cable: always a high-definition one, since all displays of a
    /// host can show such pictures.
    #[export(Constant)]
    fn XGetAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// Returns the video mode of the display.
    #[export(Done)]
    fn XGetVideoMode(call: &mut Call, mode: Ptr<()>) -> Fallible<()> {
        write_video_mode(call, mode.addr())
    }
}
