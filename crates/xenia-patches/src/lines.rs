//! Line numbers of offsets in a text.

/// The offsets at which the lines of a text start.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// Number of the line with this offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|&start| start <= offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one() {
        let lines = Lines::of("ab\nc\n\nd");
        assert_eq!([0, 2, 3, 4, 5, 6, 99].map(|at| lines.line(at)), [1, 1, 2, 2, 3, 4, 4]);
    }
}
