//! `docs/conformance.md` tells of every check what it is.

use std::fs;
use std::path::Path;

use midiuart_test::conformance::checks;
use midiuart_test::conformance::report::Listed;

#[test]
fn every_check_is_described_as_it_lists_itself() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance.md");
    let text = fs::read_to_string(path).expect("the document");
    let rows: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let listed: Vec<_> = checks::all().map(Listed::from).collect();
    assert_eq!(rows.len(), listed.len());
    for (row, check) in rows.into_iter().zip(listed) {
        let named = if check.only_if_named {
            " (only if named)"
        } else {
            ""
        };
        let Listed {
            name, what, source, ..
        } = check;
        assert_eq!(row, format!("| `{name}`{named} | {what} | {source} |"));
    }
}
