//! `EXCEPTION_RECORD`: the description of an exception in guest memory.

use crate::abi::GuestStruct;
use crate::exception_state::ExceptionRecord;
use xenia_guest::GuestAddr;
use xenia_guest::layout::exception_record as at;
use xenia_memory::{GuestMemory, MemoryFault};

impl GuestStruct for ExceptionRecord {
    const SIZE: u32 = at::SIZE;

    fn read(memory: &GuestMemory, record: GuestAddr) -> Result<Self, MemoryFault> {
        let count = memory.read::<u32>(record.offset(at::PARAMETER_COUNT))?.min(at::PARAMETERS);
        Ok(Self {
            code: memory.read(record.offset(at::CODE))?,
            flags: memory.read(record.offset(at::FLAGS))?,
            nested: memory.read(record.offset(at::NESTED))?,
            address: memory.read(record.offset(at::ADDRESS))?,
            parameters: (0..count)
                .map(|index| memory.read(record.offset(at::INFORMATION + 4 * index)))
                .collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, memory: &GuestMemory, record: GuestAddr) -> Result<(), MemoryFault> {
        memory.write(record.offset(at::CODE), self.code)?;
        memory.write(record.offset(at::FLAGS), self.flags)?;
        memory.write(record.offset(at::NESTED), self.nested)?;
        memory.write(record.offset(at::ADDRESS), self.address)?;
        memory.write(record.offset(at::PARAMETER_COUNT), self.parameters.len() as u32)?;
        for index in 0..at::PARAMETERS {
            let value = self.parameters.get(index as usize).copied().unwrap_or(0);
            memory.write(record.offset(at::INFORMATION + 4 * index), value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn a_record_has_fifteen_parameters_at_most() {
        let memory = GuestMemory::new().unwrap();
        let place = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
        let record =
            ExceptionRecord { code: 0xC000_0005, parameters: vec![1, 2], ..ExceptionRecord::default() };
        record.write(&memory, place).unwrap();
        assert_eq!(ExceptionRecord::read(&memory, place).unwrap(), record);
        memory.write(place.offset(0x10), u32::MAX).unwrap();
        assert_eq!(ExceptionRecord::read(&memory, place).unwrap().parameters.len(), 15);
    }
}
