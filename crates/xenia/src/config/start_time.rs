//! Parses the date at which guest time starts (`--start-time`).
//!
//! Without a date, lockstep runs start at a fixed one, so that they are repeatable; parallel runs
//! start at the host's.

use std::ops::Range;
use std::str::FromStr;
use std::time::SystemTime;
use xenia_kernel::calendar::TimeFields;
use xenia_kernel::ports::Clock;

/// The year 1970, in units of 100 ns since 1601.
const EPOCH: u64 = 116_444_736_000_000_000;

/// Years accepted; the console's calendar starts in 1601.
const YEARS: Range<u16> = 1601..10_000;

/// Guest time at the start of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTime {
    /// The host's time when the title starts.
    Now,
    /// A fixed time, in units of 100 ns since 1601.
    At(u64),
}

impl StartTime {
    /// The guest's clock. Without a flag it starts at a fixed date, or with `parallel` at the
    /// host's time.
    pub fn clock(given: Option<Self>, parallel: bool) -> Clock {
        match given {
            Some(Self::At(time)) => Clock::starting_at(time),
            Some(Self::Now) => Clock::starting_at(host_time()),
            None if parallel => Clock::starting_at(host_time()),
            None => Clock::default(),
        }
    }
}

/// The host's time in units of 100 ns since 1601.
fn host_time() -> u64 {
    file_time(SystemTime::now())
}

/// A time of the host in units of 100 ns since 1601; times before 1970 become 1970.
pub fn file_time(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX).saturating_add(EPOCH)
}

impl FromStr for StartTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "now" {
            return Ok(Self::Now);
        }
        let wrong = || {
            let years = format!("from {} to {}", YEARS.start, YEARS.end - 1);
            format!("{text:?} is not a time: use now, or one {years} as 2008-11-22 or 2008-11-22T10:30:00")
        };
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
        let numbers = |part: &str, sign: char| -> Option<Vec<u16>> {
            part.split(sign)
                .map(|number| number.parse::<u16>().ok().filter(|_| !number.starts_with('+')))
                .collect()
        };
        let date = numbers(date, '-').ok_or_else(wrong)?;
        let time = numbers(time.strip_suffix('Z').unwrap_or(time), ':').ok_or_else(wrong)?;
        let ([year, month, day], [hour, minute, rest @ ..]) = (&date[..], &time[..]) else {
            return Err(wrong());
        };
        let second = match rest {
            [] => 0,
            [second] => *second,
            _ => return Err(wrong()),
        };
        let fields = TimeFields::of_words([*year, *month, *day, *hour, *minute, second, 0, 0]);
        // Titles count seconds in 32 bits from one year or another, so years that no console has
        // seen are refused.
        fields.time().filter(|_| YEARS.contains(year)).map(Self::At).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_with_or_without_a_time_of_day() {
        for (text, words) in [
            ("2008-11-22", [2008, 11, 22, 0, 0, 0, 0, 6]),
            ("2008-11-22T10:30", [2008, 11, 22, 10, 30, 0, 0, 6]),
            ("2024-02-29 23:59:59", [2024, 2, 29, 23, 59, 59, 0, 4]),
            ("2008-11-22T10:30:05Z", [2008, 11, 22, 10, 30, 5, 0, 6]),
        ] {
            let Ok(StartTime::At(time)) = text.parse() else { panic!("{text}") };
            assert_eq!(TimeFields::new(time).words(), words, "{text}");
        }
        assert_eq!("now".parse(), Ok(StartTime::Now));
        for wrong in [
            "",
            "x",
            "2008",
            "2008-13-01",
            "2023-02-29",
            "2008-11-22T",
            "2008-11-22T25:00",
            "-2008-1-1",
            "+2008-1-1",
            "2008-1-1T1:1:1:1",
            "20000-01-01",
            "1600-12-31",
        ] {
            assert!(wrong.parse::<StartTime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lockstep_starts_at_a_constant_time_and_parallel_at_the_hosts() {
        assert_eq!(StartTime::clock(None, false), Clock::default());
        let host = StartTime::clock(None, true).system_time(0);
        assert!(TimeFields::new(host).year >= 2025 && host.abs_diff(host_time()) < 600_000_000);
        assert_eq!(StartTime::clock(Some(StartTime::At(7)), true).system_time(0), 7);
    }
}
