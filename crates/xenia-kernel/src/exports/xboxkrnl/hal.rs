//! Hardware abstraction (`Hal*`).

use crate::abi::{Call, Flow};
use xenia_kernel_macros::exports;
use xenia_sched::EndKind;

/// See the module's documentation.
pub struct Hal;

/// An HDMI or component cable.
const HIGH_DEFINITION_CABLE: u32 = 4;

#[exports(xboxkrnl)]
impl Hal {
    /// Which cable is plugged in: always a high-definition one, as `XGetAVPack` says.
    #[export(Constant)]
    fn HalGetCurrentAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// Leaves the title: to the dashboard, a restart, or power-off. Each of them ends the run.
    #[export(Done)]
    fn HalReturnToFirmware(_call: &mut Call, routine: u32) -> Flow<()> {
        tracing::info!(target: "kernel", "the title returns to the firmware, routine {routine}");
        Flow::End(EndKind::Exit { code: 0 })
    }
}
