//! The parts of a page that are text.

use std::fmt::Write;

use crate::visible;

/// What every page looks like.
const STYLE: &str = include_str!("style.css");

/// `text` with what means something in HTML and SVG replaced, and what is not to be shown.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible::line(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The whole page; `body` is HTML, `title` is not.
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escape(title)
    )
}

/// The heading, what is to be known at once, and whether all is well.
#[must_use]
pub fn head(title: &str, subtitle: &str, verdict: &Verdict) -> String {
    let class = if verdict.is_good { "good" } else { "bad" };
    format!(
        "<header>\n<h1>{}</h1>\n<p>{}</p>\n<p class=\"verdict {class}\">{}</p>\n</header>\n",
        escape(title),
        escape(subtitle),
        escape(&verdict.text)
    )
}

/// Whether all is well, in words.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether it is.
    pub is_good: bool,
    /// The words.
    pub text: String,
}

/// The few figures that matter most.
#[must_use]
pub fn key_figures(figures: &[(&str, String)]) -> String {
    let mut html = String::from("<dl class=\"key\">\n");
    for (name, value) in figures {
        // Writing to a `String` can't fail.
        let _ = writeln!(
            html,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(name),
            escape(value)
        );
    }
    html + "</dl>\n"
}

/// A table whose rows have a name and a value for each of `columns`, which may be nameless if there is
/// one.
#[must_use]
pub fn table(caption: &str, columns: &[&str], rows: &[(String, Vec<String>)]) -> String {
    // Writing to a `String` can't fail.
    let mut html = format!("<table>\n<caption>{}</caption>\n", escape(caption));
    if !columns.is_empty() {
        html.push_str("<thead><tr><td></td>");
        for column in columns {
            let _ = write!(html, "<th scope=\"col\">{}</th>", escape(column));
        }
        html.push_str("</tr></thead>\n");
    }
    html.push_str("<tbody>\n");
    for (name, cells) in rows {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(name));
        for cell in cells {
            let _ = write!(html, "<td>{}</td>", escape(cell));
        }
        html.push_str("</tr>\n");
    }
    html + "</tbody>\n</table>\n"
}

/// A table with one value in each row.
#[must_use]
pub fn list<'r>(caption: &str, rows: impl IntoIterator<Item = (&'r str, String)>) -> String {
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| (name.to_owned(), vec![value]))
        .collect();
    table(caption, &[], &rows)
}

/// What to type to get the same run, and what its chances were drawn from.
#[must_use]
pub fn repetition(command: &str, seed: u64) -> String {
    format!(
        "<section>\n<h2>Repeat it</h2>\n<p>Everything left to chance was drawn from seed {seed}.</p>\n\
         <pre><code>{}</code></pre>\n</section>\n",
        escape(command)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_text_is_taken_for_html() {
        let evil = "<b onload='x'>\"&\u{202e}\x1b";
        let safe = "&lt;b onload=&#39;x&#39;&gt;&quot;&amp;\u{fffd}\u{fffd}";
        assert_eq!(escape(evil), safe);
        let rows = [(evil.to_owned(), vec![evil.to_owned()])];
        let verdict = Verdict {
            is_good: true,
            text: evil.to_owned(),
        };
        for html in [
            table(evil, &[evil], &rows),
            head(evil, evil, &verdict),
            key_figures(&[(evil, evil.to_owned())]),
            repetition(evil, 1),
        ] {
            assert!(!html.contains("<b "), "{html}");
            assert!(html.contains(safe), "{html}");
        }
    }
}
