//! Tests of TOML files and the units that they expand to.

use super::*;
use crate::unit;

fn planned(text: &str) -> std::result::Result<(UnitsHeader, Vec<SweepUnit>), String> {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, bytes) in [
        ("program", "the program"),
        ("titles/a.xex", "a"),
        ("titles/b.xex", "b"),
        ("titles/game/default.xex", "g"),
        ("titles/game/data.bin", "d"),
        ("golden.json", "{}"),
        ("states/0001.state", "1"),
        ("states/0002.state", "2"),
        ("cases/add.s", "1"),
        ("cases/sub/sub.s", "2"),
        ("cases/sub/mul.s", "3"),
        ("cases/readme.txt", "4"),
    ] {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), bytes).unwrap();
    }
    std::fs::write(at("spec.toml"), text).unwrap();
    let spec = at("spec.toml");
    let out = at("out");
    let executable = at("program");
    let what = PlanConfig { spec: &spec, out: &out, executable: &executable, program: "p 1" };
    let root = format!("{}{}", dir.path().canonicalize().unwrap().display(), std::path::MAIN_SEPARATOR);
    plan(&what).map_err(|error| error.to_string().replace(&root, ""))?;
    Ok(unit::read(&out.join(UNITS)).unwrap())
}

#[test]
fn a_plan_has_a_unit_for_each_title_and_combination() {
    let (header, units) = planned(
        "[limits]\nseconds = 9\n\
         [[title]]\npath = \"titles\"\nframes = 3\nengines = [\"interp\", \"jit\"]\npicture = true\n\
         ends = { \"b.xex\" = \"guest-fault\" }\n\
         [[check]]\npath = \"titles/a.xex\"\nexpect = \"golden.json\"\ninstructions = 5\nlimits.seconds = 7\n\
         [[conformance]]\npath = \"cases\"\nbatch = 2\n\
         [[fuzz]]\nseeds = \"1..5\"\nblocks = 10\nbatch = 2\n\
         [[fuzz]]\nseeds = \"1\"\nblocks = 10\nstates = 4\n",
    )
    .unwrap();
    assert_eq!(header.units, 6 + 1 + 2 + 3 + 1);
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "title titles/a.xex interp 3 frames",
            "title titles/a.xex jit 3 frames",
            "title titles/b.xex interp 3 frames",
            "title titles/b.xex jit 3 frames",
            "title titles/game interp 3 frames",
            "title titles/game jit 3 frames",
            "check titles/a.xex n=5",
            "conformance cases/add.s both auto +1",
            "conformance cases/sub/sub.s both auto",
            "fuzz seeds 1..2 interp 10 blocks",
            "fuzz seeds 3..4 interp 10 blocks",
            "fuzz seeds 5 interp 10 blocks",
            "fuzz seeds 1 interp 10 blocks from 4 states",
        ]
    );
    assert_eq!(units.iter().map(|unit| unit.ends.is_some()).rposition(|ends| ends), Some(3));
    assert_eq!((units[1].ends, units[2].ends), (None, Some(ExpectedEnd::GuestFault)));
    assert!(units[0].picture && units[0].limits.seconds == 9 && units[6].limits.seconds == 7);
    let text = |unit: &SweepUnit| -> Vec<String> {
        unit.words
            .iter()
            .map(|word| match word {
                UnitWord::Text(text) => text.clone(),
                UnitWord::Input { input } => {
                    unit.inputs[*input].path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
                }
            })
            .collect()
    };
    let exec = "exec --headless --lockstep --gpu reference --code-cache off titles/a.xex --folder {empty} --config \
                /dev/null --frames 3 --interp";
    assert_eq!(text(&units[0]).join(" "), exec);
    assert!(!text(&units[4]).contains(&"--folder".to_owned()), "a folder sees itself");
    assert_eq!(
        text(&units[6]).join(" "),
        "check --code-cache off titles/a.xex --folder {empty} --config /dev/null -n 5 --expect golden.json"
    );
    assert_eq!(units[7].inputs.len(), 2);
}

#[test]
fn each_piece_of_a_run_is_a_unit() {
    let table = "[[check]]\npath = \"titles/a.xex\"\nexpect = \"golden.json\"\ninstructions = 5\n";
    let (_, units) = planned(&format!("{table}pieces = \"states\"\n")).unwrap();
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, [0, 1, 2].map(|piece| format!("check titles/a.xex n=5 piece {piece}/2")));
    let words = units[1].words.iter().rev().take(4);
    let words: Vec<&UnitWord> = words.collect();
    let text = |word: &str| UnitWord::from(word);
    let folder = UnitWord::Input { input: units[1].inputs.len() - 1 };
    assert_eq!(words, [&text("1"), &text("--piece"), &folder, &text("--states")]);
    let refused = planned(&format!("{table}pieces = \"cases\"\n")).unwrap_err();
    assert!(refused.contains("a folder without states"), "{refused}");
}

