//! Thunks that units call, emitted into code memory on demand.

use super::super::condition_thunk::{condition_bit, condition_word};
use super::super::enter::{prepare_float, run_float_row};
use super::super::float_thunks::{ThunkCode, float_thunk};
use super::super::group_thunks::group_thunk;
use super::super::single_thunks;
use super::super::templates::CodeThunk;
use crate::code::memory::CodeMemory;
use fnv::FnvHashMap;

/// The offset of a thunk, which is emitted if it does not exist yet.
pub(super) fn thunk(
    memory: &mut CodeMemory,
    thunks: &mut FnvHashMap<CodeThunk, u32>,
    called: CodeThunk,
) -> Option<u32> {
    if let Some(&offset) = thunks.get(&called) {
        return Some(offset);
    }
    let mut calls = Vec::new();
    let mut code = match called {
        CodeThunk::Arm(arm, slot) => {
            // mov rcx, arm; jmp [rbp + slot]
            let mut code = vec![0x48, 0xB9];
            code.extend((arm.address() as u64).to_le_bytes());
            code.extend([0xFF, 0xA5]);
            code.extend(slot.at().to_le_bytes());
            code
        }
        CodeThunk::PrepareFloat => jump_to(prepare_float as *const () as u64),
        CodeThunk::RunFloatRow => jump_to(run_float_row as *const () as u64),
        CodeThunk::ConditionWord => condition_word(),
        CodeThunk::ConditionBit(bit) => condition_bit(bit),
        CodeThunk::LoadSingle(n) => single_thunks::load(n),
        CodeThunk::StoreSingle(n) => single_thunks::store(n),
        CodeThunk::StoreAny => single_thunks::store_any(),
        CodeThunk::Float(_) | CodeThunk::LoadSingles(_) => {
            let ThunkCode { code, calls: called } = match called {
                CodeThunk::Float(group) => float_thunk(group)?,
                _ => group_thunk(called)?,
            };
            for (field, called) in called {
                calls.push((field, thunk(memory, thunks, called)?));
            }
            code
        }
    };
    let offset = memory.allocate(code.len()).ok()?;
    for (field, target) in calls {
        let distance = target.wrapping_sub(offset as u32 + field as u32 + 4);
        code[field..field + 4].copy_from_slice(&distance.to_le_bytes());
    }
    memory.write(offset, &code);
    thunks.insert(called, offset as u32);
    Some(offset as u32)
}

/// `jmp [rip]` to a host address.
fn jump_to(address: u64) -> Vec<u8> {
    let mut code = vec![0xFF, 0x25, 0, 0, 0, 0];
    code.extend(address.to_le_bytes());
    code
}
