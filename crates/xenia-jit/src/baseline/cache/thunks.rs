//! Emission of units, and, on demand, of the thunks that they call.

use super::super::condition_thunk::{condition_bit, condition_field, condition_word};
use super::super::emit::NotEmitted;
use super::super::enter::{prepare_float, run_float_row};
use super::super::float_thunks::{ThunkCode, float_thunk};
use super::super::group_thunks::load_singles;
use super::super::single_thunks;
use super::super::templates::CodeThunk;
use super::BaselineCache;
use crate::code::memory::CodeMemory;
use fnv::FnvHashMap;

impl BaselineCache {
    /// Emits the unit that was found, and the thunks that it calls.
    pub(super) fn emit(&mut self) -> Result<(), NotEmitted> {
        let memory = &mut self.memory;
        let thunks = &mut self.thunks;
        self.emitter.emit(&self.discovery, &mut |called| thunk(memory, thunks, called))
    }
}

/// Why a group of floating-point rows was not emitted.
const NO_ROW: &str = "a thunk's instruction is not a row of floating-point thunks";

/// The offset of a thunk, which is emitted if it does not exist yet.
fn thunk(
    memory: &mut CodeMemory,
    thunks: &mut FnvHashMap<CodeThunk, u32>,
    called: CodeThunk,
) -> Result<u32, NotEmitted> {
    if let Some(&offset) = thunks.get(&called) {
        return Ok(offset);
    }
    let alone = |code| ThunkCode { code, calls: Vec::new() };
    let ThunkCode { mut code, calls } = match called {
        CodeThunk::Arm(arm, word) => {
            // mov rcx, arm; jmp [rbp + word]
            let mut code = vec![0x48, 0xB9];
            code.extend((arm.address() as u64).to_le_bytes());
            code.extend([0xFF, 0xA5]);
            code.extend(word.at().to_le_bytes());
            alone(code)
        }
        CodeThunk::PrepareFloat => alone(jump_to(prepare_float as *const () as u64)),
        CodeThunk::RunFloatRow => alone(jump_to(run_float_row as *const () as u64)),
        CodeThunk::ConditionWord => alone(condition_word()),
        CodeThunk::ConditionField => alone(condition_field()),
        CodeThunk::ConditionBit(bit) => alone(condition_bit(bit)),
        CodeThunk::LoadSingle(n) => alone(single_thunks::load(n)),
        CodeThunk::StoreSingle(n) => alone(single_thunks::store(n)),
        CodeThunk::StoreAny => alone(single_thunks::store_any()),
        CodeThunk::Float(group) => float_thunk(group).ok_or(NotEmitted::Unsupported(NO_ROW))?,
        CodeThunk::LoadSingles(registers) => load_singles(registers),
    };
    // Callees come first: if there is no room for one, nothing is allocated yet for this thunk.
    let mut targets = Vec::with_capacity(calls.len());
    for (field, called) in calls {
        targets.push((field, thunk(memory, thunks, called)?));
    }
    let offset = memory.allocate(code.len()).map_err(|_| NotEmitted::Full)?;
    for (field, target) in targets {
        let distance = target.wrapping_sub(offset as u32 + field as u32 + 4);
        code[field..field + 4].copy_from_slice(&distance.to_le_bytes());
    }
    memory.write(offset, &code);
    thunks.insert(called, offset as u32);
    Ok(offset as u32)
}

/// `jmp [rip]` to a host address.
fn jump_to(address: u64) -> Vec<u8> {
    // With a displacement of 0, the operand is the 8 bytes that follow the jump.
    let mut code = vec![0xFF, 0x25, 0, 0, 0, 0];
    code.extend(address.to_le_bytes());
    code
}

#[cfg(test)]
mod tests {
    use super::super::super::float_thunks::FloatGroup;
    use super::*;
    use xenia_isa::Op;

    #[test]
    fn thunks_that_do_not_exist_differ_from_full_memory() {
        let mut memory = CodeMemory::new(c"test-thunks", &[0xC3], 4096).unwrap();
        let mut thunks = FnvHashMap::default();
        let missing = CodeThunk::Float(FloatGroup::of(Op::addx));
        assert_eq!(thunk(&mut memory, &mut thunks, missing), Err(NotEmitted::Unsupported(NO_ROW)));
        while memory.allocate(1).is_ok() {}
        assert_eq!(thunk(&mut memory, &mut thunks, CodeThunk::StoreAny), Err(NotEmitted::Full));
        assert!(thunks.is_empty());
    }
}
