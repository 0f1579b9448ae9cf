//! Formatting of arguments for the event log.

use super::{
    AnsiString, GuestStruct, Handle, ObjectAttributes, Out, Ptr, Text, UnicodeString, VaArgs, WideText,
};
use std::fmt::Write;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Maximum number of characters shown of a string.
const SHOWN: usize = 96;

/// An argument that can be shown in the event log.
pub trait Show {
    /// Appends the argument to `out`.
    fn show(&self, memory: &GuestMemory, out: &mut String);
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

impl<T> Show for Out<T> {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        let _ = write!(out, "{:?}", self.addr());
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
        match self.text(memory) {
            Ok(text) => quote(&text, out),
            Err(_) => {
                let _ = write!(out, "{:?}", self.0);
            }
        }
    }
}

impl Show for WideText {
    fn show(&self, memory: &GuestMemory, out: &mut String) {
        match self.text(memory) {
            Ok(text) => quote(&text, out),
            Err(_) => {
                let _ = write!(out, "{:?}", self.0);
            }
        }
    }
}

impl Show for VaArgs {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        out.push_str("...");
    }
}

fn quote(text: &str, out: &mut String) {
    let cut: String = text.chars().take(SHOWN).collect();
    let _ = write!(out, "{cut:?}");
    if cut.len() < text.len() {
        out.push_str("...");
    }
}

/// Description of a pointer's target, which follows the address.
pub trait ShowTarget {
    /// Appends a description of the target at `at`.
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String);
}

impl ShowTarget for AnsiString {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        if let Ok(text) = Self::read(memory, at).and_then(|string| string.text(memory)) {
            out.push(' ');
            quote(&text, out);
        }
    }
}

impl ShowTarget for UnicodeString {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        if let Ok(text) = Self::read(memory, at).and_then(|string| string.text(memory)) {
            out.push(' ');
            quote(&text, out);
        }
    }
}

impl ShowTarget for ObjectAttributes {
    fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
        if let Ok(Some(text)) = Self::read(memory, at).and_then(|attributes| attributes.name(memory)) {
            out.push(' ');
            quote(&text, out);
        }
    }
}

macro_rules! values {
    ($($t:ty),*) => { $(
        impl ShowTarget for $t {
            fn show_target(memory: &GuestMemory, at: GuestAddr, out: &mut String) {
                if let Ok(value) = memory.read::<$t>(at) {
                    let _ = write!(out, "={value:x?}");
                }
            }
        }
    )* };
}
values!(u8, u16, u32, i32, u64, i64, GuestAddr, Handle);

/// A structure that has no Rust type.
impl ShowTarget for () {
    fn show_target(_: &GuestMemory, _: GuestAddr, _: &mut String) {}
}