#[test]
fn a_check_takes_the_limit_of_its_golden_file() {
    let table = "[[check]]\npath = \"titles/a.xex\"\nexpect = \"golden.json\"\n";
    let names =
        |text: &str| -> Vec<String> { planned(text).unwrap().1.into_iter().map(|unit| unit.name).collect() };
    assert_eq!(names(table), ["check titles/a.xex"]);
    let pieces = [0, 1, 2].map(|piece| format!("check titles/a.xex piece {piece}/2"));
    assert_eq!(names(&format!("{table}pieces = \"states\"\n")), pieces);
    let limits = [UnitWord::from("--frames"), UnitWord::from("-n")];
    assert!(!planned(table).unwrap().1[0].words.iter().any(|word| limits.contains(word)));
}

#[test]
fn identical_units_run_once_and_equal_names_are_numbered() {
    let table = "[[title]]\npath = \"titles/a.xex\"\nframes = 3\n";
    let (_, units) = planned(&format!("{table}{table}limits.seconds = 7\n{table}")).unwrap();
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["title titles/a.xex 3 frames", "title titles/a.xex 3 frames #2"]);
}

#[test]
fn mistakes_name_the_line_of_their_table() {
    let hash = "0".repeat(64);
    for (text, expected) in [
        (String::new(), "spec.toml: it names nothing to run"),
        ("\n[[title]]\nframes = 1\n".into(), "spec.toml, line 2: no title"),
        ("[[title]]\npath = \"nowhere\"\nframes = 1\n".into(), "line 1: cannot read nowhere"),
        ("[[title]]\npath = \"titles\"\n".into(), "line 1: a title needs a limit"),
        (
            format!("[[title]]\npath = \"titles\"\nframes = 1\ndigest = \"{hash}\"\n"),
            "line 1: `digest` is of one title",
        ),
        (
            "[[title]]\npath = \"titles\"\nframes = 1\ndigests = { \"a.xex\" = \"x\" }\n".into(),
            "\"x\" is not a digest",
        ),
        (
            format!("[[title]]\npath = \"titles\"\nframes = 1\ndigests = {{ \"z.xex\" = \"{hash}\" }}\n"),
            "`digests` names \"z.xex\"",
        ),
        (
            "[[title]]\npath = \"titles\"\nframes = 1\nends = { \"z.xex\" = \"deadlock\" }\n".into(),
            "`ends` names \"z.xex\"",
        ),
        (
            "[[title]]\npath = \"titles\"\nframes = 1\nexcept = [\"z.xex\"]\n".into(),
            "`except` names \"z.xex\"",
        ),
        ("[[title]]\npath = \"titles/a.xex\"\nframes = 1\nexcept = [\"a.xex\"]\n".into(), "line 1: no title"),
        (
            "[[fuzz]]\nseeds = \"1\"\nblocks = 1\n[[fuzz]]\nseeds = \"x\"\nblocks = 1\n".into(),
            "line 4: `seeds`",
        ),
        ("[[fuzz]]\nseeds = \"1\"\nblocks = 0\n".into(), "line 1: `blocks`"),
        ("[[fuzz]]\nseeds = \"1\"\nblocks = 1\nbatch = 0\n".into(), "line 1: `batch`"),
        ("[[fuzz]]\nseeds = \"0..999999999999\"\nblocks = 1\nbatch = 1\n".into(), "more than 1000000 units"),
        ("[[fuzz]]\nseeds = \"1\"\nblocks = 1\noracle = \"me\"\n".into(), "oracle \"me\""),
        ("[[fuzz]]\nseeds = \"1\"\nblocks = 1\nstates = 0\n".into(), "line 1: `states`"),
        ("[[fuzz]]\nseeds = \"1\"\nblocks = 1\nstates = 2\noracle = \"qemu\"\n".into(), "line 1: `states`"),
        ("[[conformance]]\npath = \"titles\"\n".into(), "line 1: there is no .s file"),
        ("[[conformance]]\npath = \"cases\"\nengines = [\"x\"]\n".into(), "line 1: engine \"x\""),
        ("[limits]\nseconds = 0\n[[fuzz]]\nseeds = \"1\"\nblocks = 1\n".into(), "line 3: `limits.seconds`"),
    ] {
        let error = planned(&text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn the_largest_seeds_do_not_overflow() {
    let last = u64::MAX - 1;
    let (_, units) =
        planned(&format!("[[fuzz]]\nseeds = \"{}..{last}\"\nblocks = 1\nbatch = 4\n", last - 5)).unwrap();
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    let seeds = [format!("{}..{}", last - 5, last - 2), format!("{}..{last}", last - 1)];
    assert_eq!(names, seeds.map(|seeds| format!("fuzz seeds {seeds} interp 1 blocks")));
}
