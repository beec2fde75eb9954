//! Colours and sizes. Every colour has a second one for dark screens: the drawing names the first, and a style sheet changes it.

use plotters::style::{Color, RGBAColor, RGBColor};

/// A colour on white paper, and on a dark screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shade {
    light: (u8, u8, u8),
    dark: (u8, u8, u8),
}

impl Shade {
    const fn new(light: u32, dark: u32) -> Shade {
        const fn parts(hex: u32) -> (u8, u8, u8) {
            ((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
        }
        Shade { light: parts(light), dark: parts(dark) }
    }

    /// The colour that is drawn.
    pub fn rgb(self) -> RGBColor {
        RGBColor(self.light.0, self.light.1, self.light.2)
    }

    /// The same, letting what is below shine through.
    pub fn mix(self, share: f64) -> RGBAColor {
        self.rgb().mix(share)
    }
}

/// Text and frames.
pub const INK: Shade = Shade::new(0x1b1f24, 0xe6edf3);
/// Axis numbers and what matters less.
pub const MUTED: Shade = Shade::new(0x5b6470, 0x9aa4b2);
/// Grid lines.
pub const GRID: Shade = Shade::new(0xe3e6ea, 0x2d333b);
/// What the model says, and the first of several lines.
pub const FIRST: Shade = Shade::new(0x2563eb, 0x6ea8fe);
/// What came true, and the second line.
pub const SECOND: Shade = Shade::new(0xc2620a, 0xfbb040);
const THIRD: Shade = Shade::new(0x047857, 0x34d399);
const FOURTH: Shade = Shade::new(0x7c3aed, 0xb69cfb);
const FIFTH: Shade = Shade::new(0xbe123c, 0xfb7185);
const SIXTH: Shade = Shade::new(0x0e7490, 0x22d3ee);
/// Lines in their order.
pub const LINES: [Shade; 6] = [FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH];
/// From a low value to a high one.
pub const RAMP: [Shade; 5] = [
    Shade::new(0x2166ac, 0x5aa9f5),
    Shade::new(0x7a8fc9, 0x93a9ea),
    Shade::new(0x9a86b8, 0xb49ad6),
    Shade::new(0xc9557f, 0xe57ba0),
    Shade::new(0xb2182b, 0xff6b7d),
];
/// A value that is missing.
pub const MISSING: Shade = Shade::new(0x8b929c, 0x767e89);

const ALL: [&[Shade]; 3] = [&[INK, MUTED, GRID, MISSING], &LINES, &RAMP];

/// The rules that turn a drawing into one for dark screens.
pub fn dark_rules() -> String {
    let mut rules = String::new();
    for shade in ALL.iter().copied().flatten() {
        let hex = |(r, g, b): (u8, u8, u8)| format!("#{r:02X}{g:02X}{b:02X}");
        let (light, dark) = (hex(shade.light), hex(shade.dark));
        rules.push_str(&format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}"));
    }
    rules
}

/// A drawing that stands alone, as legible on a dark screen as on paper.
pub fn alone(svg: &str) -> String {
    let style = format!(
        "<style>svg{{background:#fff;font-family:system-ui,sans-serif}}@media screen and (prefers-color-scheme:dark){{svg{{background:#0d1117}}{}}}</style>",
        dark_rules()
    );
    match svg.find('>').filter(|_| svg.starts_with("<svg")) {
        Some(end) => format!("{}{style}{}", &svg[..=end], &svg[end + 1..]),
        None => svg.to_owned(),
    }
}

/// The width of a letter as a share of the size of the text, on average.
pub const LETTER: f64 = 0.46;

/// The width of a text in pixels, about; no font is at hand.
pub fn width(text: &str, size: f64) -> f64 {
    unicode_width::UnicodeWidthStr::width(text) as f64 * size * LETTER
}

/// A text that is no wider than so many letters.
pub fn shorten(text: &str, letters: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.width() <= letters {
        return text;
    }
    let mut used = 1;
    let mut short = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > letters {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// A number as an axis shows it.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let scaled = |by: f64, unit: &str| format!("{}{unit}", trimmed(value / by, 2));
    match size {
        s if !s.is_finite() => "–".to_owned(),
        0.0 => "0".to_owned(),
        s if s >= 1e12 => format!("{value:.1e}"),
        s if s >= 1e9 => scaled(1e9, "G"),
        s if s >= 1e6 => scaled(1e6, "M"),
        s if s >= 1e4 => scaled(1e3, "k"),
        s if s >= 100.0 => trimmed(value, 1),
        s if s >= 1.0 => trimmed(value, 2),
        s if s >= 0.001 => trimmed(value, 4),
        _ => format!("{value:.1e}"),
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// A share as an axis shows it.
pub fn percent(share: f64) -> String {
    format!("{} %", trimmed(share * 100.0, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.12345, 12.5, 1234.56, 45_600.0, 1_200_000.0, -0.00001, f64::NAN].map(number);
        assert_eq!(texts, ["0", "0.1235", "12.5", "1234.6", "45.6k", "1.2M", "-1.0e-5", "–"]);
        assert_eq!(percent(0.4251), "42.5 %");
    }

    #[test]
    fn names_are_cut_by_their_width() {
        assert_eq!(shorten("device", 10), "device");
        assert_eq!(shorten("a_very_long_name", 8), "a_very_…");
        assert_eq!(shorten("广告编号和活动", 8), "广告编…");
        assert_eq!(shorten("two\nlines", 20), "two lines");
    }
}
