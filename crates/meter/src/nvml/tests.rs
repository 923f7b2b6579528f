//! Tests of NVIDIA cards with scripted answers.

use super::*;

/// Energy and power of each card.
struct Scripted(Vec<(Result<u64, String>, Result<u32, String>)>);

impl Cards for Scripted {
    fn driver(&self) -> String {
        "550.54".into()
    }
    fn count(&self) -> Result<u32, String> {
        Ok(self.0.len() as u32)
    }
    fn name(&self, card: u32) -> Result<String, String> {
        Ok(format!("Card {card}"))
    }
    fn uuid(&self, card: u32) -> Result<String, String> {
        Ok(format!("GPU-{card}"))
    }
    fn millijoules(&self, card: u32) -> Result<u64, String> {
        self.0[card as usize].0.clone()
    }
    fn milliwatts(&self, card: u32) -> Result<u32, String> {
        self.0[card as usize].1.clone()
    }
    fn condition(&self, card: u32) -> Vec<String> {
        vec![format!("limit {card}00 W"), "not held back".into()]
    }
}

#[test]
fn what_holds_a_card_back_is_named() {
    assert_eq!(held_back(ThrottleReasons::GPU_IDLE), "not held back");
    assert_eq!(held_back(ThrottleReasons::SW_POWER_CAP), "held back by sw power cap");
    let mut found = discover(Ok(Arc::new(Scripted(vec![(Ok(1), Ok(1)), (Ok(1), Ok(1))]))));
    assert_eq!(found.readable[1].condition().as_deref(), Some("limit 100 W, not held back"));
}

fn refused<T>() -> Result<T, String> {
    Err("not supported".into())
}

#[test]
fn the_counter_is_preferred_then_power_then_nothing_with_the_reason() {
    let cards =
        vec![(Ok(5_000), Ok(90_000)), (refused(), Ok(61_500)), (Ok(0), Ok(70_000)), (refused(), Ok(0))];
    let mut found = discover(Ok(Arc::new(Scripted(cards))));
    let read: Vec<_> = found
        .readable
        .iter_mut()
        .map(|card| (card.domain().to_string(), card.facts().kind, card.read().unwrap()))
        .collect();
    // 5,000 mJ are 5,000,000 uJ; 61,500 mW are 61.5 W.
    assert_eq!(
        read,
        [
            (
                "gpu-0".into(),
                Kind::Counter,
                Reading::Counter { microjoules: 5_000_000, range_microjoules: None }
            ),
            ("gpu-1".into(), Kind::Integrated, Reading::Power(Watts(61.5))),
            ("gpu-2".into(), Kind::Integrated, Reading::Power(Watts(70.0))),
        ]
    );
    let missing = &found.unreadable[0];
    assert_eq!((missing.domain.as_str(), missing.kind), ("gpu-3", Kind::None));
    assert_eq!(missing.note.as_deref(), Some("energy: not supported; power: shows 0"));
    assert!(found.readable[0].facts().source.contains("Card 0 GPU-0, driver 550.54"));
}

#[test]
fn no_library_and_no_card_are_described_and_never_fail() {
    for (cards, reason) in [
        (Err("no libnvidia-ml.so.1".to_string()), "no libnvidia-ml"),
        (Ok(Arc::new(Scripted(vec![])) as Arc<dyn Cards>), "no card"),
    ] {
        let found = discover(cards);
        assert!(found.readable.is_empty());
        assert_eq!(found.unreadable[0].domain, "gpu");
        assert!(found.unreadable[0].note.as_ref().unwrap().contains(reason));
    }
}

#[test]
fn a_lost_card_is_a_failed_reading() {
    let mut card = Card {
        facts: SourceFacts::readable("gpu-0", Kind::Counter, ""),
        cards: Arc::new(Scripted(vec![(Err("GPU is lost".into()), refused())])),
        index: 0,
    };
    assert_eq!(card.read().unwrap_err().to_string(), "gpu-0: GPU is lost");
}

#[test]
fn names_carry_the_driver() {
    let cards = Scripted(vec![(refused(), refused()), (refused(), refused())]);
    assert_eq!(names(&cards), ["Card 0, driver 550.54", "Card 1, driver 550.54"]);
}
