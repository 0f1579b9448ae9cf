//! Tests of region discovery on small programs, and of the placement of budget checks.

use super::checks::MAX_PATH_LENGTH;
use super::*;
use crate::cfg::testing::{ADDI, b, bdnz, beq, bl};
use xenia_isa::word::BLR;

fn region(words: &[u32], roots: &[u32]) -> Region {
    let end = words.len() as u32 * 4;
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    discover(roots, &Reach::all(0..end, MAX_REGION_LENGTH), &mut fetch).unwrap()
}

#[test]
fn a_loop_header_is_a_check_point_and_splits_its_block() {
    // addi; L: addi; addi; bdnz L; blr
    let r = region(&[ADDI, ADDI, ADDI, bdnz(-2), BLR], &[0]);
    assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 4, 16]);
    assert!(r.blocks[&4].check && r.blocks[&4].is_loop);
    assert_eq!(r.blocks[&4].needs, 4, "three and the blr");
    assert_eq!(r.blocks[&0].needs, 1);
    assert!(!r.blocks[&16].check);
}

#[test]
fn changes_of_the_interrupt_enables_do_not_end_a_block() {
    // addi; mtmsrd r3,1; addi; mtmsrd r3; addi; blr
    let r = region(&[ADDI, 0x7C61_0164, ADDI, 0x7C60_0164, ADDI, BLR], &[0]);
    assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 16]);
    assert_eq!(r.entries, [0, 16]);
}

#[test]
fn the_instruction_after_a_call_is_an_entry() {
    // bl +8; addi; (target) blr
    let words = [bl(2), BLR, BLR];
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    let r = discover(&[0], &Reach::all(0..8, MAX_REGION_LENGTH), &mut fetch).unwrap();
    assert_eq!(r.entries, [0, 4]);
    assert_eq!(r.calls, [8]);
    assert!(r.blocks[&4].check);
}

#[test]
fn long_paths_get_checks_in_between() {
    // 40 times: two `addi`, `beq +8`, `addi`; none longer than the limit.
    let mut words = Vec::new();
    for _ in 0..40 {
        words.extend([ADDI, ADDI, beq(2), ADDI]);
    }
    words.push(BLR);
    let r = region(&words, &[0]);
    assert!(r.blocks.values().all(|b| b.needs <= MAX_PATH_LENGTH + b.len()));
    assert!(r.blocks.values().filter(|b| b.check).count() > 2);
}

#[test]
fn sides_are_left_out_but_where_a_loop_ends() {
    // L: beq +12; addi; addi; beq +8; addi; bdnz L; addi; blr
    let words = [beq(3), ADDI, ADDI, beq(2), ADDI, bdnz(-5), ADDI, BLR];
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    let is_part = |pc: u32| pc == 12 || pc == 20;
    let reach = Reach { sides: Some(&is_part), ..Reach::all(0..32, MAX_REGION_LENGTH) };
    let r = discover(&[0], &reach, &mut fetch).unwrap();
    assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 12, 20, 24]);
    assert_eq!(r.pruned_targets.iter().copied().collect::<Vec<_>>(), [4, 16]);
    assert_eq!(r.blocks[&0].successors, [12]);
    // As above, but the first two branches lead to the third one's target.
    let words = [beq(4), ADDI, ADDI, beq(2), ADDI, bdnz(-5), ADDI, BLR];
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    let reach = Reach { sides: Some(&|pc| pc == 4 || pc == 16), ..Reach::all(0..32, MAX_REGION_LENGTH) };
    let r = discover(&[0], &reach, &mut fetch).unwrap();
    assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 4, 16, 20, 24]);
    assert_eq!(r.blocks[&4].successors, [16, 20]);
    assert!(r.pruned_targets.is_empty());
}

