//! LZX bit reader: little-endian 16-bit words, most significant bit first.

/// Reads bits, and whole bytes between them.
pub(super) struct Bits<'a> {
    input: &'a [u8],
    /// Index of the next byte that is not in `buffer` yet.
    next: usize,
    /// Buffered bits, left-aligned.
    buffer: u64,
    /// Number of valid bits in `buffer`.
    count: u32,
    /// Number of padding bits at its end, after the end of the input.
    made_up: u32,
}

const ENDS_EARLY: &str = "the input ends too early";

impl<'a> Bits<'a> {
    pub(super) const fn new(input: &'a [u8]) -> Self {
        Self { input, next: 0, buffer: 0, count: 0, made_up: 0 }
    }

    /// Number of input bytes consumed so far, rounded up.
    pub(super) fn position(&self) -> usize {
        self.next.saturating_sub(self.count as usize / 8).min(self.input.len())
    }

    /// Returns the next 16 bits without consuming them; zeros after the end.
    #[inline]
    pub(super) fn peek16(&mut self) -> u32 {
        if self.count < 16 {
            self.refill();
        }
        (self.buffer >> 48) as u32
    }

    /// Consumes `count` bits seen by [`Self::peek16`].
    #[inline]
    pub(super) fn drop_bits(&mut self, count: u32) -> Result<(), &'static str> {
        self.buffer <<= count;
        self.count -= count;
        // Bits after the end of the input may be seen, not consumed.
        if self.count < self.made_up { Err(ENDS_EARLY) } else { Ok(()) }
    }

    /// Reads up to 17 bits.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, &'static str> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < count {
            self.refill();
        }
        let value = (self.buffer >> (64 - count)) as u32;
        self.drop_bits(count)?;
        Ok(value)
    }

    /// Refills the buffer to more than 32 bits.
    fn refill(&mut self) {
        while self.count <= 48 {
            let word = match self.input.get(self.next..) {
                Some([low, high, ..]) => u16::from_le_bytes([*low, *high]),
                // An odd last byte is the low half of a word.
                Some([low]) => u16::from(*low),
                _ => {
                    self.made_up += 16;
                    0
                }
            };
            self.next = self.next.saturating_add(2);
            self.buffer |= u64::from(word) << (48 - self.count);
            self.count += 16;
        }
    }

    /// Skips to the next 16-bit word; does nothing at the start of a word.
    pub(super) fn align(&mut self) {
        let partial = self.count % 16;
        self.buffer <<= partial;
        self.count -= partial;
    }

    /// Skips one to sixteen bits to the next word and unreads buffered words, in preparation of
    /// [`Self::copy`].
    pub(super) fn enter_bytes(&mut self) -> Result<(), &'static str> {
        let partial = match self.count % 16 {
            0 => 16,
            partial => partial,
        };
        if self.count < partial {
            self.refill();
        }
        self.drop_bits(partial)?;
        self.give_back();
        Ok(())
    }

    /// Empties the buffer by moving back in the input; only valid at the start of a word.
    fn give_back(&mut self) {
        self.next = self.next.saturating_sub(self.count as usize / 8);
        self.buffer = 0;
        self.count = 0;
        self.made_up = 0;
    }

    /// Copies bytes; only valid after [`Self::enter_bytes`] or another copy.
    pub(super) fn copy(&mut self, to: &mut [u8]) -> Result<(), &'static str> {
        let from = self.next.checked_add(to.len()).and_then(|end| self.input.get(self.next..end));
        to.copy_from_slice(from.ok_or(ENDS_EARLY)?);
        self.next += to.len();
        Ok(())
    }

    /// Skips a padding byte; only valid after [`Self::copy`].
    pub(super) fn skip_byte(&mut self) {
        self.next = self.next.saturating_add(1);
    }
}
