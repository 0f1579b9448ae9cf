//! Data that the dashboard and system programs exchange through `xam`, and the schema of the online
//! service.

use crate::abi::Call;
use crate::status::failure::Fallible;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_user::notifications::{Notification, id};

/// Exports of the dashboard.
pub struct Dash;

/// An online schema without entries, as in xenia-canary (`xam_info.cc`): all of its parts begin at
/// its end.
const EMPTY_SCHEMA: [u32; 11] = [0, 0, 0, 0x2C, 0x2C, 0x2C, 4, 0x2C, 0, 0x2C_0000, 0x18];
/// Size in bytes of the schema's address and size.
const SCHEMA_POINTER: u32 = 8;

#[exports(xam)]
impl Dash {
    /// Stores a word for `XamGetDashContext`, and notifies listeners.
    #[export(Done)]
    fn XamSetDashContext(call: &mut Call, context: u32) -> Fallible<()> {
        call.kernel.user.dash_context.store(context, Release);
        let changed = Notification { id: id::DASH_CONTEXT_CHANGED, parameter: 0 };
        call.kernel.notifier().notify(call.cpu, changed)
    }

    /// Returns the word that was stored last; 0 at first.
    #[export(Done)]
    fn XamGetDashContext(call: &mut Call) -> u32 {
        call.kernel.user.dash_context.load(Acquire)
    }

    /// Returns the address and the size of the schema for requests to the online service. There is
    /// no connection, so the schema is empty.
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
