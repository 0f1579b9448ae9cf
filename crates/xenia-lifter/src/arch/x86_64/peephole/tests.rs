//! Tests of the pass on small functions, before and after as text.

mod flags;
mod machine;
mod random;
mod values;
mod writer;

use super::optimize;
use crate::arch::TargetCpu;
use crate::host::Word;
use crate::peephole::{Facts, Optimized};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// No marks, no symbols: one block.
const PLAIN: Facts<'_> = Facts { blocks: &[0], starts: &[], marked: &[], references: &[] };

fn has_movbe() -> bool {
    super::features::peephole_features(TargetCpu::Native).contains(&"movbe")
}

fn optimized(code: &[u8], facts: Facts<'_>) -> Optimized {
    optimize(code, facts, TargetCpu::Native).expect("nothing unknown")
}

/// The instructions of `code`, separated by semicolons.
fn text(code: &[u8]) -> String {
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(false);
    let lines = Decoder::new(64, code, DecoderOptions::NONE).into_iter().map(|decoded| {
        let mut line = String::new();
        formatter.format(&decoded, &mut line);
        line
    });
    lines.collect::<Vec<_>>().join("; ")
}

fn check(code: &[u8], expected: &str) {
    if has_movbe() {
        assert_eq!(text(&optimized(code, PLAIN).code), expected, "{}", text(code));
    }
}

#[test]
fn accesses_use_the_pinned_register_itself() {
    // mov rcx,r15; mov rax,[rcx-58h]; mov [rcx+8],rdx; mov rcx,rax; ret
    let code = [0x4C, 0x89, 0xF9, 0x48, 0x8B, 0x41, 0xA8, 0x48, 0x89, 0x51, 0x08, 0x48, 0x89, 0xC1, 0xC3];
    check(&code, "mov rax,[r15-58h]; mov [r15+8],rdx; mov rcx,rax; ret");
    // mov rcx,r15; ret: a result.
    check(&[0x4C, 0x89, 0xF9, 0xC3], "mov rcx,r15; ret");
}

#[test]
fn a_swapped_and_extended_load_is_one_instruction() {
    // mov r9d,[rdi+10h]; bswap r9d; mov edx,r9d; ret
    let code = [0x44, 0x8B, 0x4F, 0x10, 0x41, 0x0F, 0xC9, 0x44, 0x89, 0xCA, 0xC3];
    check(&code, "movbe edx,[rdi+10h]; ret");
    // mov r9d,[rdi+10h]; bswap r9d; mov r13d,r9d; lea r9,[r13+r10]; mov rax,r9; ret
    let code = [
        0x44, 0x8B, 0x4F, 0x10, 0x41, 0x0F, 0xC9, 0x45, 0x89, 0xCD, 0x4F, 0x8D, 0x4C, 0x15, 0x00, 0x4C, 0x89,
        0xC8, 0xC3,
    ];
    check(&code, "movbe eax,[rdi+10h]; lea rax,[rax+r10]; ret");
}

#[test]
fn a_swapped_store_is_one_instruction() {
    // mov rax,rbx; bswap eax; mov [rdi],eax; mov rax,rdx; ret
    let code = [0x48, 0x89, 0xD8, 0x0F, 0xC8, 0x89, 0x07, 0x48, 0x89, 0xD0, 0xC3];
    check(&code, "movbe [rdi],ebx; mov rax,rdx; ret");
    // bswap eax; mov [rdi],eax; ret: the swapped value is a result.
    check(&[0x0F, 0xC8, 0x89, 0x07, 0xC3], "bswap eax; mov [rdi],eax; ret");
    // bswap eax; mov [rax],eax; mov rax,rdx; ret: it is the address as well.
    check(&[0x0F, 0xC8, 0x89, 0x00, 0x48, 0x89, 0xD0, 0xC3], "bswap eax; mov [rax],eax; mov rax,rdx; ret");
}

