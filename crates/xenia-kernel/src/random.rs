//! Random bytes of the machine in guest memory.

use crate::Kernel;
use xenia_guest::GuestAddr;
use xenia_memory::MemoryFault;

/// Bytes generated at a time.
const CHUNK: u32 = 0x1_0000;

impl Kernel {
    /// Stores the machine's next random bytes in guest memory.
    ///
    /// # Errors
    /// If the memory is not writable; the bytes before the fault have been written.
    pub(crate) fn store_random(&self, out: GuestAddr, size: u32) -> Result<(), MemoryFault> {
        let mut chunk = vec![0; size.min(CHUNK) as usize];
        let mut done = 0;
        while done < size {
            let length = (size - done).min(CHUNK);
            let part = &mut chunk[..length as usize];
            self.random.lock().fill(part);
            self.memory.write_bytes(out.offset(done), part)?;
            done += length;
        }
        Ok(())
    }
}
