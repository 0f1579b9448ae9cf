//! Hardware abstraction (`Hal*`).

use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_sched::EndKind;

/// The exports of the hardware abstraction layer.
pub struct Hal;

/// Code of an HDMI or component cable.
pub(crate) const HIGH_DEFINITION_CABLE: u32 = 4;

/// Size in bytes of messages to the system management controller, and of its answers.
const SMC_MESSAGE_SIZE: usize = 16;
/// Command: asks for the state of the disc drive's tray.
const QUERY_TRAY: u8 = 0x0A;
/// State of a closed tray; 0x60 is an open one.
const TRAY_CLOSED: u8 = 0x62;

#[exports(xboxkrnl)]
impl Hal {
    /// Returns the kind of video cable: always a high-definition one, as `XGetAVPack` does.
    #[export(Constant)]
    fn HalGetCurrentAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// Sends a message to the system management controller. It answers that the disc drive's tray
    /// is closed, and other commands with zeros. Lights, fans and power stay as they are.
    #[export(Partial)]
    fn HalSendSMCMessage(call: &mut Call, message: GuestAddr, answer: Option<GuestAddr>) -> Fallible<()> {
        let command: u8 = call.memory().read(message)?;
        let Some(answer) = answer else { return Ok(()) };
        let mut bytes = [0; SMC_MESSAGE_SIZE];
        bytes[0] = command;
        if command == QUERY_TRAY {
            bytes[1] = TRAY_CLOSED;
        }
        Ok(call.memory().write_bytes(answer, &bytes)?)
    }

    /// Opens or closes the tray of the disc drive. There is no tray: the host changes discs.
    #[export(Constant)]
    fn HalOpenCloseODDTray(_call: &mut Call, _opens: u32) {}

    /// Leaves the title for the dashboard, a restart or power-off. Each of these ends the run.
    #[export(Done)]
    fn HalReturnToFirmware(_call: &mut Call, routine: u32) -> Flow<()> {
        tracing::info!(target: "kernel", "the title returns to the firmware, routine {routine}");
        Flow::End(EndKind::Exit { code: 0 })
    }
}
