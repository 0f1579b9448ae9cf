//! Aspect ratio of the picture, in place of the frames' own.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// Common aspect ratios as in settings, each with its label on the page, in the order of the key.
pub(crate) const COMMON: &[(&str, &str)] =
    &[("auto", "auto"), ("4:3", "4:3"), ("16:9", "16:9"), ("16:10", "16:10"), ("21:9", "21:9")];

/// Aspect ratio of the picture: width and height, each 1 to 100. `None`: that of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AspectRatio(pub Option<(u16, u16)>);

impl AspectRatio {
    /// Next common aspect ratio, for the key that cycles through them; the first one after others.
    pub(crate) fn next(self) -> Self {
        let own = self.to_string();
        let next = COMMON.iter().position(|(text, _)| *text == own).map_or(0, |place| place + 1);
        COMMON.get(next).and_then(|(text, _)| text.parse().ok()).unwrap_or_default()
    }
}

impl Display for AspectRatio {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((width, height)) => write!(f, "{width}:{height}"),
            None => f.write_str("auto"),
        }
    }
}

impl FromStr for AspectRatio {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self(None));
        }
        let side = |text: &str| text.parse().ok().filter(|side: &u16| (1..=100).contains(side));
        let sides = text.split_once(':').and_then(|(width, height)| Some((side(width)?, side(height)?)));
        sides.map(|sides| Self(Some(sides))).ok_or_else(|| {
            format!("{text} is not an aspect ratio such as 4:3 or 16:9 (each side 1 to 100), nor `auto`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyAction;

    #[test]
    fn aspect_ratios_are_two_sides_or_auto() {
        assert_eq!("auto".parse(), Ok(AspectRatio(None)));
        assert_eq!("16:9".parse(), Ok(AspectRatio(Some((16, 9)))));
        for wrong in ["", ":", "4", "4:0", "0:3", "-4:3", "101:1", "4:3:2", "4/3", "65536:1"] {
            assert!(wrong.parse::<AspectRatio>().is_err(), "{wrong}");
        }
        let texts: Vec<_> = COMMON.iter().map(|(text, _)| *text).collect();
        assert!(KeyAction::AspectRatio.meaning().ends_with(&texts.join(", ")), "the help names them");
        for ratio in ["auto", "21:9"] {
            assert_eq!(ratio.parse::<AspectRatio>().unwrap().to_string(), ratio);
        }
    }

    #[test]
    fn a_key_cycles_through_the_common_ones() {
        let mut ratio = AspectRatio::default();
        for (text, _) in COMMON {
            assert_eq!(ratio.to_string(), *text);
            ratio = ratio.next();
        }
        assert_eq!(ratio, AspectRatio::default());
        assert_eq!(AspectRatio(Some((3, 2))).next(), AspectRatio::default());
    }
}
