//! Settings that are not for the run which the command line asks for.
//!
//! A setting is meant for many runs. Where what is typed makes a run of another kind (without a
//! window, in lockstep, recorded), settings that such a run refuses are left out, each with a line
//! that says so. Only what is typed is refused.

use super::SettingOrigin;
use crate::cli::Cli;
use clap::{Command, FromArgMatches};
use std::ffi::OsString;
use xenia::say::errln;

/// The words without the settings for which the run would be refused; `plain` is the definition
/// that parses them.
pub(super) fn without_refused(
    plain: &Command,
    mut words: Vec<OsString>,
    origins: &mut Vec<SettingOrigin>,
) -> Vec<OsString> {
    let is_quiet = words.iter().any(|word| word == "-q" || word == "--quiet");
    while let Some(why) = refusal(plain, &words) {
        let Some((at, without)) = refused(plain, &words, &why, origins) else { break };
        let origin = origins.remove(at);
        if !is_quiet {
            errln!("xenia-rs: {}", origin.has_no_effect());
        }
        words = without;
    }
    words
}

/// The setting that is refused with this reason, and the words without it.
fn refused(
    plain: &Command,
    words: &[OsString],
    why: &str,
    origins: &[SettingOrigin],
) -> Option<(usize, Vec<OsString>)> {
    let without = |(at, origin): (usize, &SettingOrigin)| (at, origin.without(words), origin.is_in(why));
    let mut tries: Vec<_> = origins.iter().enumerate().map(without).collect();
    // The reason may name what is missing instead: those of which it says nothing come last.
    tries.sort_by_key(|(_, _, is_named)| !is_named);
    let found = tries.into_iter().find(|(_, without, _)| refusal(plain, without).as_deref() != Some(why));
    found.map(|(at, without, _)| (at, without))
}

/// The reason why the run would be refused; `None` too for words that the parser refuses.
fn refusal(plain: &Command, words: &[OsString]) -> Option<String> {
    let matches = plain.clone().try_get_matches_from(words).ok()?;
    let cli = Cli::from_arg_matches(&matches).ok()?;
    cli.refuse_unsupported().err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::exec;
    use xenia::config::Tier;

    #[test]
    fn of_two_settings_the_one_without_effect_yields() {
        for tables in ["tier = \"interp\"\nwarm-up = 5", "warm-up = 5\ntier = \"interp\""] {
            let cpu = exec(&format!("[exec]\n{tables}\n"), &["t.xex"]).engine.cpu;
            assert_eq!((cpu.tier, cpu.warm_up), (Tier::Interp, None), "{tables}");
        }
        let cpu = exec("[exec]\ntier = \"interp\"\n", &["t.xex", "--warm-up", "5"]).engine.cpu;
        assert_eq!((cpu.tier, cpu.warm_up), (Tier::Auto, Some(5)), "what is typed holds");
    }
}
