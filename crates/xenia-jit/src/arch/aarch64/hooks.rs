//! The calling convention of hooks on AArch64: the C library's.

/// Defines a function that compiled code calls as a hook.
macro_rules! hook_function {
    ($(#[$attribute:meta])* $vis:vis fn $name:ident($($argument:ident: $t:ty),*) -> $result:ty $body:block) => {
        $(#[$attribute])*
        $vis unsafe extern "C" fn $name($($argument: $t),*) -> $result $body
    };
}
pub(crate) use hook_function;

/// Defines the entry `name` of a cold hook: calls the hook's function with all registers saved that
/// it may clobber, and stores its result in [`xenia_lifter::host::Word::HookResult`].
macro_rules! preserving_entry {
    ($name:ident, $shell:path) => {
        #[allow(non_snake_case)] // named after the hook
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            std::arch::naked_asm!(
                "sub sp, sp, #672",
                "stp x0, x1, [sp, #0]",
                "stp x2, x3, [sp, #16]",
                "stp x4, x5, [sp, #32]",
                "stp x6, x7, [sp, #48]",
                "stp x8, x9, [sp, #64]",
                "stp x10, x11, [sp, #80]",
                "stp x12, x13, [sp, #96]",
                "stp x14, x15, [sp, #112]",
                "stp x16, x17, [sp, #128]",
                "stp x18, x30, [sp, #144]",
                "stp q0, q1, [sp, #160]",
                "stp q2, q3, [sp, #192]",
                "stp q4, q5, [sp, #224]",
                "stp q6, q7, [sp, #256]",
                "stp q8, q9, [sp, #288]",
                "stp q10, q11, [sp, #320]",
                "stp q12, q13, [sp, #352]",
                "stp q14, q15, [sp, #384]",
                "stp q16, q17, [sp, #416]",
                "stp q18, q19, [sp, #448]",
                "stp q20, q21, [sp, #480]",
                "stp q22, q23, [sp, #512]",
                "stp q24, q25, [sp, #544]",
                "stp q26, q27, [sp, #576]",
                "stp q28, q29, [sp, #608]",
                "stp q30, q31, [sp, #640]",
                "bl {shell}",
                "str x0, [x21, #{result}]",
                "ldp x0, x1, [sp, #0]",
                "ldp x2, x3, [sp, #16]",
                "ldp x4, x5, [sp, #32]",
                "ldp x6, x7, [sp, #48]",
                "ldp x8, x9, [sp, #64]",
                "ldp x10, x11, [sp, #80]",
                "ldp x12, x13, [sp, #96]",
                "ldp x14, x15, [sp, #112]",
                "ldp x16, x17, [sp, #128]",
                "ldp x18, x30, [sp, #144]",
                "ldp q0, q1, [sp, #160]",
                "ldp q2, q3, [sp, #192]",
                "ldp q4, q5, [sp, #224]",
                "ldp q6, q7, [sp, #256]",
                "ldp q8, q9, [sp, #288]",
                "ldp q10, q11, [sp, #320]",
                "ldp q12, q13, [sp, #352]",
                "ldp q14, q15, [sp, #384]",
                "ldp q16, q17, [sp, #416]",
                "ldp q18, q19, [sp, #448]",
                "ldp q20, q21, [sp, #480]",
                "ldp q22, q23, [sp, #512]",
                "ldp q24, q25, [sp, #544]",
                "ldp q26, q27, [sp, #576]",
                "ldp q28, q29, [sp, #608]",
                "ldp q30, q31, [sp, #640]",
                "add sp, sp, #672",
                "ret",
                shell = sym $shell,
                result = const xenia_lifter::host::Word::HookResult.offset(),
            )
        }
    };
}
pub(crate) use preserving_entry;