#[test]
fn a_swapped_store_of_a_halfword_is_one_instruction() {
    // mov r9,rax; rol r9w,8; mov [rdi],r9w; test rdx,rdx; sete cl; ret
    let code = [
        0x49, 0x89, 0xC1, 0x66, 0x41, 0xC1, 0xC1, 0x08, 0x66, 0x44, 0x89, 0x0F, 0x48, 0x85, 0xD2, 0x0F, 0x94,
        0xC1, 0xC3,
    ];
    check(&code, "movbe [rdi],ax; test rdx,rdx; sete cl; ret");
    // rol ax,8; mov [rdi],ax; mov rax,rdx; ret: no flag leaves the function.
    let code = [0x66, 0xC1, 0xC0, 0x08, 0x66, 0x89, 0x07, 0x48, 0x89, 0xD0, 0xC3];
    check(&code, "movbe [rdi],ax; mov rax,rdx; ret");
    // rol ax,8; mov [rdi],ax; setb cl; mov rax,rdx; ret: the carry of the rotate is read.
    let code = [0x66, 0xC1, 0xC0, 0x08, 0x66, 0x89, 0x07, 0x0F, 0x92, 0xC1, 0x48, 0x89, 0xD0, 0xC3];
    check(&code, "rol ax,8; mov [rdi],ax; setb cl; mov rax,rdx; ret");
    // rol ax,4; mov [rdi],ax; mov rax,rdx; ret: no swap.
    let code = [0x66, 0xC1, 0xC0, 0x04, 0x66, 0x89, 0x07, 0x48, 0x89, 0xD0, 0xC3];
    check(&code, "rol ax,4; mov [rdi],ax; mov rax,rdx; ret");
}

#[test]
fn a_loaded_number_is_swapped_in_its_vector_register() {
    let mask = |half| Word::ByteSwap.offset() + half;
    // mov rax,[rdi]; bswap rax; vmovq xmm1,rax; mov rax,rdx; ret
    let code = [0x48, 0x8B, 0x07, 0x48, 0x0F, 0xC8, 0xC4, 0xE1, 0xF9, 0x6E, 0xC8, 0x48, 0x89, 0xD0, 0xC3];
    let load = "vmovsd xmm1,[rdi]";
    let shuffle = format!("vpshufb xmm1,xmm1,[r15+{:X}h]", mask(0));
    check(&code, &format!("{load}; {shuffle}; mov rax,rdx; ret"));
    // Without the last move: the number is a result, too.
    check(&[&code[..11], &[0xC3]].concat(), "movbe rax,[rdi]; vmovq xmm1,rax; ret");
    // vmovq xmm2,xmm1 in between reads the register's old value.
    let code = [&code[..6], &[0xC5, 0xFA, 0x7E, 0xD1], &code[6..]].concat();
    check(&code, "movbe rax,[rdi]; vmovq xmm2,xmm1; vmovq xmm1,rax; mov rax,rdx; ret");
    // mov eax,[rdi]; bswap eax; vmovd xmm1,eax; mov rax,rdx; ret
    let code = [0x8B, 0x07, 0x0F, 0xC8, 0xC5, 0xF9, 0x6E, 0xC8, 0x48, 0x89, 0xD0, 0xC3];
    let load = "vmovss xmm1,[rdi]";
    let shuffle = format!("vpshufb xmm1,xmm1,[r15+{:X}h]", mask(4));
    check(&code, &format!("{load}; {shuffle}; mov rax,rdx; ret"));
}

