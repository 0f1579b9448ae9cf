//! Tokens for titles' own services (`XampXAuth*`). They come from the online service, so there are
//! none.

use crate::abi::{Call, OptionalOut, Out};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, HResult};
use xenia_kernel_macros::exports;

/// Exports of tokens for titles' services.
pub struct XAuth;

#[exports(xam)]
impl XAuth {
    /// Starts the use of tokens with a title's settings. It succeeds without a connection, too.
    #[export(Constant)]
    fn XampXAuthStartup(_call: &mut Call, _settings: GuestAddr) -> HResult {
        HResult::OK
    }

    /// Ends a use of tokens, and stores the number of uses that are left: none.
    #[export(Constant)]
    fn XampXAuthShutdown(call: &mut Call, uses: Option<Out<u32>>) -> Fallible<()> {
        Ok(uses.set(call.memory(), 0)?)
    }

    /// Returns the buffer for the title's token: there is none.
    #[export(Constant)]
    fn XampXAuthGetTitleBuffer(_call: &mut Call) -> GuestAddr {
        GuestAddr::NULL
    }
}
