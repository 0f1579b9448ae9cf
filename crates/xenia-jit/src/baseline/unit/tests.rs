//! Tests of blocks, entries and paths.

use super::*;
use xenia_testing::Dice;

const START: u32 = 0x8200_0000;

struct Words(Vec<u32>);

impl Source for Words {
    fn fetch(&mut self, pc: u32) -> Option<u32> {
        self.0.get((pc.checked_sub(START)? / 4) as usize).copied()
    }

    fn is_elsewhere(&self, _pc: u32) -> bool {
        false
    }
}

/// The unit of assembler lines.
fn discovered(lines: &[&str]) -> Discovery {
    let words = lines.iter().enumerate().map(|(n, line)| {
        let bytes = xenia_isa::assemble(line, START + 4 * n as u32).unwrap().bytes;
        u32::from_be_bytes(bytes[..4].try_into().unwrap())
    });
    let mut discovery = Discovery::new();
    assert!(discovery.find(START, Reach::FUNCTION, &mut Words(words.collect())));
    discovery
}

/// Indices of the first words of blocks, and of those blocks that are entries.
fn blocks(lines: &[&str]) -> (Vec<usize>, Vec<usize>) {
    let discovery = discovered(lines);
    let firsts = |wanted: fn(&Block) -> bool| {
        discovery.blocks.iter().filter(|block| wanted(block)).map(|block| block.first).collect()
    };
    (firsts(|_| true), firsts(|block| block.is_entry))
}

const SWITCH: [&str; 13] = [
    "cmplwi r3,2",
    "bgt 0x82000024",
    "mtctr r4",
    "bctr",
    "li r3,1", // case 0
    "b 0x82000028",
    "li r3,2", // case 1
    "b 0x82000028",
    "li r3,3", // case 2, which falls through to the default case
    "li r3,4",
    "blr",
    "li r3,5", // another function
    "blr",
];

#[test]
fn cases_lie_between_a_switch_and_its_end() {
    assert_eq!(blocks(&SWITCH), (vec![0, 2, 4, 6, 8, 9, 10], vec![0, 4, 6, 8]));
}

#[test]
fn no_function_is_a_case() {
    let mut lines = SWITCH;
    lines[6] = "stwu r1,-32(r1)";
    assert_eq!(blocks(&lines), (vec![0, 2, 4, 9, 10], vec![0, 4]));
}

#[test]
fn a_jump_to_a_function_has_no_cases() {
    let lines = ["cmplwi r3,2", "bgtlr", "mtctr r4", "bctr", "li r3,1", "blr"];
    assert_eq!(blocks(&lines), (vec![0, 2], vec![0]));
}

#[test]
fn cases_in_a_loop_branch_back_to_it() {
    let lines = [
        "li r5,0",
        "lbz r4,0(r3)", // the loop
        "cmplwi r4,2",
        "bgt 0x82000018",
        "mtctr r6",
        "bctr",
        "blr",          // the default case
        "addi r3,r3,1", // case 0
        "b 0x82000004",
        "addi r3,r3,2", // case 1
        "b 0x82000004",
        "li r3,0", // another function, which ends with a call of this one
        "b 0x82000000",
    ];
    assert_eq!(blocks(&lines), (vec![0, 1, 4, 6, 7, 9], vec![0, 1, 7, 9]));
}

#[test]
fn a_case_is_searched_for_its_branch_back_up_to_a_limit() {
    for (length, is_case) in [(MAX_CASE, true), (MAX_CASE + 1, false)] {
        // The loop begins at the second word.
        let mut lines = vec!["li r5,0", "mtctr r6", "beq 0x82000004", "bctr"];
        lines.resize(lines.len() + length - 1, "nop");
        lines.push("b 0x82000004");
        let (firsts, _) = blocks(&lines);
        assert_eq!(firsts.contains(&4), is_case, "{length}: {firsts:?}");
    }
}

#[test]
fn a_loop_around_a_call_is_not_plain() {
    let lines = [
        "addi r3,r3,1",
        "bdnz 0x82000000",
        "bl 0x82000100",
        "addi r3,r3,1", // a loop of two blocks
        "beq 0x82000018",
        "addi r3,r3,1",
        "bdnz 0x8200000c",
        "bne 0x82000000",
        "blr",
    ];
    assert_eq!(discovered(&lines).in_plain_loops(), 2 + 4);
}

/// The counted instructions of each block and those of its path.
fn paths(lines: &[&str]) -> Vec<(u32, u32)> {
    discovered(lines).blocks.iter().map(|block| (block.counted, block.path)).collect()
}

