//! Scaling: position and size of an image in the window, in whole pixels. Pure functions, without a
//! device.

use super::aspect::AspectRatio;
use xenia_gpu::PixelSize;

/// Scaling of an image to the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// As large as fits, with the image's aspect ratio.
    #[default]
    Aspect,
    /// The largest integer multiple of the image that fits, so that all pixels are squares of the
    /// same size. Larger images are shrunk like with [`Scaling::Aspect`].
    Integer,
    /// The whole window, whatever its aspect ratio.
    Stretch,
}

/// Filter of scaled images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Interpolates between neighbouring pixels.
    #[default]
    Linear,
    /// Uses the nearest pixel.
    Nearest,
}

impl Scaling {
    /// Next setting, for the key that cycles through them.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Aspect => Self::Integer,
            Self::Integer => Self::Stretch,
            Self::Stretch => Self::Aspect,
        }
    }

    /// Name of the setting in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aspect => "aspect ratio kept",
            Self::Integer => "whole multiples",
            Self::Stretch => "stretched",
        }
    }
}

impl Filter {
    /// The other setting.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Linear => Self::Nearest,
            Self::Nearest => Self::Linear,
        }
    }

    /// Name of the setting in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Nearest => "nearest",
        }
    }
}

/// Part of the window, in pixels from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rectangle {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Part of `window` that `picture` covers; the sides of both must not be 0. `aspect` replaces the
/// picture's own shape where that is kept ([`Scaling::Aspect`]). The result is in whole pixels, so
/// that an image of the window's size is shown without scaling; it is at least one pixel and never
/// outside the window.
pub(crate) fn place(
    picture: PixelSize,
    window: PixelSize,
    scaling: Scaling,
    aspect: AspectRatio,
) -> Rectangle {
    let picture = match aspect.0 {
        Some((width, height)) if scaling == Scaling::Aspect => {
            PixelSize::new(width.max(1).into(), height.max(1).into())
        }
        _ => picture,
    };
    let [picture_width, picture_height, window_width, window_height] =
        [picture.width, picture.height, window.width, window.height].map(u64::from);
    let multiple = (window_width / picture_width).min(window_height / picture_height);
    let (width, height) = match scaling {
        Scaling::Stretch => (window_width, window_height),
        Scaling::Integer if multiple > 0 => (picture_width * multiple, picture_height * multiple),
        Scaling::Integer | Scaling::Aspect => {
            // The side with the smaller scale fills the window; the other follows, rounded.
            let rounded = |a: u64, b: u64, by: u64| ((a * b + by / 2) / by).max(1);
            if window_width * picture_height <= window_height * picture_width {
                (window_width, rounded(picture_height, window_width, picture_width))
            } else {
                (rounded(picture_width, window_height, picture_height), window_height)
            }
        }
    };
    Rectangle {
        x: ((window_width - width) / 2) as u32,
        y: ((window_height - height) / 2) as u32,
        width: width as u32,
        height: height as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_go_where_they_belong() {
        use Scaling::*;
        let size = |(width, height)| PixelSize::new(width, height);
        for (picture, window, scaling, [x, y, width, height]) in [
            ((1280, 720), (1280, 720), Aspect, [0, 0, 1280, 720]),
            ((1280, 720), (2560, 1600), Aspect, [0, 80, 2560, 1440]),
            ((640, 480), (1280, 480), Aspect, [320, 0, 640, 480]),
            ((1280, 720), (1001, 563), Aspect, [0, 0, 1001, 563]),
            ((1280, 720), (1, 900), Aspect, [0, 449, 1, 1]),
            ((1280, 720), (2700, 1600), Integer, [70, 80, 2560, 1440]),
            ((1280, 720), (1281, 721), Integer, [0, 0, 1280, 720]),
            ((1280, 720), (640, 480), Integer, [0, 60, 640, 360]),
            ((1280, 720), (300, 900), Stretch, [0, 0, 300, 900]),
        ] {
            assert_eq!(
                place(size(picture), size(window), scaling, AspectRatio::default()),
                Rectangle { x, y, width, height },
                "{picture:?} {window:?}"
            );
        }
    }

    #[test]
    fn an_aspect_ratio_replaces_the_shape_where_that_is_kept() {
        let at = |scaling| {
            let picture = PixelSize::new(1280, 720);
            let window = PixelSize::new(1600, 900);
            let Rectangle { x, y, width, height } =
                place(picture, window, scaling, AspectRatio(Some((4, 3))));
            [x, y, width, height]
        };
        assert_eq!(at(Scaling::Aspect), [200, 0, 1200, 900]);
        assert_eq!(at(Scaling::Integer), [160, 90, 1280, 720]);
        assert_eq!(at(Scaling::Stretch), [0, 0, 1600, 900]);
    }

    #[test]
    fn no_picture_leaves_the_window() {
        let sizes = [(1, 1), (1, 4096), (8191, 3), (640, 480), (1280, 720), (u32::MAX, u32::MAX)];
        let sizes = sizes.map(|(width, height)| PixelSize::new(width, height));
        for picture in sizes {
            for window in sizes {
                for scaling in [Scaling::Aspect, Scaling::Integer, Scaling::Stretch] {
                    let at = place(picture, window, scaling, AspectRatio::default());
                    let right = u64::from(at.x) + u64::from(at.width);
                    let bottom = u64::from(at.y) + u64::from(at.height);
                    assert!(at.width > 0 && at.height > 0, "{picture:?} {window:?} {scaling:?}");
                    assert!(right <= u64::from(window.width) && bottom <= u64::from(window.height), "{at:?}");
                }
            }
        }
    }

    #[test]
    fn a_key_cycles_through_all_values() {
        let all = [Scaling::Aspect, Scaling::Integer, Scaling::Stretch];
        assert!(all.iter().all(|way| way.next().next().next() == *way && way.next() != *way));
        assert_eq!(Filter::Linear.next().next(), Filter::Linear);
    }
}
