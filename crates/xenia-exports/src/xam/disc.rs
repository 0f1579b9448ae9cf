//! Titles with several discs.

use crate::abi::{Call, Flow};
use crate::discs::{self, AwaitedDisc};
use crate::status::failure::Fallible;
use crate::user::dialogs::{self, AnswerAction, AnswerRecipient};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of disc changes.
pub struct Discs;

#[exports(xam)]
impl Discs {
    /// Inserts a disc of the title and sets an event when it is in the drive. A disc that is ready
    /// is inserted at once; otherwise the caller waits for a dialog that asks for it.
    #[export(Done)]
    fn XamSwapDisc(
        call: &mut Call,
        number: u32,
        event: Option<GuestAddr>,
        message: Option<GuestAddr>,
    ) -> Fallible<Flow<Win32Error>> {
        let drive = call.kernel.disc_drive();
        let Some(disc) = drive.disc_of_title(number) else {
            return Ok(Flow::Return(Win32Error::INVALID_PARAMETER));
        };
        if drive.is_in_drive(disc) || drive.insert_ready(disc) {
            drive.signal_disc_inserted(call.cpu, event)?;
            return Ok(Flow::Return(Win32Error::SUCCESS));
        }
        let action = AnswerAction::InsertDisc(AwaitedDisc { disc, event, message });
        dialogs::open(call, discs::request(disc), action, AnswerRecipient::Caller)
    }
}
