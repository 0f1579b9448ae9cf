//! Bit reader for untrusted data, most significant bit first. Invariant: no read goes beyond the
//! frame's end; bits past it are 0 in a look-ahead, and an error when consumed.

/// Reasons why a frame cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmaFault {
    /// The frame ends too soon.
    #[error("it ends within a field")]
    End,
    /// A tile of invalid length.
    #[error("a tile of {0} samples does not fit")]
    Tile(u32),
    /// A reserved bit is set.
    #[error("a reserved bit is set")]
    Reserved,
    /// An undefined transform type.
    #[error("an unknown transform of channels")]
    Transform,
    /// More vector-coded coefficients than the tile has.
    #[error("{0} coefficients in vectors are more than the tile has")]
    Vectors(u32),
    /// Scale factors beyond the last band.
    #[error("scale factors beyond the last band")]
    Scale,
    /// Coefficients beyond the tile's end.
    #[error("coefficients beyond the tile")]
    Coefficients,
    /// An undefined escape code.
    #[error("an unknown escape")]
    Escape,
    /// A quantiser out of range.
    #[error("a quantiser of {0} dB")]
    Quantiser(i32),
}

/// Error of decoding a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at bit {at} of a frame: {fault}")]
pub struct XmaError {
    /// Bit position in the frame, counted from 0.
    pub at: u32,
    /// Reason of the error.
    pub fault: XmaFault,
}

/// Bit reader, most significant bit first.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: u32,
    end: u32,
}

impl<'a> Bits<'a> {
    /// Reads the first `end` bits of `bytes`, or all if there are fewer.
    pub(super) fn new(bytes: &'a [u8], end: u32) -> Self {
        let bits = u32::try_from(bytes.len()).unwrap_or(u32::MAX / 8).saturating_mul(8);
        Self { bytes, at: 0, end: end.min(bits) }
    }

    /// Position of the next bit.
    #[cfg(test)]
    pub(super) fn at(&self) -> u32 {
        self.at
    }

    /// An error at the current position.
    pub(super) fn fault(&self, fault: XmaFault) -> XmaError {
        XmaError { at: self.at, fault }
    }

    /// Returns the next `count` ≤ 24 bits without consuming them; bits past the end are 0.
    pub(super) fn peek(&self, count: u32) -> u32 {
        debug_assert!((1..=24).contains(&count), "{count} bits");
        let first = self.at as usize / 8;
        let mut word = 0_u32;
        // Up to seven bits of the first byte are consumed, so four bytes hold 25 more at least.
        for index in first..first + 4 {
            word = word << 8 | u32::from(self.bytes.get(index).copied().unwrap_or(0));
        }
        let left = self.end - self.at;
        let bits = word << (self.at % 8) >> (32 - count);
        // Bits past the end do not belong to this frame.
        if left >= count { bits } else { bits >> (count - left) << (count - left) }
    }

    /// Skips `count` bits.
    pub(super) fn skip(&mut self, count: u32) -> Result<(), XmaError> {
        if count > self.end - self.at {
            return Err(self.fault(XmaFault::End));
        }
        self.at += count;
        Ok(())
    }

    /// Reads `count` ≤ 31 bits.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, XmaError> {
        debug_assert!(count < 32, "{count} bits");
        if count > 24 {
            let high = self.take(count - 16)?;
            return Ok(high << 16 | self.take(16)?);
        }
        if count == 0 {
            return Ok(0);
        }
        let bits = self.peek(count);
        self.skip(count)?;
        Ok(bits)
    }

    /// Reads one bit.
    pub(super) fn flag(&mut self) -> Result<bool, XmaError> {
        Ok(self.take(1)? != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_in_order_and_end() {
        let mut bits = Bits::new(&[0x80, 0xFF, 0x01, 0x23, 0x45, 0x67], 44);
        assert_eq!(bits.take(1), Ok(1));
        assert_eq!(bits.take(8), Ok(1));
        assert_eq!(bits.peek(7), 0x7F);
        assert_eq!(bits.take(31), Ok(0x7F01_2345));
        assert_eq!((bits.at(), bits.peek(8)), (40, 0x60), "zeros behind the end");
        assert_eq!(bits.take(5), Err(XmaError { at: 40, fault: XmaFault::End }));
        assert_eq!((bits.take(0), bits.take(4)), (Ok(0), Ok(6)));
        assert_eq!(bits.flag(), Err(XmaError { at: 44, fault: XmaFault::End }));
        assert_eq!(Bits::new(&[1], 100).skip(9), Err(XmaError { at: 0, fault: XmaFault::End }));
    }
}
