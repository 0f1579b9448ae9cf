//! Reservations that the machine's table keeps, for compiled code.
//!
//! Without the table (the default) compiled code does all of it inline. With it, a reservation is entered before the
//! word is loaded, and a conditional store asks whether it stands. In strict mode every store tells the table, so that
//! it ends what other hardware threads hold of its lines.

use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, RESERVATION_LINE};
use xenia_memory::ReservationTable;

/// Enters a reservation of the line that holds `addr`, and gives its generation.
pub(crate) fn reserve(ctx: &PpcContext, table: &ReservationTable, addr: u32) -> u32 {
    table.reserve(GuestAddr(addr), ctx.hw_id)
}

/// Whether a conditional store to `addr` may go on. `own`: the context's reservation is one for it. Nothing is
/// reserved any more afterwards.
pub(crate) fn commit(ctx: &PpcContext, table: &ReservationTable, addr: u32, own: bool) -> bool {
    let stands = own && table.try_commit(GuestAddr(addr), ctx.reservation.generation, ctx.hw_id);
    if !stands {
        table.release(ctx.hw_id);
    }
    stands
}

/// `size` bytes at `addr` were stored. The thread's own reservation survives that.
pub(crate) fn stored(ctx: &mut PpcContext, table: &ReservationTable, addr: u32, size: u32) {
    if size == 0 || !table.has_active_reservers() {
        return;
    }
    let own = &mut ctx.reservation;
    let last = addr.wrapping_add(size - 1) & !(RESERVATION_LINE - 1);
    let mut line = addr & !(RESERVATION_LINE - 1);
    loop {
        let held = own.valid != 0 && own.addr & !(RESERVATION_LINE - 1) == line;
        // Committing ends the other holders; if it stood, it is made anew.
        if held && table.try_commit(GuestAddr(line), own.generation, ctx.hw_id) {
            own.generation = table.reserve(GuestAddr(line), ctx.hw_id);
        } else {
            table.invalidate_for_write(GuestAddr(line));
        }
        if line == last {
            break;
        }
        line = line.wrapping_add(RESERVATION_LINE);
    }
}
