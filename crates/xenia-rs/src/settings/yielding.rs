//! Settings that do not fit the kind of run that the command line requests.
//!
//! A setting is meant for many runs. If the command line requests a run of another kind (without a
//! window, in lockstep, recorded), settings that such a run refuses are ignored, each with a
//! message. Only typed flags are refused.

use super::SettingOrigin;
use crate::cli::Cli;
use clap::{ArgMatches, Command, FromArgMatches};
use std::ffi::OsString;
use xenia::say::errln;

/// The words without the settings for which the run would be refused. `parser` parses them, and
/// `parsed` are the words if it has.
pub(super) fn without_refused(
    parser: &mut Command,
    parsed: Option<ArgMatches>,
    mut words: Vec<OsString>,
    origins: &mut Vec<SettingOrigin>,
) -> Vec<OsString> {
    let is_quiet = words.iter().any(|word| word == "-q" || word == "--quiet");
    let mut why = match parsed {
        Some(parsed) => refusal_of(&parsed),
        None => refusal(parser, &words),
    };
    while let Some(reason) = why {
        let Some((at, without, next)) = refused(parser, &words, &reason, origins) else { break };
        let origin = origins.remove(at);
        if !is_quiet {
            errln!("xenia-rs: {}", origin.has_no_effect());
        }
        words = without;
        why = next;
    }
    words
}

/// The setting that is refused with this reason, the words without it, and the reason why these
/// would be refused.
fn refused(
    parser: &mut Command,
    words: &[OsString],
    why: &str,
    origins: &[SettingOrigin],
) -> Option<(usize, Vec<OsString>, Option<String>)> {
    let without =
        |(at, origin): (usize, &SettingOrigin)| (at, origin.words_without(words), origin.is_named_in(why));
    let mut tries: Vec<_> = origins.iter().enumerate().map(without).collect();
    // The reason may name a missing flag instead: settings that it does not mention come last.
    tries.sort_by_key(|(_, _, is_named)| !is_named);
    tries.into_iter().find_map(|(at, without, _)| {
        let next = refusal(parser, &without);
        (next.as_deref() != Some(why)).then_some((at, without, next))
    })
}

/// The reason why the run would be refused; `None` too for words that the parser refuses.
fn refusal(parser: &mut Command, words: &[OsString]) -> Option<String> {
    refusal_of(&parser.try_get_matches_from_mut(words).ok()?)
}

fn refusal_of(parsed: &ArgMatches) -> Option<String> {
    let cli = Cli::from_arg_matches(parsed).ok()?;
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
