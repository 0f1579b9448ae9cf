//! Bounds-checked access to big-endian fields of a byte slice with a known file offset.

use crate::error::FormatError;

/// A slice of a file that is read field by field; an access outside of it returns a [`FormatError`]
/// with the file offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) bytes: &'a [u8],
    /// File offset of `bytes[0]`.
    pub(crate) origin: u64,
    /// Name of the structure, for errors.
    pub(crate) what: &'static str,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8], origin: u64, what: &'static str) -> Self {
        Self { bytes, origin, what }
    }

    /// `length` bytes at `at`.
    pub(crate) fn slice(&self, at: usize, length: usize) -> Result<&'a [u8], FormatError> {
        at.checked_add(length).and_then(|end| self.bytes.get(at..end)).ok_or_else(|| {
            FormatError::truncated(
                self.what,
                self.origin + at as u64,
                length as u64,
                self.origin + self.bytes.len() as u64,
            )
        })
    }

    /// The fields of a structure inside this one.
    pub(crate) fn sub(
        &self,
        at: usize,
        length: usize,
        what: &'static str,
    ) -> Result<Fields<'a>, FormatError> {
        let bytes = Fields { what, ..*self }.slice(at, length)?;
        Ok(Fields { bytes, origin: self.origin + at as u64, what })
    }

    pub(crate) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], FormatError> {
        let mut out = [0; N];
        out.copy_from_slice(self.slice(at, N)?);
        Ok(out)
    }

    pub(crate) fn u8(&self, at: usize) -> Result<u8, FormatError> {
        Ok(self.array::<1>(at)?[0])
    }

    pub(crate) fn u16(&self, at: usize) -> Result<u16, FormatError> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self, at: usize) -> Result<u32, FormatError> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// Little-endian fields occur only in PE headers.
    pub(crate) fn u16_le(&self, at: usize) -> Result<u16, FormatError> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(crate) fn u32_le(&self, at: usize) -> Result<u32, FormatError> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// An error about this structure at `at`.
    pub(crate) fn invalid(&self, at: usize, why: impl Into<std::borrow::Cow<'static, str>>) -> FormatError {
        FormatError::invalid(self.what, self.origin + at as u64, why)
    }
}

/// Text up to the first NUL; non-ASCII bytes are replaced by `?`, so that a file cannot send
/// control sequences to a terminal.
pub(crate) fn text(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take_while(|&&byte| byte != 0)
        .map(|&byte| if (0x20..0x7F).contains(&byte) { char::from(byte) } else { '?' })
        .collect()
}
