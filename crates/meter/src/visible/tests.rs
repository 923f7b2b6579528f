//! Tests of lists of cards, by the rules that CUDA documents and those that PyTorch imitates.

use record::card::CardState;

use super::*;
use crate::nvml::Cards;

/// Names of cards; a part of each is called `MIG-` and its number.
struct Named(&'static [&'static str]);

impl Cards for Named {
    fn driver(&self) -> String {
        "550.54".into()
    }
    fn count(&self) -> Result<u32, String> {
        Ok(self.0.len() as u32)
    }
    fn name(&self, card: u32) -> Result<String, String> {
        Ok(self.0[card as usize].into())
    }
    fn uuid(&self, card: u32) -> Result<String, String> {
        match self.0[card as usize] {
            "lost" => Err("GPU is lost".into()),
            _ => Ok(["GPU-8932f937", "GPU-8932aaaa", "GPU-11111111", "GPU-22222222"][card as usize].into()),
        }
    }
    fn of_part(&self, part: &str) -> Option<u32> {
        part.strip_prefix("MIG-")?.parse().ok()
    }
    fn millijoules(&self, _card: u32) -> Result<u64, String> {
        Ok(1)
    }
    fn milliwatts(&self, _card: u32) -> Result<u32, String> {
        Ok(1)
    }
    fn bus(&self, _card: u32) -> Option<String> {
        None
    }
    fn state(&self, _card: u32) -> CardState {
        CardState::default()
    }
    fn processes(&self, _card: u32) -> Option<Vec<u32>> {
        None
    }
}

const ALIKE: Named = Named(&["H100", "H100", "H100", "H100"]);

fn visible(text: Option<&str>, order: Option<&str>, cards: &Named) -> Visible {
    let choice = CardChoice { visible: text.map(str::to_owned), order: order.map(str::to_owned) };
    choice.of(cards, 4)
}

fn check(text: &str, expected: &[u32]) {
    let found = visible(Some(text), None, &ALIKE);
    assert_eq!(found.cards.into_iter().collect::<Vec<_>>(), expected, "{text:?}");
    let choice = CardChoice { visible: Some(text.to_owned()), order: None };
    assert!(!choice.leaves_none() || expected.is_empty(), "{text:?}");
}

#[test]
fn numbers_count_up_to_the_first_that_is_not_valid() {
    check("0", &[0]);
    check("2,1", &[1, 2]);
    check(" 3 , 0 ", &[0, 3]);
    // The example of CUDA's programming guide.
    check("0,2,-1,1", &[0, 2]);
    check("0,4,1", &[0]);
    check("0,,1", &[0]);
    check("1,GPU-11111111", &[1]);
    check("0,99999999999999999999,1", &[0]);
    // As strtoul reads them.
    check("1gpu2,2ampere", &[1, 2]);
    check("+1", &[1]);
}

#[test]
fn nothing_and_repetitions_leave_none() {
    for text in
        ["", " ", "-1", "none", "NoDevFiles", "4", "0,0", "1,2,1", "GPU-", "GPU-x", "GPU-8932", "MIG-"]
    {
        check(text, &[]);
    }
    assert_eq!(visible(None, None, &ALIKE).cards.len(), 4);
    let leaves_none =
        |text: Option<&str>| CardChoice { visible: text.map(str::to_owned), order: None }.leaves_none();
    assert!(leaves_none(Some("")) && leaves_none(Some("-1")) && leaves_none(Some("0,0")));
    assert!(!leaves_none(None) && !leaves_none(Some("0")) && !leaves_none(Some("GPU-x")));
}

#[test]
fn names_may_be_shortened_as_long_as_they_are_of_one_card() {
    check("GPU-8932f937", &[0]);
    check("GPU-8932a,GPU-2", &[1, 3]);
    // Two cards begin so.
    check("GPU-11,GPU-8932,GPU-2", &[2]);
    check("GPU-11,GPU-nowhere,GPU-2", &[2]);
    check("GPU-11,0", &[2]);
    check("GPU-11,GPU-11", &[]);
    check("GPU-1,GPU-11", &[]);
}

#[test]
fn a_part_is_metered_with_its_whole_card() {
    check("MIG-GPU-8932aaaa/1/0", &[1]);
    check("MIG-2", &[2]);
    check("MIG-2,MIG-9", &[2]);
    check("MIG-nowhere", &[]);
    check("MIG-GPU-8932/1/0", &[]);
    check("MIG-GPU-8932aaaa/1/0,MIG-GPU-8932aaaa/2/0", &[1]);
    let note = visible(Some("MIG-2"), None, &ALIKE).note.unwrap();
    assert!(note.contains("part of the card"), "{note}");
}

/// CUDA counts the fastest first, which is the driver's order only where all are alike or it is told so.
#[test]
fn numbers_of_cards_that_differ_are_doubtful() {
    const MIXED: Named = Named(&["T4", "H100", "H100", "H100"]);
    let note = |text, order, cards| visible(Some(text), order, cards).note;
    assert!(note("0", None, &MIXED).unwrap().contains("CUDA_DEVICE_ORDER"));
    assert!(note("0", Some("FASTEST_FIRST"), &MIXED).is_some());
    assert_eq!(note("0", Some("PCI_BUS_ID"), &MIXED), None);
    assert_eq!(note("0", None, &ALIKE), None);
    assert_eq!(note("3,2,1,0", None, &MIXED), None, "all of them are all of them in any order");
    assert_eq!(note("", None, &MIXED), None);
    assert_eq!(note("GPU-1", None, &MIXED), None);
}

#[test]
fn a_name_that_cannot_be_asked_hides_nothing() {
    let found = visible(Some("GPU-1"), None, &Named(&["H100", "lost", "H100", "H100"]));
    assert_eq!(found.cards.len(), 4);
    assert!(found.note.unwrap().contains("GPU is lost"));
}
