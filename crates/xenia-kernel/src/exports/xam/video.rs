//! The display, as `xam` tells it (`XGet*`).

use crate::abi::{Call, Ptr};
use crate::exports::xboxkrnl::vd_display::write_video_mode;
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Video;

/// An HDMI or component cable.
const HIGH_DEFINITION_CABLE: u32 = 4;

#[exports(xam)]
impl Video {
    /// Which cable is plugged in: always a high-definition one, since every display of a host can
    /// show such pictures.
    #[export(Constant)]
    fn XGetAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// The display's mode.
    #[export(Done)]
    fn XGetVideoMode(call: &mut Call, mode: Ptr<()>) -> Fallible<()> {
        write_video_mode(call, mode.addr())
    }
}
