//! Where user interfaces find their pictures and texts (`XamBuild*ResourceLocator`): a text that
//! says in which section of which module, or in which file.

use super::locale::stored;
use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ResourceLocator;

/// Units of a locator at most, with its end: names of files and sections are much shorter.
const MOST_UNITS: u32 = 0x400;

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
    stored(call, &text, room.min(MOST_UNITS), buffer)
}

/// The same for a resource of the console's system.
fn build_of_system(
    call: &Call,
    container: &str,
    resource: WideText,
    buffer: GuestAddr,
    room: u32,
) -> Fallible<HResult> {
    build(call, None, (container, &resource.text(call.memory())?), buffer, room)
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

    /// Of a resource of the gamer card, which the console's system has and this one has not: where
    /// a title's own would be.
    #[export(Partial)]
    fn XamBuildGamercardResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        build_of_system(call, "gamercrd", resource, buffer, room)
    }

    /// Of a resource that all of the system shares; see `XamBuildGamercardResourceLocator`.
    #[export(Partial)]
    fn XamBuildSharedSystemResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        build_of_system(call, "shrdres", resource, buffer, room)
    }

    /// The same by its older name.
    #[export(Partial)]
    fn XamBuildLegacySystemResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        build_of_system(call, "shrdres", resource, buffer, room)
    }

    /// Of a resource of xam's; see `XamBuildGamercardResourceLocator`.
    #[export(Partial)]
    fn XamBuildXamResourceLocator(
        call: &mut Call,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        build_of_system(call, "xam", resource, buffer, room)
    }
}
