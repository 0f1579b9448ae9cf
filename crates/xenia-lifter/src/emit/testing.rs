//! Functions that are lifted from assembler text, for tests of the emitted code.

use super::slow_paths::configs;
use super::{Lifter, region_signature};
use crate::cfg::testing::region_of;
use cranelift_codegen::ir::{Function, InstructionData, UserFuncName};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

/// The function of a region with the instructions of `text`, one a line, and the words `last`.
pub(super) fn lifted(text: &str, last: &[u32]) -> Function {
    let bytes = xenia_isa::assemble(text, 0).unwrap().bytes;
    let mut words: Vec<u32> = bytes.chunks(4).map(|b| u32::from_be_bytes(b.try_into().unwrap())).collect();
    words.extend(last);
    let region = region_of(&words);
    let config = configs().next().unwrap();
    let mut func = Function::with_name_signature(UserFuncName::user(0, 0), region_signature());
    let mut builders = FunctionBuilderContext::new();
    Lifter::new(FunctionBuilder::new(&mut func, &mut builders), &region, config).lift().unwrap();
    func
}

/// The instructions of a function.
pub(super) fn instructions(func: &Function) -> impl Iterator<Item = &InstructionData> {
    let insts = func.layout.blocks().flat_map(move |block| func.layout.block_insts(block));
    insts.map(move |inst| &func.dfg.insts[inst])
}
