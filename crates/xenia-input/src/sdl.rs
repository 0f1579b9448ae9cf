//! Mappings of controllers in SDL's text form (`SDL_GAMECONTROLLERCONFIG`, `gamecontrollerdb.txt`):
//! one controller per line.
//!
//! ```text
//! 030000005e0400008e02000014010000,Xbox 360,a:b0,b:b1,leftx:a0,dpup:h0.1,lefttrigger:a2,platform:Linux,
//! ```
//!
//! Lines are untrusted: each is parsed to a mapping or to an error. Numbers of keys, axes and hats
//! are SDL's on Linux: indices into the lists of the controller's keys and axes.

use super::control::{PadControl, Side, StickDirection};
use super::shape::{ControlBinding, ControlSource, Shape, Way, code, stick};
use xenia_kernel::ports::Gamepad;

/// Largest number of lines in a file. The public list has about 2,000 for all systems together.
const MAX_LINES: usize = 20_000;

/// Identifies the controllers that a mapping is for: SDL's GUID, without the checksum of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Guid([u8; 16]);

impl Guid {
    fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        // Newer versions of SDL put a checksum of the name here, older ones zeros.
        bytes[2] = 0;
        bytes[3] = 0;
        Some(Self(bytes))
    }

    fn of(shape: &Shape) -> Self {
        let mut bytes = [0; 16];
        // SDL's layout: bus, checksum, vendor, 0, product, 0, version, 0; 16 bits each.
        bytes[..2].copy_from_slice(&shape.bus.to_le_bytes());
        if shape.vendor != 0 {
            for (at, number) in [(4, shape.vendor), (8, shape.product), (12, shape.version)] {
                bytes[at..at + 2].copy_from_slice(&number.to_le_bytes());
            }
        } else {
            // A device without a vendor is identified by its name, whose last byte is a terminator.
            for (byte, letter) in bytes[4..15].iter_mut().zip(shape.name.bytes()) {
                *byte = letter;
            }
        }
        Self(bytes)
    }

    /// Whether a mapping for `self` applies to `other`; a mapping without a version applies to all.
    fn is_for(self, other: Self) -> bool {
        let any_version = |guid: Self| {
            let mut bytes = guid.0;
            bytes[12] = 0;
            bytes[13] = 0;
            bytes
        };
        self == other || self.0 == any_version(other)
    }
}

/// SDL's GUID of a controller as text, by which settings name it.
pub fn guid_text(shape: &Shape) -> String {
    Guid::of(shape).0.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A key, axis or hat, by SDL's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Button(usize),
    Axis(usize, Way),
    Hat(usize, u8),
}

/// The part of the console's controller that it is mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Part(PadControl),
    /// Both directions of a stick's axis: left to right, or top to bottom.
    AcrossStick(Side),
    DownStick(Side),
}

/// The mapping of one controller model.
#[derive(Clone, Debug)]
pub struct SdlMapping {
    guid: Guid,
    parts: Vec<(Meaning, Place)>,
}

/// Parts of the console's controller, by SDL's names.
const PARTS: [(&str, Meaning); 21] = [
    ("a", Meaning::Part(PadControl::Button(Gamepad::A))),
    ("b", Meaning::Part(PadControl::Button(Gamepad::B))),
    ("x", Meaning::Part(PadControl::Button(Gamepad::X))),
    ("y", Meaning::Part(PadControl::Button(Gamepad::Y))),
    ("back", Meaning::Part(PadControl::Button(Gamepad::BACK))),
    ("guide", Meaning::Part(PadControl::Button(Gamepad::GUIDE))),
    ("start", Meaning::Part(PadControl::Button(Gamepad::START))),
    ("leftstick", Meaning::Part(PadControl::Button(Gamepad::LEFT_STICK))),
    ("rightstick", Meaning::Part(PadControl::Button(Gamepad::RIGHT_STICK))),
    ("leftshoulder", Meaning::Part(PadControl::Button(Gamepad::LEFT_SHOULDER))),
    ("rightshoulder", Meaning::Part(PadControl::Button(Gamepad::RIGHT_SHOULDER))),
    ("dpup", Meaning::Part(PadControl::Button(Gamepad::UP))),
    ("dpdown", Meaning::Part(PadControl::Button(Gamepad::DOWN))),
    ("dpleft", Meaning::Part(PadControl::Button(Gamepad::LEFT))),
    ("dpright", Meaning::Part(PadControl::Button(Gamepad::RIGHT))),
    ("lefttrigger", Meaning::Part(PadControl::Trigger(Side::Left))),
    ("righttrigger", Meaning::Part(PadControl::Trigger(Side::Right))),
    ("leftx", Meaning::AcrossStick(Side::Left)),
    ("lefty", Meaning::DownStick(Side::Left)),
    ("rightx", Meaning::AcrossStick(Side::Right)),
    ("righty", Meaning::DownStick(Side::Right)),
];

