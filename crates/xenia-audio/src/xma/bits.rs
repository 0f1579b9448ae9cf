//! Reading bits, most significant first, from bytes that nobody vouches for.

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmaFault {
    /// It ends too soon.
    #[error("it ends within a field")]
    End,
    /// A tile that does not fit.
    #[error("a tile of {0} samples does not fit")]
    Tile(u32),
    /// A reserved bit is set.
    #[error("a reserved bit is set")]
    Reserved,
    /// A transform that there is not.
    #[error("an unknown transform of channels")]
    Transform,
    /// More coefficients in vectors than the tile has.
    #[error("{0} coefficients in vectors are more than the tile has")]
    Vectors(u32),
    /// Scale factors beyond the last band.
    #[error("scale factors beyond the last band")]
    Scale,
    /// Coefficients beyond the tile.
    #[error("coefficients beyond the tile")]
    Coefficients,
    /// An escape that there is not.
    #[error("an unknown escape")]
    Escape,
    /// A quantiser that nothing can be.
    #[error("a quantiser of {0} dB")]
    Quantiser(i32),
}

/// A frame can't be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at bit {at} of a frame: {fault}")]
pub struct XmaError {
    /// Which bit of the frame, from 0.
    pub at: u32,
    /// What.
    pub fault: XmaFault,
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: u32,
    end: u32,
}

impl<'a> Bits<'a> {
    /// The first `end` bits of `bytes`, or all if there are fewer.
    pub(super) fn new(bytes: &'a [u8], end: u32) -> Self {
        let bits = u32::try_from(bytes.len()).unwrap_or(u32::MAX / 8).saturating_mul(8);
        Self { bytes, at: 0, end: end.min(bits) }
    }

    /// The next bit's number.
    #[cfg(test)]
    pub(super) fn at(&self) -> u32 {
        self.at
    }

    /// An error here.
    pub(super) fn fault(&self, fault: XmaFault) -> XmaError {
        XmaError { at: self.at, fault }
    }

    /// The next `count` ≤ 24 bits, with zeros behind the end, without taking them.
    pub(super) fn peek(&self, count: u32) -> u32 {
        debug_assert!((1..=24).contains(&count), "{count} bits");
        let first = self.at as usize / 8;
        let mut word = 0_u32;
        for index in first..first + 4 {
            word = word << 8 | u32::from(self.bytes.get(index).copied().unwrap_or(0));
        }
        let left = self.end - self.at;
        let bits = word << (self.at % 8) >> (32 - count);
        // What lies behind the end belongs to somebody else.
        if left >= count { bits } else { bits >> (count - left) << (count - left) }
    }

    /// Leaves `count` bits out.
    pub(super) fn skip(&mut self, count: u32) -> Result<(), XmaError> {
        if count > self.end - self.at {
            return Err(self.fault(XmaFault::End));
        }
        self.at += count;
        Ok(())
    }

    /// Takes `count` ≤ 31 bits.
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

    /// Takes a bit.
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