#[test]
fn a_loaded_number_stays_in_its_general_register_where_the_vector_register_has_another() {
    if !has_movbe() {
        return;
    }
    // mov rbx,[rdi]; bswap rbx; call rcx; vmovq xmm1,rbx; ret: calls change xmm1.
    let code = [0x48, 0x8B, 0x1F, 0x48, 0x0F, 0xCB, 0xFF, 0xD1, 0xC4, 0xE1, 0xF9, 0x6E, 0xCB, 0xC3];
    check(&code, "movbe rbx,[rdi]; call rcx; vmovq xmm1,rbx; ret");
    // 0: mov rax,[rdi]; bswap rax; 6: vmovq xmm1,rax; mov rax,rdx; sub rdx,1; jne 6; 18h: ret:
    // later rounds move another number.
    let code = [
        0x48, 0x8B, 0x07, 0x48, 0x0F, 0xC8, 0xC4, 0xE1, 0xF9, 0x6E, 0xC8, 0x48, 0x89, 0xD0, 0x48, 0x83, 0xEA,
        0x01, 0x0F, 0x85, 0xEE, 0xFF, 0xFF, 0xFF, 0xC3,
    ];
    let after = optimized(&code, Facts { blocks: &[0, 6, 0x18], ..PLAIN }).code;
    let round = "vmovq xmm1,rax; mov rax,rdx; sub rdx,1; jne short 5";
    assert_eq!(text(&after), format!("movbe rax,[rdi]; {round}; ret"));
    // mov rax,[rdi]; bswap rax; 6: mov r9d,[rdi+10h]; mark of +9; vmovq xmm1,rax; mov rax,rdx; ret;
    // 1Ch: vmovsd [r15],xmm1; jmp [r15+8]: a fault exit in between reads xmm1.
    let code = [
        0x48, 0x8B, 0x07, 0x48, 0x0F, 0xC8, 0x44, 0x8B, 0x4F, 0x10, 0x66, 0x0F, 0x1F, 0x84, 0xFF, 0x09, 0, 0,
        0, 0xC4, 0xE1, 0xF9, 0x6E, 0xC8, 0x48, 0x89, 0xD0, 0xC3, 0xC4, 0xC1, 0x7B, 0x11, 0x0F, 0x41, 0xFF,
        0x67, 0x08,
    ];
    let after = optimized(&code, Facts { blocks: &[0, 0x1C], marked: &[6], ..PLAIN }).code;
    let body = "movbe rax,[rdi]; mov r9d,[rdi+10h]; vmovq xmm1,rax; mov rax,rdx; ret";
    assert_eq!(text(&after), format!("{body}; vmovsd [r15],xmm1; jmp qword ptr [r15+8]"));
}

#[test]
fn a_swap_stays_on_its_side_of_a_call() {
    // mov eax,[rdi]; call rcx; bswap eax; ret: a result is swapped, not the loaded value.
    check(&[0x8B, 0x07, 0xFF, 0xD1, 0x0F, 0xC8, 0xC3], "mov eax,[rdi]; call rcx; bswap eax; ret");
    // bswap eax; call rcx; mov [rbx],eax; mov rax,rdx; ret
    let code = [0x0F, 0xC8, 0xFF, 0xD1, 0x89, 0x03, 0x48, 0x89, 0xD0, 0xC3];
    check(&code, "bswap eax; call rcx; mov [rbx],eax; mov rax,rdx; ret");
}

#[test]
fn a_copy_is_kept_if_either_register_changes() {
    // mov rcx,rbx; add rbx,1; mov rax,[rcx]; mov rcx,rdx; ret
    let code = [0x48, 0x89, 0xD9, 0x48, 0x83, 0xC3, 0x01, 0x48, 0x8B, 0x01, 0x48, 0x89, 0xD1, 0xC3];
    check(&code, "mov rcx,rbx; add rbx,1; mov rax,[rcx]; mov rcx,rdx; ret");
    // mov rcx,rbx; shl rdx,cl; mov rcx,rdx; ret: a shift counts in no other register.
    let code = [0x48, 0x89, 0xD9, 0x48, 0xD3, 0xE2, 0x48, 0x89, 0xD1, 0xC3];
    check(&code, "mov rcx,rbx; shl rdx,cl; mov rcx,rdx; ret");
    // mov ecx,ebx; mov rax,[rcx]; mov rcx,rdx; ret: the upper half of rbx is unknown.
    let code = [0x89, 0xD9, 0x48, 0x8B, 0x01, 0x48, 0x89, 0xD1, 0xC3];
    check(&code, "mov ecx,ebx; mov rax,[rcx]; mov rcx,rdx; ret");
    // mov ecx,ebx; add eax,ecx; mov rcx,rdx; ret: it is not read.
    check(&[0x89, 0xD9, 0x01, 0xC8, 0x48, 0x89, 0xD1, 0xC3], "add eax,ebx; mov rcx,rdx; ret");
    // mov ecx,ebx; call rax; mov rcx,rdx; ret
    check(&[0x89, 0xD9, 0xFF, 0xD0, 0x48, 0x89, 0xD1, 0xC3], "mov ecx,ebx; call rax; mov rcx,rdx; ret");
}

