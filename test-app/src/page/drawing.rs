//! Drawings in SVG.

use std::fmt::Write;

use super::html::escape;

/// How wide one letter is at most, in parts of the height of its font.
const LETTER: f64 = 0.66;

/// For which screens a picture is drawn. One unit is one pixel of CSS where the picture has its full
/// size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// The class that the style sheet shows or hides.
    pub class: &'static str,
    /// How wide it is.
    pub width: f64,
    /// How high the plot is, without what is written above and below.
    pub plot_height: f64,
    /// How high letters are.
    pub font: f64,
    /// Bars of a histogram.
    pub bars: usize,
}

/// For screens of computers, and for paper.
pub const WIDE: Format = Format {
    class: "wide",
    width: 960.0,
    plot_height: 240.0,
    font: 14.0,
    bars: 64,
};

/// For screens of phones.
pub const NARROW: Format = Format {
    class: "narrow",
    width: 360.0,
    plot_height: 180.0,
    font: 12.0,
    bars: 36,
};

impl Format {
    /// How wide `text` is at most.
    #[must_use]
    pub fn text_width(&self, text: &str) -> f64 {
        let letters = u32::try_from(text.chars().count()).map_or(f64::MAX, f64::from);
        letters * self.font * LETTER
    }

    /// How far lines of text are apart.
    #[must_use]
    pub fn line(&self) -> f64 {
        self.font * 1.5
    }
}

/// Where a text stands of the point that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// To the right.
    Start,
    /// In the middle.
    Middle,
    /// To the left.
    End,
}

/// A drawing in the making.
#[derive(Clone, Debug, Default)]
pub struct Drawing(String);

impl Drawing {
    /// A line of the given class.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(&format!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// A rectangle by its left, top, width and height.
    pub fn rectangle(&mut self, class: &str, corner: (f64, f64), size: (f64, f64)) {
        let ((x, y), (width, height)) = (corner, size);
        self.put(&format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        ));
    }

    /// A path by its data.
    pub fn path(&mut self, class: &str, data: &str) {
        self.put(&format!("<path class=\"{class}\" d=\"{data}\"/>"));
    }

    /// A line of text whose letters stand on `at`.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let (x, y) = at;
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.put(&format!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        ));
    }

    fn put(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }
}

/// What a picture is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'s> {
    /// Names it within the page, in letters and dashes.
    pub id: &'s str,
    /// Its heading.
    pub title: &'s str,
    /// What is to be said about how to read it.
    pub explanation: &'s str,
    /// What is to be seen in it, for those who do not see it.
    pub description: &'s str,
}

/// A picture with its heading; `draw` draws it for a format and returns its height.
#[must_use]
pub fn figure(subject: &Subject<'_>, draw: impl Fn(&Format, &mut Drawing) -> f64) -> String {
    let Subject {
        id,
        title,
        explanation,
        description,
    } = *subject;
    let (title, explanation) = (escape(title), escape(explanation));
    let description = escape(description);
    let mut html =
        format!("<figure>\n<figcaption><h2>{title}</h2>\n<p>{explanation}</p></figcaption>\n");
    for format in [WIDE, NARROW] {
        let mut drawing = Drawing::default();
        let height = draw(&format, &mut drawing);
        let Format {
            class, width, font, ..
        } = format;
        // Writing to a `String` can't fail.
        let _ = write!(
            html,
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height:.1}\" font-size=\"{font}\" role=\"img\" \
             aria-labelledby=\"{id}-{class}-title {id}-{class}-description\">\n\
             <title id=\"{id}-{class}-title\">{title}</title>\n\
             <desc id=\"{id}-{class}-description\">{description}</desc>\n{}</svg>\n",
            drawing.0
        );
    }
    html + "</figure>\n"
}
