//! Formatting of arguments for the event log and traces of calls.
//!
//! Pointers come from the guest: memory that can't be read is shown as such, and texts are cut.

use super::{
    AnsiString, GuestStruct, Handle, ObjectAttributes, Out, Ptr, Text, UnicodeString, VaArgs, WideText,
};
use std::fmt::Write;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};

/// Maximum number of characters shown of a string.
const MAX_SHOWN: usize = 96;

/// Shown behind a pointer to memory that can't be read.
const UNREADABLE: &str = " (unreadable)";

/// An argument that can be shown.
pub trait Show {
    /// Appends the argument to `out`.
    fn show(&self, memory: &GuestMemory, out: &mut String);

    /// The result that the call stores through this argument.
    fn stored(&self) -> Option<StoredResult> {
        None
    }
}

/// A result that a call stores in guest memory.
#[derive(Clone, Copy, Debug)]
pub struct StoredResult {
    at: GuestAddr,
    show: fn(&GuestMemory, GuestAddr, &mut String),
}

impl StoredResult {
    /// Appends the result to `out`, after the call.
    pub(crate) fn show(&self, memory: &GuestMemory, out: &mut String) {
        (self.show)(memory, self.at, out);
    }
}

/// The arguments of a call, as text.
#[derive(Clone, Debug, Default)]
pub struct ShownArguments {
    /// The arguments with their names, as in `handle=0x10, wait=true`.
    pub text: String,
    /// Results that the call stores, by the names of their arguments.
    pub(crate) stored: Vec<(&'static str, StoredResult)>,
}

impl ShownArguments {
    /// Shows these arguments.
    pub fn of(memory: &GuestMemory, arguments: &[(&'static str, &dyn Show)]) -> Self {
        let mut all = Self::default();
        for (index, (label, value)) in arguments.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let _ = write!(all.text, "{separator}{label}=");
            value.show(memory, &mut all.text);
            all.stored.extend(value.stored().map(|stored| (*label, stored)));
        }
        all
    }
}

macro_rules! hexadecimal {
    ($($t:ty),*) => { $(
        impl Show for $t {
            fn show(&self, _: &GuestMemory, out: &mut String) {
                let _ = write!(out, "{self:#x}");
            }
        }
    )* };
}
hexadecimal!(u8, u16, u32, u64, i64);

macro_rules! debug {
    ($($t:ty),*) => { $(
        impl Show for $t {
            fn show(&self, _: &GuestMemory, out: &mut String) {
                let _ = write!(out, "{self:?}");
            }
        }
    )* };
}
debug!(i32, bool, f32, f64, GuestAddr, Handle);

impl<T: ShowTarget> Show for Out<T> {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        let _ = write!(out, "{:?}", self.addr());
    }

    fn stored(&self) -> Option<StoredResult> {
        Some(StoredResult { at: self.addr(), show: T::show_target })
    }
}

/// Shown as the address; strings and names also as text.
impl<T: ShowTarget> Show for Ptr<T> {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        let _ = write!(out, "{:?}", self.addr());
        if !self.is_null() {
            T::show_target(memory, self.addr(), out);
        }
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        match self {
            Some(value) => value.show(memory, out),
            None => out.push_str("null"),
        }
    }

    fn stored(&self) -> Option<StoredResult> {
        self.as_ref().and_then(Show::stored)
    }
}

impl<T: Show, const N: usize> Show for [T; N] {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        out.push('[');
        for (index, value) in self.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { "; " });
            value.show(memory, out);
        }
        out.push(']');
    }
}

impl Show for Text {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        show_text_at(self.0, self.text(memory), out);
    }
}

impl Show for WideText {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        show_text_at(self.0, self.text(memory), out);
    }
}

impl Show for VaArgs {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        out.push_str("...");
    }
}

/// Shows the text at an address, or the address if the text can't be read.
fn show_text_at(at: GuestAddr, text: Result<String, MemoryFault>, out: &mut String) {
    match text {
        Ok(text) => quote(&text, out),
        Err(_) => {
            let _ = write!(out, "{at:?}{UNREADABLE}");
        }
    }
}

fn quote(text: &str, out: &mut String) {
    let cut: String = text.chars().take(MAX_SHOWN).collect();
    let _ = write!(out, "{cut:?}");
    if cut.len() < text.len() {
        out.push_str("...");
    }
}

/// Appends the text that a pointer refers to, if any.
fn show_text(text: Result<Option<String>, MemoryFault>, out: &mut String) {
    match text {
        Ok(Some(text)) => {
            out.push(' ');
            quote(&text, out);
        }
        Ok(None) => {}
        Err(_) => out.push_str(UNREADABLE),
    }
}

/// Description of a pointer's target, which follows the address.
pub trait ShowTarget {
    /// Appends a description of the target at `at`.
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String);
}

impl ShowTarget for AnsiString {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        show_text(Self::read(memory, at).and_then(|string| string.text(memory)).map(Some), out);
    }
}

impl ShowTarget for UnicodeString {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        show_text(Self::read(memory, at).and_then(|string| string.text(memory)).map(Some), out);
    }
}

impl ShowTarget for ObjectAttributes {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        show_text(Self::read(memory, at).and_then(|attributes| attributes.name(memory)), out);
    }
}

macro_rules! values {
    ($($t:ty),*) => { $(
        impl ShowTarget for $t {
            fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
                let _ = match memory.read::<$t>(at) {
                    Ok(value) => write!(out, "={value:#x?}"),
                    Err(_) => out.write_str(UNREADABLE),
                };
            }
        }
    )* };
}
values!(u8, u16, u32, i32, u64, i64, f32, GuestAddr, Handle);

/// A structure that has no Rust type.
impl ShowTarget for () {
    fn show_target(_: &GuestMemory, _: GuestAddr, _: &mut String) {}
}
