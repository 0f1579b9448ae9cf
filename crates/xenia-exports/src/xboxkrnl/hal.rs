//! Hardware abstraction (`Hal*`).

use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, MILLISECOND_100NS};
use xenia_kernel_macros::exports;
use xenia_sched::EndKind;

/// The exports of the hardware abstraction layer.
pub struct Hal;

/// Code of an HDMI or component cable.
pub(crate) const HIGH_DEFINITION_CABLE: u32 = 4;

/// Size in bytes of messages to the system management controller, and of its answers.
const SMC_MESSAGE_SIZE: usize = 16;
/// Command: switches the console off, or restarts it.
const SWITCH_POWER: u8 = 0x82;

/// Commands that ask for something (libxenon, `xenon_smc.c`).
mod query {
    /// The reason why the console was switched on.
    pub(super) const POWER_ON: u8 = 0x01;
    pub(super) const CLOCK: u8 = 0x04;
    pub(super) const TEMPERATURES: u8 = 0x07;
    pub(super) const TRAY: u8 = 0x0A;
    pub(super) const CABLE: u8 = 0x0F;
}
/// Reason: the button was pressed.
const POWER_BUTTON: u8 = 0x11;
/// State of a closed tray; 0x60 is an open one.
const TRAY_CLOSED: u8 = 0x62;
/// Kind of an HDMI cable.
const HDMI: u8 = 0x1F;
/// Temperatures of processor, graphics chip, embedded memory and board in degrees Celsius: those of
/// a console in use.
const TEMPERATURES: [u16; 4] = [50, 50, 45, 40];
/// The clock's first day, 15 November 2001, in milliseconds since 1601.
const CLOCK_START: u64 = 12_650_256_000_000;
/// Size of the clock in bytes.
const CLOCK_BYTES: usize = 5;

/// Returns what follows the command in the controller's answer.
fn answer_of(call: &Call, command: u8) -> Vec<u8> {
    match command {
        query::POWER_ON => vec![POWER_BUTTON],
        query::CLOCK => {
            let now = call.kernel.clock.system_time(call.now()) / MILLISECOND_100NS;
            now.saturating_sub(CLOCK_START).to_le_bytes()[..CLOCK_BYTES].to_vec()
        }
        // In 256ths of a degree.
        query::TEMPERATURES => TEMPERATURES.iter().flat_map(|degrees| (degrees << 8).to_le_bytes()).collect(),
        query::TRAY => vec![TRAY_CLOSED],
        query::CABLE => vec![HDMI],
        _ => Vec::new(),
    }
}

#[exports(xboxkrnl)]
impl Hal {
    /// Returns the kind of video cable: always a high-definition one, as `XGetAVPack` does.
    #[export(Constant)]
    fn HalGetCurrentAVPack(_call: &mut Call) -> u32 {
        HIGH_DEFINITION_CABLE
    }

    /// Sends a message to the system management controller. It answers with the clock, the
    /// temperatures, which are constant, the closed tray, the video cable and the power button as
    /// the reason of the start, and other commands with zeros. Switching power ends the run; lights
    /// and fans are absent.
    #[export(Partial)]
    fn HalSendSMCMessage(
        call: &mut Call,
        message: GuestAddr,
        answer: Option<GuestAddr>,
    ) -> Fallible<Flow<()>> {
        let command: u8 = call.memory().read(message)?;
        if command == SWITCH_POWER {
            tracing::info!(target: "kernel", "the title switches the console off or restarts it");
            return Ok(Flow::End(EndKind::Exit { code: 0 }));
        }
        if let Some(answer) = answer {
            let mut bytes = [0; SMC_MESSAGE_SIZE];
            bytes[0] = command;
            for (place, byte) in bytes[1..].iter_mut().zip(answer_of(call, command)) {
                *place = byte;
            }
            call.memory().write_bytes(answer, &bytes)?;
        }
        Ok(Flow::Return(()))
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
