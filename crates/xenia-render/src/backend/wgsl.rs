//! WGSL constants generated from Rust: prepended to shaders, so that no number is defined twice.
//!
//! An enum's variant is named after both: `Kind::Dxt1` is `Kind_Dxt1`.

/// Defines an enum with a list of its values.
macro_rules! listed {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$about:meta])* $value:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $vis enum $name { $($(#[$about])* $value,)* }

        impl $name {
            /// All values in order.
            $vis const VALUES: &'static [Self] = &[$(Self::$value,)*];
        }
    };
}

/// Declares numeric constants, and all values of enums with a list of them.
macro_rules! wgsl_consts {
    ($($number:ident)*; $($name:ident)*) => {{
        let mut text = String::new();
        $(text += &$crate::backend::wgsl::constant(stringify!($number), $number);)*
        $(for &value in $name::VALUES {
            let name = format!("{}_{value:?}", stringify!($name));
            text += &$crate::backend::wgsl::constant(&name, value as u32);
        })*
        text
    }};
}

pub(super) use {listed, wgsl_consts};

/// Formats a declaration.
pub(super) fn constant(name: &str, value: u32) -> String {
    format!("const {name}: u32 = {value}u;\n")
}

#[cfg(test)]
mod tests {
    const SIDE: u32 = 80;

    listed! {
        enum Color { Red, DarkGreen, }
    }

    #[test]
    fn constants_are_called_as_in_rust() {
        assert_eq!(
            wgsl_consts!(SIDE; Color),
            "const SIDE: u32 = 80u;\nconst Color_Red: u32 = 0u;\nconst Color_DarkGreen: u32 = 1u;\n"
        );
    }
}