/// Meaning of SDL's name; `None`: the console's controller has no such part, such as a paddle.
fn meaning(name: &str) -> Option<Meaning> {
    let (half, name) = match name.strip_prefix('+') {
        Some(rest) => (Some(true), rest),
        None => name.strip_prefix('-').map_or((None, name), |rest| (Some(false), rest)),
    };
    let whole = PARTS.iter().find(|(known, _)| *known == name).map(|&(_, meaning)| meaning)?;
    Some(match (whole, half) {
        (Meaning::AcrossStick(side), Some(true)) => {
            Meaning::Part(PadControl::Stick(side, StickDirection::Right))
        }
        (Meaning::AcrossStick(side), Some(false)) => {
            Meaning::Part(PadControl::Stick(side, StickDirection::Left))
        }
        (Meaning::DownStick(side), Some(true)) => {
            Meaning::Part(PadControl::Stick(side, StickDirection::Down))
        }
        (Meaning::DownStick(side), Some(false)) => Meaning::Part(PadControl::Stick(side, StickDirection::Up)),
        (whole, _) => whole,
    })
}

fn place(text: &str) -> Option<Place> {
    let (inverted, text) = text.strip_suffix('~').map_or((false, text), |rest| (true, rest));
    let (half, text) = match text.as_bytes().first()? {
        b'+' => (Some(Way::Up), &text[1..]),
        b'-' => (Some(Way::Down), &text[1..]),
        _ => (None, text),
    };
    let kind = text.as_bytes().first()?;
    let number = text.get(1..)?;
    match kind {
        b'b' => Some(Place::Button(number.parse().ok()?)),
        b'a' => {
            let way = match (half, inverted) {
                (None, false) => Way::Whole,
                (None, true) => Way::Inverted,
                (Some(way), _) => way,
            };
            Some(Place::Axis(number.parse().ok()?, way))
        }
        b'h' => {
            let (hat, direction) = number.split_once('.')?;
            Some(Place::Hat(hat.parse().ok()?, direction.parse().ok()?))
        }
        _ => None,
    }
}

impl SdlMapping {
    /// Parses a line; `None` if it is for another system.
    fn parse(line: &str) -> Result<Option<Self>, String> {
        let mut fields = line.split(',').map(str::trim);
        let guid = fields.next().unwrap_or_default();
        // Fallbacks for all controllers without a mapping are not used; the built-in default covers
        // these.
        if guid == "xinput" || guid == "default" {
            return Ok(None);
        }
        let guid =
            Guid::parse(guid).ok_or_else(|| format!("`{guid}` is not a controller ID of 32 digits"))?;
        fields.next().ok_or("it has no name")?;
        let mut parts = Vec::new();
        for field in fields.filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once(':').ok_or_else(|| format!("`{field}` has no colon"))?;
            if name == "platform" && value != "Linux" {
                return Ok(None);
            }
            let Some(meaning) = meaning(name) else { continue };
            parts.push((meaning, place(value).ok_or_else(|| format!("`{field}` names no key or axis"))?));
        }
        Ok(Some(Self { guid, parts }))
    }

    /// Whether the mapping applies to this controller.
    pub fn is_for(&self, shape: &Shape) -> bool {
        self.guid.is_for(Guid::of(shape))
    }

    /// Bindings of the controller's parts. Parts that it lacks are left out.
    pub fn bindings(&self, shape: &Shape) -> Vec<ControlBinding> {
        self.parts.iter().flat_map(|&(meaning, place)| bindings(meaning, place, shape)).collect()
    }
}

