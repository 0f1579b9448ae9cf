//! Hardware abstraction (`Hal*`).

use crate::abi::{Call, Flow};
use xenia_kernel_macros::exports;
use xenia_sched::EndKind;

/// The exports of the hardware abstraction layer.
pub struct Hal;

/// Code of an HDMI or component cable.
pub(crate) const HIGH_DEFINITION_CABLE: u32 = 4;

#[exports(xboxkrnl)]
impl Hal {
    /// Returns the kind of video cable: always a high-definition one, as `XGetAVPack` does.
    #[export(Constant)]
    fn HalGetCurrentAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// Leaves the title for the dashboard, a restart or power-off. Each of these ends the run.
    #[export(Done)]
    fn HalReturnToFirmware(_call: &mut Call, routine: u32) -> Flow<()> {
        tracing::info!(target: "kernel", "the title returns to the firmware, routine {routine}");
        Flow::End(EndKind::Exit { code: 0 })
    }
}
