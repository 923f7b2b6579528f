//! Tests of reading points from CSV files.

use std::io::Write;

use super::*;

fn read_text(text: &str) -> Result<Vec<Point>, String> {
    read_bytes(text.as_bytes())
}

fn read_bytes(text: &[u8]) -> Result<Vec<Point>, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let path = file.path().display().to_string();
    read(file.path(), COMPUTE_COLUMN, ERROR_COLUMN).map_err(|e| e.to_string().replace(&path, "FILE"))
}

#[test]
fn quotes_line_ends_order_and_spaces_do_not_matter() {
    let expected = vec![Point { compute: 1e9, error: 0.25 }, Point { compute: 4e9, error: 0.125 }];
    for text in [
        "compute,error\n1e9,0.25\n4e9,0.125\n",
        "compute,error\r\n1e9,0.25\r\n4e9,0.125",
        "\u{feff}compute,error\n1e9,0.25\n4e9,0.125\n",
        "name,error,\"compute\"\n\"a, b\",0.25,\"1000000000\"\n\"two\nlines\",0.125,4e9\n",
        " compute , error \n 1e9 , 0.25 \n\n4e9,0.125\n",
    ] {
        assert_eq!(read_text(text), Ok(expected.clone()), "{text:?}");
    }
}

#[test]
fn other_columns_by_name() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"flops,top1,compute\n10,0.5,99\n").unwrap();
    assert_eq!(read(file.path(), "flops", "top1").unwrap(), [Point { compute: 10.0, error: 0.5 }]);
}

#[test]
fn faults_say_where_what_and_what_was_expected() {
    let value = |line, row, column, found| {
        format!(
            "FILE, line {line} (row {row}), column `{column}`: found `{found}`; expected a positive number"
        )
    };
    let empty = "FILE: found no rows; expected a header and at least one row below it";
    let cases = [
        ("", empty.to_owned()),
        ("compute,error\n", empty.to_owned()),
        ("compute,error\r\n1,0.5\r\n2,abc\r\n", value(3, 2, "error", "abc")),
        ("\u{feff}compute,error\r\n\r\n1,0.5\r\n\r\n-2,1\r\n", value(5, 2, "compute", "-2")),
        ("compute,error\n0,0.5\n", value(2, 1, "compute", "0")),
        ("compute,error\n1,-0.5\n", value(2, 1, "error", "-0.5")),
        ("compute,error\n1,NaN\n", value(2, 1, "error", "NaN")),
        ("compute,error\n1,inf\n", value(2, 1, "error", "inf")),
        ("compute,error\n1,\n", value(2, 1, "error", "")),
        ("note,compute,error\n\"two\nlines\",1,1\nx,?,1\n", value(4, 2, "compute", "?")),
        ("compute,error\n1,0.5,7\n", "FILE, line 2: found 3 cells; expected 2, as in the header".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(read_text(text), Err(expected), "{text:?}");
    }
    let twice = read_text("compute, compute ,error\n1,2,3\n").unwrap_err();
    assert!(twice.contains("FILE, line 1: found several columns `compute`"), "{twice}");
    assert!(read_text("compute,error,x,x\n1,2,3,4\n").is_ok());
    let missing = read_text("flops,error\n1,2\n").unwrap_err();
    assert!(missing.contains("FILE, line 1: no column `compute`; found `flops`, `error`"), "{missing}");
    let no_utf8 = read_bytes(b"compute,error\n1,\xff\n").unwrap_err();
    assert!(no_utf8.contains("line 2 (row 1), column `error`: found `\u{fffd}`"), "{no_utf8}");
    let absent = read(Path::new("/no/such/file.csv"), "compute", "error").unwrap_err().to_string();
    assert!(absent.starts_with("cannot read /no/such/file.csv"), "{absent}");
}

#[test]
fn sizes_and_held_out_rows_are_told_apart() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"n,d,loss,later\n10,200,3.5,0\n20,400,3.25,1\n40,800,3,0.0\n").unwrap();
    let wanted = Wanted { compute: None, error: "loss", sizes: Some(["n", "d"]), holdout: Some("later") };
    let mut rows = Vec::new();
    read_rows(file.path(), &wanted, |row| rows.push(row)).unwrap();
    let row = |compute, error, parameters, data, held_out| Row { compute, error, parameters, data, held_out };
    let expected = [
        row(12_000.0, 3.5, 10.0, 200.0, false),
        row(48_000.0, 3.25, 20.0, 400.0, true),
        row(192_000.0, 3.0, 40.0, 800.0, false),
    ];
    assert_eq!(rows, expected);
    file.write_all(b"1,1,1,yes\n").unwrap();
    let refused = read_rows(file.path(), &wanted, |_| ()).unwrap_err().to_string();
    assert!(refused.contains("line 5 (row 4), column `later`: found `yes`; expected 0"), "{refused}");
}
