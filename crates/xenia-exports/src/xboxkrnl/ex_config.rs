//! The console's settings (`ExGetXConfigSetting`, `ExSetXConfigSetting`) and notification of the
//! title's end.

use crate::abi::{Call, OptionalOut, Out, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for the console's settings.
pub struct ExConfig;

#[exports(xboxkrnl)]
impl ExConfig {
    /// Stores a setting and its size; without a buffer, only the size.
    #[export(Done)]
    fn ExGetXConfigSetting(
        call: &mut Call,
        category: u16,
        setting: u16,
        buffer: Option<GuestAddr>,
        size: u16,
        needed: Option<Out<u16>>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let value = call.kernel.user.xconfig.lock().get(&call.kernel.config.locale, category, setting)?;
        match buffer {
            Some(_) if usize::from(size) < value.len() => return Ok(NtStatus::BUFFER_TOO_SMALL),
            Some(buffer) => memory.write_bytes(buffer, &value)?,
            None if size != 0 => return Ok(NtStatus::INVALID_PARAMETER_3),
            None => {}
        }
        needed.set(memory, value.len() as u16)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Changes a setting until the machine ends. Settings of the console itself are read-only.
    #[export(Done)]
    fn ExSetXConfigSetting(
        call: &mut Call,
        category: u16,
        setting: u16,
        buffer: GuestAddr,
        size: u16,
    ) -> Fallible<NtStatus> {
        let mut value = vec![0; usize::from(size)];
        call.memory().read_bytes(buffer, &mut value)?;
        call.kernel.user.xconfig.lock().set(category, setting, &value)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Registers a function that is called when the title ends, with its priority, or unregisters
    /// it.
    #[export(Done)]
    fn ExRegisterTitleTerminateNotification(
        call: &mut Call,
        registration: Ptr<u32>,
        create: bool,
    ) -> Fallible<()> {
        let list = &mut call.kernel.title.lock().notifications;
        Ok(list.change(call.memory(), registration.addr(), create)?)
    }
}
