//! Tables for people.

use std::fmt;

use crate::visible;

/// Rows of a label and cells.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<(String, Vec<String>)>);

impl Table {
    /// Adds a row. What acts on a terminal is replaced.
    pub fn row(&mut self, label: &str, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| visible::line(&cell).into());
        self.0.push((visible::line(label).into(), cells.collect()));
    }
}

impl fmt::Display for Table {
    /// Labels to the left, cells to the right of columns as wide as their widest cell.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &String| text.chars().count();
        let labels = self.0.iter().map(|(label, _)| width(label)).max();
        let cells = self.0.iter().flat_map(|(_, cells)| cells.iter());
        let cell_width = cells.map(width).max().unwrap_or(0);
        for (label, cells) in &self.0 {
            write!(formatter, "{label:<0$}", labels.unwrap_or(0))?;
            for cell in cells {
                write!(formatter, "  {cell:>cell_width$}")?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::default();
        table.row("", ["out".into(), "in".into()]);
        table.row("bytes", ["1000".into(), "7 µs".into()]);
        assert_eq!(table.to_string(), "        out    in\nbytes  1000  7 µs\n");
    }
}
