//! The program as a plain ELF: functions, the driver that calls them, and their data.
//!
//! r14 to r20 are the driver's; functions leave them alone, so it need not save them.

use super::elf::{self, Segment};
use super::encode::Code;
use super::frame::Helpers;
use super::lower::{self, Outside};
use super::program::{ARENA, Program};
use xenia_isa::Op;

/// Where the code lies.
const TEXT: u32 = 0x8201_0000;
/// Data begins at a multiple of this, so that no page has code and data.
const DATA_ALIGNMENT: u32 = 0x1_0000;
/// Bytes of a row of the table: a function, an object's offset.
const ROW: u32 = 8;
/// Bytes of the driver's stack frame.
const FRAME: i64 = 64;

/// A title.
#[derive(Debug)]
pub struct Title {
    /// The file.
    pub elf: Vec<u8>,
    /// Instructions in it.
    pub instructions: u64,
}

/// Writes the program's title.
pub fn title(program: &Program) -> Title {
    let mut code = Code::new(TEXT);
    let helpers = Helpers::new(&mut code);
    let mut leaves = Vec::new();
    for leaf in &program.leaves {
        let outside = Outside { helpers, leaves: &[] };
        leaves.push(lower::function(&mut code, leaf, outside));
    }
    let outside = Outside { helpers, leaves: &leaves };
    let mut functions = Vec::new();
    for function in &program.functions {
        functions.push(lower::function(&mut code, function, outside));
    }
    let entry = code.here();
    // The driver's length doesn't depend on the addresses in it.
    let end = {
        let mut trial = Code::new(entry);
        driver(&mut trial, program, 0, 0);
        trial.here()
    };
    let arena = end.next_multiple_of(DATA_ALIGNMENT);
    let table = arena + ARENA;
    driver(&mut code, program, arena, table);

    let mut data = program.arena.clone();
    for row in &program.round {
        data.extend(functions[row.function as usize].to_be_bytes());
        data.extend(row.object.to_be_bytes());
    }
    let words = code.finish();
    let instructions = words.len() as u64;
    let text = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let segments = [
        Segment { address: TEXT, contents: text, is_code: true },
        Segment { address: arena, contents: data, is_code: false },
    ];
    Title { elf: elf::write(entry, &segments), instructions }
}

/// `entry`: all rounds, and then the arena's words folded into the last function's number.
fn driver(code: &mut Code, program: &Program, arena: u32, table: u32) {
    let row = i64::from(ROW);
    code.put(Op::stwu, &[1, -FRAME, 1]);
    code.get_lr(20);
    code.constant(14, arena);
    code.constant(15, program.rounds);
    code.put(Op::addi, &[3, 0, 0]);
    let round = code.label_here();
    code.constant(16, table.wrapping_sub(ROW));
    code.constant(17, program.round.len() as u32);
    let call = code.label_here();
    code.put(Op::lwzu, &[12, row, 16]);
    code.put(Op::lwz, &[4, 4, 16]);
    code.set_ctr(12);
    code.put(Op::addx, &[4, 4, 14]);
    code.call_ctr();
    code.put(Op::addic_rc, &[17, 17, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, call);
    code.put(Op::addic_rc, &[15, 15, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, round);

    code.put(Op::addi, &[5, 0, i64::from(ARENA / 4)]);
    code.set_ctr(5);
    code.put(Op::addi, &[6, 14, -4]);
    let word = code.label_here();
    code.put(Op::lwzu, &[7, 4, 6]);
    code.put(Op::rlwinmx, &[3, 3, 5, 0, 31]);
    code.put(Op::addx, &[3, 3, 7]);
    code.branch(lower::COUNTING, 0, word);
    code.set_lr(20);
    code.put(Op::addi, &[1, 1, FRAME]);
    code.ret();
}
