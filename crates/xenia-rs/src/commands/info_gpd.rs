//! `xenia-rs info` of a profile's database (GPD): achievements of a title, or the titles played.

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::Path;
use xenia::say::{outln, visible};
use xenia::source;
use xenia::wording::count;
use xenia_documents::documented;
use xenia_formats::gpd::{Gpd, PlayedTitle, Record, SHOWN};
use xenia_formats::xdbf::Xdbf;

documented! {
    /// Contents of a profile's database (GPD).
    #[derive(Debug, Serialize)]
    pub struct GpdReport {
        /// Always the format `gpd`.
        format: &'static str,
        /// Name of the title; null in the dashboard's database.
        name: Option<String>,
        /// Size of the title's picture (PNG) in bytes; null if it has none.
        icon_bytes: Option<usize>,
        /// Points of the unlocked achievements.
        gamerscore: u32,
        /// Points of all achievements.
        gamerscore_possible: u32,
        /// Achievements of the title.
        achievements: Vec<GpdAchievementRow>,
        /// Titles played; only the dashboard's database has them.
        titles: Vec<PlayedTitleRow>,
    }

    /// An achievement and its state.
    #[derive(Debug, Serialize)]
    pub struct GpdAchievementRow {
        /// Id of the achievement.
        id: u32,
        /// Name of the achievement.
        label: String,
        /// Description after it is unlocked.
        description: String,
        /// Description before it is unlocked.
        unachieved: String,
        /// Points that it is worth.
        gamerscore: u32,
        /// Whether it is listed before it is unlocked.
        is_shown: bool,
        /// Whether it is unlocked.
        is_earned: bool,
        /// Time of unlocking, in units of 100 ns since 1601; null if it is locked.
        unlocked_at: Option<u64>,
    }

    /// A title that was played.
    #[derive(Debug, Serialize)]
    pub struct PlayedTitleRow {
        /// Title id, eight hexadecimal digits.
        title_id: String,
        /// Name of the title.
        name: String,
        /// Number of unlocked achievements.
        achievements: u32,
        /// Number of all achievements.
        achievements_possible: u32,
        /// Points of the unlocked achievements.
        gamerscore: u32,
        /// Points of all achievements.
        gamerscore_possible: u32,
    }
}

/// Whether the file is a database, a profile's or a title's.
pub fn is_database(path: &Path) -> bool {
    let begin = source::open(path).ok().filter(|_| path.is_file()).and_then(|mut file| {
        let mut magic = [0; 4];
        std::io::Read::read_exact(&mut file, &mut magic).ok().map(|()| magic)
    });
    begin == Some(*b"XDBF")
}

/// Reads and describes a database.
pub fn describe(path: &Path) -> Result<GpdReport> {
    let path_name = path.display();
    let bytes = source::bytes(path).with_context(|| format!("cannot read {path_name}"))?;
    // Both kinds of databases begin alike, and a title's metadata would be read as achievements.
    let is_of_title = Xdbf::read(&bytes).is_ok_and(|database| database.title_id().is_some());
    ensure!(
        !is_of_title,
        "cannot read {path_name}: it is a title's database (SPA), not a profile's; \
         `xenia-rs info` of the title's executable shows it"
    );
    let gpd = Gpd::read(&bytes).with_context(|| format!("cannot read {path_name}"))?;
    let total = gpd.totals().gamerscore;
    Ok(GpdReport {
        format: "gpd",
        name: gpd.title_name(),
        icon_bytes: gpd.icon().map(<[u8]>::len),
        gamerscore: total.earned,
        gamerscore_possible: total.possible,
        achievements: gpd.achievements().into_iter().map(achievement).collect(),
        titles: gpd.titles().into_iter().map(title).collect(),
    })
}

fn achievement(record: Record) -> GpdAchievementRow {
    let is_earned = record.is_earned();
    let Record { id, gamerscore, flags, unlocked_at, label, description, unachieved, .. } = record;
    GpdAchievementRow {
        id,
        label,
        description,
        unachieved,
        gamerscore,
        is_shown: flags & SHOWN != 0,
        is_earned,
        unlocked_at: is_earned.then_some(unlocked_at),
    }
}

fn title(played: PlayedTitle) -> PlayedTitleRow {
    let PlayedTitle { title_id, achievements, gamerscore, name, .. } = played;
    PlayedTitleRow {
        title_id: format!("{title_id:08X}"),
        name,
        achievements: achievements.earned,
        achievements_possible: achievements.possible,
        gamerscore: gamerscore.earned,
        gamerscore_possible: gamerscore.possible,
    }
}

/// Prints the description.
pub fn print(report: &GpdReport) {
    outln!("format      {}", report.format);
    if let Some(name) = &report.name {
        outln!("title       {}", visible(name));
        outln!(
            "icon        {}",
            report.icon_bytes.map_or("-".to_owned(), |bytes| count(bytes as u64, "byte"))
        );
    }
    if !report.achievements.is_empty() {
        let earned = report.achievements.iter().filter(|row| row.is_earned).count();
        outln!(
            "achieved    {earned} of {}, gamerscore {} of {}",
            report.achievements.len(),
            report.gamerscore,
            report.gamerscore_possible
        );
    }
    for row in &report.achievements {
        let (mark, text) = if row.is_earned { ("*", &row.description) } else { (" ", &row.unachieved) };
        outln!("  {mark} {:>5} {:>4}  {}: {}", row.id, row.gamerscore, visible(&row.label), visible(text));
    }
    for row in &report.titles {
        outln!(
            "  {} {:>3} of {:<3} {:>4} of {:<4}  {}",
            row.title_id,
            row.achievements,
            row.achievements_possible,
            row.gamerscore,
            row.gamerscore_possible,
            visible(&row.name)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::gpd::{AchievementSum, EARNED};

    #[test]
    fn info_reports_gpd_achievements() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gpd");
        let mut gpd = Gpd::default();
        for (id, flags) in [(1, SHOWN), (2, EARNED)] {
            let label = format!("Number {id}");
            gpd.set_achievement(&Record {
                id,
                gamerscore: 5 * id,
                flags,
                label,
                unlocked_at: 7,
                ..Record::default()
            });
        }
        gpd.set_title_name("A title", None);
        std::fs::write(&path, gpd.to_bytes()).unwrap();
        assert!(is_database(&path) && !is_database(folder.path()));
        let report = describe(&path).unwrap();
        print(&report);
        assert_eq!(
            (report.name.as_deref(), report.gamerscore, report.gamerscore_possible),
            (Some("A title"), 10, 15)
        );
        let rows: Vec<_> =
            report.achievements.iter().map(|row| (row.id, row.is_shown, row.unlocked_at)).collect();
        assert_eq!(rows, [(1, true, None), (2, false, Some(7))]);
        let mut dashboard = Gpd::default();
        dashboard.set_title(&PlayedTitle {
            title_id: 0x4D53_07D1,
            gamerscore: AchievementSum { possible: 15, earned: 10 },
            ..PlayedTitle::default()
        });
        std::fs::write(&path, dashboard.to_bytes()).unwrap();
        let report = describe(&path).unwrap();
        print(&report);
        assert_eq!((&*report.titles[0].title_id, report.titles[0].gamerscore), ("4D5307D1", 10));
        std::fs::write(&path, "XDBF").unwrap();
        assert!(describe(&path).unwrap_err().to_string().contains("cannot read"));
        let spa = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/database/title.spa");
        assert!(is_database(spa.as_ref()));
        let error = describe(spa.as_ref()).unwrap_err().to_string();
        assert!(error.contains("it is a title's database"), "{error}");
    }
}
