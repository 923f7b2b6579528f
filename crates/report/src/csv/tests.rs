//! Tests of reading points from CSV files.

use std::io::Write;

use super::*;

fn read_text(text: &str) -> Result<Vec<Point>, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
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
    let value = |line, column, found| {
        format!("FILE, line {line}, column `{column}`: found `{found}`; expected a positive number")
    };
    let empty = "FILE: found no rows; expected a header and at least one row below it";
    let cases = [
        ("", empty.to_owned()),
        ("compute,error\n", empty.to_owned()),
        ("compute,error\r\n1,0.5\r\n2,abc\r\n", value(3, "error", "abc")),
        ("\u{feff}compute,error\r\n\r\n1,0.5\r\n\r\n-2,1\r\n", value(5, "compute", "-2")),
        ("compute,error\n0,0.5\n", value(2, "compute", "0")),
        ("compute,error\n1,-0.5\n", value(2, "error", "-0.5")),
        ("compute,error\n1,NaN\n", value(2, "error", "NaN")),
        ("compute,error\n1,inf\n", value(2, "error", "inf")),
        ("compute,error\n1,\n", value(2, "error", "")),
        ("note,compute,error\n\"two\nlines\",1,1\nx,?,1\n", value(4, "compute", "?")),
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
    let absent = read(Path::new("/no/such/file.csv"), "compute", "error").unwrap_err().to_string();
    assert!(absent.starts_with("cannot read /no/such/file.csv"), "{absent}");
}
