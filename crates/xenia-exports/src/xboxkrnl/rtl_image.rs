//! Headers of executables (`RtlImage*`).

use crate::abi::{Call, Out};
use crate::loader::image_headers;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for headers of executables.
pub struct RtlImage;

#[exports(xboxkrnl)]
impl RtlImage {
    /// Returns an optional header of a XEX: its value or address, depending on the key; 0 if it is
    /// missing.
    #[export(Done)]
    fn RtlImageXexHeaderField(call: &mut Call, headers: GuestAddr, key: u32) -> Fallible<GuestAddr> {
        Ok(GuestAddr(image_headers::xex_field(call.memory(), headers, key)?))
    }

    /// Returns the address of an image's PE header; null if there is none.
    #[export(Done)]
    fn RtlImageNtHeader(call: &mut Call, base: GuestAddr) -> Fallible<GuestAddr> {
        Ok(image_headers::nt_header(call.memory(), base)?.unwrap_or_default())
    }

    /// Stores the size of a data directory of a PE image and returns its address; null if it is
    /// missing.
    #[export(Done)]
    fn RtlImageDirectoryEntryToData(
        call: &mut Call,
        base: GuestAddr,
        mapped: bool,
        index: u16,
        size: Out<u32>,
    ) -> Fallible<GuestAddr> {
        match image_headers::directory(call.memory(), base, mapped, index)? {
            Some((at, bytes)) => {
                size.set(call.memory(), bytes)?;
                Ok(at)
            }
            None => Ok(GuestAddr::NULL),
        }
    }
}