#[test]
fn region_limit_leaves_contiguous_code_out() {
    // 40 times `beq +8; addi`, with a loop around them.
    let mut words: Vec<u32> = [beq(2), ADDI].repeat(40);
    words.extend([bdnz(-80), BLR]);
    let end = words.len() as u32 * 4;
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    for (root, covered) in [(0, 0..20), (40 * 4, 40..60), (75 * 4, 75..82)] {
        let r = discover(&[root], &Reach::all(0..end, 20), &mut fetch).unwrap();
        let places = r.blocks.values().flat_map(|block| block.code.iter().map(|guest| guest.pc / 4));
        let ahead: Vec<u32> = places.filter(|&at| at >= root / 4).collect();
        assert_eq!(ahead, covered.collect::<Vec<_>>(), "from {root}, as far as its end");
        assert_eq!(r.instructions, 20, "then from the loop's start");
    }
}

#[test]
fn unfetchable_code_ends_a_region() {
    let r = region(&[ADDI, ADDI], &[0]);
    assert_eq!(r.instructions, 2);
    assert!(r.blocks[&0].successors.is_empty());
    let mut nothing = |_| None;
    assert!(discover(&[0], &Reach::all(0..8, MAX_REGION_LENGTH), &mut nothing).is_none());
}

/// The region from 0 in the first `own` of `words`, with inlined leaves on pages for which
/// `may_read` returns true.
fn with_leaves(words: &[u32], own: u32, may_read: &dyn Fn(u32) -> bool) -> Region {
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    let reach = Reach { leaves: Some(may_read), ..Reach::all(0..4 * own, MAX_REGION_LENGTH) };
    discover(&[0], &reach, &mut fetch).unwrap()
}

#[test]
fn a_leaf_replaces_its_call() {
    // addi; bl 5; addi; b 6; invalid; addi; addi; blr
    let words = [ADDI, bl(4), ADDI, b(3), 0, ADDI, ADDI, BLR];
    let r = with_leaves(&words, 4, &|_| true);
    assert_eq!(r.entries, [0], "what comes after the call is none");
    assert_eq!(r.instructions, 4);
    let call = &r.blocks[&0];
    let jump = &r.blocks[&8];
    assert_eq!((call.end(), call.len(), &call.successors[..]), (8, 5, &[8][..]));
    assert_eq!(
        (1..5).map(|n| call.replaced(n)).collect::<Vec<_>>(),
        [Some(Replaced::Call), None, None, Some(Replaced::Return)]
    );
    assert!(matches!(call.terminator(), Terminator::None));
    assert_eq!((jump.end(), jump.len(), jump.replaced(1)), (16, 4, Some(Replaced::Jump)));
    assert!(
        matches!(jump.terminator(), Terminator::Indirect { link: false, .. }) && jump.replaced(3).is_none()
    );
    assert_eq!(r.leaves().ranges(), [(20..32).into()]);
    assert!(r.word(28) == Some(BLR) && !r.contains(28) && r.word(16).is_none());
    // A page whose code changes all the time is not read.
    let r = with_leaves(&words, 4, &|_| false);
    assert_eq!((&r.entries[..], r.leaves()), (&[0, 8][..], AddressRanges::default()));
}

#[test]
fn non_leaf_callees_are_not_inlined() {
    const BEQLR: u32 = 0x4D82_0020;
    let mtlr = 0x7D88_03A6;
    let too_long = [[ADDI; 24].as_slice(), &[BLR]].concat();
    for callee in [&[mtlr, BLR][..], &[b(1), BLR], &[beq(1), BLR], &[BEQLR, BLR], &too_long, &[ADDI]] {
        let words = [&[bl(2), BLR], callee].concat();
        let r = with_leaves(&words, 2, &|_| true);
        assert_eq!((&r.entries[..], r.leaves()), (&[0, 4][..], AddressRanges::default()), "{callee:x?}");
        // A tail call may reach a leaf that loads LR.
        let words = [&[b(2), BLR], callee].concat();
        assert_eq!(with_leaves(&words, 1, &|_| true).leaves().ranges().len(), usize::from(callee[0] == mtlr));
    }
}

#[test]
fn leaves_of_a_region_are_bounded() {
    // 200 calls of 23 instructions.
    let mut words: Vec<u32> = (0..200).map(|n| bl(201 - n)).chain([BLR]).collect();
    words.extend([ADDI; 22]);
    words.push(BLR);
    let r = with_leaves(&words, 201, &|_| true);
    let copies: usize = r.blocks.values().map(|block| block.leaf().len()).sum();
    assert_eq!(copies, 1024 / 23 * 23);
}
