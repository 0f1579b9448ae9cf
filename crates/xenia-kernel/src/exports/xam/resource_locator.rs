//! Where user interfaces find their pictures and texts (`XamBuild*ResourceLocator`): a text that says in which section of which
//! module, or in which file.

use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ResourceLocator;

/// Units of a locator at most, with its end: names of files and sections are much shorter.
const MOST_UNITS: usize = 0x400;

/// Stores the locator of `resource` in the container of that name.
fn build(
    call: &Call,
    module: Option<u32>,
    (container, resource): (&str, &str),
    buffer: GuestAddr,
    room: u32,
) -> Fallible<HResult> {
    let text = match module {
        Some(module) => format!("section://{module:X},{container}#{resource}"),
        None => format!("file://media:/{container}.xzp#{resource}"),
    };
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    if units.len() > MOST_UNITS.min(room as usize) {
        return Ok(Win32Error::INSUFFICIENT_BUFFER.to_hresult());
    }
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_be_bytes).collect();
    call.memory().write_bytes(buffer, &bytes)?;
    Ok(HResult::OK)
}

#[exports(xam)]
impl ResourceLocator {
    /// Of a resource in a section of a module; without a module, in a file beside the title's own.
    #[export(Done)]
    fn XamBuildResourceLocator(
        call: &mut Call,
        module: u64,
        container: WideText,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        let memory = call.memory();
        let (container, resource) = (container.text(memory)?, resource.text(memory)?);
        let module = (module != 0).then_some(module as u32);
        build(call, module, (&container, &resource), buffer, room)
    }

    /// Of a resource of the gamer card, which the console's system has and this one has not: where a title's own would be.
    #[export(Partial)]
    fn XamBuildGamercardResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        let resource = resource.text(call.memory())?;
        build(call, None, ("gamercrd", &resource), buffer, room)
    }

    /// Of a resource that all of the system shares; see `XamBuildGamercardResourceLocator`.
    #[export(Partial)]
    fn XamBuildSharedSystemResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        let resource = resource.text(call.memory())?;
        build(call, None, ("shrdres", &resource), buffer, room)
    }

    /// The same by its older name.
    #[export(Partial)]
    fn XamBuildLegacySystemResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        let resource = resource.text(call.memory())?;
        build(call, None, ("shrdres", &resource), buffer, room)
    }

    /// Of a resource of xam's; see `XamBuildGamercardResourceLocator`.
    #[export(Partial)]
    fn XamBuildXamResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        let resource = resource.text(call.memory())?;
        build(call, None, ("xam", &resource), buffer, room)
    }
}
