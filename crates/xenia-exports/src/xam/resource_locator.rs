//! Resource locators (`XamBuild*ResourceLocator`): texts by which user interfaces find a picture or
//! text in a section of a module or in a file.

use super::locale::store_text;
use crate::abi::{Call, WideText};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult};
use xenia_kernel_macros::exports;

/// Exports of resource locators.
pub struct ResourceLocator;

/// Maximum length of a locator in units, with the terminator; names of files and sections are much
/// shorter.
const MAX_UNITS: u32 = 0x400;

/// Stores the locator of `resource` in a container.
fn build(
    call: &Call,
    module: Option<u32>,
    container: &str,
    resource: &str,
    buffer: GuestAddr,
    room: u32,
) -> Fallible<HResult> {
    let text = match module {
        Some(module) => format!("section://{module:X},{container}#{resource}"),
        None => format!("file://media:/{container}.xzp#{resource}"),
    };
    store_text(call, &text, room.min(MAX_UNITS), buffer)
}

#[exports(xam)]
impl ResourceLocator {
    /// Builds the locator of a resource in a section of a module; without a module, in a file
    /// beside the title's own.
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
        let container = container.text(memory)?;
        let resource = resource.text(memory)?;
        let module = (module != 0).then_some(module as u32);
        build(call, module, &container, &resource, buffer, room)
    }

    /// Builds the locator of a gamer-card resource. It belongs to the console's system, which is
    /// absent here: the locator points to where a title's own would be.
    #[export(Partial, XamBuildGamercardResourceLocator, "gamercrd")]
    /// Builds the locator of a resource shared by the whole system; see
    /// `XamBuildGamercardResourceLocator`.
    #[export(Partial, XamBuildSharedSystemResourceLocator, "shrdres")]
    /// Like `XamBuildSharedSystemResourceLocator`, by its older name.
    #[export(Partial, XamBuildLegacySystemResourceLocator, "shrdres")]
    /// Builds the locator of a resource of xam; see `XamBuildGamercardResourceLocator`.
    #[export(Partial, XamBuildXamResourceLocator, "xam")]
    fn build_for_system(
        call: &mut Call,
        container: &str,
        resource: WideText,
        buffer: GuestAddr,
        room: u32,
    ) -> Fallible<HResult> {
        build(call, None, container, &resource.text(call.memory())?, buffer, room)
    }
}
