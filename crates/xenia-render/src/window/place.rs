//! Place of the window on the desktop, which the next start may restore.

use super::size::fitting;
use winit::dpi::{PhysicalPosition, PhysicalSize};
use winit::event_loop::ActiveEventLoop;
use winit::window::{Window, WindowAttributes};
use xenia_gpu::PixelSize;

/// Smallest and largest side of a window in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 160..=16_384;
/// Pixels of the window's upper edge that must be on a screen, so that it can be moved.
const SEEN: i64 = 64;

/// Place of a window that does not fill the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPlace {
    /// Width and height of the contents in pixels.
    pub size: PixelSize,
    /// Upper left corner on the desktop in pixels, frame included; `None` if the system does not
    /// report it.
    pub position: Option<(i32, i32)>,
    /// Whether the window is maximized.
    pub is_maximized: bool,
}

/// A screen: its upper left corner and its size in pixels.
struct Screen {
    corner: (i32, i32),
    size: PixelSize,
}

impl WindowPlace {
    /// The place of a window with contents of this size at this position; `None` if it fills the
    /// screen. It is noted when the window changes: a destroyed window can't be queried.
    pub(super) fn of(window: &Window, size: PixelSize, position: Option<(i32, i32)>) -> Option<Self> {
        if window.fullscreen().is_some() || size.width == 0 || size.height == 0 {
            return None;
        }
        Some(Self { size, position, is_maximized: window.is_maximized() })
    }

    /// The place where a new window can be seen and moved, on these screens.
    fn visible_on(self, screens: &[Screen]) -> Self {
        let side = |side: u32| side.clamp(*SIDES.start(), *SIDES.end());
        let wanted = PixelSize::new(side(self.size.width), side(self.size.height));
        let is_seen = |screen: &Screen| {
            let Some(at) = self.position else { return false };
            let inside = |at: i32, corner: i32, size: u32, margin: i64| {
                let at = i64::from(at) - i64::from(corner);
                (-margin..i64::from(size) - SEEN).contains(&at)
            };
            // A part of the left side may be off the screen; the upper edge may not.
            let left = i64::from(wanted.width) - SEEN;
            inside(at.0, screen.corner.0, screen.size.width, left)
                && inside(at.1, screen.corner.1, screen.size.height, SEEN / 2)
        };
        let screen = screens.iter().find(|screen| is_seen(screen));
        let size = screen.or(screens.first()).map_or(wanted, |screen| fitting(wanted, screen.size));
        Self { size, position: self.position.filter(|_| screen.is_some()), ..self }
    }

    /// Gives a new window this place, as far as the screens allow.
    pub(super) fn apply(
        self,
        event_loop: &ActiveEventLoop,
        attributes: WindowAttributes,
    ) -> WindowAttributes {
        let screens: Vec<Screen> = event_loop
            .available_monitors()
            .map(|monitor| {
                let at = monitor.position();
                let size = monitor.size();
                Screen { corner: (at.x, at.y), size: PixelSize::new(size.width, size.height) }
            })
            .collect();
        let place = self.visible_on(&screens);
        let attributes = attributes
            .with_inner_size(PhysicalSize::new(place.size.width, place.size.height))
            .with_maximized(place.is_maximized);
        match place.position {
            Some((x, y)) => attributes.with_position(PhysicalPosition::new(x, y)),
            None => attributes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREENS: [Screen; 2] = [
        Screen { corner: (0, 0), size: PixelSize::new(1920, 1080) },
        Screen { corner: (1920, 0), size: PixelSize::new(1280, 800) },
    ];

    fn place(size: [u32; 2], position: [i32; 2]) -> WindowPlace {
        let [width, height] = size;
        WindowPlace {
            size: PixelSize::new(width, height),
            position: Some(position.into()),
            is_maximized: false,
        }
    }

    #[test]
    fn a_window_reopens_at_its_last_place() {
        for place in
            [place([1280, 720], [10, 20]), place([800, 600], [2000, 30]), place([800, 600], [-300, 0])]
        {
            assert_eq!(place.visible_on(&SCREENS), place);
        }
    }

    #[test]
    fn a_window_is_never_where_it_cannot_be_moved() {
        for position in [[5000, 0], [0, -200], [0, 1070], [-1000, 100], [i32::MIN, i32::MAX]] {
            let found = place([800, 600], position).visible_on(&SCREENS);
            assert_eq!((found.position, found.size), (None, PixelSize::new(800, 600)), "{position:?}");
        }
        assert_eq!(place([1280, 720], [0, 0]).visible_on(&[]).position, None, "no screen is known");
    }

    #[test]
    fn sizes_fit_the_screen() {
        assert_eq!(place([u32::MAX, 9000], [0, 0]).visible_on(&SCREENS).size, PixelSize::new(1824, 1001));
        assert_eq!(place([1, 0], [0, 0]).visible_on(&SCREENS).size, PixelSize::new(160, 160));
        let small = place([1400, 700], [1930, 10]).visible_on(&SCREENS);
        assert_eq!((small.size, small.position), (PixelSize::new(1216, 608), Some((1930, 10))));
    }
}
