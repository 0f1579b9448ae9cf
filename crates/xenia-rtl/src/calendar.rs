//! Conversion between `FILETIME` and calendar fields, in the proleptic Gregorian calendar as NT's
//! `RtlTimeToTimeFields` and `RtlTimeFieldsToTime`.

use xenia_guest::MILLISECOND_100NS;

/// Milliseconds in a day.
const DAY: u64 = 86_400_000;
/// Days from 0000-03-01 to 1601-01-01.
const EPOCH: u64 = 584_694;
/// Days in 400 years.
const ERA: u64 = 146_097;

/// `TIME_FIELDS`, in the structure's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeFields {
    /// Year, in 1601–30827.
    pub year: u16,
    /// Month, in 1–12.
    pub month: u16,
    /// Day of the month, in 1–31.
    pub day: u16,
    /// Hour, in 0–23.
    pub hour: u16,
    /// Minute, in 0–59.
    pub minute: u16,
    /// Second, in 0–59.
    pub second: u16,
    /// Milliseconds, in 0–999.
    pub milliseconds: u16,
    /// Day of the week, in 0–6; 0 is Sunday.
    pub weekday: u16,
}

impl TimeFields {
    /// Splits a time in units of 100 ns since 1601 into fields.
    pub fn new(time: u64) -> Self {
        let milliseconds = time / MILLISECOND_100NS;
        let days = milliseconds / DAY;
        let of_day = milliseconds % DAY;
        // Years that begin in March have the leap day at their end.
        let since = days + EPOCH;
        let era = since / ERA;
        let of_era = since % ERA;
        let of_era_year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * of_era_year + of_era_year / 4 - of_era_year / 100);
        let march_month = (5 * of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = era * 400 + of_era_year + u64::from(month <= 2);
        Self {
            year: year as u16,
            month: month as u16,
            day: (of_year - (153 * march_month + 2) / 5 + 1) as u16,
            hour: (of_day / 3_600_000) as u16,
            minute: (of_day / 60_000 % 60) as u16,
            second: (of_day / 1000 % 60) as u16,
            milliseconds: (of_day % 1000) as u16,
            // 1601-01-01 was a Monday.
            weekday: ((days + 1) % 7) as u16,
        }
    }

    /// The time in units of 100 ns since 1601; `None` if a field is out of range. The weekday is
    /// ignored.
    pub fn time(self) -> Option<u64> {
        let in_range = (1601..=30_827).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
            && self.milliseconds < 1000;
        if !in_range {
            return None;
        }
        let month = u64::from(self.month);
        let day = u64::from(self.day);
        let year = u64::from(self.year) - u64::from(month <= 2);
        let march_month = if month > 2 { month - 3 } else { month + 9 };
        let era = year / 400;
        let of_era_year = year % 400;
        let of_year = (153 * march_month + 2) / 5 + day - 1;
        let of_era = 365 * of_era_year + of_era_year / 4 - of_era_year / 100 + of_year;
        let days = era * ERA + of_era - EPOCH;
        let of_day = u64::from(self.hour) * 3_600_000
            + u64::from(self.minute) * 60_000
            + u64::from(self.second) * 1000
            + u64::from(self.milliseconds);
        Some((days * DAY + of_day) * MILLISECOND_100NS)
    }

    /// The fields as the structure's words.
    pub fn words(self) -> [u16; 8] {
        [
            self.year,
            self.month,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.milliseconds,
            self.weekday,
        ]
    }

    /// The inverse of [`words`](Self::words).
    pub fn of_words(words: [u16; 8]) -> Self {
        let [year, month, day, hour, minute, second, milliseconds, weekday] = words;
        Self { year, month, day, hour, minute, second, milliseconds, weekday }
    }
}

fn days_in_month(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u16::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times_are_converted_both_ways() {
        for (time, words) in [
            (0, [1601, 1, 1, 0, 0, 0, 0, 1]),
            (116_444_736_000_000_000, [1970, 1, 1, 0, 0, 0, 0, 4]),
            (132_500_000_000_000_000, [2020, 11, 16, 11, 33, 20, 0, 1]),
            (125_963_423_999_990_000, [2000, 2, 29, 23, 59, 59, 999, 2]),
        ] {
            assert_eq!(TimeFields::new(time).words(), words);
            assert_eq!(TimeFields::of_words(words).time(), Some(time));
        }
    }

    #[test]
    fn dates_that_do_not_exist_have_no_time() {
        let good = [2020, 2, 29, 0, 0, 0, 0, 0];
        assert!(TimeFields::of_words(good).time().is_some());
        for (index, value) in [
            (0, 2021),
            (0, 1600),
            (0, 30_828),
            (1, 0),
            (1, 13),
            (2, 0),
            (2, 30),
            (3, 24),
            (4, 60),
            (5, 60),
            (6, 1000),
        ] {
            let mut words = good;
            words[index] = value;
            assert_eq!(TimeFields::of_words(words).time(), None, "{words:?}");
        }
    }

    #[test]
    fn months_have_the_days_of_their_year() {
        let last_days = |year| {
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(|month| {
                let exists = |day| TimeFields::of_words([year, month, day, 0, 0, 0, 0, 0]).time().is_some();
                (1..40).take_while(|&day| exists(day)).count()
            })
        };
        for (year, february) in [(1601, 28), (1900, 28), (2000, 29), (2012, 29), (2100, 28), (30_827, 28)] {
            let expected = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            assert_eq!(last_days(year), expected, "{year}");
        }
    }

    proptest! {
        #[test]
        fn fields_and_times_agree(milliseconds in 0_u64..9_223_372_036_854 / 10) {
            let time = milliseconds * MILLISECOND_100NS * 100;
            prop_assert_eq!(TimeFields::new(time).time(), Some(time));
        }

        #[test]
        fn any_time_has_fields_without_a_panic(time in any::<u64>()) {
            let _ = TimeFields::new(time);
        }
    }
}
