//! Schema of the tables of keys and pads.

use serde_json::{Map, Value, json};
use xenia::input::control::CONTROLS;
use xenia_render::KeyAction;

/// Pattern of a title's ID.
pub(super) const TITLE_ID: &str = "^[0-9A-Fa-f]{8}$";
/// Pattern of the name of an assignment.
const NAME: &str = "^[A-Za-z0-9_-]{1,32}$";
/// Kinds of controllers that titles see.
pub(super) const KINDS: [&str; 7] =
    ["gamepad", "wheel", "arcade-stick", "flight-stick", "dance-pad", "guitar", "drums"];
/// Keys of `[input]` that apply to all titles, and that named assignments lack.
const OF_ALL: [&str; 3] = ["mappings", "pads", "keyboard"];

/// The tables, by name.
pub(super) fn tables() -> Map<String, Value> {
    let without = |names: &[&str]| {
        let mut keys = keys();
        keys.retain(|name, _| !names.contains(&name.as_str()));
        keys
    };
    let mut input = keys();
    // The keyboard may have another user in one title.
    let of_title = super::object("Keys and pads in one title.", without(&OF_ALL[..2]));
    input.insert("title".to_owned(), pattern_tables(TITLE_ID, of_title));
    let named = super::object("A named assignment.", without(&[&OF_ALL[..], &["controller"]].concat()));
    let actions = KeyAction::ALL.iter().map(|action| {
        let mut keys = one_or_many();
        keys["description"] = json!(format!("The key {}.", action.meaning()));
        (action.name().to_owned(), keys)
    });
    let tables = [
        ("input", super::object("Keys and pads, for all titles.", input)),
        ("controller", pattern_tables(NAME, named)),
        ("pad", json!({ "type": "object", "additionalProperties": { "type": "string", "pattern": NAME } })),
        ("hotkeys", super::object("Keys of the window, and combinations of pad buttons.", actions.collect())),
    ];
    tables.map(|(name, table)| (name.to_owned(), table)).into_iter().collect()
}

/// Tables whose names have a pattern.
fn pattern_tables(pattern: &str, table: Value) -> Value {
    json!({ "type": "object", "patternProperties": { pattern: table }, "additionalProperties": false })
}

/// Keys of `[input]` and of named assignments.
fn keys() -> Map<String, Value> {
    let names: Vec<&str> = CONTROLS.iter().map(|(name, _)| *name).collect();
    let parts = |value: &Value| names.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
    let keys =
        super::object("Keys of the host's keyboard for parts of the controller.", parts(&one_or_many()));
    let part = json!({ "enum": names });
    let buttons = super::object("Parts that titles see instead of the pad's own.", parts(&part));
    let up_to = |most: f64, says: &str| json!({ "description": says, "type": "number", "minimum": 0, "maximum": most });
    let rows = [
        ("dead-zone", up_to(0.9, "Dead zone of sticks, from the middle.")),
        ("trigger-dead-zone", up_to(0.9, "Dead zone of triggers.")),
        ("rumble", up_to(1.0, "Factor on the motor speeds that titles request.")),
        (
            "keyboard",
            json!({
                "description": "User of the keyboard, 1 to 4; 0: no user.",
                "type": "integer", "minimum": 0, "maximum": 4, "default": 1,
            }),
        ),
        (
            "pads",
            json!({ "description": "Whether the host's controllers are used.", "type": "boolean", "default": true }),
        ),
        ("mappings", json!({ "description": "A file of mappings in SDL's format.", "type": "string" })),
        ("kind", json!({ "description": "Kind of controller that titles see.", "enum": KINDS })),
        (
            "controller",
            json!({ "description": "The named assignment in use.", "type": "string", "pattern": NAME }),
        ),
        ("keys", keys),
        ("buttons", buttons),
    ];
    rows.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// A key, or several.
fn one_or_many() -> Value {
    json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
}
