//! Sweep files as written: what is read, and how what is not is answered.

use super::*;
use crate::presets::EXAMPLE;
use crate::written::NoTable;

const SMALL: &str = r#"
name = "t"
data = "digits"
budgets = 1e9
[net]
names = ["linear"]
[train]
batch = 32
"#;

fn error(text: &str) -> String {
    parse(text, "t.toml").expect_err(text).to_string()
}

#[test]
fn numbers_lists_and_tables_are_read() {
    let file = parse(SMALL, "t.toml").unwrap();
    assert_eq!((file.file.as_str(), file.name.as_str(), file.data.as_str()), ("t.toml", "t", "digits"));
    assert_eq!(file.budgets, Some(Written::One(1e9)));
    assert_eq!(file.train.batch, Written::One(32.0));
    assert_eq!((file.seeds, file.limits), (SeedsTable::default(), LimitsTable::default()));

    let listed = parse(&SMALL.replace("= 1e9", "= [1e9, 2000000000]"), "t").unwrap();
    assert_eq!(listed.budgets, Some(Written::List(vec![1e9, 2e9])));
    let ladder = parse(&SMALL.replace("= 1e9", "= { from = 1e9, to = 1e10, per_decade = 3 }"), "t").unwrap();
    assert_eq!(ladder.budgets, Some(Written::Table(BudgetLadder { from: 1e9, to: 1e10, per_decade: 3 })));
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest() {
    let top = SMALL.replace("budgets", "budgest");
    assert_eq!(error(&top), "t.toml: unknown key `budgest` at line 4: did you mean `budgets`?");
    let net = SMALL.replace("names =", "width = 3\nwidht =");
    assert_eq!(error(&net), "t.toml: unknown key `widht` at line 7: did you mean `width`?");
    // Inside a table that stands for a list, where the reader is written by hand.
    let inner = format!("{SMALL}learning_rate = {{ center = 0.1, bracket = [1] }}\n");
    assert_eq!(error(&inner), "t.toml: unknown key `center` at line 9: did you mean `centre`?");
    let far = SMALL.replace("names", "zzzzzzzz");
    let all = "expected one of `family`, `width`, `depth`, `names`";
    assert_eq!(error(&far), format!("t.toml: unknown key `zzzzzzzz` at line 6: {all}"));
}

#[test]
fn what_is_not_a_sweep_file_is_refused_with_its_place() {
    let expect = |text: &str, parts: &[&str]| {
        let message = error(text);
        assert!(message.starts_with("t.toml: "), "{message}");
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} should have {parts:?}");
    };
    expect("", &["empty", "name, data, [net] and [train]"]);
    expect("\n# only a comment\n", &["empty"]);
    expect("name = \"t\"\n", &["missing field `data`"]);
    expect(&SMALL.replace("batch = 32", ""), &["missing field `batch`"]);
    expect(&SMALL.replace("= 32", "= \"many\""), &["line 8", "many", NoTable::FORM]);
    expect(&SMALL.replace("= 32", "= { a = 1 }"), &["line 8", NoTable::FORM]);
    expect(&SMALL.replace("= 32", "= [1, true]"), &["line 8", "true"]);
    expect(&SMALL.replace("= 1e9", "= \"much\""), &["line 4", BudgetLadder::FORM]);
    expect(&SMALL.replace("= 32", "="), &["line 8"]);
    expect(&SMALL.replace("name =", "data = \"digits\"\nname ="), &["duplicate key"]);
    expect(&SMALL.replace("names", "family = \"cmn\"\nnames"), &["line 6", "did you mean `cnn`?"]);
}

/// The example is where keys are explained to users, so each must be there. The keys come from the reader itself,
/// which lists them when it meets one that it does not know.
#[test]
fn the_example_has_every_key() {
    parse(EXAMPLE, "example").unwrap();
    let tables = ["", "[net]", "[train]", "[limits]", "[seeds]"];
    let keys_of = |text: String| -> Vec<String> {
        let Err(error) = toml::from_str::<SweepFile>(&text) else { panic!("{text}") };
        assert!(error.message().starts_with("unknown field"), "{error}");
        quoted(error.message()).skip(1).map(str::to_owned).collect()
    };
    let mut keys: Vec<String> =
        tables.iter().flat_map(|table| keys_of(format!("{table}\nzzz = 1"))).collect();
    let inner =
        ["budgets = { zzz = 1 }", "[net]\nwidth = { zzz = 1 }", "[train]\nlearning_rate = { zzz = 1 }"];
    keys.extend(inner.iter().flat_map(|text| keys_of((*text).to_owned())));
    for key in keys {
        let described = EXAMPLE.contains(&format!("{key} = ")) || EXAMPLE.contains(&format!("[{key}]\n"));
        assert!(described, "{key}");
    }
}

proptest::proptest! {
    /// Any text is read or refused, never a panic.
    #[test]
    fn any_text_gets_an_answer(text in "[a-z=\\[\\]{}\"0-9.,# \n`]{0,80}") {
        let _ = parse(&text, "any");
    }
}
