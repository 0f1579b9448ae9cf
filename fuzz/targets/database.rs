//! Any file opened as a title's or a profile's database has readable contents, or is an error with
//! its position; a rewritten profile database reads back the same.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_formats::gpd::{Gpd, PlayedTitle, Record};
use xenia_formats::xdbf::Xdbf;

/// More languages than titles have texts in, and one without texts.
const LANGUAGES: u64 = 14;

fuzz_target!(|bytes: &[u8]| {
    match Xdbf::read(bytes) {
        Ok(database) => {
            database.title_id();
            database.title_name();
            database.icon();
            for language in 0..LANGUAGES {
                let language = database.language_for(language);
                for achievement in database.achievements(language).into_iter().flatten() {
                    database.image(achievement.image);
                    let texts = [&achievement.label, &achievement.description, &achievement.unachieved];
                    assert!(texts.into_iter().all(|text| !text.contains(char::is_control)));
                }
            }
        }
        Err(error) => assert!(error.to_string().contains("at offset 0x"), "{error}"),
    }
    match Gpd::read(bytes) {
        Ok(mut database) => {
            database.totals();
            database.title_name();
            database.icon();
            database.achievements();
            database.titles();
            let id = u32::from(bytes[0]);
            let record = Record { id, label: "done".to_owned(), gamerscore: 5, ..Record::default() };
            let title = PlayedTitle { title_id: id, name: "played".to_owned(), ..PlayedTitle::default() };
            database.set_achievement(&record);
            database.set_title(&title);
            database.set_title_name("named", Some(bytes));
            assert!(database.achievements().contains(&record));
            assert!(database.titles().contains(&title));
            // It may have become larger than the reader's limit.
            if let Ok(again) = Gpd::read(&database.to_bytes()) {
                assert_eq!(again, database);
            }
        }
        Err(error) => assert!(error.to_string().contains("at offset 0x"), "{error}"),
    }
});