#[test]
fn an_extension_stays_where_the_upper_half_may_be_another() {
    // mov eax,edi; test esi,esi; cmove rax,rdx; mov ecx,eax; mov rdx,[rcx]; ret
    let code = [0x89, 0xF8, 0x85, 0xF6, 0x48, 0x0F, 0x44, 0xC2, 0x89, 0xC1, 0x48, 0x8B, 0x11, 0xC3];
    check(&code, "mov eax,edi; test esi,esi; cmove rax,rdx; mov ecx,eax; mov rdx,[rcx]; ret");
}

/// Code with a load, its mark, and a cold block that reads rdx as it is before the load.
fn marked() -> (Vec<u8>, Facts<'static>) {
    // mov r9d,[rdi+10h]; mark of +7; bswap r9d; mov edx,r9d; ret; mov [r15],rdx; jmp [r15+8]
    let code = [
        0x44, 0x8B, 0x4F, 0x10, 0x66, 0x0F, 0x1F, 0x84, 0xFF, 0x07, 0, 0, 0, 0x41, 0x0F, 0xC9, 0x44, 0x89,
        0xCA, 0xC3, 0x49, 0x89, 0x17, 0x41, 0xFF, 0x67, 0x08,
    ];
    (code.to_vec(), Facts { blocks: &[0, 0x14], marked: &[0], ..PLAIN })
}

#[test]
fn a_fault_exit_finds_registers_as_they_were_before_the_access() {
    if !has_movbe() {
        return;
    }
    let (code, facts) = marked();
    let after = optimized(&code, facts).code;
    let expected = "movbe edx,[rdi+10h]; ret; mov [r15],rdx; jmp qword ptr [r15+8]";
    assert_eq!(text(&after), expected);
    // A second marked access in between would find the new value.
    let mut code = code;
    code.splice(13..13, [0x8B, 0x07, 0x66, 0x0F, 0x1F, 0x84, 0xFF, 0x07, 0, 0, 0]);
    code[9] += 11;
    let after = optimized(&code, Facts { blocks: &[0, 0x1F], marked: &[0, 13], ..PLAIN }).code;
    assert!(text(&after).contains("mov edx,r9d"), "{}", text(&after));
}

#[test]
fn branches_get_shorter_and_tables_lead_where_they_led() {
    // 0: cmp edi,2; 3: jae 36h; 9: lea rax,[rip+t]; 10h: movsxd rcx,[rax+rdi*4]; 14h: add rax,rcx;
    // 17h: jmp rax; 19h: t: 25h, 31h, 36h; 25h: mov rcx,r15; mov rcx,[rcx+8]; jmp 38h;
    // 31h: add rax,1; ret; 36h: ud2; 38h: movups xmm0,[rip+c]; ret; 40h: c
    let mut code = vec![0x83, 0xFF, 0x02, 0x0F, 0x83, 0x2D, 0, 0, 0];
    code.extend([0x48, 0x8D, 0x05, 0x09, 0, 0, 0, 0x48, 0x63, 0x0C, 0xB8, 0x48, 0x01, 0xC8, 0xFF, 0xE0]);
    code.extend([0x0C, 0, 0, 0, 0x18, 0, 0, 0, 0x1D, 0, 0, 0]);
    code.extend([0x4C, 0x89, 0xF9, 0x48, 0x8B, 0x49, 0x08, 0xE9, 0x07, 0, 0, 0]);
    code.extend([0x48, 0x83, 0xC0, 0x01, 0xC3, 0x0F, 0x0B, 0x0F, 0x10, 0x05, 1, 0, 0, 0, 0xC3]);
    assert_eq!(code.len(), 0x40);
    code.extend(1..=16);
    let blocks = [0, 9, 0x25, 0x31, 0x36, 0x38];
    let starts = [0x36];
    let Optimized { code: after, moved } =
        optimized(&code, Facts { blocks: &blocks, starts: &starts, ..PLAIN });
    let [table, first, second, trap, end] =
        [0x19, 0x25, 0x31, 0x36, 0x38].map(|at| moved.moved_offset(at) as usize);
    let entry = |n: usize| {
        let field = after[table + 4 * n..].first_chunk().unwrap();
        table.wrapping_add_signed(i32::from_le_bytes(*field) as isize)
    };
    assert_eq!([entry(0), entry(1), entry(2)], [first, second, trap]);
    assert_eq!(
        text(&after[first..trap]),
        format!("mov rcx,[r15+8]; jmp short {:016X}h; add rax,1; ret", end - first)
    );
    assert_eq!(after[3], 0x73, "a short jae");
    assert_eq!(5 + usize::from(after[4]), trap);
    let field = after[end + 3..].first_chunk().unwrap();
    let constant = end + 7 + i32::from_le_bytes(*field) as usize;
    assert!(after[constant..].starts_with(&[1, 2, 3, 4]) && constant.is_multiple_of(32), "{constant:x}");
}

