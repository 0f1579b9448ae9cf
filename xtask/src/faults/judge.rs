//! Conditions that must hold after a fault.

use super::run::{FaultRunOutcome, last_number, signal_of};
use super::table::{FaultEnd, FaultTableRow};

const SIGKILL: i32 = 9;
const SIGABRT: i32 = 6;

/// All violated conditions.
pub(crate) fn judge(row: &FaultTableRow, outcome: &FaultRunOutcome) -> Vec<String> {
    let mut wrong = Vec::new();
    let FaultRunOutcome { messages, found, before, .. } = outcome;
    if messages.contains("panicked at") {
        wrong.push("it panicked".to_owned());
    }
    if let Some(line) = messages.lines().chain(found.lines()).find(|line| line.contains("guest: WRONG")) {
        wrong.push(line.to_owned());
    }
    match outcome.status {
        None => wrong.push("it hangs".to_owned()),
        Some(status) => {
            let ended = match (status.code(), signal_of(status)) {
                (Some(0), _) => Ok(outcome.came_to_its_end),
                (Some(2), _) if messages.contains("xenia-rs: ") => Err(FaultEnd::Refused),
                (_, Some(SIGABRT)) if messages.contains("memory allocation of ") => Err(FaultEnd::Abort),
                (_, Some(SIGKILL)) => Err(FaultEnd::Killed),
                _ => Ok(false),
            };
            if !ended.unwrap_or_else(|end| row.ends.contains(&end)) {
                wrong.push(format!("it ended with {status}"));
            }
        }
    }
    if outcome.errors > 0 && !row.may_be_noticed {
        wrong.push("the title received an error".to_owned());
    }
    if outcome.errors > 0 && !messages.contains(row.says) {
        wrong.push(format!("nothing says `{}`", row.says));
    }
    for (confirmed, kept) in
        [("guest: committed ", "guest: found "), ("guest: packed ", "guest: found packed ")]
    {
        let confirmed = last_number(messages, confirmed).unwrap_or(*before);
        let kept = last_number(found, kept);
        if kept.is_none_or(|kept| kept < confirmed) {
            wrong.push(format!("{confirmed} was confirmed, and {kept:?} is there:\n{found}"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::table::ROWS;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    const CLEAN: &str = "guest: committed 7\nguest: packed 7\nguest: errors 0\n";
    const KEPT: &str = "guest: found 7\nguest: found packed 7\n";

    fn wrong(name: &str, status: Option<i32>, messages: &str, found: &str) -> String {
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let outcome = FaultRunOutcome {
            injection: String::new(),
            status: status.map(ExitStatus::from_raw),
            messages: messages.to_owned(),
            errors: last_number(messages, "guest: errors ").unwrap_or(0),
            came_to_its_end: messages.contains("guest: errors "),
            found: found.to_owned(),
            before: 6,
        };
        judge(row, &outcome).join("; ")
    }

    #[test]
    fn only_what_a_row_allows_is_right() {
        let two = 2 << 8;
        assert_eq!(wrong("short read", Some(0), CLEAN, KEPT), "");
        assert!(wrong("short read", None, CLEAN, KEPT).contains("hangs"));
        assert!(wrong("short read", Some(0), "thread panicked at", KEPT).contains("panicked"));
        assert!(wrong("short read", Some(0), "guest: committed 7\n", KEPT).contains("ended with"));
        assert!(wrong("short read", Some(11), CLEAN, KEPT).contains("ended with"));
        let refused = "guest: errors 1\nxenia-rs: no";
        assert!(wrong("short read", Some(two), refused, KEPT).contains("received an error"));
        assert!(wrong("disk full", Some(0), "guest: errors 1\n", KEPT).contains("nothing says"));
        assert_eq!(wrong("disk full", Some(0), "guest: errors 1\nthe host's disk is full", KEPT), "");
        assert_eq!(wrong("disk full", Some(two), "xenia-rs: no", KEPT), "");
        assert_eq!(wrong("killed", Some(SIGKILL), "", KEPT), "");
        assert!(wrong("killed", Some(SIGABRT), "", KEPT).contains("ended with"));
    }

    #[test]
    fn confirmed_saves_must_be_found() {
        let old = "guest: found 7\nguest: found packed 6\n";
        assert!(wrong("short read", Some(0), CLEAN, old).contains("7 was confirmed, and Some(6)"));
        assert_eq!(wrong("killed", Some(SIGKILL), "guest: committed 7\n", old), "");
        assert!(
            wrong("killed", Some(SIGKILL), "", "guest: found 5\nguest: found packed 6\n")
                .contains("6 was confirmed")
        );
        let torn = "guest: found 7\nguest: WRONG: a package of 6 and 7\n";
        assert!(wrong("killed", Some(SIGKILL), "", torn).contains("WRONG"));
    }
}
