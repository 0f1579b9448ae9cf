//! Modules, as `xam` exports them to system programs under Win32 names.

use super::last_error::failed;
use crate::abi::{Call, Handle, Text};
use crate::status::failure::Fallible;
use crate::xboxkrnl::xex;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// Exports of modules.
pub struct XamModules;

#[exports(xam)]
impl XamModules {
    /// Returns the handle of a loaded module by name, or of the title; null with the last error if
    /// there is no such module.
    #[export(Done)]
    fn GetModuleHandleA(call: &mut Call, name: Option<Text>) -> Fallible<Handle> {
        let name = name.map(|name| name.text(call.memory())).transpose()?.unwrap_or_default();
        match xex::handle_of(call, &name)? {
            Some(module) => Ok(Handle(module.0)),
            None => failed(call, NtStatus::DLL_NOT_FOUND.into(), Handle::NULL),
        }
    }
}