#[test]
fn a_constant_after_a_table_is_not_its_entry() {
    // 0: cmp edi,1; 3: jae 2Ch; 9: lea rax,[rip+t]; 10h: movsxd rcx,[rax+rdi*4]; 14h: add rax,rcx;
    // 17h: jmp rax; 19h: t: 25h; 1Dh: c; 25h: mov rcx,[rip+c]; 2Ch: ret
    let mut code = vec![0x83, 0xFF, 0x01, 0x0F, 0x83, 0x23, 0, 0, 0];
    code.extend([0x48, 0x8D, 0x05, 0x09, 0, 0, 0, 0x48, 0x63, 0x0C, 0xB8, 0x48, 0x01, 0xC8, 0xFF, 0xE0]);
    code.extend([0x0C, 0, 0, 0]);
    code.extend([0; 8]);
    code.extend([0x48, 0x8B, 0x0D, 0xF1, 0xFF, 0xFF, 0xFF, 0xC3]);
    // A distance to the end, and one in front of the code.
    for constant in [[0x0C, 0, 0, 0, 0x13, 0, 0, 0], [0, 0, 0, 0x80, 0, 0, 0, 0]] {
        code[0x1D..0x25].copy_from_slice(&constant);
        let after = optimized(&code, Facts { blocks: &[0, 9, 0x25, 0x2C], ..PLAIN }).code;
        let load = after.len() - 8;
        let distance = i32::from_le_bytes(*after[load + 3..].first_chunk().unwrap()) as isize;
        let named = (load + 7).wrapping_add_signed(distance);
        assert_eq!(after[named..named + 8], constant, "{after:02x?}");
    }
}

#[test]
fn code_that_is_not_understood_is_unchanged() {
    let facts = Facts { blocks: &[0], ..PLAIN };
    let unknown: [&[u8]; 4] = [
        // A loop instruction.
        &[0xE2, 0xFE, 0xC3],
        // A branch into an instruction.
        &[0x48, 0x89, 0xD8, 0x0F, 0x84, 0xF9, 0xFF, 0xFF, 0xFF, 0xC3],
        // The end without a return.
        &[0x48, 0x89, 0xD8],
        // No instruction of 64-bit code.
        &[0x06, 0xC3],
    ];
    for code in unknown {
        assert!(optimize(code, facts, TargetCpu::Native).is_none(), "{code:02x?}");
    }
    for cut in 1..marked().0.len() {
        let (code, facts) = marked();
        // Never a panic, whatever is missing.
        let _ = optimize(&code[..cut], facts, TargetCpu::Native);
    }
}