#[test]
fn a_path_ends_with_a_loop_of_one_block() {
    let lines = ["li r3,0", "addi r3,r3,1", "bdnz 0x82000004", "mr r4,r3", "blr"];
    assert_eq!(blocks(&lines), (vec![0, 1, 3], vec![0, 1, 3]));
    assert_eq!(paths(&lines), [(1, 1), (2, 2), (2, 2)]);
    let of_three = ["addi r3,r3,1", "beq 0x8200000c", "addi r3,r3,2", "bdnz 0x82000000", "blr"];
    assert_eq!(blocks(&of_three), (vec![0, 2, 3, 4], vec![0]));
    assert_eq!(paths(&of_three), [(2, 5), (1, 3), (1, 2), (1, 1)]);
}

/// The instructions that each block subtracts from the budget.
fn charges(lines: &[&str]) -> Vec<i32> {
    discovered(lines).blocks.iter().map(|block| block.charged).collect()
}

#[test]
fn a_block_charges_what_runs_whichever_way_it_ends() {
    // Skipped instructions charge themselves.
    let skipped = ["cmpwi r3,0", "beq 0x82000010", "nop", "nop", "nop", "blr"];
    assert_eq!(charges(&skipped), [4, 2, 0]);
    // Of two sides, the longer one charges the difference.
    let sides = ["cmpwi r3,0", "beq 0x82000014", "nop", "nop", "b 0x82000018", "nop", "nop", "blr"];
    assert_eq!(charges(&sides), [5, 2, 0, 0]);
    let returns = ["cmpwi r3,0", "beqlr", "nop", "blr"];
    assert_eq!(charges(&returns), [2, 2]);
    let of_two =
        ["nop", "cmpwi r4,0", "beq 0x82000010", "nop", "nop", "bdnz 0x82000004", "blr", "nop", "nop"];
    assert_eq!(charges(&of_two), [1, 4, 1, 0, 1]);
    // The third block continues at one that also follows the first, whose number the second lowers.
    let shared = [
        "cmpwi r3,0",
        "beq 0x82000018",
        "cmpwi cr1,r3,0",
        "beq cr1,0x82000028",
        "nop",
        "nop",
        "nop",
        "nop",
        "nop",
        "blr",
        "blr",
    ];
    assert_eq!(charges(&shared), [5, 0, 4, 1, 0]);
}

/// The blocks that may follow a block, by its last instruction; `None` for other code.
fn successors(discovery: &Discovery, block: Block) -> Vec<Option<Block>> {
    let next = discovery.address(block.end);
    let i = discovery.words(block.end - 1, block.end)[0].i;
    let target = block.ending.target(next - 4, i);
    let at = |pc| discovery.block_at(pc).map(|number| discovery.blocks[number]);
    match block.ending {
        Ending::Next => vec![at(next)],
        Ending::Call if target == Some(next) => vec![at(next)],
        Ending::Jump => vec![target.and_then(at)],
        Ending::Conditional => vec![target.and_then(at), at(next)],
        Ending::ConditionalReturn => vec![None, at(next)],
        _ => vec![None],
    }
}

#[test]
fn all_blocks_that_may_follow_a_block_expect_what_it_charged_ahead() {
    let mut dice = Dice(47);
    let mut ahead = 0;
    for case in 0..400 {
        let count = 4 + dice.next() % 60;
        let mut lines: Vec<String> = (0..count)
            .map(|_| {
                let kind = dice.next() % 12;
                let target = START + 4 * (dice.next() % count) as u32;
                match kind {
                    0..=2 => format!("beq {target:#x}"),
                    3 => format!("b {target:#x}"),
                    4 => format!("bdnz {target:#x}"),
                    5 => format!("bl {target:#x}"),
                    6 => "beqlr".to_owned(),
                    _ => "nop".to_owned(),
                }
            })
            .collect();
        lines.push("blr".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let discovery = discovered(&lines);
        for &block in &discovery.blocks {
            ahead += u32::from(block.ahead != 0);
            for next in successors(&discovery, block) {
                let expected = next
                    .filter(|next| !next.starts_path)
                    .map_or(0, |next| (next.counted + next.ahead).cast_signed() - next.charged);
                assert_eq!(block.ahead.cast_signed(), expected, "case {case}: {lines:#?}");
            }
            assert!(block.charged <= block.path.cast_signed(), "case {case}: {lines:#?}");
            assert!(!block.is_entry || block.starts_path, "case {case}: {lines:#?}");
        }
    }
    assert!(ahead > 100, "{ahead}");
}
