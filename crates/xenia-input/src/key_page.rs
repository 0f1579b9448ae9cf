//! The keys of a controller as text for users.

use super::config::Tuning;
use super::keys;
use xenia_render::ControllerKeys;

/// Groups of parts on the page of keys, with the names of the parts in the order of the text.
const GROUPS: [(&str, &[&str]); 8] = [
    ("directional pad: up, down, left, right", &["up", "down", "left", "right"]),
    ("A B X Y", &["a", "b", "x", "y"]),
    ("shoulders: left, right", &["left-shoulder", "right-shoulder"]),
    ("triggers: left, right", &["left-trigger", "right-trigger"]),
    (
        "left stick: up, left, down, right, click",
        &["left-stick-up", "left-stick-left", "left-stick-down", "left-stick-right", "left-stick"],
    ),
    (
        "right stick: up, left, down, right, click",
        &["right-stick-up", "right-stick-left", "right-stick-down", "right-stick-right", "right-stick"],
    ),
    ("start, back", &["start", "back"]),
    ("guide", &["guide"]),
];

/// The keys of an assignment as text for users: a row for each group of parts, in which `-` marks a
/// part without a key. No rows if no controller has the keyboard.
pub fn for_people(tuning: &Tuning) -> ControllerKeys {
    let Some(user) = tuning.keyboard else { return ControllerKeys::default() };
    let of_part = |name: &&str| {
        let keys = tuning.keys.iter().filter(|(_, control)| control.name() == *name);
        let labels: Vec<&str> = keys.map(|(key, _)| keys::label(*key)).collect();
        if labels.is_empty() { "-".to_owned() } else { labels.join("/") }
    };
    let row = |(meaning, parts): &(&str, &[&str])| {
        let keys: Vec<String> = parts.iter().map(of_part).collect();
        (keys.join(" "), (*meaning).to_owned())
    };
    ControllerKeys {
        heading: format!("Controller {}", user + 1),
        rows: GROUPS.iter().map(row).collect(),
        keys: tuning.keys.iter().map(|(key, _)| *key).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_render::KeyCode;

    #[test]
    fn every_part_of_the_controller_has_one_place_on_the_page() {
        for (name, _) in crate::control::CONTROLS {
            assert_eq!(GROUPS.iter().flat_map(|(_, parts)| *parts).filter(|part| **part == name).count(), 1);
        }
    }

    #[test]
    fn the_page_of_keys_shows_what_settings_assign() {
        let config = |text: &str| crate::config::parse(text, "config.toml".as_ref()).unwrap();
        let page = |text: &str| for_people(&config(text).for_title(None));
        assert_eq!(page("").rows[1], ("Z X A S".to_owned(), "A B X Y".to_owned()));
        let mine = page("[input]\nkeyboard = 2\n[input.keys]\na = ['Space', 'KeyP']\nx = 'KeyS'");
        assert_eq!((mine.heading.as_str(), mine.rows[1].0.as_str()), ("Controller 2", "Space/P X S -"));
        assert!(mine.keys.contains(&KeyCode::KeyP) && !mine.keys.contains(&KeyCode::KeyZ));
        assert_eq!(page("[input]\nkeyboard = 0"), ControllerKeys::default());
    }
}
