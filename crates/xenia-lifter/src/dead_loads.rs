//! Dead-load elimination: removes loads from the context without uses.
//!
//! A loop's gate loads all loop-carried registers, including those that are not live-in at its
//! target ([`crate::emit`]), and a block may not use all of its parameters. Cranelift removes
//! unused instructions except loads, which might fault. Loads from the context cannot fault
//! (`notrap`).

use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Function, MemFlagsData, Value};

/// Removes unused `notrap` loads from `func`.
pub(crate) fn remove_loads(func: &mut Function) {
    let mut users: SecondaryMap<Value, u32> = SecondaryMap::new();
    users.resize(func.dfg.num_values());
    let mut loads = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in func.dfg.inst_values(inst) {
                users[func.dfg.resolve_aliases(value)] += 1;
            }
            let data = &func.dfg.insts[inst];
            if data.opcode().can_load()
                && !data.opcode().can_store()
                && data.memflags_data(&func.dfg).is_some_and(MemFlagsData::notrap)
            {
                loads.push(inst);
            }
        }
    }
    for inst in loads {
        if func.dfg.inst_results(inst).iter().all(|result| users[*result] == 0) {
            func.layout.remove_inst(inst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::cursor::{Cursor, FuncCursor};
    use cranelift_codegen::ir::{InstBuilder, types};

    #[test]
    fn unused_loads_are_removed_unless_they_may_fault() {
        let mut func = Function::new();
        let block = func.dfg.make_block();
        let address = func.dfg.append_block_param(block, types::I64);
        let mut cursor = FuncCursor::new(&mut func);
        cursor.insert_block(block);
        let used = cursor.ins().load(types::I64, MemFlagsData::trusted(), address, 0);
        cursor.ins().load(types::I64, MemFlagsData::trusted(), address, 8);
        cursor.ins().uload32(MemFlagsData::trusted(), address, 16);
        cursor.ins().load(types::I64, MemFlagsData::new(), address, 24);
        cursor.ins().return_(&[used]);
        remove_loads(&mut func);
        let offsets: Vec<i32> = func
            .layout
            .block_insts(block)
            .filter_map(|inst| func.dfg.insts[inst].load_store_offset())
            .collect();
        assert_eq!(offsets, [0, 24]);
    }
}
