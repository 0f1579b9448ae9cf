//! What the dashboard and programs of the system's leave with `xam` for each other, and the schema
//! of the online service.

use crate::abi::Call;
use crate::status::failure::Fallible;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Dash;

/// An online schema without an entry, as xenia-canary has one (`xam_info.cc`): where its parts
/// begin is where it ends.
const EMPTY_SCHEMA: [u32; 11] = [0, 0, 0, 0x2C, 0x2C, 0x2C, 4, 0x2C, 0, 0x2C_0000, 0x18];
/// What a title gets of it: the schema's address and its size.
const SCHEMA_POINTER: u32 = 8;

#[exports(xam)]
impl Dash {
    /// Leaves a word for who asks next. Nobody is told of it.
    #[export(Partial)]
    fn XamSetDashContext(call: &mut Call, context: u32) {
        call.kernel.user.dash_context.store(context, Release);
    }

    /// The word that was left last; 0 before that.
    #[export(Done)]
    fn XamGetDashContext(call: &mut Call) -> u32 {
        call.kernel.user.dash_context.load(Acquire)
    }

    /// Address and size of what requests to the online service are made by, in two words: it is not
    /// there, and its schema is empty.
    #[export(Constant)]
    fn XamGetOnlineSchema(call: &mut Call) -> Fallible<GuestAddr> {
        let mut made = call.kernel.user.online_schema.lock();
        if let Some(at) = *made {
            return Ok(at);
        }
        let size = 4 * EMPTY_SCHEMA.len() as u32;
        let at = call.kernel.pool.allocate(SCHEMA_POINTER + size)?;
        let schema = at.offset(SCHEMA_POINTER);
        let bytes: Vec<u8> =
            [schema.0, size].into_iter().chain(EMPTY_SCHEMA).flat_map(u32::to_be_bytes).collect();
        call.memory().write_bytes(at, &bytes)?;
        Ok(*made.insert(at))
    }
}
