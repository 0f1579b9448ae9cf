//! Addresses of kernel functions, for exports that call one as guest code does.

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_imports::Library;

/// Returns the address of a kernel function.
pub(super) fn kernel_function(call: &Call, name: &str) -> Fallible<GuestAddr> {
    let imports = &call.kernel.imports;
    let export = imports.registry.find_by_name(Library::xboxkrnl, name).ok_or(NtStatus::NOT_IMPLEMENTED)?;
    imports.stub_of(call.memory(), export)
}
