//! Random bytes of the machine in guest memory.

use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_rtl::crypto::random::Random;
use xenia_sync::Mutex;

/// Bytes generated at a time.
const CHUNK: u32 = 0x1_0000;

/// Stores the next bytes of `random` in guest memory.
///
/// # Errors
/// The memory is not writable; the chunks before that of the fault have been written.
pub fn store_random(
    random: &Mutex<Random>,
    memory: &GuestMemory,
    out: GuestAddr,
    size: u32,
) -> Result<(), MemoryFault> {
    let mut chunk = vec![0; size.min(CHUNK) as usize];
    let mut done = 0;
    while done < size {
        let length = (size - done).min(CHUNK);
        let part = &mut chunk[..length as usize];
        random.lock().fill(part);
        memory.write_bytes(out.offset(done), part)?;
        done += length;
    }
    Ok(())
}
