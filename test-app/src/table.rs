//! Tables for people.

use std::fmt;

/// Rows of a label and cells.
#[derive(Clone, Debug, Default)]
pub struct Table(Vec<(String, Vec<String>)>);

impl Table {
    /// Adds a row.
    pub fn row(&mut self, label: &str, cells: impl IntoIterator<Item = String>) {
        self.0.push((label.into(), cells.into_iter().collect()));
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
