//! Tables for a terminal: columns of words to the left, columns of numbers to the right.

/// The rows as lines, each with a line end; the first `words` columns hold words.
#[must_use]
pub fn aligned(rows: &[Vec<String>], words: usize) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match column < words {
            true => format!("{cell:<width$}", width = width(column)),
            false => format!("{cell:>width$}", width = width(column)),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["net", "", "img/s"]), row(["mlp", "~", "7"])];
        assert_eq!(aligned(&rows, 2), "net     img/s\nmlp  ~      7\n");
    }
}
