//! Executable memory: written at one address, run from another.
//!
//! No page is both writable and executable. Code that is written shows at the other address at
//! once; [`crate::barrier::serialize_all_threads`] makes other threads see it instead of prefetched
//! code.

use crate::HostError;
use memmap2::{Mmap, MmapOptions, MmapRaw};
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

/// Two mappings of one file in memory, which live as long as the value.
pub struct ExecutableMemory {
    write: MmapRaw,
    /// Keeps the executable mapping alive.
    _execute: Mmap,
    /// Base of the executable mapping. Read once, since its bytes change later and must not be
    /// borrowed.
    execute_base: u64,
}

/// A failed call with this purpose.
fn failed(call: &'static str) -> impl FnOnce(io::Error) -> HostError {
    move |source| HostError { call, source }
}

/// Creates an anonymous file in memory.
fn file(name: &CStr) -> Result<File, HostError> {
    let create = |flags| {
        // SAFETY: the name is a C string; the call makes a new file and touches nothing else.
        unsafe { libc::memfd_create(name.as_ptr(), flags) }
    };
    // Some hosts allow executable memfds only on request (`vm.memfd_noexec`); older hosts reject
    // the flag.
    let descriptor = match create(libc::MFD_CLOEXEC | libc::MFD_EXEC) {
        refused if refused < 0 => create(libc::MFD_CLOEXEC),
        created => created,
    };
    if descriptor < 0 {
        return Err(HostError::last("memfd_create"));
    }
    // SAFETY: a new descriptor, which has no other owner.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

impl ExecutableMemory {
    /// Creates memory of `size` bytes, all zero. Pages that are not written cost nothing. Tools
    /// that inspect the process show its name.
    pub fn new(name: &CStr, size: usize) -> Result<Self, HostError> {
        let file = file(name)?;
        file.set_len(size as u64).map_err(failed("ftruncate of code memory"))?;
        let mut options = MmapOptions::new();
        options.len(size).no_reserve_swap();
        let write = options.map_raw(&file).map_err(failed("mmap of code memory"))?;
        // SAFETY: the file is private to this value, which borrows none of its bytes.
        let execute = unsafe { options.map_exec(&file) }.map_err(failed("mmap of executable memory"))?;
        let execute_base = execute.as_ptr() as u64;
        Ok(Self { write, _execute: execute, execute_base })
    }

    /// The address at which the memory is readable and writable: the start of a page.
    pub fn write_base(&self) -> *mut u8 {
        self.write.as_mut_ptr()
    }

    /// The address at which the memory is readable and executable: the start of a page.
    pub fn execute_base(&self) -> u64 {
        self.execute_base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_written_runs_at_the_other_address() {
        let memory = ExecutableMemory::new(c"test", 8192).unwrap();
        for answer in [1_u8, 2] {
            let code: &[u8] = if cfg!(target_arch = "x86_64") {
                &[0xB8, answer, 0, 0, 0, 0xC3] // mov eax, answer; ret
            } else {
                &[answer << 5, 0, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6] // movz w0, #answer; ret
            };
            // SAFETY: inside the writable mapping; the bytes are a function of this type.
            let returned = unsafe {
                let at = memory.write_base().add(4096);
                at.copy_from_nonoverlapping(code.as_ptr(), code.len());
                let entry = memory.execute_base() + 4096;
                crate::instruction_cache::synchronize(at, entry, code.len());
                crate::barrier::serialize_all_threads();
                std::mem::transmute::<*const (), extern "C" fn() -> u32>(entry as *const ())()
            };
            assert_eq!(returned, u32::from(answer));
        }
    }
}
