//! The summaries of test programs: lines `test result: ok. 46 passed; 0 failed; …`.

/// Number of tests that passed, by all summaries in a text.
pub(crate) fn passed_tests(text: &str) -> u64 {
    let counts = text.lines().filter_map(|line| {
        let (count, _) = line.strip_prefix("test result: ok. ")?.split_once(" passed;")?;
        count.parse::<u64>().ok()
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_of_all_programs_are_counted() {
        let summary =
            |count| format!("\nrunning 9 tests\n..\ntest result: ok. {count} passed; 0 failed; 0 ignored\n");
        assert_eq!(passed_tests(&[0, 46, 0, 1].map(summary).concat()), 47);
        for none in ["", "running 46 tests", "test result: FAILED. 5 passed; 1 failed"] {
            assert_eq!(passed_tests(none), 0, "{none}");
        }
    }
}