/// Parses all lines. Returns the mappings, and the number (from 1) and error of each bad line.
pub fn parse(text: &str) -> (Vec<SdlMapping>, Vec<(usize, String)>) {
    let mut mappings = Vec::new();
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate().take(MAX_LINES) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match SdlMapping::parse(line) {
            Ok(mapping) => mappings.extend(mapping),
            Err(why) => wrong.push((index + 1, why)),
        }
    }
    (mappings, wrong)
}

/// The key with SDL's number: keys of joysticks and pads come first.
fn key(shape: &Shape, number: usize) -> Option<u16> {
    let first = shape.keys.partition_point(|key| *key < code::BTN_JOYSTICK);
    shape.keys[first..].iter().chain(&shape.keys[..first]).nth(number).copied()
}

fn is_hat(axis: u16) -> bool {
    (code::ABS_HAT0X..=code::ABS_HAT3Y).contains(&axis)
}

fn axis(shape: &Shape, number: usize) -> Option<u16> {
    shape.axes.iter().map(|(axis, _)| *axis).filter(|axis| !is_hat(*axis)).nth(number)
}

/// The first of a hat's two axes.
fn hat(shape: &Shape, number: usize) -> Option<u16> {
    let mut hats: Vec<u16> =
        shape.axes.iter().map(|(axis, _)| *axis & !1).filter(|axis| is_hat(*axis)).collect();
    hats.dedup();
    hats.get(number).copied()
}

