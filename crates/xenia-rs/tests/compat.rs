//! `compat` runs all titles of a folder, whatever some of them do.

use serde_json::Value;
use std::path::Path;
use xenia_testing::hermetic;

const GUEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin");

#[test]
fn a_title_that_hangs_and_one_that_does_not_load_do_not_stop_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let titles = dir.path().join("titles");
    std::fs::create_dir(&titles).unwrap();
    for (name, file) in [
        ("c-hello.xex", "hello.xex"),
        ("b-endless.xex", "hostile/endless.xex"),
        ("d-flicker.xex", "flicker.xex"),
    ] {
        std::fs::copy(Path::new(GUEST).join(file), titles.join(name)).unwrap();
    }
    let mut damaged = std::fs::read(titles.join("c-hello.xex")).unwrap();
    damaged.truncate(0x1100);
    std::fs::write(titles.join("a-damaged.xex"), damaged).unwrap();
    let json = dir.path().join("compat.json");
    let run = |seconds: &str| -> Value {
        let ended = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
            .arg("compat")
            .arg(&titles)
            .arg("--out")
            .arg(dir.path().join(seconds))
            .args(["--seconds", seconds, "--jobs", "2", "--json"])
            .arg(&json)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap()
    };
    let has_time = |report: &Value| {
        let rows = &report["titles"];
        rows[2]["state"] == "ended" && rows[3]["state"] == "runs" && !rows[3]["picture"].is_null()
    };
    let mut seconds = "2";
    let mut report = run(seconds);
    for longer in ["30", "120"] {
        // A busy host takes longer for the first picture.
        if !has_time(&report) {
            seconds = longer;
            report = run(seconds);
        }
    }
    let out = dir.path().join(seconds);
    let rows = report["titles"].as_array().unwrap();
    let states: Vec<_> =
        rows.iter().map(|row| (row["name"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    assert_eq!(
        states,
        [
            ("a-damaged.xex", "not-loaded"),
            ("b-endless.xex", "no-picture"),
            ("c-hello.xex", "ended"),
            ("d-flicker.xex", "runs")
        ],
        "{rows:#?}"
    );
    assert!(rows[0]["reason"].as_str().unwrap().contains("a-damaged.xex"), "{}", rows[0]);
    let drawn = &rows[3];
    assert!(drawn["frames"].as_u64() > Some(0) && drawn["first_frame_seconds"].is_f64(), "{drawn}");
    assert!(out.join(drawn["picture"].as_str().unwrap()).is_file());
    assert!(out.join(drawn["report"].as_str().unwrap()).is_file());
    let sheet = std::fs::File::open(out.join("sheet.png")).unwrap();
    let sheet = png::Decoder::new(std::io::BufReader::new(sheet)).read_info().unwrap();
    let (width, height) = sheet.info().size();
    assert!(width > 4 * 320 && height > 180, "four titles beside each other: {width} x {height}");
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("d-flicker.xex") && page.contains("<img src=\"pictures/0003.png\""));
}

#[test]
fn titles_run_without_a_gpu_that_draws() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(Path::new(GUEST).join("hello.xex"), dir.path().join("hello.xex")).unwrap();
    let ended = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("compat")
        .arg(dir.path())
        .arg("--out")
        .arg(dir.path().join("out"))
        .args(["--seconds", "120", "--gpu", "none", "--json", "-"])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let json: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let row = &json["titles"][0];
    assert!(row["state"] == "ended" && row["picture"].is_null(), "{row}");
}
