//! Executable memory: written at one address, run from another.
//!
//! No page is both writable and executable. Code that is written shows at the other address at
//! once; [`crate::barrier::serialize_all_threads`] makes other threads see it instead of prefetched
//! code. The host charges all of the memory to the process's limit, and finds memory for a page
//! when it is first touched.

use super::section::{MappedView, SectionHandle};
use crate::HostError;
use std::ffi::CStr;
use windows_sys::Win32::System::Memory::{
    FILE_MAP_EXECUTE, FILE_MAP_READ, FILE_MAP_WRITE, PAGE_EXECUTE_READWRITE,
};

/// Two views of one section, which live as long as the value.
pub struct ExecutableMemory {
    write: MappedView,
    execute: MappedView,
}

impl ExecutableMemory {
    /// Creates memory of `size` bytes, all zero. The name is not used.
    pub fn new(_name: &CStr, size: usize) -> Result<Self, HostError> {
        // The views keep the section alive.
        let section =
            SectionHandle::new(size as u64, PAGE_EXECUTE_READWRITE, "CreateFileMapping of code memory")?;
        let write = section.view(FILE_MAP_WRITE, "MapViewOfFile of code memory")?;
        let execute = section.view(FILE_MAP_READ | FILE_MAP_EXECUTE, "MapViewOfFile of executable memory")?;
        Ok(Self { write, execute })
    }

    /// The address at which the memory is readable and writable: the start of a page.
    pub fn write_base(&self) -> *mut u8 {
        self.write.start()
    }

    /// The address at which the memory is readable and executable: the start of a page.
    pub fn execute_base(&self) -> u64 {
        self.execute.start() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_written_runs_at_the_other_address() {
        let memory = ExecutableMemory::new(c"test", 8192).unwrap();
        for answer in [1_u8, 2] {
            let code = [0xB8, answer, 0, 0, 0, 0xC3]; // mov eax, answer; ret
            // SAFETY: inside the writable view; the bytes are a function of this type.
            let returned = unsafe {
                memory.write_base().add(4096).copy_from_nonoverlapping(code.as_ptr(), code.len());
                crate::barrier::serialize_all_threads();
                let entry = (memory.execute_base() + 4096) as *const ();
                std::mem::transmute::<*const (), extern "sysv64" fn() -> u32>(entry)()
            };
            assert_eq!(returned, u32::from(answer));
        }
    }
}