fn bindings(meaning: Meaning, place: Place, shape: &Shape) -> Vec<ControlBinding> {
    let source = match place {
        Place::Button(number) => key(shape, number).map(ControlSource::Key),
        Place::Axis(number, way) => axis(shape, number).map(|axis| ControlSource::Axis(axis, way)),
        Place::Hat(number, direction) => hat(shape, number).and_then(|x| {
            Some(match direction {
                // SDL's bits of a hat: up, right, down, left. Linux's axes point right and down.
                1 => ControlSource::Axis(x + 1, Way::Down),
                2 => ControlSource::Axis(x, Way::Up),
                4 => ControlSource::Axis(x + 1, Way::Up),
                8 => ControlSource::Axis(x, Way::Down),
                _ => return None,
            })
        }),
    };
    let Some(source) = source else { return Vec::new() };
    let (side, is_across) = match meaning {
        Meaning::Part(control) => return vec![(source, control)],
        Meaning::AcrossStick(side) => (side, true),
        Meaning::DownStick(side) => (side, false),
    };
    let (toward, away) = if is_across {
        (StickDirection::Right, StickDirection::Left)
    } else {
        (StickDirection::Down, StickDirection::Up)
    };
    match source {
        ControlSource::Axis(axis, way @ (Way::Whole | Way::Inverted)) => {
            let [across_up, across_down, down_up, down_down] = stick(side, axis, axis);
            let [mut up, mut down] = if is_across { [across_up, across_down] } else { [down_up, down_down] };
            if way == Way::Inverted {
                (up.0, down.0) = (down.0, up.0);
            }
            vec![up, down]
        }
        ControlSource::Axis(_, Way::Down) => vec![(source, PadControl::Stick(side, away))],
        ControlSource::Axis(..) | ControlSource::Key(_) => vec![(source, PadControl::Stick(side, toward))],
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::PadInputs;
    use super::*;
    use crate::shape::console_pad;

    const PAD: &str = "030000005e0400008e02000014010000,X360 Controller,a:b0,b:b1,back:b6,dpdown:h0.4,dpleft:h0.8,\
        dpright:h0.2,dpup:h0.1,guide:b8,leftshoulder:b4,leftstick:b9,lefttrigger:a2,leftx:a0,lefty:a1,\
        rightshoulder:b5,rightstick:b10,righttrigger:a5,rightx:a3,righty:a4,start:b7,x:b2,y:b3,platform:Linux,";

    fn one(line: &str) -> SdlMapping {
        let (mut mappings, wrong) = parse(line);
        assert!(wrong.is_empty(), "{wrong:?}");
        mappings.pop().unwrap()
    }

    #[test]
    fn the_public_mapping_of_the_consoles_pad_is_the_default() {
        let shape = console_pad();
        let mapping = one(PAD);
        assert!(mapping.is_for(&shape));
        assert_eq!(guid_text(&shape), PAD[..32]);
        let mapped = mapping.bindings(&shape);
        let default = shape.default_bindings().unwrap();
        let mut states = vec![PadInputs::default()];
        for &key in &shape.keys {
            let mut parts = PadInputs::default();
            parts.key(key, true);
            states.push(parts);
        }
        for &(axis, range) in &shape.axes {
            for value in [range.minimum, 0, range.maximum] {
                let mut parts = PadInputs::default();
                parts.axis(axis, value);
                states.push(parts);
            }
        }
        for parts in states {
            let read = |bindings: &[ControlBinding]| parts.pressed(&shape, bindings).gamepad(0.0, 0.0);
            assert_eq!(read(&mapped), read(&default), "{parts:?}");
        }
    }

    #[test]
    fn names_and_versions_in_ids() {
        let shape = console_pad();
        // A GUID with a checksum of the name, and without a version.
        assert!(one("0300abcd5e0400008e02000014010000,p,a:b0,").is_for(&shape));
        assert!(one("030000005e0400008e02000000000000,p,a:b0,").is_for(&shape));
        assert!(!one("030000005e0400008e02000015010000,p,a:b0,").is_for(&shape));
        assert!(!one("050000005e0400008e02000014010000,p,a:b0,").is_for(&shape));
        let nameless = Shape { vendor: 0, bus: 5, name: "NVIDIA Controller".to_owned(), ..shape };
        assert!(one("050000004e564944494120436f6e7400,p,a:b0").is_for(&nameless));
    }

    #[test]
    fn half_axes_and_buttons_move_the_half_that_a_mapping_names() {
        let shape = console_pad();
        let mapping =
            one("030000005e0400008e02000014010000,p,lefty:a1~,+rightx:b0,-rightx:b1,lefttrigger:+a3,a:-a4,");
        let bindings = mapping.bindings(&shape);
        let read = |change: &dyn Fn(&mut PadInputs)| {
            let mut parts = PadInputs::default();
            change(&mut parts);
            parts.pressed(&shape, &bindings).gamepad(0.0, 0.0)
        };
        assert_eq!(read(&|parts| parts.axis(1, 32767)).left_y, 32767);
        assert_eq!(read(&|parts| parts.key(0x130, true)).right_x, 32767);
        assert_eq!(read(&|parts| parts.key(0x131, true)).right_x, -32768);
        assert_eq!(read(&|parts| parts.axis(3, 32767)).left_trigger, 255);
        assert_eq!(read(&|parts| parts.axis(3, -32768)).left_trigger, 0);
        assert_eq!(read(&|parts| parts.axis(4, -32768)).buttons, 0x1000);
    }

    #[test]
    fn invalid_lines_are_reported_and_others_are_used() {
        let text = format!(
            "# comment\n\nnonsense\n0300,short,\n{}\n030000005e0400008e02000014010000\n{}\n{}\n{}\n{PAD}\n",
            "zz0000005e0400008e02000014010000,p,a:b0",
            "030000005e0400008e02000014010000,p,a:q7,",
            "030000005e0400008e02000014010000,p,a:b99999999999999999999999,",
            "030000005e0400008e02000014010000,p,a:b0,platform:Windows,",
        );
        let (mappings, wrong) = parse(&text);
        assert_eq!(mappings.len(), 1);
        assert_eq!(wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8]);
        assert!(wrong[4].1.contains("a:q7"), "{wrong:?}");
    }

    #[test]
    fn arbitrary_mapping_lines_do_not_panic() {
        let shapes = [console_pad(), Shape::default()];
        let pieces = [
            "a", "+", "-", "~", "h0.", "h9.9", ":", "b", "leftx", "999", ",", "", "é", "platform", "\0", ".",
        ];
        let mut seed = 1_u32;
        for _ in 0..50_000 {
            let mut line = "030000005e0400008e02000014010000,n,".to_owned();
            for _ in 0..seed % 9 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                line += pieces[(seed >> 16) as usize % pieces.len()];
            }
            seed = seed.wrapping_add(1);
            for mapping in parse(&line).0 {
                for shape in &shapes {
                    let _ = PadInputs::default().pressed(shape, &mapping.bindings(shape)).gamepad(0.1, 0.1);
                }
            }
        }
    }
}
