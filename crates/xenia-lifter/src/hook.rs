//! Hooks: functions of the runtime that compiled code calls.
//!
//! Each is a row of [`hook_rows`](crate::hook_rows), from which this crate makes the [`Hook`] that
//! the lifter calls, and xenia-jit the function behind it.

use crate::host::Word;
use xenia_cpu::HOST_WORDS;

/// Passes the rows of the hooks to the macro `$define`. Each is `doc, kind Name(arguments after the
/// context) [counter in reports] => service;`. A `cold` hook preserves all registers, since a call
/// in a cold block would otherwise cost the hot blocks their registers. A `bare` service preserves
/// them itself and is called directly.
#[macro_export]
macro_rules! hook_rows {
    ($define:ident) => {
        $define! {
            /// Executes `lswx`, `stswx` or `lmw` at pc. `word` is the instruction, with the
            /// effective address in the upper half. Returns 0 to continue after it, else the
            /// region's second result.
            warm String(word) [] => move_string;
            /// Enters a reservation of the line at `addr` into the machine's table and returns its
            /// generation.
            warm Reserve(addr) ["reservation_table"] => reserve;
            /// Makes a conditional store where the machine keeps a table of reservations. The low
            /// half of `word` is the address; bit 32 is set if the context's reservation is for it;
            /// bit 33 selects 8 bytes instead of 4. `value` is in host order. Returns 1 if stored,
            /// 0 if not, else the region's second result.
            warm Commit(word, value) ["reservation_table"] => commit;
            /// Takes exclusive hold of a store's lines in the machine's table. `word` is the
            /// address, with the size above it.
            warm StoreBegins(word) [] => store_begins;
            /// Releases the lines, and ends the reservations that others have there.
            warm Stored() [] => stored;
            /// Returns whether a page with code has changed since compiled code was entered.
            warm Written() ["code_written"] => code_written;
            /// Executes in software a floating-point instruction that inline code does not decide.
            /// `word` is the instruction, with flags for operands that are singles in bits 33 to 35
            /// and for a result as a single's bits in bit 36. The values of frA, frB and frC are in
            /// [`Word::Operands`]. Returns the result's bits, or the nibble of a compare.
            cold Float(word) [] => float_in_software;
            /// Returns the bits of the single whose double is `bits`, or bit 32 if there is none.
            cold Narrow(bits) [] => narrow;
            /// Converts registers in the context from single to double format: those of
            /// `registers`, a bit for each, and those of `open` that [`Word::OpenSingles`] has;
            /// clears the latter's bits in it.
            cold Widen(registers, open) [] => widen;
            /// Executes a vector instruction with a case that inline code does not decide, or
            /// without inline code. Its operands are in the context.
            cold Vector(word) [] => exact_lanes;
            /// Sets MXCSR to the mode of scalar arithmetic, with the flags that it had raised.
            cold ScalarMode() [] => scalar_mode;
            /// Sets MXCSR to the mode of vector arithmetic, and saves the flags that scalar
            /// arithmetic raised.
            cold VectorMode() [] => vector_mode;
            /// Returns the host address at which execution continues after the access at
            /// [`Word::FaultCode`], which has faulted: its fault exit, or where the region is left.
            cold Landing() [] => landing;
            /// Returns the context's CR as a word of nibbles.
            bare Conditions() [] => condition_word;
            /// Makes FPSCR exact and returns it; only its exceptions and summaries if `exceptions`
            /// is not 0.
            cold Status(exceptions) ["exact_status"] => exact_status;
        }
    };
}

/// Defines [`Hook`], with the properties of each.
macro_rules! define_hooks {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident($($argument:ident),*) [$($counter:literal)?] => $service:ident;)*) => {
        /// A function that compiled code calls. Takes the context and up to four more words, and
        /// returns a word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum Hook { $($(#[doc = $doc])+ $name,)* }

        impl Hook {
            /// Every hook, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Number of its arguments besides the context.
            pub const fn arguments(self) -> usize {
                match self { $(Self::$name => <[&str]>::len(&[$(stringify!($argument)),*]),)* }
            }

            /// Name of its call count in reports; `None` if reports do not count it, or count it
            /// elsewhere.
            pub fn counter(self) -> Option<&'static str> {
                match self { $(Self::$name => [$($counter)?].first().copied(),)* }
            }

            /// Whether a call preserves all registers and puts its result in [`Word::HookResult`].
            pub fn is_cold(self) -> bool {
                match self { $(Self::$name => stringify!($kind) != "warm",)* }
            }
        }
    };
}

hook_rows!(define_hooks);

impl Hook {
    /// Byte offset of its address relative to the context pointer.
    pub const fn offset(self) -> i32 {
        Word::Hooks.offset() + 8 * self as i32
    }
}

const _: () = assert!(Word::Hooks as usize + Hook::ALL.len() <= HOST_WORDS, "PpcContext::host is too short");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hook_has_a_unique_word() {
        let offsets: Vec<i32> = Hook::ALL.iter().map(|hook| hook.offset()).collect();
        assert!(offsets.is_sorted_by(|a, b| a + 8 == *b), "{offsets:?}");
        assert_eq!(Word::HookResult.offset() + 8, offsets[0], "hooks follow all other words");
        assert_eq!((Hook::Commit.arguments(), Hook::Written.arguments()), (2, 0));
    }
}
