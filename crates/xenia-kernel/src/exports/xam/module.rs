//! Modules, as `xam` offers them to system programs: by Win32 names.

use super::last_error::failed;
use crate::abi::{Call, Handle, Text};
use crate::exports::xboxkrnl::xex;
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Modules;

#[exports(xam)]
impl Modules {
    /// Handle of a loaded module by name, or of the title; null with the last error if there is
    /// none.
    #[export(Done)]
    fn GetModuleHandleA(call: &mut Call, name: Option<Text>) -> Fallible<Handle> {
        let name = name.map(|name| name.text(call.memory())).transpose()?.unwrap_or_default();
        match xex::handle_of(call, &name)? {
            Some(module) => Ok(Handle(module.0)),
            None => failed(call, NtStatus::DLL_NOT_FOUND.into(), Handle::NULL),
        }
    }
}