#[test]
fn moves_to_and_from_the_stack_that_change_nothing_are_left_out() {
    // mov [rsp+8],rbx; mov rcx,[rsp+8]; mov rax,[rcx]; mov rcx,[rsp+8]; mov [rsp+8],rcx; ret
    let code = [
        0x48, 0x89, 0x5C, 0x24, 0x08, 0x48, 0x8B, 0x4C, 0x24, 0x08, 0x48, 0x8B, 0x01, 0x48, 0x8B, 0x4C, 0x24,
        0x08, 0x48, 0x89, 0x4C, 0x24, 0x08, 0xC3,
    ];
    check(&code, "mov rcx,rbx; mov rax,[rcx]; ret");
    // movdqu [rsp+10h],xmm1; movdqu xmm2,[rsp+10h]; movups [rdi],xmm2; ret
    let code =
        [0xF3, 0x0F, 0x7F, 0x4C, 0x24, 0x10, 0xF3, 0x0F, 0x6F, 0x54, 0x24, 0x10, 0x0F, 0x11, 0x17, 0xC3];
    check(&code, "movaps xmm2,xmm1; movups [rdi],xmm2; ret");
}

#[test]
fn moves_to_and_from_the_stack_stay_where_values_change() {
    // mov [rsp+8],rbx; call rax; mov rcx,[rsp+8]; ret
    let code = [0x48, 0x89, 0x5C, 0x24, 0x08, 0xFF, 0xD0, 0x48, 0x8B, 0x4C, 0x24, 0x08, 0xC3];
    check(&code, "mov [rsp+8],rbx; call rax; mov rcx,[rsp+8]; ret");
    // mov [rsp+8],rbx; add dword ptr [rsp+0Ch],1; mov rcx,[rsp+8]; ret
    let code =
        [0x48, 0x89, 0x5C, 0x24, 0x08, 0x83, 0x44, 0x24, 0x0C, 0x01, 0x48, 0x8B, 0x4C, 0x24, 0x08, 0xC3];
    check(&code, "mov [rsp+8],rbx; add dword ptr [rsp+0Ch],1; mov rcx,[rsp+8]; ret");
    // mov [rsp+8],rbx; lea rcx,[rsp+8]; ret
    let code = [0x48, 0x89, 0x5C, 0x24, 0x08, 0x48, 0x8D, 0x4C, 0x24, 0x08, 0xC3];
    check(&code, "mov [rsp+8],rbx; lea rcx,[rsp+8]; ret");
    // 0: mov [rsp+8],rbx; 5: test edi,edi; 7: je 12h; 0Dh: mov ebx,1; 12h: mov rcx,[rsp+8]; ret
    let code = [
        0x48, 0x89, 0x5C, 0x24, 0x08, 0x85, 0xFF, 0x0F, 0x84, 0x05, 0, 0, 0, 0xBB, 1, 0, 0, 0, 0x48, 0x8B,
        0x4C, 0x24, 0x08, 0xC3,
    ];
    let after = optimized(&code, Facts { blocks: &[0, 0xD, 0x12], ..PLAIN }).code;
    assert!(text(&after).ends_with("mov ebx,1; mov rcx,[rsp+8]; ret"), "{}", text(&after));
}

#[test]
fn a_fault_exit_finds_stack_slots_as_they_were_before_the_access() {
    // 0: mov [rsp+8],rbx; 5: mov r9d,[rdi]; 8: mark of +1; 11h: ret;
    // 12h: mov rdi,[rsp+8]; jmp [r15+8]
    let code = [
        0x48, 0x89, 0x5C, 0x24, 0x08, 0x44, 0x8B, 0x0F, 0x66, 0x0F, 0x1F, 0x84, 0xFF, 0x01, 0, 0, 0, 0xC3,
        0x48, 0x8B, 0x7C, 0x24, 0x08, 0x41, 0xFF, 0x67, 0x08,
    ];
    let facts = Facts { blocks: &[0, 0x12], marked: &[5], ..PLAIN };
    let expected = "mov [rsp+8],rbx; mov r9d,[rdi]; ret; mov rdi,[rsp+8]; jmp qword ptr [r15+8]";
    assert_eq!(text(&optimized(&code, facts).code), expected);
}
